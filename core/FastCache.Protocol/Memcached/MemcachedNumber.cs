namespace FastCache.Protocol.Memcached;

/// <summary>Whole numbers as memcached takes them, by the rules of C's strtol family: white space and a sign may stand before the digits,
/// white space behind them.</summary>
public static class MemcachedNumber
{
    /// <summary>Reads a number of 64 bits without a sign. A minus is taken before small numbers, which wrap; not before what then has a
    /// sign bit.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ulong number)
    {
        number = 0;
        if (!TryReadDigits(text, out bool isNegative, out ulong magnitude))
        {
            return false;
        }

        ulong value = isNegative ? unchecked(0 - magnitude) : magnitude;
        if ((long)value < 0 && isNegative)
        {
            return false;
        }

        number = value;
        return true;
    }

    /// <summary>The same for 32 bits: the low ones of what was read.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out uint number)
    {
        bool parsed = TryParse(text, out ulong wide);
        number = unchecked((uint)wide);
        return parsed;
    }

    /// <summary>Reads a number of 32 bits with a sign: the low bits of one of 64.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out int number)
    {
        number = 0;
        if (!TryReadDigits(text, out bool isNegative, out ulong magnitude)
            || magnitude > (isNegative ? (ulong)long.MaxValue + 1 : long.MaxValue))
        {
            return false;
        }

        number = unchecked((int)(isNegative ? 0 - magnitude : magnitude));
        return true;
    }

    private static bool TryReadDigits(ReadOnlySpan<byte> text, out bool isNegative, out ulong magnitude)
    {
        magnitude = 0;
        int at = 0;
        while (at < text.Length && IsSpace(text[at]))
        {
            at++;
        }

        isNegative = at < text.Length && text[at] == '-';
        at += at < text.Length && text[at] is (byte)'-' or (byte)'+' ? 1 : 0;
        int first = at;
        for (; at < text.Length && (uint)text[at] - '0' <= 9; at++)
        {
            uint digit = (uint)text[at] - '0';
            if (magnitude > (ulong.MaxValue - digit) / 10)
            {
                return false;
            }

            magnitude = (magnitude * 10) + digit;
        }

        return at > first && (at == text.Length || IsSpace(text[at]));
    }

    private static bool IsSpace(byte value) => value is (byte)' ' or (>= (byte)'\t' and <= (byte)'\r');
}
