namespace FastCache.Core.Tests.Examples;

public sealed class LeaseTests
{
    private const long Now = 1_800_000_000_000;

    [Fact]
    public void One_caller_fills_while_the_others_wait_and_then_all_hit()
    {
        using Shard shard = Create();
        Assert.Equal(LeaseAnswer.Fill, shard.Leases.Get("k"u8, 100, out _, out ulong token));
        Assert.Equal(LeaseAnswer.Wait, shard.Leases.Get("k"u8, 100, out _, out ulong none));
        Assert.Equal(0UL, none);
        Assert.Equal(WriteOutcome.Done, shard.Set("k"u8, "v"u8, new SetOptions { LeaseToken = token }, out _));
        Assert.Equal(LeaseAnswer.Hit, shard.Leases.Get("k"u8, 100, out ItemView item, out _));
        Assert.Equal("v"u8, item.Value);
        Assert.Equal(WriteOutcome.LeaseLost, shard.Set("k"u8, "v2"u8, new SetOptions { LeaseToken = token }, out _));
    }

    [Fact]
    public void A_grant_ends_at_its_deadline_and_the_next_caller_has_it()
    {
        using Shard shard = Create();
        shard.Leases.Get("k"u8, 100, out _, out ulong first);
        shard.Advance(Now + 99, Now);
        Assert.Equal(LeaseAnswer.Wait, shard.Leases.Get("k"u8, 100, out _, out _));
        shard.Advance(Now + 100, Now);
        Assert.Equal(LeaseAnswer.Fill, shard.Leases.Get("k"u8, 100, out _, out ulong second));
        Assert.Equal(WriteOutcome.LeaseLost, shard.Set("k"u8, "v"u8, new SetOptions { LeaseToken = first }, out _));
        Assert.False(shard.Leases.Release("k"u8, first));
        Assert.True(shard.Leases.Release("k"u8, second));
        Assert.Equal(LeaseAnswer.Fill, shard.Leases.Get("k"u8, 100, out _, out _));
    }

    [Fact]
    public void A_delete_between_fetch_and_fill_refuses_the_fill()
    {
        using Shard shard = Create();
        shard.Leases.Get("k"u8, 100, out _, out ulong token);
        Assert.Equal(WriteOutcome.NotFound, shard.Delete("k"u8));
        Assert.Equal(WriteOutcome.LeaseLost, shard.Set("k"u8, "old"u8, new SetOptions { LeaseToken = token }, out _));
        Assert.False(shard.TryGet("k"u8, out _));
    }

    [Fact]
    public void A_version_from_elsewhere_that_comes_with_a_lost_grant_does_not_move_the_clock()
    {
        using Shard shard = Create();
        ulong ahead = (ulong)(Now + 1_800_000) << 16;
        SetOptions lost = new(SetCondition.IfNewer, ahead) { LeaseToken = 1 };
        Assert.Equal(WriteOutcome.LeaseLost, shard.Set("k"u8, "v"u8, lost, out _));
        shard.Set("k"u8, "v"u8, default, out ulong version);
        Assert.True(version < ahead, $"version {version:x} after one from elsewhere, {ahead:x}, that was not stored");
        Assert.Equal(WriteOutcome.Done, shard.Set("k"u8, "v"u8, lost with { LeaseToken = 0 }, out _));
    }

    [Fact]
    public void The_holder_of_a_grant_renews_the_life_of_the_version_that_is_there_and_nobody_else_does()
    {
        using Shard shard = Create();
        ulong version = (ulong)Now << 16;
        SetOptions copy = new(SetCondition.IfNewer, version, 1_000) { Sliding = true, SlidingLimitMillis = 1_000 };
        Assert.Equal(WriteOutcome.Done, shard.Set("k"u8, "v"u8, copy, out _));
        Assert.Equal(WriteOutcome.NotNewer, shard.Set("k"u8, "v"u8, copy, out _));
        Assert.Equal(WriteOutcome.LeaseLost, shard.Set("k"u8, "v"u8, copy with { LeaseToken = 1 }, out _));
        shard.Set("other"u8, "v"u8, default, out _); // Uses of one item in a row are one use.
        Assert.Equal(LeaseAnswer.Hit, shard.Leases.Get("k"u8, 1_000, out _, out _));
        shard.Advance(Now + 950, Now + 950);
        Assert.Equal(LeaseAnswer.HitRefresh, shard.Leases.Get("k"u8, 1_000, out _, out ulong token));
        Assert.Equal(WriteOutcome.NotNewer, shard.Set("k"u8, "old"u8, copy with { Version = version - 1, LeaseToken = token }, out _));
        Assert.Equal(WriteOutcome.Done, shard.Set("k"u8, "v"u8, copy with { LeaseToken = token }, out ulong renewed));
        Assert.Equal(version, renewed);
        shard.Advance(Now + 1_900, Now + 1_900);
        Assert.True(shard.TryGet("k"u8, out _));
    }

    [Fact]
    public void An_invalidated_value_is_given_out_as_stale_while_one_caller_fetches_and_is_absent_to_everyone_else()
    {
        using Shard shard = Create();
        shard.Set("k"u8, "v"u8, default, out _);
        Assert.True(shard.Leases.Invalidate("k"u8));
        Assert.False(shard.Leases.Invalidate("k"u8));
        Assert.False(shard.TryGet("k"u8, out _));
        Assert.False(shard.Touch("k"u8, 0));
        Assert.Equal(WriteOutcome.NotFound, shard.Edits.Append("k"u8, "x"u8, false, out _));
        Assert.Equal(LeaseAnswer.StaleFill, shard.Leases.Get("k"u8, 5_000, out ItemView item, out _));
        Assert.Equal("v"u8, item.Value);
        Assert.Equal(LeaseAnswer.Stale, shard.Leases.Get("k"u8, 5_000, out item, out _));
        Assert.Equal("v"u8, item.Value);
        shard.Advance(Now + 1_000, Now);
        Assert.Equal(LeaseAnswer.Wait, shard.Leases.Get("k"u8, 5_000, out _, out _));
        shard.Check();
    }

