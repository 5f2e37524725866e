using System.Globalization;

namespace FastCache.LoadGen.Options;

/// <summary>Reads and writes numbers the way people type them: 1M, 2.3M, 500K, 10s, 250ms, 1GiB.</summary>
internal static class Quantity
{
    private static readonly (string Suffix, double Factor)[] CountUnits = [("K", 1e3), ("M", 1e6), ("G", 1e9)];

    private static readonly (string Suffix, double Factor)[] SecondUnits =
        [("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];

    private static readonly (string Suffix, double Factor)[] ByteUnits =
        [("KiB", 1L << 10), ("MiB", 1L << 20), ("GiB", 1L << 30), ("TiB", 1L << 40), ("B", 1)];

    /// <summary>A whole number, with K, M or G for thousands, millions, billions.</summary>
    public static bool TryParseCount(string text, out long value) => TryParseWhole(text, CountUnits, out value);

    /// <summary>A number of bytes, with KiB, MiB, GiB or TiB.</summary>
    public static bool TryParseBytes(string text, out long value) => TryParseWhole(text, ByteUnits, out value);

    /// <summary>A time with its unit: ms, s, m, h or d.</summary>
    public static bool TryParseDuration(string text, out TimeSpan value)
    {
        bool isNumber = TryScale(text, SecondUnits, needsUnit: true, out double seconds);
        isNumber &= seconds <= TimeSpan.MaxValue.TotalSeconds / 2;
        value = isNumber ? TimeSpan.FromSeconds(seconds) : default;
        return isNumber;
    }

    public static string FormatCount(double value) => value switch
    {
        >= 1e9 => Scaled(value, 1e9, "G"),
        >= 1e6 => Scaled(value, 1e6, "M"),
        >= 1e3 => Scaled(value, 1e3, "K"),
        _ => value.ToString("0.###", CultureInfo.InvariantCulture),
    };

    public static string FormatDuration(TimeSpan value) => value.TotalSeconds >= 1 || value == TimeSpan.Zero
        ? value.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture) + "s"
        : value.TotalMilliseconds.ToString("0.###", CultureInfo.InvariantCulture) + "ms";

    private static string Scaled(double value, double unit, string suffix) =>
        (value / unit).ToString("0.##", CultureInfo.InvariantCulture) + suffix;

    private static bool TryParseWhole(string text, (string Suffix, double Factor)[] units, out long value)
    {
        bool isNumber = TryScale(text, units, needsUnit: false, out double scaled);
        double rounded = Math.Round(scaled);
        isNumber &= Math.Abs(scaled - rounded) < 1e-6 && rounded < long.MaxValue;
        value = isNumber ? (long)rounded : 0;
        return isNumber;
    }

    private static bool TryScale(string text, (string Suffix, double Factor)[] units, bool needsUnit, out double value)
    {
        double factor = 1;
        string number = text;
        foreach ((string suffix, double unit) in units)
        {
            if (text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase))
            {
                number = text[..^suffix.Length];
                factor = unit;
                break;
            }
        }

        const NumberStyles Style = NumberStyles.AllowDecimalPoint;
        bool isNumber = double.TryParse(number, Style, CultureInfo.InvariantCulture, out value);
        value *= factor;
        return isNumber && double.IsFinite(value) && (number.Length < text.Length || !needsUnit);
    }
}
