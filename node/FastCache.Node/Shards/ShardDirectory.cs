using FastCache.Protocol;

namespace FastCache.Node.Shards;

/// <summary>Which shard of the node owns which slots: contiguous ranges, as even as they can be.</summary>
/// <param name="count">Number of shards, 1 to <see cref="MaxShards"/>.</param>
internal sealed class ShardDirectory(int count)
{
    /// <summary>Most shards of one node.</summary>
    public const int MaxShards = 256;

    private int _next = -1;

    /// <summary>Number of shards.</summary>
    public int Count => count;

    /// <summary>The shard that owns a slot.</summary>
    public int OwnerOf(int slot) => slot * count / KeySlot.Count;

    /// <summary>The first slot of a shard; that of shard <see cref="Count"/> is <see cref="KeySlot.Count"/>.</summary>
    public int FirstSlotOf(int shard) => ((shard * KeySlot.Count) + count - 1) / count;

    /// <summary>The shard of a client that does not care: each in turn. May be called by any thread.</summary>
    public int NextInTurn() => (int)((uint)Interlocked.Increment(ref _next) % (uint)count);
}
