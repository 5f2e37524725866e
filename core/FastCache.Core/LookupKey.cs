namespace FastCache.Core;

/// <summary>A key made ready for a batch: hashed, and after <see cref="Shard.Probe"/> with the item that it probably means.</summary>
/// <remarks>Refers to the bytes of the key where they lie; see <see cref="Shard.Prepare"/>.</remarks>
public readonly unsafe struct LookupKey
{
    /// <summary>In place of a candidate: the key's bucket has no match, but others are chained behind it.</summary>
    internal const uint InOverflow = uint.MaxValue;

    internal readonly byte* Start;
    internal readonly ulong Hash;
    internal readonly int Length;
    internal readonly uint Candidate;

    internal LookupKey(byte* start, int length, ulong hash, uint candidate)
    {
        Start = start;
        Length = length;
        Hash = hash;
        Candidate = candidate;
    }

    /// <summary>The key's seeded hash: the same for equal keys of one shard, and nearly always another one for others.</summary>
    public ulong SeededHash => Hash;

    internal ReadOnlySpan<byte> Bytes => new(Start, Length);

    internal LookupKey With(uint candidate) => new(Start, Length, Hash, candidate);
}
