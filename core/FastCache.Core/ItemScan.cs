using FastCache.Core.Collections;
using FastCache.Core.Index;
using FastCache.Core.Items;

namespace FastCache.Core;

/// <summary>What somebody does with the items that a scan comes by.</summary>
public interface IScanVisitor
{
    /// <summary>Looks at one item.</summary>
    /// <param name="key">Its key, valid during the call.</param>
    /// <param name="kind">What it has, where that is a collection.</param>
    /// <param name="isLive">Whether a lookup finds it; otherwise its time is over, and it may be there as stale.</param>
    /// <returns>Whether it is to be removed.</returns>
    bool Removes(ReadOnlySpan<byte> key, CollectionKind kind, bool isLive);
}

/// <summary>Walks over all items of a shard in bounded steps, between other operations.</summary>
/// <remarks>
/// An item that is there during the whole scan is visited at least once, however the index grows, shrinks and moves
/// items between two steps; one that comes or goes meanwhile may be visited or not. The cursor is all that a scan has: it
/// may be dropped at any time, and any number of scans go on at once.
/// <para>
/// Why: a step visits the items of whole buckets, and a cursor is a position of <see cref="BucketIndex.ItemsAt"/>, where
/// every item has one that never changes. A step from c to e visits all items in [c, e), because its buckets' intervals
/// cover that. The steps of a scan cover 0 to 2^32. Where an interval was joined meanwhile, it begins before c, and its items are
/// visited again.
/// </para>
/// </remarks>
public sealed unsafe class ItemScan
{
    /// <summary>Where a scan begins, and what tells that it has ended.</summary>
    public const ulong Begin = 0;

    /// <summary>The highest cursor that there is.</summary>
    public const ulong LastCursor = uint.MaxValue;

    /// <summary>Most items that a step visits beyond what it was asked for: it takes buckets whole.</summary>
    public const int MostItemsBeyond = (BucketIndex.MaxChain * Bucket.Entries) - 1;

    private readonly ItemStore _store;

    internal ItemScan(ItemStore store) => _store = store;

    /// <summary>Visits the next items.</summary>
    /// <param name="cursor"><see cref="Begin"/>, or what the step before has returned.</param>
    /// <param name="looks">Items and buckets to look at, at least 1; the last bucket is looked at whole.</param>
    /// <param name="visitor">Sees each item; it must not use the shard.</param>
    /// <returns>The cursor of the next step; <see cref="Begin"/> when there is none.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The cursor is above <see cref="LastCursor"/>, or there are no looks.</exception>
    public ulong Step<TVisitor>(ulong cursor, int looks, ref TVisitor visitor)
        where TVisitor : IScanVisitor, allows ref struct
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cursor, LastCursor);
        ArgumentOutOfRangeException.ThrowIfLessThan(looks, 1);
        Span<uint> items = stackalloc uint[MostItemsBeyond + 1];
        do
        {
            int count = _store.Index.ItemsAt((uint)cursor, items, out cursor);
            foreach (uint reference in items[..count])
            {
                Item* item = _store.At(reference);
                ReadOnlySpan<byte> key = new(Item.Key(item), item->KeyLength);
                bool isLive = !Item.IsExpired(item->Packed, _store.Now) && !(_store.HiddenItems != 0 && _store.IsHidden(item));
                if (visitor.Removes(key, OpenCollection.KindOf(item), isLive))
                {
                    // Removing one moves no other: the copied references stay good.
                    _store.Remove(reference, _store.HashOf(reference));
                }
            }

            looks -= 1 + count;
        }
        while (looks > 0 && cursor <= LastCursor);
        return cursor <= LastCursor ? cursor : Begin;
    }
}
