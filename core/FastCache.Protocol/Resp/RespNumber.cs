namespace FastCache.Protocol.Resp;

/// <summary>Whole numbers as Redis takes them.</summary>
public static class RespNumber
{
    private const int MostCharacters = 20;

    /// <summary>Reads a number of 64 bits: digits without a leading zero, perhaps after a minus; nothing else around them.</summary>
    /// <returns>False when it is none, or does not fit.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, out long number)
    {
        number = 0;
        bool isNegative = text.StartsWith("-"u8);
        ReadOnlySpan<byte> digits = isNegative ? text[1..] : text;
        if (digits.IsEmpty || text.Length > MostCharacters)
        {
            return false;
        }

        if (digits[0] == '0')
        {
            return text.Length == 1;
        }

        ulong most = isNegative ? (ulong)long.MaxValue + 1 : long.MaxValue;
        ulong sum = 0;
        foreach (byte character in digits)
        {
            uint digit = (uint)character - '0';
            if (digit > 9 || sum > (most - digit) / 10)
            {
                return false;
            }

            sum = (sum * 10) + digit;
        }

        number = isNegative ? unchecked(-(long)sum) : (long)sum;
        return true;
    }
}
