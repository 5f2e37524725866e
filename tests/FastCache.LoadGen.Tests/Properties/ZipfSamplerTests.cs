using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Tests.Properties;

public sealed class ZipfSamplerTests
{
    private const int Draws = 400_000;

    [Theory]
    [InlineData(1, 0.99)]
    [InlineData(2, 0.99)]
    [InlineData(100, 0.5)]
    [InlineData(100, 0.99)]
    [InlineData(100, 1)]
    [InlineData(100, 2.5)]
    [InlineData(100_000, 0.99)]
    [InlineData(1_000_000, 1.2)]
    public void Ranks_come_as_often_as_theory_says(int count, double exponent)
    {
        ZipfSampler sampler = new(count, exponent);
        SplitMix random = new(11);
        int[] seen = new int[count];
        for (int i = 0; i < Draws; i++)
        {
            seen[sampler.Next(ref random)]++;
        }

        double sum = Enumerable.Range(1, count).Sum(rank => Math.Pow(rank, -exponent));
        double tail = 1;
        for (int rank = 1; rank <= Math.Min(count, 50); rank++)
        {
            double probability = Math.Pow(rank, -exponent) / sum;
            AssertNear(seen[rank - 1], probability);
            tail -= probability;
        }

        AssertNear(seen.Skip(50).Sum(), Math.Max(0, tail));
    }

    /// <summary>Six standard deviations, of which a fair sampler passes one in 10^9.</summary>
    private static void AssertNear(int count, double probability)
    {
        double expected = Draws * probability;
        double tolerance = (6 * Math.Sqrt(expected * (1 - Math.Min(1, probability)))) + 1;
        Assert.InRange(count, expected - tolerance, expected + tolerance);
    }
}
