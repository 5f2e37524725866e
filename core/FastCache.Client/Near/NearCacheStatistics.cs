namespace FastCache.Client;

/// <summary>The counters of a client's near cache at one moment; all 0 when it is off.</summary>
public readonly record struct NearCacheStatistics
{
    /// <summary>Reads that it answered.</summary>
    public long Hits { get; init; }

    /// <summary>Reads that went on to the node.</summary>
    public long Misses { get; init; }

    /// <summary>Changes of keys that nodes have told, of this client and of others, whether anything was kept of them or not.</summary>
    public long Invalidations { get; init; }

    /// <summary>How often everything of one shard was dropped: its connection was lost, it told so, or keys may have moved.</summary>
    public long Drops { get; init; }

    /// <summary>Entries evicted for room.</summary>
    public long Evictions { get; init; }

    /// <summary>Entries, those that are outdated and not yet replaced included.</summary>
    public long Entries { get; init; }

    /// <summary>Bytes in use, of <see cref="FastCacheClientOptions.NearCacheBytes"/>.</summary>
    public long Bytes { get; init; }

    /// <summary>Shards of all nodes.</summary>
    public int Shards { get; init; }

    /// <summary>Those of them that tell of changes now; of the others nothing is served.</summary>
    public int TrackedShards { get; init; }
}
