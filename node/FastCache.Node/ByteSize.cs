using System.Globalization;

namespace FastCache.Node;

/// <summary>A number of bytes as people write it: 512MiB, 1GiB, 4096.</summary>
internal static class ByteSize
{
    private static readonly (string Suffix, long Factor)[] Units =
    [
        ("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40),
    ];

    /// <summary>Reads a whole number with an optional unit of 1,024s.</summary>
    /// <returns>False when the text is no such size or beyond 64 bits.</returns>
    public static bool TryParse(string text, out long bytes)
    {
        long factor = 1;
        string digits = text.Trim();
        foreach ((string suffix, long unit) in Units)
        {
            if (digits.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                factor = unit;
                digits = digits[..^suffix.Length].TrimEnd();
                break;
            }
        }

        bytes = 0;
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
            || number > long.MaxValue / factor)
        {
            return false;
        }

        bytes = number * factor;
        return true;
    }

    /// <summary>The shortest exact form.</summary>
    public static string Format(long bytes)
    {
        for (int i = Units.Length - 1; i >= 0; i--)
        {
            if (bytes >= Units[i].Factor && bytes % Units[i].Factor == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{bytes / Units[i].Factor}{Units[i].Suffix}");
            }
        }

        return bytes.ToString(CultureInfo.InvariantCulture);
    }
}
