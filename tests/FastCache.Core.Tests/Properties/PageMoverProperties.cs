using FastCache.Core.Eviction;
using FastCache.Core.Memory;

namespace FastCache.Core.Tests.Properties;

/// <summary>Memory that changes hands between size classes.</summary>
public sealed unsafe class PageMoverProperties
{
    private const long Start = 1_800_000_000_000;

    [Theory]
    [InlineData(0, 25)]
    [InlineData(25, 50)]
    public void Every_write_finds_room_however_sizes_change_and_pages_move(int firstSeed, int endSeed)
    {
        byte[] value = new byte[2_000_000];
        for (int seed = firstSeed; seed < endSeed; seed++)
        {
            Random random = new(seed);
            using Shard shard = new(new ShardOptions
            {
                MemoryBudgetBytes = (8L + random.Next(9)) << 20,
                InitialBuckets = random.Next(2) == 0 ? 2 : 0,
                HashSeed = (ulong)seed,
            });
            shard.Advance(Start, Start);
            int sizes = random.Next(1, 30);
            int[] lengths = [.. Enumerable.Range(0, sizes).Select(_ => RandomLength(random))];
            bool maintains = random.Next(2) == 0;
            for (int operation = 0; operation < 400; operation++)
            {
                int length = lengths[random.Next(lengths.Length)];
                int writes = Math.Clamp(500_000 / (length + 50), 1, 300);
                for (int i = 0; i < writes; i++)
                {
                    ulong timeToLive = random.Next(3) == 0 ? (ulong)random.Next(1, 10_000) : 0;
                    byte[] key = BitConverter.GetBytes(random.Next(100_000));
                    SetOptions options = new(TimeToLiveMillis: timeToLive);
                    WriteOutcome outcome = shard.Set(key, value.AsSpan(0, length), options, out _);
                    Assert.True(outcome == WriteOutcome.Done, $"a write of {length} bytes answered {outcome}, seed {seed}");
                    shard.TryGet(BitConverter.GetBytes(random.Next(100_000)), out _);
                }

                shard.Advance(Start + (operation * 20), Start + (operation * 20));
                lengths[random.Next(lengths.Length)] = RandomLength(random);
                if (maintains)
                {
                    shard.Maintain();
                }

                if (random.Next(4) == 0)
                {
                    StartAnyMove(random, shard);
                }

                if (operation % 40 == 0)
                {
                    shard.Check();
                }
            }
        }
    }

    private static int RandomLength(Random random) => random.Next(6) switch
    {
        0 => random.Next(60_000, 70_000),
        1 => random.Next(2_000_000),
        _ => (int)Math.Exp(random.NextDouble() * Math.Log(65_000)),
    };

    private static void StartAnyMove(Random random, Shard shard)
    {
        PagePool pool = shard.Store.Pool;
        int page = random.Next(pool.Count);
        bool holdsItems = pool.Headers[page].Use == PageUse.Slab && pool.Headers[page].SizeClass < SizeClasses.Count;
        if (holdsItems && !shard.Store.Mover.IsBusy)
        {
            shard.Store.Mover.Start(page, random.Next(2) == 0 ? -1 : random.Next(SizeClasses.Count));
        }
    }
}
