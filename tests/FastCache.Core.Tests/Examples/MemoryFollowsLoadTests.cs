using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Core.Tests.Examples;

/// <summary>A load whose values change their size gets the memory that it would have in a new shard.</summary>
public sealed class MemoryFollowsLoadTests
{
    private const long Budget = 16L << 20;
    private const long Now = 1_800_000_000_000;

    [Fact]
    public void Longer_values_get_the_memory_of_the_shorter_ones_before_them()
    {
        using Shard shard = Create(16);
        Load(shard, keyBase: 0, [100], writes: 250_000);
        Load(shard, keyBase: 1_000_000, [1_000], writes: 10 * (int)(Budget / 1_100));
        long held = HeldBytes(shard, 1_000);
        using Shard fresh = Create(16);
        Load(fresh, keyBase: 1_000_000, [1_000], writes: 10 * (int)(Budget / 1_100));
        long freshHeld = HeldBytes(fresh, 1_000);
        Assert.True(held >= 0.9 * freshHeld, $"{held:N0} bytes instead of the {freshHeld:N0} of a new shard");
        shard.Check();
    }

    [Fact]
    public void A_mix_with_large_values_gets_the_memory_of_the_small_ones_before_it()
    {
        int[] mix = [1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 1_000, 65_536];
        int writes = 10 * (int)(Budget / ((7 * 1_100) + 66_000) * 8);
        using Shard shard = Create(16);
        Load(shard, keyBase: 0, [100], writes: 250_000);
        Load(shard, keyBase: 1_000_000, [1_000], writes: 10 * (int)(Budget / 1_100));
        Load(shard, keyBase: 2_000_000, mix, writes);
        using Shard fresh = Create(16);
        Load(fresh, keyBase: 2_000_000, mix, writes);
        long held = HeldBytes(shard, 1_000) + HeldBytes(shard, 65_536);
        long freshHeld = HeldBytes(fresh, 1_000) + HeldBytes(fresh, 65_536);
        Assert.True(held >= 0.9 * freshHeld, $"{held:N0} bytes instead of the {freshHeld:N0} of a new shard");
        shard.Check();
    }

    [Fact]
    public void Items_in_use_survive_the_moving_of_pages_better_than_others()
    {
        const int Keys = 100_000;
        const int Hot = 20_000;
        using Shard shard = Create(32);
        byte[] value = new byte[100];
        for (int i = 0; i < Keys; i++)
        {
            shard.Set(Key(i), value, default, out _);
        }

        Random random = new(1);
        byte[] longer = new byte[1_000];
        int written = 0;
        while (shard.Statistics().PageMoves < 8)
        {
            for (int i = 0; i < 100; i++)
            {
                shard.TryGet(Key(random.Next(Hot)), out _);
            }

            for (int i = 0; i < 20; i++)
            {
                shard.Set(Key(Keys + written++), longer, default, out _);
                shard.TryGet(Key(Keys + random.Next(written)), out _);
            }
            shard.Maintain();
        }

        double hot = Held(shard, 0, Hot);
        double cold = Held(shard, Hot, Keys);
        Assert.True(hot > 0.7 && hot > cold + 0.3, $"{hot:P1} of the hot and {cold:P1} of the cold items are left");
        shard.Check();
    }

    [Fact]
    public void When_everything_is_deleted_all_pages_but_the_first_of_the_index_are_free_again()
    {
        using Shard shard = Create(32);
        Load(shard, keyBase: 0, [100, 1_000, 300, 70_000], writes: 100_000);
        Load(shard, keyBase: 0, [0], writes: 250_000);
        Assert.True(shard.Statistics().Buckets > 16_384, "the index has not grown");
        for (int i = 0; i < 1_000_000; i++)
        {
            shard.Delete(Key(i));
        }

        while (shard.Maintain())
        {
        }

        Assert.Equal(0, shard.Statistics().Items);
        Assert.Equal((long)(shard.Store.Pool.Count - 1) << SizeClasses.PageShift, shard.Statistics().Memory.FreePages);
        Assert.Equal(16_384, shard.Statistics().Buckets);
        shard.Check();
    }

    private static double Held(Shard shard, int from, int to) =>
        Enumerable.Range(from, to - from).Count(i => shard.TryGet(Key(i), out _)) / (double)(to - from);

    /// <summary>Writes of random keys, of which twice as many exist as fit, each with a length of its own.</summary>
    private static void Load(Shard shard, int keyBase, int[] lengths, int writes)
    {
        byte[] value = new byte[lengths.Max()];
        Random random = new(1);
        int keys = (int)(2 * Budget / (lengths.Average() + 50));
        for (int i = 0; i < writes; i++)
        {
            int key = random.Next(keys);
            shard.Set(Key(keyBase + key), value.AsSpan(0, lengths[key % lengths.Length]), default, out _);
            shard.TryGet(Key(keyBase + random.Next(keys)), out _);
            if (i % 32 == 0)
            {
                shard.Maintain();
            }
        }
    }

    /// <summary>Bytes of the chunks in use of the class that holds values of a length.</summary>
    private static long HeldBytes(Shard shard, int length)
    {
        int bytes = Item.Bytes(4, length, 0);
        int sizeClass = bytes > SizeClasses.LargestChunk ? LargeLayout.For(4, length, 0).SizeClass : SizeClasses.For(bytes);
        return shard.Store.Slab.UsedChunksOf(sizeClass) * SizeClasses.ChunkBytes(sizeClass);
    }

    private static Shard Create(int budgetMebibytes)
    {
        Shard shard = new(new ShardOptions { MemoryBudgetBytes = (long)budgetMebibytes << 20, HashSeed = 1 });
        shard.Advance(Now, Now);
        return shard;
    }

    private static byte[] Key(int i) => BitConverter.GetBytes(i);
}
