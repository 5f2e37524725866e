using System.Diagnostics;
using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Core.Eviction;

/// <summary>Empties one page at a time in bounded steps, so that another size class can have it.</summary>
/// <remarks>
/// Which page, and for whom, is decided elsewhere (<see cref="PageBalance"/>). An item of the page that was used since the
/// clock last looked, or is hot, is moved into the place of the coldest item of its class, so that the class gives up what
/// its clock would have given up; any other is evicted where it is.
/// <code>
///            Start                    all chunks free: the taker or the pool has the page
///   IDLE ------------> EMPTYING ------------------------------------------------------------> IDLE
///                        | ^  Step                                                              ^
///                        +-+   a chunk cannot go now (pinned, no room to move it), or TryGiveUp |
///                        +----------------------------------------------------------------------+
/// </code>
/// Invariants:
/// 1. While a page is being emptied none of its chunks is handed out.
/// 2. <see cref="StepFor"/> looks at a number of chunks in proportion to the bytes that its caller needs, so that a page is
/// empty before its taker has filled as much, but never at more than <see cref="MaxChunks"/>: no operation pays for a page
/// as a whole.
/// 3. Over a page, finding colder items takes at most <see cref="StepsPerChunk"/> steps of the clock's hands a chunk.
/// </remarks>
internal sealed unsafe class PageMover(ItemStore store, PagePool pool)
{
    /// <summary>How much faster a page is emptied than its taker asks for bytes.</summary>
    private const int Lead = 2;

    /// <summary>Most chunks that one call looks at. Moving as many small items takes about half a millisecond.</summary>
    private const int MaxChunks = 512;

    /// <summary>
    /// Steps of the hands that each chunk may take on average. Where nearly all items were used since the hands came by, a
    /// colder one is not to be had for less than a hundred, and is not much colder: there items are evicted where they are.
    /// </summary>
    private const int StepsPerChunk = 8;

    /// <summary>A head of more segments is not moved but evicted: each of them would have to be told.</summary>
    private const int MaxSegmentsToMove = 256;

    /// <summary>Chunks of dying values that are freed at a time where they stand in the way.</summary>
    private const int ReapedAtOnce = 16;

    private int _page = -1;
    private int _taker;
    private int _position;
    private long _stepsLeft;

    /// <summary>Whether a page is being emptied.</summary>
    public bool IsBusy => _page >= 0;

    /// <summary>Pages that changed hands.</summary>
    public long Moves { get; private set; }

    /// <summary>Items that were moved to another chunk of their class.</summary>
    public long ItemsMoved { get; private set; }

    /// <summary>Pages that could not be emptied.</summary>
    public long Abandoned { get; private set; }

    /// <summary>Begins to empty a page.</summary>
    /// <param name="page">A page of items.</param>
    /// <param name="taker">The class that gets it, or -1 for the pool.</param>
    public void Start(int page, int taker)
    {
        Debug.Assert(!IsBusy && pool.Headers[page].SizeClass < SizeClasses.Count);
        store.Slab.BeginDrain(page);
        _page = page;
        _taker = taker;
        _position = 0;
        _stepsLeft = 0;
    }

    /// <summary>Does as much as somebody must pay for who needs so many bytes.</summary>
    public void StepFor(int bytes) =>
        Step(Math.Min(MaxChunks, 1 + (int)((long)pool.Headers[_page].TouchedChunks * bytes * Lead >> SizeClasses.PageShift)));

    /// <summary>Empties the page at once, for a class that has nothing: what takes longer to move is evicted.</summary>
    public void Finish(int taker)
    {
        _taker = taker;
        if (IsBusy)
        {
            Step(MaxChunks);
        }

        if (IsBusy)
        {
            _stepsLeft = long.MinValue / 2;
            Step(int.MaxValue);
        }
    }

    /// <summary>Leaves the page to its class, which finds no other memory.</summary>
    /// <returns>False when no page of the class is being emptied.</returns>
    public bool TryGiveUp(int sizeClass)
    {
        if (!IsBusy || pool.Headers[_page].SizeClass != sizeClass)
        {
            return false;
        }

        Abandoned++;
        End();
        return true;
    }

    private void Step(int chunks)
    {
        int touched = store.Slab.TouchedChunks(_page);
        for (; _position < touched; _position++)
        {
            if (chunks-- <= 0)
            {
                return;
            }

            if (pool.Headers[_page].UsedChunks == 0)
            {
                break;
            }

            Clearing result = ClearCounted(store.Slab.ChunkAt(_page, _position));
            if (result == Clearing.Later)
            {
                store.Reap(ReapedAtOnce);
                chunks -= ReapedAtOnce;
                _position--;
            }
            else if (result == Clearing.Impossible)
            {
                Abandoned++;
                store.Room.PageEmptied(pool.Headers[_page].SizeClass, isEmpty: false);
                End();
                return;
            }
        }

        End();
    }

    private void End()
    {
        int page = _page;
        int sizeClass = pool.Headers[page].SizeClass;
        _page = -1;
        if (store.Slab.EndDrain(page))
        {
            Moves++;
            store.Room.PageEmptied(sizeClass, isEmpty: true);
            if (_taker >= 0)
            {
                store.Slab.Grow(_taker);
            }
        }
    }

