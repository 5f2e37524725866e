namespace FastCache.Core.Tests.Properties;

/// <summary>Random operations of every kind on a shard and on a plain dictionary, side by side.</summary>
public sealed class ShardAgainstModelTests
{
    private const long Start = 1_800_000_000_000;

    [Theory]
    [InlineData(0, 1_500)]
    [InlineData(1_500, 3_000)]
    public void Behaves_like_a_dictionary_while_everything_fits(int firstSeed, int endSeed)
    {
        const int SeedsPerShard = 50;
        for (int first = firstSeed; first < endSeed; first += SeedsPerShard)
        {
            // One shard serves several seeds, each with keys of its own: the index goes on growing from seed to seed.
            // It has room for a page of every size class.
            ShardOptions options = OptionsFor(first / SeedsPerShard, 128L << 20);
            using Shard shard = new(options);
            long millis = Start;
            for (int seed = first; seed < first + SeedsPerShard; seed++)
            {
                ModelledShard both = new(shard, options, seed, mayEvict: false, millis);
                for (int operation = 0; operation < 120; operation++)
                {
                    both.Step();
                    CheckEvery(seed % 25 == 0 ? 1 : 100, operation, both);
                }

                both.Finish();
                millis = both.MonotonicMillis;
            }

            shard.Check();
            Assert.Equal(0, shard.Statistics().Evictions);
        }
    }

    [Theory]
    [InlineData(0, 30)]
    [InlineData(30, 60)]
    public void Answers_rightly_or_as_if_it_had_evicted_while_evicting(int firstSeed, int endSeed)
    {
        for (int seed = firstSeed; seed < endSeed; seed++)
        {
            ShardOptions options = OptionsFor(seed, (8L + (seed % 9)) << 20);
            using Shard shard = new(options);
            ModelledShard both = new(shard, options, seed, mayEvict: true, Start);
            Filler filler = new(shard, seed);
            for (int operation = 0; operation < 1_000; operation++)
            {
                both.Step();
                filler.Step();
                CheckEvery(seed % 30 == 0 && operation % 500 < 50 ? 1 : 200, operation, both);
            }

            both.Finish();
            Assert.True(shard.Statistics().Evictions > 0, $"seed {seed} evicted nothing");
        }
    }

    private static ShardOptions OptionsFor(int variant, long budgetBytes) => new()
    {
        MemoryBudgetBytes = budgetBytes,
        MaxValueBytes = 400_000,
        InitialBuckets = 2,
        HashSeed = (ulong)variant,
        StaleTime = TimeSpan.FromMilliseconds(variant % 3 == 0 ? 0 : 700),
        CompressFromBytes = variant % 2 == 0 ? 0 : ModelledShard.CompressFromBytes,
        RefreshAhead = variant % 5 == 0 ? 0 : 0.3,
    };

    private static void CheckEvery(int operations, int operation, ModelledShard both)
    {
        if (operation % operations == operations - 1)
        {
            try
            {
                both.Shard.Check();
            }
            catch (InvalidOperationException broken)
            {
                both.Require(false, broken.Message);
            }
        }
    }
}
