using System.Buffers.Binary;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Scenarios;

/// <summary>A value that tells who wrote it: all bytes follow from its key's number and a stamp, so any part can be checked.</summary>
/// <remarks>
/// <code>
/// byte  0         8
///       +---------+----------------------------------------------+
///       | stamp   | numbers that follow from (key, stamp) ...    |
///       | u64     |                                              |
///       +---------+----------------------------------------------+
/// </code>
/// A value of another key, of another write, or with one byte changed does not match. Of two parts of different writes
/// the stamps differ.
/// </remarks>
internal static class ItemValue
{
    /// <summary>Every value has its stamp.</summary>
    public const int LeastBytes = sizeof(ulong);

    /// <summary>Writes a part of a value.</summary>
    /// <param name="key">The key's number.</param>
    /// <param name="stamp">The write's number.</param>
    /// <param name="offset">Where in the value the part begins.</param>
    /// <param name="part">Its bytes.</param>
    public static void Write(int key, ulong stamp, long offset, Span<byte> part)
    {
        for (; !part.IsEmpty && IsOdd(offset); offset++, part = part[1..])
        {
            part[0] = ByteAt(key, stamp, offset);
        }

        ValuePattern.Write(WordsAt(key, stamp, offset), part);
    }

    /// <summary>Whether a part of a value is what <see cref="Write"/> writes.</summary>
    public static bool Matches(int key, ulong stamp, long offset, ReadOnlySpan<byte> part)
    {
        for (; !part.IsEmpty && IsOdd(offset); offset++, part = part[1..])
        {
            if (part[0] != ByteAt(key, stamp, offset))
            {
                return false;
            }
        }

        return ValuePattern.Matches(WordsAt(key, stamp, offset), part);
    }

    /// <summary>The stamp of a whole value; 0 of one that is too short to have one.</summary>
    public static ulong StampOf(ReadOnlySpan<byte> value) =>
        value.Length < LeastBytes ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(value);

    /// <summary>Whether a byte is the stamp's, or in the middle of a number.</summary>
    private static bool IsOdd(long offset) => offset < LeastBytes || offset % sizeof(ulong) != 0;

    private static byte ByteAt(int key, ulong stamp, long offset)
    {
        ulong word = offset < LeastBytes ? stamp : WordsAt(key, stamp, offset).Next();
        return (byte)(word >> (int)(offset % sizeof(ulong) * 8));
    }

    private static SplitMix WordsAt(int key, ulong stamp, long offset) =>
        SplitMix.After(SplitMix.Mix(((ulong)key << 32) ^ stamp), offset / sizeof(ulong));
}
