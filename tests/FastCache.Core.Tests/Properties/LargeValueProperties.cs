using FastCache.Core.Eviction;
using FastCache.Core.Memory;

namespace FastCache.Core.Tests.Properties;

/// <summary>Values of several chunks while everything that can happen to their chunks happens.</summary>
public sealed unsafe class LargeValueProperties
{
    private const long Start = 1_800_000_000_000;

    [Theory]
    [InlineData(0, 75)]
    [InlineData(75, 150)]
    public void Readers_and_writers_notice_nothing_of_pages_that_move_under_them(int firstSeed, int endSeed)
    {
        for (int seed = firstSeed; seed < endSeed; seed++)
        {
            ShardOptions options = new()
            {
                MemoryBudgetBytes = (8L + (seed % 9)) << 20,
                MaxValueBytes = 400_000,
                InitialBuckets = 2,
                HashSeed = (ulong)seed,
                CompressFromBytes = seed % 4 == 0 ? ModelledShard.CompressFromBytes : 0,
            };
            using Shard shard = new(options);
            ModelledShard both = new(shard, options, seed, mayEvict: true, Start);
            Filler filler = new(shard, seed);
            for (int operation = 0; operation < 300; operation++)
            {
                Step(both, filler);
                if (operation % 10 == 0 || seed % 20 == 0)
                {
                    shard.Check();
                }
            }

            Assert.True(shard.Store.Large.PinnedBytes <= options.MemoryBudgetBytes / 2, $"pinned too much, seed {seed}");
            both.Finish();
            Assert.True(shard.Store.Large.PinnedBytes == 0, $"pinned when nothing is open, seed {seed}");
            shard.Check();
        }
    }

    [Fact]
    public void A_write_finds_room_whatever_readers_pin()
    {
        for (int seed = 500; seed < 600; seed++)
        {
            Random random = new(seed);
            using Shard shard = new(new ShardOptions { MemoryBudgetBytes = 32L << 20, HashSeed = 1 });
            byte[] value = new byte[random.Next(100_000, 500_000)];
            int written = 0;
            for (int round = 0; round < 5; round++)
            {
                int writes = round == 4 ? 300 : random.Next(200);
                for (int i = 0; i < writes; i++)
                {
                    WriteOutcome outcome = shard.Set(BitConverter.GetBytes(written++), value, default, out _);
                    Assert.True(outcome == WriteOutcome.Done, $"write {written} answered {outcome}, seed {seed}");
                }

                for (int i = random.Next(Math.Max(1, written - 100), written + 1); i < written; i++)
                {
                    // Never closed: half of the budget is pinned at last.
                    shard.Streams.Open(BitConverter.GetBytes(i), out _, out _, out _);
                }
            }

            shard.Check();
        }
    }

    private static void Step(ModelledShard both, Filler filler)
    {
        switch (both.Random.Next(10))
        {
            case < 5:
                both.StepStreams();
                break;
            case < 7:
                both.Step();
                break;
            case 7:
                MoveAnyPage(both);
                break;
            case 8:
                both.Shard.Maintain();
                break;
            default:
                filler.Step();
                break;
        }
    }

    /// <summary>Begins to empty a random page of items, most often one of large values, or empties it at once.</summary>
    private static void MoveAnyPage(ModelledShard both)
    {
        PageMover mover = both.Shard.Store.Mover;
        PagePool pool = both.Shard.Store.Pool;
        int page = both.Random.Next(pool.Count);
        if (mover.IsBusy)
        {
            mover.StepFor(both.Random.Next(SizeClasses.PageBytes / 2));
        }
        else if (pool.Headers[page].Use == PageUse.Slab && pool.Headers[page].SizeClass < SizeClasses.Count)
        {
            mover.Start(page, taker: -1);
            if (both.Random.Next(2) == 0)
            {
                mover.Finish(taker: -1);
            }
        }
    }
}
