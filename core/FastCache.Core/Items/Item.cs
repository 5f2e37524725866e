using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastCache.Core.Items;

/// <summary>The 28 bytes in front of every stored key and value.</summary>
/// <remarks>
/// <code>
/// byte  0            7       8                                16              20      24      28
///       +------------+-------+--------------------------------+---------------+-------+-------+-----+-------+---------+
///       | version 56 | wheel | expiry 40 | epoch 16 | state 8 | 8 | 8 | 16    | newer | older | key | value | trailer |
///       +------------+-------+--------------------------------+---------------+-------+-------+-----+-------+---------+
///                                                              key, kind, value
/// </code>
/// <list type="bullet">
/// <item>version: see <see cref="VersionClock"/>.</item>
/// <item>wheel: which bucket of the timing wheel has an entry for this chunk, see Expiry.TimingWheel. It belongs to the chunk
/// and outlives the item.</item>
/// <item>expiry: milliseconds of the shard's clock at which the item expires, 0 for never; 40 bits are 34 years.</item>
/// <item>epoch: when the eviction clock last moved the item, see Eviction.ClockPro.</item>
/// <item>state: bits <see cref="Live"/>, <see cref="Hot"/>, <see cref="InTest"/>, a count of uses (<see cref="UseMask"/>), and for
/// chunks that hold no live item <see cref="Segment"/>, <see cref="LooseHead"/>, <see cref="Node"/>.</item>
/// <item>key, value: lengths in bytes, as stored. kind: what the value is, bits <see cref="SeveralChunks"/>,
/// <see cref="Compressed"/>, <see cref="Sliding"/>, <see cref="KeepStale"/>, <see cref="Flagged"/>, <see cref="Fetched"/>,
/// <see cref="Collection"/>, <see cref="HasUnique"/>.</item>
/// <item>newer, older: neighbours in the clock's list, as references.</item>
/// <item>trailer: a <see cref="SlidingTrailer"/>, 4 bytes of client flags, 8 of a unique, each where the kind says so.</item>
/// </list>
/// Fields that a hit reads share the first 20 bytes, and so mostly one cache line with the key. With 16 bytes of key and
/// 100 of value an item fills its chunk of 144 to the byte.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = HeaderBytes)]
internal unsafe struct Item
{
    public const int HeaderBytes = 28;

    /// <summary>The byte of the header that belongs to the timing wheel.</summary>
    public const int WheelOffset = 7;

    public const ulong ExpiryMask = (1UL << 40) - 1;
    public const int EpochShift = 40;
    public const ulong EpochMask = 0xFFFFUL << EpochShift;

    /// <summary>The chunk holds an item that the index knows.</summary>
    public const ulong Live = 1UL << 56;

    /// <summary>In the hot list; otherwise in the cold one.</summary>
    public const ulong Hot = 1UL << 57;

    /// <summary>A cold item in its test period: a use within it makes it hot.</summary>
    public const ulong InTest = 1UL << 58;

    /// <summary>The chunk holds a later part of a large value.</summary>
    public const ulong Segment = 1UL << 59;

    /// <summary>The chunk holds the head of a large value that the index does not know: it is being written, or it was
    /// replaced or evicted and is still read or not yet taken apart.</summary>
    public const ulong LooseHead = 1UL << 60;

    /// <summary>The chunk belongs to a collection's trees, see Collections.TreeNode.</summary>
    public const ulong Node = 1UL << 63;

    /// <summary>A counter from 0 to 3: uses since the clock last looked.</summary>
    public const ulong UseMask = 3UL << UseShift;

    /// <summary>One use.</summary>
    public const ulong OneUse = 1UL << UseShift;

    public const int UseShift = 61;

    /// <summary>Chunks beside the item's own belong to it: those of a large value, see <see cref="LargeValue"/>, or <see cref="Trees"/>.</summary>
    public const uint SeveralChunks = 1u << KindShift;

    /// <summary>The value is a compressed frame, see Compression.ValueFrame.</summary>
    public const uint Compressed = 1u << (KindShift + 1);

    /// <summary>Every hit renews the item's life; a <see cref="SlidingTrailer"/> follows the value.</summary>
    public const uint Sliding = 1u << (KindShift + 2);

    /// <summary>The value may be given out as stale for a while after it expired.</summary>
    public const uint KeepStale = 1u << (KindShift + 3);

    /// <summary>The writer's client has left 4 bytes of flags with the value.</summary>
    public const uint Flagged = 1u << (KindShift + 4);

    /// <summary>The value was given out since it was written, as far as somebody has said so.</summary>
    public const uint Fetched = 1u << (KindShift + 5);

    /// <summary>The value is a collection and no bytes of a client's: a Collections.SlotPage, or a Collections.TreeHead.</summary>
    public const uint Collection = 1u << (KindShift + 6);

    /// <summary>The writer's client has given the value a number of its own, beside its version: 8 bytes that stand last.</summary>
    public const uint HasUnique = 1u << (KindShift + 7);

