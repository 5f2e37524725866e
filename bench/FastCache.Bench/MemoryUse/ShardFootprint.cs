using FastCache.Core;
using FastCache.Core.Items;
using FastCache.Core.Memory;
using FastCache.LoadGen.Machine;

namespace FastCache.Bench.MemoryUse;

/// <summary>The memory of a shard, taken apart.</summary>
/// <param name="Total">The whole.</param>
/// <param name="HeaderBytes">Headers of items.</param>
/// <param name="RoundingBytes">What chunks have above header, key and value.</param>
/// <param name="UnusedBytes">What is left in pages of chunks that no item has yet.</param>
/// <param name="IndexBytes">Pages of the index.</param>
/// <param name="Statistics">The counters behind it.</param>
internal sealed record ShardFootprint(
    Footprint Total, long HeaderBytes, long RoundingBytes, long UnusedBytes, long IndexBytes, ShardStatistics Statistics)
{
    private const string Name = "FastCache";

    /// <summary>Rounding as a share of what it rounds: header, key and value.</summary>
    public double RoundingLoss(ItemMix mix) => RoundingBytes / (double)(HeaderBytes + mix.PayloadBytes);

    /// <summary>Fills a fresh shard.</summary>
    /// <exception cref="InvalidOperationException">It does not keep every item.</exception>
    public static ShardFootprint Of(ItemMix mix)
    {
        // A quarter for rounding, 128 bytes an item for everything else, and a page for each size class.
        long generous = mix.PayloadBytes + (mix.PayloadBytes / 4) + (mix.Items * 128L) + (256L << 20);
        using Shard shard = new(new ShardOptions
        {
            MemoryBudgetBytes = Math.Min(ShardOptions.MaxMemoryBudgetBytes, generous),
            HashSeed = 1,
        });
        byte[] key = new byte[mix.KeyBytes];
        byte[] value = new byte[mix.LongestValueBytes];
        long chunkBytes = 0;
        long residentBefore = ProcessMemory.ResidentBytes(Environment.ProcessId);
        for (int item = 0; item < mix.Items; item++)
        {
            ItemMix.WriteKey(key, item);
            int valueBytes = mix.ValueBytesOf(item);
            if (shard.Set(key, value.AsSpan(0, valueBytes), default, out _) != WriteOutcome.Done)
            {
                throw new InvalidOperationException($"the shard refused item {item}");
            }

            chunkBytes += SizeClasses.ChunkBytes(SizeClasses.For(Item.Bytes(mix.KeyBytes, valueBytes, kind: 0)));
        }

        long resident = ProcessMemory.ResidentBytes(Environment.ProcessId) - residentBefore;
        ShardStatistics statistics = shard.Statistics();
        if (statistics.Items != mix.Items)
        {
            throw new InvalidOperationException($"the shard holds {statistics.Items:N0} of {mix.Items:N0} items");
        }

        long headerBytes = (long)mix.Items * Item.HeaderBytes;
        return new ShardFootprint(
            new Footprint(Name, statistics.SlabBytes + statistics.IndexBytes, resident),
            headerBytes,
            chunkBytes - headerBytes - mix.PayloadBytes,
            statistics.SlabBytes - chunkBytes,
            statistics.IndexBytes,
            statistics);
    }
}
