namespace FastCache.Core.Tests.Examples;

/// <summary>How long items live: fixed, sliding, stale.</summary>
public sealed class LifeTests
{
    private const long Now = 1_800_000_000_000;

    [Fact]
    public void A_sliding_life_touched_to_be_endless_still_ends_at_its_limit()
    {
        using Shard shard = Create();
        shard.Set("k"u8, "v"u8, new SetOptions(TimeToLiveMillis: 100) { Sliding = true, SlidingLimitMillis = 500 }, out _);
        Assert.True(shard.Touch("k"u8, 0));
        Pass(shard, 499);
        Assert.True(shard.TryGet("k"u8, out _));
        Pass(shard, 500);
        Assert.False(shard.TryGet("k"u8, out _));
    }

    private static void Pass(Shard shard, long millis) => shard.Advance(Now + millis, Now + millis);

    private static Shard Create()
    {
        Shard shard = new(new ShardOptions { MemoryBudgetBytes = ShardOptions.MinMemoryBudgetBytes, HashSeed = 1 });
        shard.Advance(Now, Now);
        return shard;
    }
}
