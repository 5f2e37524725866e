using System.Diagnostics;
using System.Runtime.InteropServices;
using FastCache.Core.Memory;

namespace FastCache.Core.Items;

/// <summary>How a value is laid out that is too long for one chunk: several chunks of one size class.</summary>
/// <remarks>
/// <code>
/// head chunk     | item header 28 | key | length 8 | segments 4 | pins 4 | segment reference 4 each | data | trailer |
/// segment chunk  | head 4 | number 4 | packed 8: only Item.Segment | data                                             |
/// </code>
/// The value takes as few chunks as it can, and of the smallest class with which that many suffice, so that little is lost
/// to rounding. As all chunks but the last are full, a position in the value is found by one division, and a range is read
/// without touching what lies before it.
/// <para>Invariants:
/// 1. All chunks of a value are of one class; the item belongs to the clock of that class.
/// 2. Every segment names its head and its number, and the head's table names the segment.
/// 3. pins counts the open readers; a head that is not live and not being written is taken apart once it has none.
/// </para>
/// </remarks>
internal readonly unsafe struct LargeLayout
{
    /// <summary>Bytes at the start of a segment.</summary>
    public const int SegmentHeaderBytes = 16;

    private LargeLayout(int sizeClass, int segments, int headDataBytes, int segmentDataBytes)
    {
        SizeClass = sizeClass;
        Segments = segments;
        HeadDataBytes = headDataBytes;
        SegmentDataBytes = segmentDataBytes;
    }

    /// <summary>The class of all chunks.</summary>
    public int SizeClass { get; }

    /// <summary>Chunks beside the head.</summary>
    public int Segments { get; }

    /// <summary>Bytes of the value that the head holds.</summary>
    public int HeadDataBytes { get; }

    /// <summary>Bytes of the value that a full segment holds.</summary>
    public int SegmentDataBytes { get; }

    /// <summary>Bytes of the value part of the head: counts, table, data.</summary>
    public int HeadValueBytes => LargeHead.Bytes + (Segments * sizeof(uint)) + HeadDataBytes;

    /// <param name="keyLength">Bytes of the key.</param>
    /// <param name="length">Bytes of the value, more than one chunk can hold and at most <see cref="Shard.LargestMaxValueBytes"/>.</param>
    /// <param name="kind">The item's kind.</param>
    public static LargeLayout For(int keyLength, long length, uint kind)
    {
        long fixedBytes = Item.Bytes(keyLength, LargeHead.Bytes, kind);
        const int PerSegment = SegmentHeaderBytes + sizeof(uint);
        long perChunk = SizeClasses.LargestChunk - PerSegment;
        long chunks = Math.Max(2, (length + fixedBytes - PerSegment + perChunk - 1) / perChunk);
        long needed = (length + fixedBytes + ((chunks - 1) * PerSegment) + chunks - 1) / chunks;
        int sizeClass = SizeClasses.For((int)needed);
        int chunkBytes = SizeClasses.ChunkBytes(sizeClass);
        int segments = (int)chunks - 1;
        long headData = Math.Min(length, chunkBytes - fixedBytes - (segments * sizeof(uint)));
        Debug.Assert(headData >= 0 && headData + ((long)segments * (chunkBytes - SegmentHeaderBytes)) >= length);
        return new LargeLayout(sizeClass, segments, (int)headData, chunkBytes - SegmentHeaderBytes);
    }

    /// <summary>The layout of a value that exists.</summary>
    public static LargeLayout Of(Item* head, int sizeClass)
    {
        int segments = LargeHead.Of(head)->Segments;
        return new LargeLayout(
            sizeClass,
            segments,
            head->ValueLength - LargeHead.Bytes - (segments * sizeof(uint)),
            SizeClasses.ChunkBytes(sizeClass) - SegmentHeaderBytes);
    }

    /// <summary>Bytes in use over all chunks of a value of <paramref name="length"/> bytes, of the head's and the segments' own too.</summary>
    public static long StoredBytes(Item* head)
    {
        LargeHead* large = LargeHead.Of(head);
        long headData = head->ValueLength - LargeHead.Bytes - (large->Segments * sizeof(uint));
        return head->StoredBytes + ((long)large->Segments * SegmentHeaderBytes) + large->Length - headData;
    }
}

/// <summary>What stands in place of the value in the head of a large one.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = Bytes)]
internal unsafe struct LargeHead
{
    public const int Bytes = 16;

    /// <summary>Bytes of the value.</summary>
    public long Length;

    /// <summary>Entries of the table.</summary>
    public int Segments;

    /// <summary>Readers that have the value open.</summary>
    public int Pins;

    public static LargeHead* Of(Item* head) => (LargeHead*)Item.Value(head);

    /// <summary>The references of the segments; 0 where there is none yet or no more.</summary>
    public static uint* Table(Item* head) => (uint*)(Item.Value(head) + Bytes);

    public static byte* Data(Item* head) => Item.Value(head) + Bytes + (Of(head)->Segments * sizeof(uint));
}

/// <summary>The start of a segment, see <see cref="LargeLayout"/>.</summary>
[StructLayout(LayoutKind.Sequential, Size = LargeLayout.SegmentHeaderBytes)]
internal struct Segment
{
    public uint Head;
    public uint Number;
    public ulong Packed;
}
