using System.Text;

namespace FastCache.Core.Tests.Examples;

public sealed class ShardTests
{
    private const long Now = 1_800_000_000_000;

    [Theory]
    [InlineData(0)]
    [InlineData(251)]
    public void Refuses_a_key_of_impossible_length(int length)
    {
        using Shard shard = Create();
        byte[] key = new byte[length];
        Assert.Throws<ArgumentOutOfRangeException>(() => shard.TryGet(key, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => shard.Set(key, "v"u8, default, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => shard.Delete(key));
        Assert.Throws<ArgumentOutOfRangeException>(() => shard.Touch(key, 1));
    }

    [Fact]
    public void Stores_the_largest_value_and_refuses_one_byte_more()
    {
        using Shard shard = Create();
        byte[] key = new byte[Shard.MaxKeyBytes];
        Assert.Equal(ShardOptions.MinMemoryBudgetBytes / 4, shard.MaxValueBytes);
        Assert.Equal(WriteOutcome.Done, shard.Set(key, new byte[shard.MaxValueBytes], default, out _));
        Assert.Equal(WriteOutcome.ValueTooLarge, shard.Set(key, new byte[shard.MaxValueBytes + 1], default, out _));
        Assert.True(shard.TryGet(key, out ItemView item));
        Assert.Equal(shard.MaxValueBytes, item.Length);
    }

    [Fact]
    public void An_item_is_there_until_its_time_and_not_from_then_on()
    {
        using Shard shard = Create();
        shard.Set("k"u8, "v"u8, new SetOptions(TimeToLiveMillis: 100), out _);
        shard.Advance(Now + 99, Now + 99);
        Assert.True(shard.TryGet("k"u8, out _));
        shard.Advance(Now + 100, Now + 100);
        Assert.False(shard.TryGet("k"u8, out _));
        Assert.Equal(1, shard.Statistics().Expirations);
        Assert.Equal(0, shard.Statistics().Items);
    }

    [Fact]
    public void Touch_prolongs_a_life_and_zero_makes_it_endless()
    {
        using Shard shard = Create();
        shard.Set("k"u8, "v"u8, new SetOptions(TimeToLiveMillis: 100), out _);
        Assert.True(shard.Touch("k"u8, 1_000));
        shard.Advance(Now + 999, Now + 999);
        Assert.True(shard.TryGet("k"u8, out _));
        Assert.True(shard.Touch("k"u8, 0));
        shard.Advance(Now + 1_000_000_000, Now + 1_000_000_000);
        Assert.True(shard.TryGet("k"u8, out _));
        Assert.False(shard.Touch("absent"u8, 1));
    }

    [Fact]
    public void A_clock_that_steps_back_changes_nothing()
    {
        using Shard shard = Create();
        shard.Set("k"u8, "v"u8, new SetOptions(TimeToLiveMillis: 100), out ulong first);
        shard.Advance(Now - 3_600_000, Now - 3_600_000);
        shard.Set("k2"u8, "v"u8, new SetOptions(TimeToLiveMillis: 100), out ulong second);
        Assert.True(second > first);
        shard.Advance(Now + 100, Now + 100);
        Assert.False(shard.TryGet("k"u8, out _));
        Assert.False(shard.TryGet("k2"u8, out _));
    }

    [Fact]
    public void An_endless_time_to_live_does_not_overflow()
    {
        using Shard shard = Create();
        shard.Set("k"u8, "v"u8, new SetOptions(TimeToLiveMillis: ulong.MaxValue), out _);
        shard.Advance(Now + 1, Now + 1);
        Assert.True(shard.TryGet("k"u8, out _));
    }

    [Fact]
    public void Two_writers_with_one_version_cannot_both_win()
    {
        using Shard shard = Create();
        shard.Set("k"u8, "0"u8, default, out ulong version);
        SetOptions compareAndSet = new(SetCondition.IfVersionMatches, version);
        Assert.Equal(WriteOutcome.Done, shard.Set("k"u8, "1"u8, compareAndSet, out _));
        Assert.Equal(WriteOutcome.VersionMismatch, shard.Set("k"u8, "2"u8, compareAndSet, out _));
        Assert.True(shard.TryGet("k"u8, out ItemView item));
        Assert.Equal("1"u8, item.Value);
    }

    [Fact]
    public void Memory_stays_within_the_budget_however_much_is_written()
    {
        using Shard shard = Create();
        byte[] value = new byte[500];
        for (int i = 0; i < 100_000; i++)
        {
            Assert.Equal(WriteOutcome.Done, shard.Set(Key(i), value, default, out _));
        }

        ShardStatistics statistics = shard.Statistics();
        long accounted = statistics.SlabBytes + statistics.IndexBytes + statistics.FreeBytes;
        Assert.InRange(accounted, 1, statistics.BudgetBytes);
        Assert.True(statistics.Evictions > 50_000);
        shard.Check();
    }

    [Fact]
    public void A_full_cache_still_takes_values_of_another_size()
    {
        using Shard shard = Create();
        for (int i = 0; i < 100_000; i++)
        {
            shard.Set(Key(i), new byte[100], default, out _);
        }

        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(WriteOutcome.Done, shard.Set(Key(-1 - i), new byte[700_000], default, out _));
            Assert.True(shard.TryGet(Key(-1 - i), out _));
        }

        Assert.True(shard.Statistics().PageMoves > 0);
        shard.Check();
    }

    [Fact]
    public void Memory_follows_the_load_to_another_size_of_values()
    {
        using Shard shard = Create();
        for (int i = 0; i < 60_000; i++)
        {
            shard.Set(Key(i), new byte[100], default, out _);
        }

        int held = 0;
        for (int round = 0; round < 5; round++)
        {
            held = 0;
            for (int i = 0; i < 4_000; i++)
            {
                shard.Set(Key(-1 - i), new byte[1_000], default, out _);
            }

            for (int i = 0; i < 4_000; i++)
            {
                held += shard.TryGet(Key(-1 - i), out _) ? 1 : 0;
            }
        }

        // One page, which is what a class has without any policy, holds 910 of them.
        Assert.True(held > 2_500, $"{held} of 4,000 held");
        shard.Check();
    }

    [Fact]
    public void Hot_items_survive_a_scan_of_ten_times_the_capacity()
    {
        using Shard shard = Create();
        int reads = 0;
        int hits = 0;
        for (int i = 0; i < 400_000; i++)
        {
            shard.Set(Key(i), new byte[100], default, out _);
            if (i % 20 == 0)
            {
                // One of a thousand hot keys, each read every 20,000 writes; a reader that misses stores it again.
                byte[] hot = Key(-1 - (i / 20 % 1_000));
                bool found = shard.TryGet(hot, out _);
                if (!found)
                {
                    shard.Set(hot, new byte[100], default, out _);
                }

                reads += i >= 100_000 ? 1 : 0;
                hits += i >= 100_000 && found ? 1 : 0;
            }
        }

        // LRU would keep them as well: 20,000 writes are half the capacity. The scan must not push them out either way.
        Assert.True(hits >= 0.99 * reads, $"{hits} of {reads} found");
        shard.Check();
    }

    [Fact]
    public void A_loop_over_more_than_fits_still_hits_where_an_LRU_would_not()
    {
        using Shard shard = Create();
        const int Keys = 60_000;
        int hits = 0;
        for (int round = 0; round < 6; round++)
        {
            for (int i = 0; i < Keys; i++)
            {
                if (shard.TryGet(Key(i), out _))
                {
                    hits += round > 0 ? 1 : 0;
                }
                else
                {
                    shard.Set(Key(i), new byte[100], default, out _);
                }
            }
        }

        // About 43,000 of the 60,000 fit. LRU and CLOCK evict each key just before it comes round: no hit at all.
        double ratio = (double)hits / (5 * Keys);
        Assert.True(ratio > 0.6, $"hit ratio {ratio:P1}");
    }

    [Fact]
    public void Keys_that_all_fall_into_one_chain_of_the_index_push_each_other_out()
    {
        using Shard shard = Create();
        List<byte[]> keys = [.. Colliding(shard, 400)];
        foreach (byte[] key in keys)
        {
            Assert.Equal(WriteOutcome.Done, shard.Set(key, key, default, out _));
            Assert.True(shard.TryGet(key, out ItemView item));
            Assert.Equal(key, item.Value);
        }

        shard.Check();
        ShardStatistics statistics = shard.Statistics();
        Assert.Equal(Index.BucketIndex.MaxChain, statistics.LongestProbe);
        Assert.Equal(Index.BucketIndex.MaxChain * Index.Bucket.Entries, keys.Count(key => shard.TryGet(key, out _)));
        keys.ForEach(key => shard.Delete(key));
        Assert.Equal(0, shard.Statistics().OverflowBuckets);
        shard.Check();
    }

    [Theory]
    [InlineData(ShardOptions.MinMemoryBudgetBytes - 1)]
    [InlineData(ShardOptions.MaxMemoryBudgetBytes + 1)]
    [InlineData(-1)]
    public void Refuses_an_impossible_budget(long bytes) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Shard(new ShardOptions { MemoryBudgetBytes = bytes }));

    private static Shard Create()
    {
        Shard shard = new(new ShardOptions { MemoryBudgetBytes = ShardOptions.MinMemoryBudgetBytes, HashSeed = 1 });
        shard.Advance(Now, Now);
        return shard;
    }

    /// <summary>Keys whose hashes have the same low bits, more than the index starts with.</summary>
    private static IEnumerable<byte[]> Colliding(Shard shard, int count)
    {
        for (int i = 0; count > 0; i++)
        {
            byte[] key = BitConverter.GetBytes(i);
            if ((Hash(shard, key) & 0x3FFF) == 5)
            {
                count--;
                yield return key;
            }
        }
    }

    private static unsafe ulong Hash(Shard shard, byte[] key)
    {
        fixed (byte* start = key)
        {
            return shard.Hashed(start, key.Length).Hash;
        }
    }

    private static byte[] Key(int i) => Encoding.ASCII.GetBytes($"key:{i}");
}
