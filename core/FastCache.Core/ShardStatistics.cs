namespace FastCache.Core;

/// <summary>The counters of a <see cref="Shard"/> at one moment.</summary>
public readonly record struct ShardStatistics
{
    /// <summary>Items stored, expired ones that nobody asked for since included.</summary>
    public required long Items { get; init; }

    /// <summary>Bytes of keys and values of those items.</summary>
    public required long PayloadBytes { get; init; }

    /// <summary>Lookups that found an item.</summary>
    public required long Hits { get; init; }

    /// <summary>Lookups that found none.</summary>
    public required long Misses { get; init; }

    /// <summary>Writes that stored.</summary>
    public required long Sets { get; init; }

    /// <summary>Deletes that removed.</summary>
    public required long Deletes { get; init; }

    /// <summary>Items evicted for room.</summary>
    public required long Evictions { get; init; }

    /// <summary>Items removed because their time was over.</summary>
    public required long Expirations { get; init; }

    /// <summary>Pages taken from one size class for another or for the index.</summary>
    public required long PageMoves { get; init; }

    /// <summary>Hot items of all classes.</summary>
    public required long HotItems { get; init; }

    /// <summary>Evicted keys that the index remembers.</summary>
    public required long Ghosts { get; init; }

    /// <summary>The budget that the shard was given.</summary>
    public required long BudgetBytes { get; init; }

    /// <summary>Bytes of pages that hold items.</summary>
    public required long SlabBytes { get; init; }

    /// <summary>Bytes of pages that hold index buckets.</summary>
    public required long IndexBytes { get; init; }

    /// <summary>Bytes of pages in no use.</summary>
    public required long FreeBytes { get; init; }

    /// <summary>Buckets of the index, without overflow.</summary>
    public required long Buckets { get; init; }

    /// <summary>Overflow buckets of the index.</summary>
    public required long OverflowBuckets { get; init; }
}
