using FastCache.Core;
using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Bench.Load;

/// <summary>Told of every item of a shard.</summary>
internal unsafe interface IItemVisitor
{
    /// <param name="item">The item.</param>
    /// <param name="chunkBytes">Bytes of its chunk; of the first one if it has several.</param>
    void Visit(Item* item, int chunkBytes);
}

/// <summary>Visits all items of a shard page by page: in the order of addresses, which is several times faster than the index.</summary>
internal static unsafe class ItemWalk
{
    public static void Run<TVisitor>(Shard shard, ref TVisitor visitor)
        where TVisitor : struct, IItemVisitor
    {
        PagePool pool = shard.Store.Pool;
        SlabAllocator slab = shard.Store.Slab;
        for (int page = 0; page < pool.Count; page++)
        {
            PageHeader header = pool.Headers[page];
            if (header.Use != PageUse.Slab || header.SizeClass >= SizeClasses.Count)
            {
                continue;
            }

            int chunkBytes = SizeClasses.ChunkBytes(header.SizeClass);
            for (int position = 0; position < header.TouchedChunks; position++)
            {
                Item* item = (Item*)slab.Address(slab.ChunkAt(page, position));
                if ((item->Packed & Item.Live) != 0)
                {
                    visitor.Visit(item, chunkBytes);
                }
            }
        }
    }
}
