using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Scenarios;

/// <summary>How many bytes a key's value has: it follows from the key's number.</summary>
internal sealed class ValueSizes
{
    private readonly double _median;
    private readonly double _sigma;

    private ValueSizes(int least, int most, double median, double sigma)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(least, ItemValue.LeastBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(most, least);
        (Least, Most, _median, _sigma) = (least, most, median, sigma);
    }

    /// <summary>No value is shorter; at least 8.</summary>
    public int Least { get; }

    /// <summary>No value is longer.</summary>
    public int Most { get; }

    public static ValueSizes Fixed(int bytes) => new(bytes, bytes, 0, 0);

    /// <summary>Every size from least to most equally often.</summary>
    public static ValueSizes Uniform(int least, int most) => new(least, most, 0, 0);

    /// <summary>Half of the values are shorter than the median; a share of 16% is longer than median * e^sigma. Cut at the ends.</summary>
    public static ValueSizes LogNormal(double median, double sigma, int least, int most) => new(least, most, median, sigma);

    public int Of(int key)
    {
        if (Least == Most)
        {
            return Least;
        }

        SplitMix random = new(SplitMix.Mix((ulong)key + 1));
        return _sigma == 0
            ? Least + random.NextBelow(Most - Least + 1)
            : (int)Math.Clamp(_median * Math.Exp(_sigma * Normal(ref random)), Least, Most);
    }

    /// <summary>G. Box, M. Muller: A note on the generation of random normal deviates (1958).</summary>
    private static double Normal(ref SplitMix random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
