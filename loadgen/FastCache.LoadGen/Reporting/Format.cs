using System.Globalization;

namespace FastCache.LoadGen.Reporting;

/// <summary>Figures as the reports print them.</summary>
internal static class Format
{
    /// <summary>A time given in microseconds, in the unit that suits it.</summary>
    public static string Micros(double micros) => micros switch
    {
        >= 1e6 => Invariant($"{micros / 1e6:0.00} s"),
        >= 1e4 => Invariant($"{micros / 1e3:0.0} ms"),
        >= 1e3 => Invariant($"{micros / 1e3:0.00} ms"),
        >= 100 => Invariant($"{micros:0} us"),
        _ => Invariant($"{micros:0.0} us"),
    };

    public static string Nanos(double? nanos) => nanos is double known ? Invariant($"{known:0.0} ns") : "unknown";

    public static string Bytes(double? bytes) => bytes is double known ? Invariant($"{known:0.000} B") : "unknown";

    public static string Percent(double share) => Invariant($"{share * 100:0.00}%");

    public static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
