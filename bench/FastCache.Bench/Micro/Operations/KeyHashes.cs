using System.IO.Hashing;
using System.Runtime.CompilerServices;
using FastCache.Core.Index;
using FastCache.Protocol;

namespace FastCache.Bench.Micro.Operations;

/// <summary>A hash of some bytes.</summary>
internal unsafe interface IKeyHash
{
    ulong Of(byte* key, int length);
}

internal readonly unsafe struct ShardHash : IKeyHash
{
    private readonly KeyHasher _hasher;

    public ShardHash() => _hasher = new KeyHasher(1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Of(byte* key, int length) => _hasher.Hash(key, length);
}

internal readonly unsafe struct XxHash3Hash : IKeyHash
{
    private const long Seed = 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Of(byte* key, int length) => XxHash3.HashToUInt64(new ReadOnlySpan<byte>(key, length), Seed);
}

internal readonly unsafe struct HashCodeHash : IKeyHash
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Of(byte* key, int length)
    {
        HashCode hash = default;
        hash.AddBytes(new ReadOnlySpan<byte>(key, length));
        return (uint)hash.ToHashCode();
    }
}

/// <summary>The slot of a key.</summary>
internal readonly unsafe struct SlotHash : IKeyHash
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Of(byte* key, int length) => (uint)KeySlot.Of(new ReadOnlySpan<byte>(key, length));
}

/// <summary>The checksum of a slot by tables, without the search for a tag.</summary>
internal readonly unsafe struct SlotTableHash : IKeyHash
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Of(byte* key, int length) => (uint)KeySlot.Crc16(new ReadOnlySpan<byte>(key, length));
}

/// <summary>Hashes one short key after another, as a batch does: the processor may overlap them.</summary>
internal sealed unsafe class HashKeys<THash>(int length, THash hash) : Operation
    where THash : struct, IKeyHash
{
    /// <summary>Few enough to stay in the first-level cache: keys have just been received when they are hashed.</summary>
    private const int Keys = 64;

    private readonly byte[] _keys = Random(Keys * length);

    public override int Run()
    {
        ulong sum = 0;
        fixed (byte* keys = _keys)
        {
            for (int i = 0; i < PerRun; i++)
            {
                sum += hash.Of(keys + (i % Keys * length), length);
            }
        }

        return sum == 0 ? 0 : PerRun;
    }

    private static byte[] Random(int bytes)
    {
        byte[] random = GC.AllocateUninitializedArray<byte>(bytes);
        new Random(1).NextBytes(random);
        random.AsSpan().Replace((byte)'{', (byte)'x'); // No tags.
        return random;
    }
}
