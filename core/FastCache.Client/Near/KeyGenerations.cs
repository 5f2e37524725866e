using System.Numerics;
using FastCache.Core.Index;

namespace FastCache.Client.Near;

/// <summary>For every key a number that grows whenever the key has changed; many keys share one.</summary>
/// <remarks>
/// A change of one key makes what is kept of all keys that share its number worthless. There is one number for every
/// <see cref="BytesEach"/> bytes of the near cache, so that this is about one entry at most. Numbers of 64 bits never come
/// back to an earlier value.
/// </remarks>
internal sealed class KeyGenerations
{
    /// <summary>Bytes of the near cache for each number; a number takes a 32nd of them.</summary>
    private const int BytesEach = 256;

    private readonly KeyHasher _hasher = KeyHasher.Random();
    private readonly long[] _numbers;

    /// <param name="cacheBytes">Size of the near cache that they are for.</param>
    public KeyGenerations(long cacheBytes) => _numbers = new long[BitOperations.RoundUpToPowerOf2((ulong)(cacheBytes / BytesEach / 2) + 1)];

    /// <summary>Memory that they take.</summary>
    public long Bytes => _numbers.LongLength * sizeof(long);

    /// <summary>The hash that finds a key's number; its upper half is free for other uses.</summary>
    public ulong Hash(ReadOnlySpan<byte> key) => _hasher.Hash(key);

    /// <summary>The number of a key now.</summary>
    public long Of(ulong hash) => Volatile.Read(ref _numbers[Place(hash)]);

    /// <summary>The key has changed, or is about to.</summary>
    public void Raise(ulong hash) => Interlocked.Increment(ref _numbers[Place(hash)]);

    private int Place(ulong hash) => (int)hash & (_numbers.Length - 1);
}
