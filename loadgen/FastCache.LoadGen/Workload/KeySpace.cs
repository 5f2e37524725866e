using System.Globalization;

namespace FastCache.LoadGen.Workload;

/// <summary>The keys of a run: <c>key</c> and a number, padded with zeros to the key's size.</summary>
/// <remarks>Numbers below <see cref="Count"/> are stored; from there up to twice that they are not, and miss.</remarks>
internal sealed class KeySpace
{
    /// <summary>Most stored keys: both ranges fit a 32-bit number.</summary>
    public const int MaxKeys = 500_000_000;

    /// <summary>The prefix and one digit.</summary>
    public const int MinKeyBytes = PrefixBytes + 1;

    private const int PrefixBytes = 3;

    /// <exception cref="ArgumentOutOfRangeException">The keys do not fit the size.</exception>
    public KeySpace(int count, int keyBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaxKeys);
        ArgumentOutOfRangeException.ThrowIfLessThan(keyBytes, LeastKeyBytes(count));
        Count = count;
        KeyBytes = keyBytes;
    }

    /// <summary>Stored keys.</summary>
    public int Count { get; }

    /// <summary>Bytes of every key.</summary>
    public int KeyBytes { get; }

    public static bool Fits(int count, int keyBytes) => keyBytes >= LeastKeyBytes(count);

    /// <summary>The shortest keys that tell twice this many numbers apart.</summary>
    public static int LeastKeyBytes(int count) =>
        PrefixBytes + ((2L * count) - 1).ToString(CultureInfo.InvariantCulture).Length;

    /// <summary>The number of an absent key.</summary>
    /// <param name="number">Below <see cref="Count"/>.</param>
    public int Absent(int number) => Count + number;

    /// <summary>Writes the key of a number.</summary>
    /// <param name="number">Below twice <see cref="Count"/>.</param>
    /// <param name="key">Exactly <see cref="KeyBytes"/> bytes.</param>
    public static void Write(int number, Span<byte> key)
    {
        "key"u8.CopyTo(key);
        uint rest = (uint)number;
        for (int i = key.Length - 1; i >= PrefixBytes; i--)
        {
            (rest, uint digit) = Math.DivRem(rest, 10);
            key[i] = (byte)('0' + digit);
        }
    }

    /// <summary>The number of a key that <see cref="Write"/> wrote.</summary>
    public static int Read(ReadOnlySpan<byte> key)
    {
        int number = 0;
        foreach (byte digit in key[PrefixBytes..])
        {
            number = (number * 10) + (digit - '0');
        }

        return number;
    }
}
