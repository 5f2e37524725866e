using FastCache.Client.Replicas;

namespace FastCache.Client.Tests.Examples;

/// <summary>Which copy a read goes to, and what is known of how long each takes.</summary>
public sealed class CopyChoiceTests
{
    private static readonly byte[] OneTier = [0, 0, 0];

    [Fact]
    public void The_slowest_of_several_is_never_chosen_and_the_others_both_are()
    {
        int[] chosen = Draw([100, 900, 110], OneTier);
        Assert.Equal(0, chosen[1]);
        Assert.InRange(chosen[0], 1, 9_999);
        Assert.InRange(chosen[2], 1, 9_999);
    }

    [Fact]
    public void Copies_that_cost_the_same_are_chosen_equally_often()
    {
        Assert.All(Draw([100, 100, 100], OneTier), count => Assert.InRange(count, 3_000, 3_700));
    }

    [Fact]
    public void What_cannot_be_asked_is_not_chosen()
    {
        Assert.Equal([0, 10_000, 0], Draw([CopyChoice.Unusable, 500, CopyChoice.Unusable], OneTier));
        Assert.Equal(-1, CopyChoice.Choose([CopyChoice.Unusable, CopyChoice.Unusable], [0, 1], 7));
    }

    [Theory]
    [InlineData(100, 26, true)]
    [InlineData(100, 24, false)]
    [InlineData(CopyChoice.Unusable, 5_000, false)]
    public void A_copy_of_a_farther_tier_is_chosen_while_it_costs_less_than_a_quarter(long near, long far, bool isNear)
    {
        int[] chosen = Draw([near, far, far], [0, 1, 2]);
        Assert.Equal(isNear ? 10_000 : 0, chosen[0]);
    }

    [Fact]
    public void Cost_grows_with_latency_and_with_requests_that_have_no_answer()
    {
        Assert.Equal(50, CopyChoice.Cost(50, 0));
        Assert.Equal(200, CopyChoice.Cost(50, 3));
        Assert.Equal(50, CopyChoice.Cost(50, -2)); // Counted without a lock.
        Assert.InRange(CopyChoice.Cost(long.MaxValue, int.MaxValue), 1, long.MaxValue - 1);
    }

    [Fact]
    public void Silence_raises_the_estimate_before_any_answer_does()
    {
        LatencyGauge gauge = new();
        Answer(gauge, Millis(0), Millis(1));
        Assert.Equal(Millis(1), gauge.Estimate(Millis(5)));
        gauge.Sent(7, Millis(10));
        Assert.Equal(Millis(1), gauge.Estimate(Millis(11)));
        Assert.Equal(Millis(40), gauge.Estimate(Millis(50)));
        gauge.Lost();
        Assert.Equal(Millis(1), gauge.Estimate(Millis(50)));
    }

    [Fact]
    public void Only_the_samples_own_reply_counts()
    {
        LatencyGauge gauge = new();
        gauge.Sent(7, System.Diagnostics.Stopwatch.GetTimestamp());
        Assert.False(gauge.WantsSample);
        Assert.False(gauge.TryAnswer(8, out _));
        Assert.True(gauge.TryAnswer(7, out long latency));
        Assert.InRange(latency, 0, Millis(20_000));
        Assert.False(gauge.TryAnswer(7, out _));
        Assert.True(gauge.WantsSample);
    }

    [Fact]
    public void A_node_that_is_quick_again_is_known_to_be_so_after_a_few_probes()
    {
        LatencyGauge gauge = new();
        long now = 0;
        for (int i = 0; i < 100; i++)
        {
            now += Answer(gauge, now, now + Millis(20));
        }

        Assert.InRange(gauge.Estimate(now), Millis(19), Millis(20));
        for (int probe = 0; probe < 5; probe++)
        {
            now += Millis(CopyWatch.ProbeMillis);
            Answer(gauge, now, now + (Millis(1) / 10));
        }

        Assert.InRange(gauge.Estimate(now), 0, Millis(1));
    }

    [Fact]
    public void One_slow_answer_among_many_quick_ones_is_forgotten_soon()
    {
        LatencyGauge gauge = new();
        long now = 0;
        for (int i = 0; i < 1_000; i++)
        {
            now += Answer(gauge, now, now + (i == 500 ? Millis(5) : Millis(1) / 5));
        }

        Assert.InRange(gauge.Estimate(now), Millis(1) / 5 * 9 / 10, Millis(1) / 4);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.95)]
    public void The_percentile_rests_where_the_wanted_share_of_samples_is_below(double share)
    {
        Random random = new(1);
        LatencyQuantile quantile = new(share);
        int below = 0;
        const int Samples = 20_000;
        for (int i = 0; i < 2 * Samples; i++)
        {
            long latency = 1 + (long)(Millis(1) * random.NextDouble());
            below += i >= Samples && latency <= quantile.Ticks ? 1 : 0;
            quantile.Add(latency);
        }

        Assert.InRange(below / (double)Samples, share - 0.03, share + 0.03);
    }

    private static long Millis(long millis) => millis * System.Diagnostics.Stopwatch.Frequency / 1000;

    /// <returns>How long it took.</returns>
    private static long Answer(LatencyGauge gauge, long sent, long now)
    {
        gauge.Sent(1, sent);
        gauge.Answer(sent, now);
        return now - sent;
    }

    private static int[] Draw(long[] costs, byte[] tiers)
    {
        Random random = new(1);
        int[] chosen = new int[costs.Length];
        for (int i = 0; i < 10_000; i++)
        {
            chosen[CopyChoice.Choose(costs, tiers, (uint)random.NextInt64(1L << 32))]++;
        }

        return chosen;
    }
}
