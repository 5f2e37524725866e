using System.Buffers.Binary;
using FastCache.Core.Eviction;
using FastCache.Core.Memory;

namespace FastCache.Core.Tests.Examples;

public sealed class DrainingPageTests
{
    [Fact]
    public void A_write_finds_memory_while_the_coldest_items_lie_in_the_page_that_is_being_emptied()
    {
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = ShardOptions.MinMemoryBudgetBytes, HashSeed = 1 });
        int written = 0;
        while (shard.Statistics().Evictions < 1_000)
        {
            Set(shard, written++);
        }

        ItemStore store = shard.Store;
        store.Mover.Finish(taker: -1);
        while (store.Pool.FreePages > 0)
        {
            store.Slab.Grow(SizeClasses.For(SizeClasses.LargestChunk));
        }

        int sizeClass = SizeClasses.For(144);
        store.Mover.Start(SlabAllocator.PageOf(store.Clocks[sizeClass].SelectVictim(store.Now)), taker: -1);
        for (int i = 0; i < 1_000; i++)
        {
            Assert.Equal(WriteOutcome.Done, Set(shard, written++));
        }
    }

    [Fact]
    public void A_class_whose_pages_cannot_be_emptied_does_not_keep_others_from_memory()
    {
        const int Megabyte = 1 << 20;
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = 16 * Megabyte, HashSeed = 1 });
        // Two pages and more of a value that is being written: nothing of it can go, and no page has fewer turns of the clock.
        byte[] part = new byte[3 * Megabyte];
        Assert.Equal(WriteOutcome.Done, shard.Streams.Begin("large"u8, part.Length + 1, default, out ValueWriter writer));
        Assert.Equal(WriteOutcome.Done, shard.Streams.Append(writer, part));
        int written = 0;
        while (shard.Statistics().Evictions < 1_000)
        {
            Assert.Equal(WriteOutcome.Done, Set(shard, written++));
        }

        for (int length = 200; length < 60_000; length += length / 4)
        {
            Assert.Equal(WriteOutcome.Done, Set(shard, written++, length));
        }

        shard.Check();
    }

    [Fact]
    public void No_write_pays_for_emptying_a_page_of_small_items_that_are_all_in_use()
    {
        // 512 chunks at 8 steps, and one search for a victim that goes to its own bound.
        const long MostSteps = (512 * 8) + (2 * ClockPro.MaxSweep * ClockPro.MaxSweep);
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = 32 << 20, HashSeed = 1 });
        int written = 0;
        while (shard.Statistics().FreeBytes > 2 << 20)
        {
            Set(shard, written, length: 1);
            Assert.True(Get(shard, written++));
        }

        long before = HandSteps(shard);
        for (int i = 0; i < 1_000; i++)
        {
            Assert.Equal(WriteOutcome.Done, Set(shard, written++, length: 65_000));
            Assert.True(HandSteps(shard) - before <= MostSteps, $"write {i} took {HandSteps(shard) - before:N0} steps");
            before = HandSteps(shard);
        }

        Assert.True(shard.Statistics().PageMoves > 5);
        shard.Check();
    }

    private static long HandSteps(Shard shard) => shard.StatisticsByClass().Sum(found => found.HandSteps);

    private static bool Get(Shard shard, int number)
    {
        byte[] key = new byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(key, number);
        return shard.TryGet(key, out _);
    }

    private static WriteOutcome Set(Shard shard, int number, int length = 100)
    {
        byte[] key = new byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(key, number);
        return shard.Set(key, new byte[length], default, out _);
    }
}
