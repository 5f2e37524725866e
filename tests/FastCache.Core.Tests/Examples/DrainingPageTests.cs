using System.Buffers.Binary;
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

    private static WriteOutcome Set(Shard shard, int number)
    {
        byte[] key = new byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(key, number);
        return shard.Set(key, new byte[100], default, out _);
    }
}
