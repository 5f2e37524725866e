using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using FastCache.Core.Memory;

namespace FastCache.Bench.Micro.Operations;

/// <summary>The bar: a loop that only fetches slots at random and copies them out, in prefetched batches.</summary>
/// <remarks>
/// As many slots as the cache has items, each as large as an item, in memory advised for huge pages like the cache's.
/// No hash, no index, no comparison: what is left is what the memory of this machine costs at this moment.
/// </remarks>
internal sealed unsafe class BareLoop : Operation
{
    private const int LineBytes = 64;

    private readonly NativeRegion _slots;
    private readonly byte** _batch = (byte**)NativeMemory.Alloc(BatchSize, (nuint)sizeof(byte*));
    private readonly byte* _target = (byte*)NativeMemory.AlignedAlloc(BatchSize * Shards.ItemBytes, LineBytes);
    private RandomKeys _keys;

    public BareLoop(int slots)
    {
        _slots = new NativeRegion((long)slots * Shards.ItemBytes, prefault: true);
        _keys = new RandomKeys(0, (uint)slots);
    }

    public override int Run()
    {
        RandomKeys keys = _keys;
        byte* start = _slots.Start;
        byte** batch = _batch;
        for (int done = 0; done < PerRun; done += BatchSize)
        {
            for (int i = 0; i < BatchSize; i++)
            {
                byte* slot = start + ((ulong)keys.NextNumber() * Shards.ItemBytes);
                batch[i] = slot;
                Prefetch(slot);
                Prefetch(slot + LineBytes);
            }

            for (int i = 0; i < BatchSize; i++)
            {
                Unsafe.CopyBlockUnaligned(_target + (i * Shards.ItemBytes), batch[i], Shards.ItemBytes);
            }
        }

        _keys = keys;
        return PerRun;
    }

    public override void Dispose()
    {
        _slots.Dispose();
        NativeMemory.Free(_batch);
        NativeMemory.AlignedFree(_target);
        base.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(byte* line)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(line);
        }
    }
}
