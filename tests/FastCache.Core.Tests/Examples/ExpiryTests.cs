using FastCache.Core.Index;

namespace FastCache.Core.Tests.Examples;

/// <summary>What has expired goes by itself, soon, and whatever the wall clock does.</summary>
public sealed unsafe class ExpiryTests
{
    private const long Now = 1_800_000_000_000;

#if DEBUG
    private const int Items = 200_000;
#else
    private const int Items = 1_000_000;
#endif

    [Fact]
    public void Of_a_million_expiring_items_the_dead_never_hold_more_than_a_hundredth_of_the_bytes_in_use()
    {
        const int Seconds = 60;
        using Shard shard = Create((Items * 200L) + (16L << 20));
        Random random = new(1);
        for (int i = 0; i < Items; i++)
        {
            SetOptions options = new(TimeToLiveMillis: (ulong)random.Next(1, Seconds * 1_000));
            shard.Set(Key(i), "a value of thirty-two bytes, here"u8, options, out _);
        }

        Assert.Equal(Items, shard.Statistics().Items);
        for (int second = 1; second <= Seconds + 1; second++)
        {
            shard.Advance(Now + (second * 1_000), Now + (second * 1_000));
            while (shard.Maintain())
            {
            }

            (long used, long dead) = CountBytes(shard, deadForMillis: 2_000);
            Assert.True(dead <= used / 100, $"{dead} of {used} bytes have been dead for 2 seconds after {second} seconds");
        }

        Assert.Equal(0, shard.Statistics().Items);
        Assert.Equal(Items, shard.Statistics().Expirations);
        Assert.Equal(0, shard.Statistics().ExpiryEntries);
        shard.Check();
    }

    [Fact]
    public void A_wall_clock_that_is_set_by_an_hour_changes_no_life_and_versions_go_on_ascending()
    {
        const long Hour = 3_600_000;
        using Shard shard = Create(ShardOptions.MinMemoryBudgetBytes);
        ulong last = 0;
        long wall = Now;
        for (int step = 0; step < 20; step++)
        {
            wall += step % 3 == 0 ? -Hour : step % 3 == 1 ? Hour : 2 * Hour;
            long start = step * 10_000;
            shard.Advance(Now + start, wall);
            for (int i = 0; i < 100; i++)
            {
                shard.Set(Key(i), "v"u8, new SetOptions(TimeToLiveMillis: 1_000), out ulong version);
                Assert.True(version > last, $"version {version:x} after {last:x} in step {step}");
                last = version;
            }

            shard.Advance(Now + start + 999, wall + Hour);
            Assert.Equal(100, Enumerable.Range(0, 100).Count(i => shard.TryGet(Key(i), out _)));
            shard.Advance(Now + start + 1_000, wall - Hour);
            Assert.Equal(0, Enumerable.Range(0, 100).Count(i => shard.TryGet(Key(i), out _)));
        }
    }

    [Fact]
    public void Expired_items_go_though_nobody_asks_for_them_also_after_a_pause_of_a_year()
    {
        using Shard shard = Create(ShardOptions.MinMemoryBudgetBytes);
        for (int i = 0; i < 10_000; i++)
        {
            shard.Set(Key(i), "v"u8, new SetOptions(TimeToLiveMillis: 1UL << (i % 40)), out _);
        }

        shard.Advance(Now + (366L * 86_400_000), Now);
        int steps = 0;
        while (shard.Maintain())
        {
            steps++;
        }

        // 2^35 ms are more than a year: of every 40 items 5 live longer.
        Assert.Equal(10_000 / 40 * 5, shard.Statistics().Items);
        Assert.InRange(steps, 10, 20_000);
        shard.Check();
    }

    /// <summary>Bytes of all items, and of those that expired some time ago.</summary>
    private static (long Used, long Dead) CountBytes(Shard shard, ulong deadForMillis)
    {
        long used = 0;
        long dead = 0;
        shard.Store.Index.ForEach((_, reference) =>
        {
            if (!Ghost.Is(reference))
            {
                long bytes = shard.At(reference)->StoredBytes;
                ulong expiry = shard.At(reference)->Expiry;
                used += bytes;
                dead += expiry != 0 && expiry + deadForMillis <= shard.Now ? bytes : 0;
            }
        });
        return (used, dead);
    }

    private static Shard Create(long budgetBytes)
    {
        Shard shard = new(new ShardOptions { MemoryBudgetBytes = budgetBytes, HashSeed = 1 });
        shard.Advance(Now, Now);
        return shard;
    }

    private static byte[] Key(int i) => BitConverter.GetBytes(i);
}
