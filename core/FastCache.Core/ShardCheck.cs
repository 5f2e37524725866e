using FastCache.Core.Collections;
using FastCache.Core.Index;
using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Core;

/// <summary>Walks a shard and throws when an invariant of any layer does not hold; every count is made anew, from the bytes.</summary>
internal static unsafe class ShardCheck
{
    public static void Run(ItemStore store)
    {
        long live = CheckIndex(store);
        CheckPages(store);
        store.Wheel.Check();
        store.Large.Check();
        long queued = 0;
        for (int sizeClass = 0; sizeClass < store.Clocks.Length; sizeClass++)
        {
            store.Clocks[sizeClass].Check();
            queued += store.Clocks[sizeClass].HotCount + store.Clocks[sizeClass].ColdCount;
        }

        Invariant.Require(queued == live, "clocks and index disagree about the number of items");
        MemoryAccount account = MemoryAccount.Of(store);
        Invariant.Require(account.Total == store.BudgetBytes, $"the accounts add up to {account.Total} of {store.BudgetBytes} bytes");
    }

    private static long CheckIndex(ItemStore store)
    {
        long items = 0;
        long ghosts = 0;
        long payload = 0;
        long bytes = 0;
        store.Index.ForEach((bucket, reference) =>
        {
            if (Ghost.Is(reference))
            {
                ghosts++;
                return;
            }

            items++;
            Item* item = store.At(reference);
            bool isLarge = item->IsLarge;
            payload += ItemStore.PayloadBytesOf(item);
            bytes += ItemStore.StoredBytesOf(item);
            if ((item->Kind & Item.Collection) != 0)
            {
                store.Trees.Check(reference);
            }

            Invariant.Require((item->Packed & Item.Live) != 0, "the index refers to an item that is not live");
            Invariant.Require(store.Slab.IsItemChunk(reference), "the index refers to something that is no chunk");
            Invariant.Require(store.Index.NumberOf(store.HashOf(reference)) == bucket, "an item is in the wrong bucket");
            Invariant.Require(
                item->Expiry == 0 || store.Wheel.Refused > 0 || store.Wheel.IsInTime(reference, store.DeadlineOf(reference)),
                "an item that expires has no entry in the timing wheel in time");
            int sizeClass = store.Slab.ClassOf(reference);
            Invariant.Require(
                isLarge ? CheckLarge(store, reference, sizeClass)
                    : item->IsInTrees ? sizeClass == TreeNode.SizeClass
                    : SizeClasses.For(item->StoredBytes) == sizeClass,
                "an item is in the wrong size class");
        });
        Invariant.Require(items == store.Index.Items && ghosts == store.Index.Ghosts, "the index miscounts its entries");
        Invariant.Require(payload == store.PayloadBytes && bytes == store.ItemBytes, "the bytes of the items are miscounted");
        long depths = 0;
        foreach (long buckets in store.Index.BucketsAtDepth)
        {
            depths += buckets;
        }

        Invariant.Require(depths == store.Index.Buckets + store.Index.OverflowBuckets, "the chains of the index are miscounted");
        Invariant.Require(
            store.Slab.UsedChunksOf(SizeClasses.OverflowBuckets) == store.Index.OverflowBuckets, "overflow buckets are lost");
        return items;
    }

    private static bool CheckLarge(ItemStore store, uint head, int sizeClass)
    {
        Item* item = store.At(head);
        int segments = LargeHead.Of(item)->Segments;
        LargeLayout layout = LargeLayout.For(item->KeyLength, LargeHead.Of(item)->Length, item->Kind);
        for (int i = 0; i < segments; i++)
        {
            uint reference = LargeHead.Table(item)[i];
            Segment* segment = (Segment*)store.Slab.Address(reference);
            Invariant.Require(
                reference != 0 && store.Slab.ClassOf(reference) == sizeClass && segment->Head == head
                && segment->Number == i && segment->Packed == Item.Segment,
                "a large value has lost a segment");
        }

        return layout.SizeClass == sizeClass && layout.Segments == segments;
    }

    private static void CheckPages(ItemStore store)
    {
        PagePool pool = store.Pool;
        long pages = store.Index.Pages + pool.FreePages;
        for (int sizeClass = 0; sizeClass < SizeClasses.TotalCount; sizeClass++)
        {
            pages += store.Slab.PagesOf(sizeClass);
        }

        Invariant.Require(pages == pool.Count, "a page is lost");
        long loose = 0;
        for (int page = 0; page < pool.Count; page++)
        {
            if (pool.Headers[page].Use != PageUse.Slab || pool.Headers[page].SizeClass >= SizeClasses.Count)
            {
                continue;
            }

            int used = 0;
            for (int position = 0; position < pool.Headers[page].TouchedChunks; position++)
            {
                uint chunk = store.Slab.ChunkAt(page, position);
                ulong state = store.At(chunk)->Packed & (Item.Live | Item.Segment | Item.LooseHead | Item.Node);
                used += state == 0 ? 0 : 1;
                loose += IsLoose(store, chunk, state) ? SizeClasses.ChunkBytes(pool.Headers[page].SizeClass) : 0;
            }

            Invariant.Require(used == pool.Headers[page].UsedChunks, $"page {page} miscounts its chunks");
        }

        Invariant.Require(loose == store.LooseChunkBytes, "chunks of loose values are miscounted");
    }

    private static bool IsLoose(ItemStore store, uint chunk, ulong state) => state switch
    {
        Item.LooseHead => true,
        Item.Node => (store.At(store.Trees.ItemOf(chunk))->Packed & Item.Live) == 0,
        Item.Segment => (store.At(((Segment*)store.Slab.Address(chunk))->Head)->Packed & Item.Live) == 0,
        _ => false,
    };
}
