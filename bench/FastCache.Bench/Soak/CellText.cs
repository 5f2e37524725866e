using System.Runtime.InteropServices;
using FastCache.LoadGen.Workload;

namespace FastCache.Bench.Soak;

/// <summary>Values that grow at both ends: cells of 16 bytes, each with a serial and a word that follows from key and serial.</summary>
/// <remarks>
/// Serials ascend over all writes of a soak. So those of a value descend from its front, where the last cell that was
/// prepended has the highest, to the first cell, and ascend from there: a lost, doubled or misplaced piece breaks that.
/// </remarks>
internal static class CellText
{
    public const int CellBytes = 2 * sizeof(ulong);

    /// <summary>Writes cells whose serials ascend, or descend for the front of a value.</summary>
    /// <param name="key">Whose they are.</param>
    /// <param name="firstSerial">The lowest serial.</param>
    /// <param name="descending">Whether the highest comes first.</param>
    /// <param name="cells">A multiple of <see cref="CellBytes"/>.</param>
    public static void Write(long key, ulong firstSerial, bool descending, Span<byte> cells)
    {
        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(cells);
        int count = words.Length / 2;
        for (int i = 0; i < count; i++)
        {
            ulong serial = firstSerial + (ulong)(descending ? count - 1 - i : i);
            words[2 * i] = serial;
            words[(2 * i) + 1] = Seal(key, serial);
        }
    }

    /// <summary>Whether bytes are whole cells of a key, in an order that appending and prepending can give.</summary>
    public static bool IsValid(long key, ReadOnlySpan<byte> cells)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(cells);
        bool valid = cells.Length % CellBytes == 0 && cells.Length > 0;
        bool ascending = false;
        for (int i = 0; i + 1 < words.Length; i += 2)
        {
            valid &= words[i + 1] == Seal(key, words[i]);
            if (i > 0)
            {
                bool rises = words[i] > words[i - 2];
                valid &= words[i] != words[i - 2] && (rises || !ascending);
                ascending |= rises;
            }
        }

        return valid;
    }

    /// <summary>The serial of the first cell.</summary>
    public static ulong FirstSerial(ReadOnlySpan<byte> cells) => MemoryMarshal.Read<ulong>(cells);

    /// <summary>The serial of the last cell.</summary>
    public static ulong LastSerial(ReadOnlySpan<byte> cells) => MemoryMarshal.Read<ulong>(cells[^CellBytes..]);

    private static ulong Seal(long key, ulong serial) => SplitMix.Mix((ulong)key ^ SplitMix.Mix(serial));
}
