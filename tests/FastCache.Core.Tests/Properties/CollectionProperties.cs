namespace FastCache.Core.Tests.Properties;

/// <summary>Collections against plain ones.</summary>
public sealed class CollectionProperties
{
    [Theory]
    [InlineData(0, 500)]
    [InlineData(500, 1_000)]
    public void Behave_like_plain_collections_while_everything_fits(int firstSeed, int endSeed)
    {
        for (int seed = firstSeed; seed < endSeed; seed++)
        {
            using Shard shard = NewShard(seed, 64L << 20);
            ModelledCollections both = new(shard, seed, keys: 6, elements: seed % 3 == 0 ? 20 : 400, mayEvict: false);
            for (int operation = 0; operation < 300; operation++)
            {
                both.Step();
                Check(shard, seed, operation, every: seed % 50 == 0 ? 10 : 150);
            }

            both.Finish();
            Assert.Equal(0, shard.Statistics().Evictions);
        }
    }

    [Theory]
    [InlineData(0, 40)]
    [InlineData(40, 80)]
    public void Are_whole_or_gone_while_everything_is_evicted_and_moved(int firstSeed, int endSeed)
    {
        long moved = 0;
        for (int seed = firstSeed; seed < endSeed; seed++)
        {
            using Shard shard = NewShard(seed, (8L + (seed % 5)) << 20);
            ModelledCollections both = new(shard, seed, keys: 30 + (seed % 4 * 100), elements: 600, mayEvict: true);
            Filler filler = new(shard, seed);
            for (int operation = 0; operation < 2_500; operation++)
            {
                both.Step();
                if (seed % 4 != 0)
                {
                    filler.Step();
                }

                Check(shard, seed, operation, every: seed % 20 == 0 ? 50 : 500);
            }

            Assert.True(shard.Statistics().Evictions > 0, $"seed {seed} evicted nothing");
            moved += shard.Statistics().PageMoves;
            both.Finish();
        }

        Assert.True(moved > 0, "no page has moved");
    }

    private static Shard NewShard(int seed, long budgetBytes)
    {
        Shard shard = new(new ShardOptions { MemoryBudgetBytes = budgetBytes, InitialBuckets = 2, HashSeed = (ulong)seed });
        shard.Advance(1_800_000_000_000, 1_800_000_000_000);
        return shard;
    }

    private static void Check(Shard shard, int seed, int operation, int every)
    {
        if (operation % every == every - 1)
        {
            try
            {
                shard.Check();
            }
            catch (InvalidOperationException broken)
            {
                Assert.Fail($"{broken.Message} Seed {seed}, operation {operation}");
            }
        }
    }
}
