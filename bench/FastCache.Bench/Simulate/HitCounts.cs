namespace FastCache.Bench.Simulate;

/// <summary>What one policy of one capacity made of one trace.</summary>
/// <param name="Requests">Number of requests.</param>
/// <param name="Hits">How many of them hit.</param>
/// <param name="Bytes">Sum of the sizes of the objects asked for.</param>
/// <param name="HitBytes">The same of those that hit.</param>
internal readonly record struct HitCounts(long Requests, long Hits, long Bytes, long HitBytes)
{
    /// <summary>Hits among the requests, in percent.</summary>
    public double Percent => 100.0 * Hits / Requests;

    /// <summary>Bytes that hit among the bytes asked for, in percent.</summary>
    public double BytePercent => 100.0 * HitBytes / Bytes;

    /// <summary>A ratio as all tables print it: two decimals, halves away from zero.</summary>
    public static double Rounded(double percent) => Math.Round(percent, 2, MidpointRounding.AwayFromZero);
}