    [Fact]
    public void Near_its_end_a_value_that_is_used_is_refreshed_by_one_caller()
    {
        using Shard shard = Create();
        shard.Set("used"u8, "v"u8, new SetOptions(TimeToLiveMillis: 1_000), out _);
        shard.Set("unused"u8, "v"u8, new SetOptions(TimeToLiveMillis: 1_000), out _);
        shard.Set("endless"u8, "v"u8, default, out _);
        foreach (string key in new[] { "used", "endless" })
        {
            Assert.Equal(LeaseAnswer.Hit, Get(key));
        }

        Pass(899);
        Assert.Equal(LeaseAnswer.Hit, Get("used"));
        Pass(901);
        Assert.Equal(LeaseAnswer.HitRefresh, Get("used"));
        Assert.Equal(LeaseAnswer.Hit, Get("used"));
        Assert.Equal(LeaseAnswer.Hit, Get("endless"));
        Assert.True(shard.TryGet("used"u8, out _));

        LeaseAnswer Get(string key) => shard.Leases.Get(System.Text.Encoding.ASCII.GetBytes(key), 10_000, out _, out _);
        void Pass(long millis) => shard.Advance(Now + millis, Now + millis);
    }

    [Fact]
    public void A_sliding_value_is_refreshed_near_its_limit_and_not_because_it_is_old()
    {
        using Shard shard = Create();
        SetOptions sliding = new(TimeToLiveMillis: 1_000) { Sliding = true };
        shard.Set("k"u8, "v"u8, sliding, out _);
        shard.Set("limited"u8, "v"u8, sliding with { SlidingLimitMillis = 20_000 }, out _);
        for (long millis = 0; millis < 19_900; millis += 100)
        {
            shard.Advance(Now + millis, Now + millis);
            Assert.Equal(LeaseAnswer.Hit, shard.Leases.Get("k"u8, 10_000, out _, out _));
            Assert.Equal(LeaseAnswer.Hit, shard.Leases.Get("limited"u8, 10_000, out _, out _));
        }

        shard.Advance(Now + 19_900, Now + 19_900);
        Assert.Equal(LeaseAnswer.Hit, shard.Leases.Get("k"u8, 10_000, out _, out _));
        Assert.Equal(LeaseAnswer.HitRefresh, shard.Leases.Get("limited"u8, 10_000, out _, out _));
    }

    [Fact]
    public void Without_room_for_another_grant_the_answer_is_a_plain_miss()
    {
        const int Keys = 5_000;
        using Shard shard = Create();
        int[] answers = new int[7];
        for (int i = 0; i < Keys; i++)
        {
            answers[(int)shard.Leases.Get(BitConverter.GetBytes(i), 1_000, out _, out ulong token)]++;
        }

        long slots = Leases.LeaseTable.SlotsFor(ShardOptions.MinMemoryBudgetBytes);
        Assert.InRange(answers[(int)LeaseAnswer.Fill], slots * 9 / 10, slots);
        Assert.Equal(Keys, answers[(int)LeaseAnswer.Fill] + answers[(int)LeaseAnswer.Miss]);
        shard.Check();
        shard.Advance(Now + 1_000, Now);
        Assert.Equal(LeaseAnswer.Fill, shard.Leases.Get(BitConverter.GetBytes(Keys), 1_000, out _, out _));
        for (int i = 0; i < slots; i++)
        {
            shard.Maintain();
        }

        Assert.Equal(1, shard.Statistics().LeasesHeld);
    }

    [Fact]
    public void Without_room_for_another_grant_a_stale_value_is_to_be_filled_without_a_token()
    {
        using Shard shard = Create();
        shard.Set("k"u8, "v"u8, default, out _);
        shard.Leases.Invalidate("k"u8);
        for (int i = 0; i < 5_000; i++)
        {
            shard.Leases.Get(BitConverter.GetBytes(i), 1_000, out _, out _);
        }

        Assert.Equal(LeaseAnswer.StaleFill, shard.Leases.Get("k"u8, 1_000, out ItemView item, out ulong token));
        Assert.Equal("v"u8, item.Value);
        Assert.Equal(0UL, token);
        Assert.Equal(WriteOutcome.Done, shard.Set("k"u8, "new"u8, new SetOptions { LeaseToken = token }, out _));
        Assert.Equal(LeaseAnswer.Hit, shard.Leases.Get("k"u8, 1_000, out _, out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(LeasedLookups.MaxLeaseMillis + 1)]
    public void Refuses_an_impossible_lease_period(int millis)
    {
        using Shard shard = Create();
        Assert.Throws<ArgumentOutOfRangeException>(() => shard.Leases.Get("k"u8, millis, out _, out _));
    }

    private static Shard Create()
    {
        Shard shard = new(new ShardOptions
        {
            MemoryBudgetBytes = ShardOptions.MinMemoryBudgetBytes,
            HashSeed = 1,
            StaleTime = TimeSpan.FromSeconds(1),
        });
        shard.Advance(Now, Now);
        return shard;
    }
}
