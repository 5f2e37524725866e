using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FastCache.Core.Index;

/// <summary>One cache line of the index: up to 12 entries whose keys share a bucket.</summary>
/// <remarks>
/// <code>
/// byte  0            12           16                                  64
///       +------------+------------+-----------------------------------+
///       | tag[12]    | overflow   | reference[12]                     |
///       | 8 bit each | chunk      | 32 bit each                       |
///       +------------+------------+-----------------------------------+
///
/// reference of an item    0 | chunk 31            in units of 16 bytes
/// reference of a ghost    1 | class 7 | epoch 16 | fingerprint 8       see Ghost
/// </code>
/// Invariants:
/// 1. tag[i] == 0 if and only if entry i is free; the tag of a live entry is never 0.
/// 2. A bucket is exactly one cache line and never straddles two.
/// 3. In a chain of buckets all but the last are full.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = Bytes)]
internal unsafe struct Bucket
{
    public const int Bytes = 64;
    public const int Entries = 12;
    private const uint EntriesMask = (1u << Entries) - 1;

    [FieldOffset(0)]
    public fixed byte Tags[Entries];

    /// <summary>The chunk of the next bucket of the chain, as a reference; 0: none.</summary>
    [FieldOffset(12)]
    public uint Overflow;

    [FieldOffset(16)]
    public fixed uint References[Entries];

    /// <summary>The tag of a hash: its top byte, with 0 moved to 1 because 0 means free.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte TagOf(ulong hash) => (byte)Math.Max(1u, (uint)(hash >> 56));

    /// <summary>A bit for every entry whose tag is <paramref name="tag"/>, all 12 compared at once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Match(Bucket* bucket, byte tag) =>
        Vector128.Equals(Vector128.Load((byte*)bucket), Vector128.Create(tag)).ExtractMostSignificantBits() & EntriesMask;

    /// <summary>The specification of <see cref="Match"/>, one entry at a time.</summary>
    public static uint MatchScalar(Bucket* bucket, byte tag)
    {
        uint matches = 0;
        for (int entry = 0; entry < Entries; entry++)
        {
            matches |= bucket->Tags[entry] == tag ? 1u << entry : 0;
        }

        return matches;
    }

    /// <summary>A bit for every entry that is a ghost: the top bits of the references, 4 at once.</summary>
    public static uint Ghosts(Bucket* bucket) =>
        Vector128.Load(bucket->References).ExtractMostSignificantBits()
        | (Vector128.Load(bucket->References + 4).ExtractMostSignificantBits() << 4)
        | (Vector128.Load(bucket->References + 8).ExtractMostSignificantBits() << 8);

    /// <summary>A bit for every entry in use.</summary>
    public static uint Occupied(Bucket* bucket) => ~Match(bucket, 0) & EntriesMask;
}

/// <summary>What the index keeps of an evicted key: enough to know it again soon, in the 32 bits of a reference.</summary>
/// <remarks>
/// Together with the tag and the bucket, the fingerprint takes a foreign key for the evicted one once in about 2^16
/// insertions a ghost of the same bucket; the price of such an error is one item that starts hot.
/// </remarks>
internal static class Ghost
{
    public const uint Flag = 1u << 31;
    private const int ClassShift = 24;
    private const uint ClassMask = 0x7F;
    private const int EpochShift = 8;

    public static uint Pack(int sizeClass, ushort epoch, ulong hash) =>
        Flag | ((uint)sizeClass << ClassShift) | ((uint)epoch << EpochShift) | Fingerprint(hash);

    public static bool Is(uint reference) => (reference & Flag) != 0;

    public static int Class(uint ghost) => (int)((ghost >> ClassShift) & ClassMask);

    public static ushort Epoch(uint ghost) => (ushort)(ghost >> EpochShift);

    public static bool IsOf(uint reference, ulong hash) =>
        Is(reference) && (byte)reference == Fingerprint(hash);

    /// <summary>The hash's byte below the tag; neither the tag nor the bucket number uses it.</summary>
    private static byte Fingerprint(ulong hash) => (byte)(hash >> 48);
}
