namespace FastCache.Core.Tests.Examples;

/// <summary>Clocks that say what no clock should say.</summary>
public sealed class ExtremeClockTests
{
    private const long Now = 1_800_000_000_000;

    [Theory]
    [InlineData(1L << 41)]
    [InlineData(1L << 57)]
    [InlineData(long.MaxValue)]
    public void Maintenance_comes_to_its_end_however_far_the_clock_has_jumped(long monotonicMillis)
    {
        using Shard shard = Create();
        shard.Set("a"u8, "1"u8, new SetOptions(TimeToLiveMillis: 1_000), out _);
        shard.Set("b"u8, "2"u8, new SetOptions(TimeToLiveMillis: ulong.MaxValue), out _);
        shard.Advance(monotonicMillis, Now);
        int steps = 0;
        while (shard.Maintain())
        {
            Assert.InRange(++steps, 1, 10_000);
        }

        Assert.Equal(0, shard.Statistics().Items);
        shard.Check();
    }

    [Theory]
    [InlineData((1L << 40) + 5)]
    [InlineData(1L << 57)]
    [InlineData(long.MaxValue)]
    public void An_item_invalidated_after_the_end_of_all_lives_goes_and_harms_nothing(long monotonicMillis)
    {
        using Shard shard = Create();
        shard.Set("a"u8, "1"u8, default, out _);
        shard.Advance(monotonicMillis, Now);
        Assert.True(shard.Leases.Invalidate("a"u8));
        Assert.False(shard.TryGet("a"u8, out _));
        shard.Set("b"u8, "1"u8, default, out _);
        shard.Check();
    }

    [Theory]
    [InlineData(2_677_348_427_775)]
    [InlineData(long.MaxValue)]
    public void A_wall_clock_beyond_2054_leaves_versions_that_ascend_and_can_be_compared(long unixMillis)
    {
        using Shard shard = Create();
        shard.Advance(0, unixMillis);
        ulong last = 0;
        for (int i = 0; i < 300_000; i++)
        {
            Assert.Equal(WriteOutcome.Done, shard.Set("a"u8, "1"u8, default, out ulong version));
            Assert.True(version > last);
            Assert.True(shard.TryGet("a"u8, out ItemView item));
            Assert.Equal(version, item.Version);
            last = version;
        }

        Assert.Equal(WriteOutcome.Done, shard.Set("a"u8, "2"u8, new SetOptions(SetCondition.IfNewer, last + 1), out _));
    }

    private static Shard Create()
    {
        Shard shard = new(new ShardOptions { MemoryBudgetBytes = 8 << 20, HashSeed = 1, StaleTime = TimeSpan.FromSeconds(1) });
        shard.Advance(0, Now);
        return shard;
    }
}
