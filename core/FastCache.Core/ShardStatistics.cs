using FastCache.Core.Eviction;
using FastCache.Core.Memory;

namespace FastCache.Core;

/// <summary>The counters of a <see cref="Shard"/> at one moment.</summary>
public readonly record struct ShardStatistics
{
    /// <summary>Items stored, expired ones that are still there included.</summary>
    public required long Items { get; init; }

    /// <summary>Bytes of keys and values of those items, as stored: compressed values with what they take.</summary>
    public required long PayloadBytes { get; init; }

    /// <summary>Lookups that found an item.</summary>
    public long Hits { get; init; }

    /// <summary>Lookups that found none.</summary>
    public long Misses { get; init; }

    /// <summary>Writes that stored.</summary>
    public long Sets { get; init; }

    /// <summary>Deletes that removed, and invalidations.</summary>
    public long Deletes { get; init; }

    /// <summary>Items evicted for room.</summary>
    public long Evictions => EvictedCold + EvictedHot;

    /// <summary>Items evicted from the cold queue.</summary>
    public required long EvictedCold { get; init; }

    /// <summary>Items evicted that were hot: with their page, or for lack of cold ones.</summary>
    public required long EvictedHot { get; init; }

    /// <summary>Items removed because their time was over.</summary>
    public required long Expirations { get; init; }

    /// <summary>Pages taken from one size class for another or for the index.</summary>
    public required long PageMoves { get; init; }

    /// <summary>Items that changed their place because their page changed hands.</summary>
    public required long ItemsMoved { get; init; }

    /// <summary>Hot items of all classes.</summary>
    public required long HotItems { get; init; }

    /// <summary>Evicted keys that the index remembers.</summary>
    public required long Ghosts { get; init; }

    /// <summary>Writes that stored a compressed value.</summary>
    public long CompressedSets { get; init; }

    /// <summary>Compressed values that were found damaged, and removed.</summary>
    public long DamagedValues { get; init; }

    /// <summary>Grants to fill a key that are held.</summary>
    public long LeasesHeld { get; init; }

    /// <summary>The budget that the shard was given.</summary>
    public long BudgetBytes { get; init; }

    /// <summary>Where the budget is, to the byte.</summary>
    public required MemoryAccount Memory { get; init; }

    /// <summary>Bytes of pages that hold items.</summary>
    public required long SlabBytes { get; init; }

    /// <summary>Bytes of pages that hold index buckets, overflow included.</summary>
    public required long IndexBytes { get; init; }

    /// <summary>Bytes of pages in no use.</summary>
    public long FreeBytes => Memory.FreePages;

    /// <summary>Buckets of the index, without overflow.</summary>
    public required long Buckets { get; init; }

    /// <summary>Overflow buckets of the index.</summary>
    public required long OverflowBuckets { get; init; }

    /// <summary>Share of the entries of all buckets that are in use, ghosts included.</summary>
    public required double IndexLoad { get; init; }

    /// <summary>Buckets that a lookup of an item looks at on average, if all entries are alike.</summary>
    public required double MeanProbeLength { get; init; }

    /// <summary>Buckets of the longest chain.</summary>
    public required int LongestProbe { get; init; }

    /// <summary>Entries of the timing wheel, those that no longer count included.</summary>
    public required long ExpiryEntries { get; init; }

    internal static ShardStatistics Of(ItemStore store)
    {
        long hot = 0;
        long slabPages = 0;
        for (int sizeClass = 0; sizeClass < store.Clocks.Length; sizeClass++)
        {
            hot += store.Clocks[sizeClass].HotCount;
            slabPages += store.Slab.PagesOf(sizeClass);
        }

        ClassCounters sum = default;
        foreach (ClassCounters counters in store.Counters)
        {
            sum.EvictedCold += counters.EvictedCold;
            sum.EvictedHot += counters.EvictedHot;
            sum.Expired += counters.Expired;
        }

        (double mean, int longest) = ProbeLengths(store.Index.BucketsAtDepth);
        long entries = store.Index.Items + store.Index.Ghosts;
        return new ShardStatistics
        {
            Items = store.Index.Items - store.HiddenItems,
            PayloadBytes = store.PayloadBytes,
            EvictedCold = sum.EvictedCold,
            EvictedHot = sum.EvictedHot,
            Expirations = sum.Expired,
            PageMoves = store.Mover.Moves,
            ItemsMoved = store.Mover.ItemsMoved,
            HotItems = hot,
            Ghosts = store.Index.Ghosts,
            Memory = MemoryAccount.Of(store),
            SlabBytes = slabPages << SizeClasses.PageShift,
            IndexBytes = (long)(store.Index.Pages + store.Slab.PagesOf(SizeClasses.OverflowBuckets)) << SizeClasses.PageShift,
            Buckets = store.Index.Buckets,
            OverflowBuckets = store.Index.OverflowBuckets,
            IndexLoad = (double)entries / (Index.Bucket.Entries * (store.Index.Buckets + (long)store.Index.OverflowBuckets)),
            MeanProbeLength = mean,
            LongestProbe = longest,
            ExpiryEntries = store.Wheel.Entries,
        };
    }

    /// <summary>All but the last bucket of a chain are full, so entries lie about as deep as buckets do.</summary>
    private static (double Mean, int Longest) ProbeLengths(ReadOnlySpan<long> bucketsAtDepth)
    {
        double buckets = 0;
        double weighted = 0;
        int longest = 0;
        for (int depth = 0; depth < bucketsAtDepth.Length; depth++)
        {
            buckets += bucketsAtDepth[depth];
            weighted += (depth + 1.0) * bucketsAtDepth[depth];
            longest = bucketsAtDepth[depth] > 0 ? depth + 1 : longest;
        }

        return (weighted / buckets, longest);
    }
}

/// <summary>The counters of one size class of a <see cref="Shard"/> at one moment.</summary>
/// <param name="ChunkBytes">Bytes of a chunk.</param>
/// <param name="Pages">Pages of 1 MiB.</param>
/// <param name="UsedChunks">Chunks in use; a large value uses several.</param>
/// <param name="HotItems">Hot items.</param>
/// <param name="ColdItems">Cold items.</param>
/// <param name="Ghosts">Evicted keys thought to be in their test period.</param>
/// <param name="ColdTarget">How many items the eviction clock wants to be cold.</param>
/// <param name="EvictedCold">Items evicted from the cold queue.</param>
/// <param name="EvictedHot">Items evicted that were hot.</param>
/// <param name="Expired">Items removed because their time was over.</param>
/// <param name="HandSteps">Items that the hands of the clock have looked at.</param>
public readonly record struct ClassStatistics(
    int ChunkBytes,
    int Pages,
    long UsedChunks,
    long HotItems,
    long ColdItems,
    long Ghosts,
    long ColdTarget,
    long EvictedCold,
    long EvictedHot,
    long Expired,
    long HandSteps)
{
    internal static ClassStatistics Of(ItemStore store, int sizeClass)
    {
        ref ClockPro clock = ref store.Clocks[sizeClass];
        ClassCounters counters = store.Counters[sizeClass];
        return new ClassStatistics(
            SizeClasses.ChunkBytes(sizeClass),
            store.Slab.PagesOf(sizeClass),
            store.Slab.UsedChunksOf(sizeClass),
            clock.HotCount,
            clock.ColdCount,
            clock.GhostCount,
            clock.ColdTarget,
            counters.EvictedCold,
            counters.EvictedHot,
            counters.Expired,
            clock.HandSteps);
    }
}
