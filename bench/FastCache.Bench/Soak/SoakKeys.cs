using FastCache.Core;
using FastCache.LoadGen.Workload;

namespace FastCache.Bench.Soak;

/// <summary>What the values of a key are made of.</summary>
internal enum ValueFamily
{
    /// <summary>A <see cref="ValuePattern"/> of any length.</summary>
    Pattern,

    /// <summary>A decimal number, see <see cref="CounterText"/>.</summary>
    Counter,

    /// <summary>Cells that are appended and prepended, see <see cref="CellText"/>.</summary>
    Cells,
}

/// <summary>The keys of a soak: a number says which bytes the key has and what its values are made of.</summary>
/// <remarks>
/// <code>
/// number below 192   | number 1 |
/// any other          | 191 + n 1 | number, n bytes | filling |      17 to 250 bytes, mostly 16; sometimes no filling
///
/// family   by number modulo 8: 0 to 5 pattern, 6 counter, 7 cells
/// </code>
/// </remarks>
internal static class SoakKeys
{
    private const int OneByteKeys = 192;
    private const int UsualBytes = 16;

    public static ValueFamily FamilyOf(long number) => (number & 7) switch
    {
        6 => ValueFamily.Counter,
        7 => ValueFamily.Cells,
        _ => ValueFamily.Pattern,
    };

    /// <summary>The key nearest to a number that has values of a family.</summary>
    public static long OfFamily(long number, ValueFamily family) => family switch
    {
        ValueFamily.Counter => (number & ~7L) | 6,
        ValueFamily.Cells => number | 7,
        _ => (number & 7) < 6 ? number : number & ~7L,
    };

    /// <summary>Writes a key.</summary>
    /// <param name="number">Which.</param>
    /// <param name="key">Room for <see cref="Shard.MaxKeyBytes"/>.</param>
    /// <returns>Its length.</returns>
    public static int Write(long number, Span<byte> key)
    {
        if (number < OneByteKeys)
        {
            key[0] = (byte)number;
            return 1;
        }

        int used = 1;
        for (long rest = number; rest > 0; rest >>= 8)
        {
            key[used++] = (byte)rest;
        }

        key[0] = (byte)(OneByteKeys - 2 + used);
        ulong mixed = SplitMix.Mix((ulong)number);
        int length = (mixed & 15) switch
        {
            0 => Math.Max(used, (int)(17 + ((mixed >> 8) % (Shard.MaxKeyBytes - 16)))),
            < 5 => used,
            _ => UsualBytes,
        };
        key[used..length].Fill((byte)(mixed >> 32));
        return length;
    }
}
