using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using FastCache.Core;

namespace FastCache.Bench.Micro;

/// <summary>How much a lookup costs, one at a time and in prefetched batches, against a plain dictionary.</summary>
[MemoryDiagnoser]
public unsafe class LookupBenchmark : IDisposable
{
    private const int BatchSize = 32;
    private const int Operations = BatchSize * 1024;
    private const int KeyBytes = 16;
    private const int ValueBytes = 100;

    private readonly LookupKey[] _prepared = new LookupKey[BatchSize];
    private readonly byte[] _target = new byte[ValueBytes];
    private Shard _shard = null!;
    private Dictionary<UInt128, byte[]> _dictionary = null!;
    private byte* _keys;

    /// <summary>Items in the table; the asked-for keys are drawn from them at random.</summary>
    [Params(1_000_000)]
    public int Items { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        _shard = new Shard(new ShardOptions { MemoryBudgetBytes = 4L << 30, HashSeed = 1 });
        _dictionary = new Dictionary<UInt128, byte[]>(Items);
        byte[] value = new byte[ValueBytes];
        for (int i = 0; i < Items; i++)
        {
            UInt128 key = KeyOf(i);
            _shard.Set(MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in key)), value, default, out _);
            _dictionary[key] = new byte[ValueBytes];
        }

        Random random = new(1);
        _keys = (byte*)NativeMemory.Alloc(Operations, KeyBytes);
        for (int i = 0; i < Operations; i++)
        {
            ((UInt128*)_keys)[i] = KeyOf(random.Next(Items));
        }
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _shard.Dispose();
        NativeMemory.Free(_keys);
        GC.SuppressFinalize(this);
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Operations)]
    public int DictionaryHit()
    {
        int found = 0;
        for (int i = 0; i < Operations; i++)
        {
            if (_dictionary.TryGetValue(((UInt128*)_keys)[i], out byte[]? value))
            {
                value.CopyTo(_target, 0);
                found++;
            }
        }

        return found;
    }

    [Benchmark(OperationsPerInvoke = Operations)]
    public int ShardHitOneAtATime()
    {
        int found = 0;
        for (int i = 0; i < Operations; i++)
        {
            if (_shard.TryGet(new ReadOnlySpan<byte>(_keys + (i * KeyBytes), KeyBytes), out ItemView item))
            {
                item.Value.CopyTo(_target);
                found++;
            }
        }

        return found;
    }

    [Benchmark(OperationsPerInvoke = Operations)]
    public int ShardHitBatched()
    {
        int found = 0;
        for (int start = 0; start < Operations; start += BatchSize)
        {
            for (int i = 0; i < BatchSize; i++)
            {
                _prepared[i] = _shard.Prepare(new ReadOnlySpan<byte>(_keys + ((start + i) * KeyBytes), KeyBytes));
            }

            foreach (ref LookupKey key in _prepared.AsSpan())
            {
                _shard.Probe(ref key);
            }

            foreach (ref LookupKey key in _prepared.AsSpan())
            {
                if (_shard.TryGet(key, out ItemView item))
                {
                    item.Value.CopyTo(_target);
                    found++;
                }
            }
        }

        return found;
    }

    /// <summary>Distinct for distinct numbers, and spread over all 16 bytes.</summary>
    private static UInt128 KeyOf(int i) => new((ulong)i * 0x9E3779B97F4A7C15, (ulong)i);
}
