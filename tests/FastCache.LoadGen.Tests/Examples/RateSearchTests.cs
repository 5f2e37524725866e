using FastCache.LoadGen.Runs;

namespace FastCache.LoadGen.Tests.Examples;

public sealed class RateSearchTests
{
    [Theory]
    [InlineData(5_300_000)]
    [InlineData(1_000_000)]
    [InlineData(37_000)]
    [InlineData(40_000_000)]
    public void Ends_within_five_percent_below_what_holds(double limit)
    {
        RateSearch search = Run(limit);
        Assert.InRange(search.Highest, limit / 1.06, limit);
    }

    [Fact]
    public void Gives_up_when_nothing_holds() => Assert.Equal(0, Run(0).Highest);

    [Fact]
    public void Ends_at_the_highest_rate_that_it_tries() => Assert.Equal(RateSearch.MostRate, Run(1e12).Highest);

    private static RateSearch Run(double limit)
    {
        RateSearch search = new();
        for (int step = 0; !search.IsDone; step++)
        {
            Assert.True(step < 30);
            search.Report(search.Next <= limit);
        }

        return search;
    }
}
