using FastCache.Core.Index;
using FastCache.Core.Memory;

namespace FastCache.Core;

/// <summary>Where every byte of a shard's budget is. The parts add up to the budget exactly.</summary>
/// <param name="Items">Keys, values, headers and trailers of live items; 8 bytes of each header are the eviction clock's.</param>
/// <param name="Rounding">What live items leave unused of their chunks.</param>
/// <param name="Loose">Chunks of large values that are being written, or were replaced and are still read, and of values and collections that are gone but not yet taken apart.</param>
/// <param name="FreeChunks">Chunks of items' pages that nobody uses.</param>
/// <param name="PageTails">What chunks leave over at the ends of pages.</param>
/// <param name="Index">Buckets and overflow buckets, ghosts included.</param>
/// <param name="IndexFree">Free parts of the index's pages.</param>
/// <param name="Expiry">Blocks of the timing wheel.</param>
/// <param name="ExpiryFree">Free parts of the wheel's pages.</param>
/// <param name="FreePages">Pages in no use.</param>
/// <param name="PageHeaders">The bookkeeping of pages.</param>
/// <param name="FixedTables">Directory of the index, leases, scratch.</param>
/// <param name="Unused">What the budget has beyond whole pages.</param>
public readonly record struct MemoryAccount(
    long Items,
    long Rounding,
    long Loose,
    long FreeChunks,
    long PageTails,
    long Index,
    long IndexFree,
    long Expiry,
    long ExpiryFree,
    long FreePages,
    long PageHeaders,
    long FixedTables,
    long Unused)
{
    /// <summary>All parts together: the budget.</summary>
    public long Total =>
        Items + Rounding + Loose + FreeChunks + PageTails + Index + IndexFree + Expiry + ExpiryFree + FreePages
        + PageHeaders + FixedTables + Unused;

    internal static MemoryAccount Of(ItemStore store)
    {
        SlabAllocator slab = store.Slab;
        long used = 0;
        long free = 0;
        long tails = 0;
        for (int sizeClass = 0; sizeClass < SizeClasses.Count; sizeClass++)
        {
            used += UsedBytes(slab, sizeClass);
            free += FreeBytes(slab, sizeClass);
            tails += TailBytes(slab, sizeClass);
        }

        long bucketBytes = (long)store.Index.Buckets * Bucket.Bytes;
        int overflow = SizeClasses.OverflowBuckets;
        int blocks = SizeClasses.ExpiryBlocks;
        long loose = store.LooseChunkBytes;
        long pages = (long)store.Pool.Count << SizeClasses.PageShift;
        return new MemoryAccount(
            Items: store.ItemBytes,
            Rounding: used - loose - store.ItemBytes,
            Loose: loose,
            FreeChunks: free,
            PageTails: tails,
            Index: bucketBytes + UsedBytes(slab, overflow),
            IndexFree: ((long)store.Index.Pages << SizeClasses.PageShift) - bucketBytes
                + FreeBytes(slab, overflow) + TailBytes(slab, overflow),
            Expiry: UsedBytes(slab, blocks),
            ExpiryFree: FreeBytes(slab, blocks) + TailBytes(slab, blocks),
            FreePages: (long)store.Pool.FreePages << SizeClasses.PageShift,
            PageHeaders: store.Pool.HeaderBytes,
            FixedTables: store.Pool.FixedBytes,
            Unused: store.BudgetBytes - pages - store.Pool.HeaderBytes - store.Pool.FixedBytes);
    }

    private static long UsedBytes(SlabAllocator slab, int sizeClass) =>
        slab.UsedChunksOf(sizeClass) * SizeClasses.ChunkBytes(sizeClass);

    private static long FreeBytes(SlabAllocator slab, int sizeClass) =>
        (slab.CapacityOf(sizeClass) - slab.UsedChunksOf(sizeClass)) * SizeClasses.ChunkBytes(sizeClass);

    private static long TailBytes(SlabAllocator slab, int sizeClass) =>
        ((long)slab.PagesOf(sizeClass) << SizeClasses.PageShift) - (slab.CapacityOf(sizeClass) * SizeClasses.ChunkBytes(sizeClass));
}