    /// <summary>The collection is in trees of several chunks, which a Collections.TreeHead names.</summary>
    public const uint Trees = Collection | SeveralChunks;

    /// <summary>Something stands behind the value.</summary>
    public const uint HasTrailer = Sliding | Flagged | HasUnique;

    /// <summary>All kinds.</summary>
    public const uint KindMask = 0xFFu << KindShift;

    private const int KindShift = 8;
    private const int ValueShift = 16;

    /// <summary>Longest value in bytes, as stored in one chunk, that the header can describe.</summary>
    public const int MaxValueLength = (1 << (32 - ValueShift)) - 1;

    private const ulong WheelMask = 0xFFUL << 56;

    [FieldOffset(0)]
    public ulong VersionWord;

    [FieldOffset(WheelOffset)]
    public byte Wheel;

    [FieldOffset(8)]
    public ulong Packed;

    [FieldOffset(16)]
    public uint Lengths;

    [FieldOffset(20)]
    public uint Newer;

    [FieldOffset(24)]
    public uint Older;

    public readonly int KeyLength => (int)(Lengths & 0xFF);

    public readonly int ValueLength => (int)(Lengths >> ValueShift);

    public readonly uint Kind => Lengths & KindMask;

    /// <summary>Whether it is a value in several chunks.</summary>
    public readonly bool IsLarge => (Lengths & Trees) == SeveralChunks;

    /// <summary>Whether it is a collection in trees.</summary>
    public readonly bool IsInTrees => (Lengths & Trees) == Trees;

    public readonly ulong Expiry => Packed & ExpiryMask;

    public readonly ushort Epoch => (ushort)(Packed >> EpochShift);

    public ulong Version
    {
        readonly get => VersionClock.FromStored(VersionWord);
        set => VersionWord = (VersionWord & WheelMask) | VersionClock.ToStored(value);
    }

    /// <summary>Bytes of all that belongs to the item in its chunk.</summary>
    public readonly int StoredBytes => Bytes(KeyLength, ValueLength, Kind);

    /// <summary>Bytes of an item with such a key, stored value and kind.</summary>
    public static int Bytes(int keyLength, int valueLength, uint kind) =>
        HeaderBytes + keyLength + valueLength + ((kind & HasTrailer) == 0 ? 0 : TrailerBytes(kind));

    public static uint PackLengths(int keyLength, int valueLength, uint kind)
    {
        Debug.Assert(keyLength is > 0 and <= 0xFF && valueLength is >= 0 and <= MaxValueLength && (kind & ~KindMask) == 0);
        return (uint)keyLength | kind | ((uint)valueLength << ValueShift);
    }

    public static byte* Key(Item* item) => (byte*)item + HeaderBytes;

    public static byte* Value(Item* item) => (byte*)item + HeaderBytes + item->KeyLength;

    /// <summary>Only for an item that is <see cref="Sliding"/>.</summary>
    public static SlidingTrailer* Trailer(Item* item) => (SlidingTrailer*)(Value(item) + item->ValueLength);

    /// <summary>Only for an item that is <see cref="Flagged"/>; nothing aligns it.</summary>
    public static uint* ClientFlags(Item* item) => (uint*)(Value(item) + item->ValueLength + TrailerBytes(item->Kind & Sliding));

    /// <summary>Only for an item that <see cref="HasUnique"/>; nothing aligns it.</summary>
    public static ulong* Unique(Item* item) =>
        (ulong*)(Value(item) + item->ValueLength + TrailerBytes(item->Kind & (Sliding | Flagged)));

    /// <summary>What the writer's client has given the value as its unique, 0 if nothing.</summary>
    public static ulong OwnUnique(Item* item) =>
        (item->Lengths & HasUnique) == 0 ? 0 : Unsafe.ReadUnaligned<ulong>(Unique(item));

    /// <summary>The same, or else its version.</summary>
    public static ulong UniqueOf(Item* item) => OwnUnique(item) is ulong own and not 0 ? own : item->Version;

    /// <summary>Whether the item expires at or before <paramref name="now"/>, in milliseconds of the shard's clock.</summary>
    /// <remarks>One comparison: "never" is 0, and 0 - 1 wraps to the largest value.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsExpired(ulong packed, ulong now) => (packed & ExpiryMask) - 1 < now;

    private static int TrailerBytes(uint kind) =>
        ((kind & Sliding) != 0 ? SlidingTrailer.Bytes : 0) + ((kind & Flagged) != 0 ? sizeof(uint) : 0)
        + ((kind & HasUnique) != 0 ? sizeof(ulong) : 0);
}

/// <summary>Behind the value of an item whose life every hit renews.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = Bytes)]
internal struct SlidingTrailer
{
    public const int Bytes = 16;

    /// <summary>Milliseconds that a hit gives the item from then on.</summary>
    public ulong PeriodMillis;

    /// <summary>Milliseconds of the shard's clock beyond which no hit prolongs the life; 0: no such limit.</summary>
    public ulong LatestExpiry;
}