    private Clearing ClearCounted(uint chunk)
    {
        int sizeClass = store.Slab.ClassOf(chunk);
        long before = store.Clocks[sizeClass].HandSteps;
        _stepsLeft += StepsPerChunk;
        Clearing result = Clear(chunk);
        _stepsLeft -= store.Clocks[sizeClass].HandSteps - before;
        return result;
    }

    private Clearing Clear(uint chunk)
    {
        // Three times, because an item may turn into something else on the way: a value is detached, an owner dies.
        for (int attempt = 0; attempt < 3; attempt++)
        {
            ulong packed = store.At(chunk)->Packed;
            if ((packed & Item.Live) != 0)
            {
                ClearItem(chunk, packed);
            }
            else if ((packed & Item.LooseHead) != 0)
            {
                if (IsDying(chunk))
                {
                    return Clearing.Later;
                }

                ClearLooseHead(chunk);
            }
            else if ((packed & (Item.Segment | Item.Node)) != 0)
            {
                if (IsDying(OwnerOf(chunk)))
                {
                    return Clearing.Later;
                }

                ClearPart(chunk);
            }
            else
            {
                store.Wheel.Forget(chunk);
                return Clearing.Done;
            }
        }

        return Clearing.Impossible;
    }

    /// <summary>The item that a chunk belongs to which is a part of one.</summary>
    private uint OwnerOf(uint part) => (store.At(part)->Packed & Item.Node) != 0
        ? store.Trees.ItemOf(part)
        : ((Segment*)store.Slab.Address(part))->Head;

    private bool IsDying(uint head) => store.At(head)->IsInTrees
        ? (store.At(head)->Packed & Item.LooseHead) != 0
        : store.Large.IsDying(head);

    private void ClearItem(uint chunk, ulong packed)
    {
        Item* item = store.At(chunk);
        bool isWorthIt = (packed & (Item.Hot | Item.UseMask)) != 0 && !Item.IsExpired(packed, store.Now);
        bool canMove = _stepsLeft > 0 && (!item->IsLarge || LargeHead.Of(item)->Segments <= MaxSegmentsToMove);
        if ((!isWorthIt || !canMove || !TryMove(chunk)) && (item->Packed & Item.Live) != 0)
        {
            store.Evict(chunk);
        }
    }

    private void ClearLooseHead(uint chunk)
    {
        if (LargeHead.Of(store.At(chunk))->Segments <= MaxSegmentsToMove)
        {
            TryMove(chunk);
        }
    }

    private void ClearPart(uint chunk)
    {
        uint target = store.Room.AllocateElsewhere(store.Slab.ClassOf(chunk));
        // Making room may have evicted the owner, and freed the chunk with it.
        if ((store.At(chunk)->Packed & (Item.Segment | Item.Node)) == 0 || IsDying(OwnerOf(chunk)))
        {
            if (target != 0)
            {
                store.Slab.Free(target);
            }

            return;
        }

        if (target == 0)
        {
            if ((store.At(OwnerOf(chunk))->Packed & Item.Live) != 0)
            {
                store.Evict(OwnerOf(chunk));
            }

            return;
        }

        bool isNode = (store.At(chunk)->Packed & Item.Node) != 0;
        // The wheel's byte belongs to the chunk; a segment needs it for itself.
        store.Wheel.Forget(target);
        Copy(chunk, target, SizeClasses.ChunkBytes(store.Slab.ClassOf(chunk)));
        if (isNode)
        {
            store.At(target)->Wheel = 0;
            store.Trees.MovedChunk(chunk, target);
        }
        else
        {
            store.Large.MovedSegment(target);
        }

        store.Slab.Free(chunk);
        ItemsMoved++;
    }

    private bool TryMove(uint chunk)
    {
        uint target = store.Room.AllocateElsewhere(store.Slab.ClassOf(chunk));
        if (target == 0)
        {
            return false;
        }

        Item* item = store.At(chunk);
        bool isLive = (item->Packed & Item.Live) != 0;
        if (!isLive && ((item->Packed & Item.LooseHead) == 0 || IsDying(chunk)))
        {
            // Making room has evicted the very item.
            store.Slab.Free(target);
            return true;
        }

        // The wheel's byte belongs to the chunk and stays.
        byte wheel = store.At(target)->Wheel;
        Copy(chunk, target, item->StoredBytes);
        store.At(target)->Wheel = wheel;
        if (isLive)
        {
            store.Replace(chunk, target);
        }

        if (item->IsLarge)
        {
            store.Large.Moved(chunk, target);
        }

        store.Slab.Free(chunk);
        ItemsMoved++;
        return true;
    }

    private enum Clearing
    {
        /// <summary>The chunk is free.</summary>
        Done,

        /// <summary>It belongs to a value that is being taken apart.</summary>
        Later,

        /// <summary>It has to stay where it is.</summary>
        Impossible,
    }

    private void Copy(uint from, uint to, int bytes) =>
        Buffer.MemoryCopy(store.Slab.Address(from), store.Slab.Address(to), bytes, bytes);
}
