using HdrHistogram;

namespace FastCache.LoadGen.Engine;

/// <summary>What a report says of a set of latencies, in microseconds; all 0 if there were none.</summary>
internal readonly record struct Percentiles(
    long Count, double P50, double P90, double P99, double P999, double P9999, double Max)
{
    public static Percentiles Of(LongHistogram nanos)
    {
        return nanos.TotalCount == 0
            ? default
            : new(nanos.TotalCount, Micros(50), Micros(90), Micros(99), Micros(99.9), Micros(99.99), Micros(100));

        double Micros(double percentile) => nanos.GetValueAtPercentile(percentile) / 1_000.0;
    }
}
