using System.Globalization;
using FastCache.LoadGen.Options;

namespace FastCache.Cli.Shell;

/// <summary>Figures as tables show them.</summary>
internal static class Figures
{
    private static readonly string[] ByteUnits = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>Bytes in the unit that suits them, with three digits.</summary>
    public static string Bytes(double bytes)
    {
        int unit = 0;
        while (bytes >= 999.5 && unit < ByteUnits.Length - 1)
        {
            bytes /= 1024;
            unit++;
        }

        string format = unit == 0 || bytes >= 99.95 ? "0" : bytes >= 9.995 ? "0.0" : "0.00";
        return $"{bytes.ToString(format, CultureInfo.InvariantCulture)} {ByteUnits[unit]}";
    }

    /// <summary>Things in a second.</summary>
    public static string Rate(double perSecond) => Quantity.FormatCount(perSecond < 1e3 ? Math.Round(perSecond, perSecond < 10 ? 1 : 0) : perSecond);

    /// <summary>A share of 0 to 1, in percent.</summary>
    public static string Percent(double share) => (share * 100).ToString("0.0", CultureInfo.InvariantCulture) + "%";

    /// <summary>A whole number with commas.</summary>
    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
