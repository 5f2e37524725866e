using System.Buffers.Binary;

namespace FastCache.Core.Tests.Examples;

public sealed class AbandonedLoadTests
{
    private const long Budget = 64L << 20;
    private const int SmallChunk = 144;
    private const int LargeChunk = 1152;

    /// <summary>All of the first load is hot: the hands find every item used, and page after page is moved rather than evicted.</summary>
    [Fact]
    public void Hot_items_that_nobody_uses_any_more_give_their_memory_to_items_of_another_size()
    {
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = Budget, HashSeed = 1 });
        for (int i = 0; i < 2 * Budget / SmallChunk; i++)
        {
            Set(shard, i % 400_000, 100);
            Get(shard, i % 400_000);
        }

        for (int i = 0; i < 3 * Budget / LargeChunk; i++)
        {
            Set(shard, 1_000_000 + i, 1_000);
            shard.Maintain();
        }

        long large = shard.StatisticsByClass().Single(found => found.ChunkBytes == LargeChunk).UsedChunks * LargeChunk;
        Assert.True(large > 0.85 * Budget, $"after three times the budget the new load has {large:N0} of {Budget:N0} bytes");
    }

    private static void Set(Shard shard, int number, int length)
    {
        Span<byte> key = stackalloc byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(key, number);
        Assert.Equal(WriteOutcome.Done, shard.Set(key, new byte[length], default, out _));
    }

    private static void Get(Shard shard, int number)
    {
        Span<byte> key = stackalloc byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(key, number);
        shard.TryGet(key, out _);
    }
}
