using System.Globalization;
using FastCache.Core;
using FastCache.LoadGen.Options;

namespace FastCache.Bench.Options;

/// <summary>The kinds of options of commands that put a load on one shard.</summary>
internal static class LoadOptions
{
    /// <summary>The shard's budget.</summary>
    /// <param name="defaultText">Such as 1GiB.</param>
    /// <param name="least">Least bytes that make sense for the command.</param>
    /// <param name="most">Most bytes that make sense for the command.</param>
    public static TextOption<long> Memory(string defaultText, long least, long most) => BenchOptions.Bytes(
        "--memory", defaultText, least, Math.Min(most, ShardOptions.MaxMemoryBudgetBytes), "Budget of the shard.");

    /// <summary>What the random numbers start from.</summary>
    public static TextOption<ulong> Seed(string? defaultText, string description) => new(
        "--seed", "n", defaultText, "0 to 18446744073709551615", description,
        (string text, out ulong value) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value));

    /// <summary>A time, such as 10m.</summary>
    public static TextOption<TimeSpan> Duration(string name, string defaultText, TimeSpan least, TimeSpan most, string description) => new(
        name, "time", defaultText, $"{Quantity.FormatDuration(least)} to {Quantity.FormatDuration(most)}", description,
        (string text, out TimeSpan value) => Quantity.TryParseDuration(text, out value) && value >= least && value <= most);

    /// <summary>A number with a fraction, such as 0.5.</summary>
    public static TextOption<double> Decimal(string name, string defaultText, double least, double most, string description) => new(
        name, "x", defaultText, Format(least) + " to " + Format(most), description,
        (string text, out double value) =>
            double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value)
            && value >= least && value <= most);

    /// <summary>Where the picture goes.</summary>
    public static TextOption<string> Chart() => BenchOptions.File("--chart", "Draw an SVG picture there.");

    private static string Format(double value) => value.ToString(CultureInfo.InvariantCulture);
}
