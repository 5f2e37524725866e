namespace FastCache.LoadGen.Reporting.Diffs;

/// <summary>Whether two samples differ by more than the noise within them.</summary>
/// <remarks>
/// The spread of a sample is its median absolute deviation times 1.4826, which is the standard deviation where values are
/// normally distributed (Hampel 1974); unlike that, a few stalls of the machine do not move it. The medians differ when
/// they lie further apart than three times the root of both spreads' squares, and than 2% of the first.
/// </remarks>
internal static class Noise
{
    /// <summary>Fewer values have no spread to speak of.</summary>
    public const int LeastValues = 3;

    private const double NormalScale = 1.4826;
    private const double Spreads = 3;

    /// <summary>Two builds of the same source differ by this without any spread.</summary>
    public const double LeastShare = 0.02;

    /// <summary>How far the second median must be from the first to count.</summary>
    /// <param name="first">At least one value.</param>
    /// <param name="second">At least one value.</param>
    /// <param name="leastShare">A difference within this share of the first median never counts.</param>
    public static double Allowed(IReadOnlyList<double> first, IReadOnlyList<double> second, double leastShare = LeastShare)
    {
        double both = Math.Sqrt(Math.Pow(Spread(first), 2) + Math.Pow(Spread(second), 2));
        return Math.Max(Spreads * both, leastShare * Math.Abs(FloorComparison.Median(first)));
    }

    public static double Spread(IReadOnlyList<double> values)
    {
        double median = FloorComparison.Median(values);
        return NormalScale * FloorComparison.Median(values.Select(value => Math.Abs(value - median)));
    }
}
