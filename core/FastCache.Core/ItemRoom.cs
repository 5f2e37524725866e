using FastCache.Core.Eviction;
using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Core;

/// <summary>Finds a chunk for an item: one that is free, or that an eviction or a page of another class makes free.</summary>
/// <remarks>
/// It decides from where, by what clocks and <see cref="PageBalance"/> say; <see cref="ItemStore"/> evicts and
/// <see cref="PageMover"/> empties pages.
/// <code>
/// tried in this order      1. a free chunk of the class       4. victims of the class's clock
///                          2. a page above the reserve        5. the class's own page that is being emptied
///                          3. chunks of the dying             6. the reserve     7. a page of another class, emptied at once
/// </code>
/// Invariant: making room takes a bounded number of steps; a page that changes hands is emptied in steps in proportion to the bytes
/// that are asked for (see <see cref="PageMover"/>), but for a class that has nothing at all while no page is free.
/// </remarks>
internal sealed unsafe class ItemRoom(ItemStore store, PagePool pool)
{
    /// <summary>Pages kept free, where possible, for what cannot wait: a class without any, the index, the wheel.</summary>
    private const int MaxReservePages = 8;

    private const int PagesPerReservePage = 128;

    /// <summary>
    /// Victims that one allocation may take before it gives up. More than one only when they give no chunk at once, because
    /// they lie in a page that is being emptied; what readers pin does not count, it can be evicted once for each reader.
    /// </summary>
    private const int MaxVictims = 16;

    /// <summary>Classes that are asked for a page, one after another, by one that has nothing.</summary>
    private const int MaxDonors = 16;

    private readonly PageBalance _balance = new(SizeClasses.Count);
    private readonly int _reservePages = Math.Clamp(pool.Count / PagesPerReservePage, 1, MaxReservePages);

    /// <summary>A free chunk of the class: its own, a new page's, or one that an eviction makes free.</summary>
    /// <returns>The chunk, in no state that anybody knows, or 0 when no memory can be had.</returns>
    public uint Allocate(int sizeClass)
    {
        if (store.Mover.IsBusy)
        {
            store.Mover.StepFor(SizeClasses.ChunkBytes(sizeClass));
        }

        uint chunk = store.Slab.Allocate(sizeClass);
        return chunk != 0 ? chunk : MakeRoom(sizeClass);
    }

    /// <summary>A chunk of a class outside the page that is being emptied, for an item of that page.</summary>
    /// <remarks>
    /// It may take the place of a colder item, even of the very one that is to be moved, which may even have been taken apart
    /// since: look again afterwards, also when the answer is 0.
    /// </remarks>
    public uint AllocateElsewhere(int sizeClass)
    {
        uint chunk = store.Slab.Allocate(sizeClass);
        // The coldest items often lie in the very page: their going is no loss of time.
        for (int victims = 0; chunk == 0 && victims < MaxVictims; victims++)
        {
            if (store.HasDyingFor(sizeClass))
            {
                store.Reap(MaxVictims);
            }
            // Not counted for the balance: a class that gives its pages would look as busy as the one that takes them.
            else if (RunHand(sizeClass) is uint victim and not 0)
            {
                store.Evict(victim);
            }
            else
            {
                return 0;
            }

            chunk = store.Slab.Allocate(sizeClass);
        }

        return chunk;
    }

    /// <summary>Begins to empty a page for the pool when too few are free.</summary>
    public void RefillReserve()
    {
        if (pool.FreePages < _reservePages && !store.Mover.IsBusy)
        {
            Move(_balance.DonorAtAnyPrice(taker: -1, store.Slab), taker: -1);
        }
    }

    /// <summary>A page of a class was emptied, or could not be.</summary>
    /// <param name="sizeClass">The class.</param>
    /// <param name="isEmpty">Whether the class has lost it.</param>
    public void PageEmptied(int sizeClass, bool isEmpty) => _balance.Asked(sizeClass, isEmpty);

    /// <summary>Runs the cold hand of a class's clock; the collection that is open goes only if there is nothing else.</summary>
    private uint RunHand(int sizeClass)
    {
        ref ClockPro clock = ref store.Clocks[sizeClass];
        uint victim = clock.SelectVictim(store.Now);
        if (victim == 0 || victim != store.Trees.Open)
        {
            return victim;
        }

        // It is being used: a new one that grows would come to the cold end before it is whole, where few are cold.
        store.At(victim)->Packed = ClockPro.Used(store.At(victim)->Packed);
        return clock.SelectVictim(store.Now);
    }

    /// <summary>Runs the hands of a class's clock, and asks for a page of another class when it is time.</summary>
    private uint SelectVictim(int sizeClass)
    {
        ref ClockPro clock = ref store.Clocks[sizeClass];
        long before = clock.HandSteps;
        uint victim = RunHand(sizeClass);
        if (_balance.Count(sizeClass, clock.HandSteps - before, store.Slab.ChunksPerPageOf(sizeClass)) && !store.Mover.IsBusy)
        {
            Move(_balance.DonorFor(sizeClass, store.Slab), sizeClass);
        }

        return victim;
    }

    private uint MakeRoom(int sizeClass)
    {
        RefillReserve();
        for (int victims = 0; victims < MaxVictims; victims++)
        {
            uint chunk = TakeFree(sizeClass, _reservePages);
            if (chunk != 0)
            {
                return chunk;
            }

            if (store.HasDyingFor(sizeClass))
            {
                store.Reap(MaxVictims);
                continue;
            }

            uint victim = SelectVictim(sizeClass);
            if (victim == 0)
            {
                return TakeReserve(sizeClass);
            }

            victims -= LargeValues.IsPinned(store.At(victim)) ? 1 : 0;
            store.Evict(victim);
            PrepareNextEvictions(sizeClass);
        }

        // All of them lay in the page that is being emptied: leaving it to the class costs nothing, finishing it would.
        uint last = store.Mover.TryGiveUp(sizeClass) ? store.Slab.Allocate(sizeClass) : 0;
        return last != 0 ? last : TakeReserve(sizeClass);
    }

    /// <summary>Starts to load the buckets of the victims of the next evictions of a class.</summary>
    /// <remarks>One eviction after another waits for its victim and for its bucket otherwise: 470 ns a set that evicts instead of 280 (check).</remarks>
    private void PrepareNextEvictions(int sizeClass)
    {
        ref ClockPro clock = ref store.Clocks[sizeClass];
        for (int looks = 0; looks < 2 && clock.LookAhead() is uint next and not 0; looks++)
        {
            store.Index.Prefetch(store.HashOf(next));
        }
    }

    /// <summary>A chunk that the class has, or of a page of the pool if more than <paramref name="keep"/> are free.</summary>
    private uint TakeFree(int sizeClass, int keep)
    {
        uint chunk = store.Slab.Allocate(sizeClass);
        if (chunk == 0 && pool.FreePages > keep && store.Slab.Grow(sizeClass))
        {
            chunk = store.Slab.Allocate(sizeClass);
        }

        return chunk;
    }

    /// <summary>A chunk for a class that evicting gives none: of a page from the reserve, or of one that is emptied now.</summary>
    private uint TakeReserve(int sizeClass)
    {
        uint chunk = TakeFree(sizeClass, 0);
        // A page that cannot be emptied holds chunks of values that are being written, which are large: it is known soon.
        for (int attempt = 0; chunk == 0 && attempt < MaxDonors; attempt++)
        {
            if (!store.Mover.IsBusy)
            {
                Move(_balance.DonorAtAnyPrice(sizeClass, store.Slab), sizeClass);
            }

            store.Mover.Finish(sizeClass);
            chunk = TakeFree(sizeClass, 0);
        }

        RefillReserve();
        return chunk;
    }

    private void Move(int donor, int taker)
    {
        if (donor < 0)
        {
            return;
        }

        uint victim = store.Clocks[donor].SelectVictim(store.Now);
        int emptiest = store.Slab.EmptiestPageOf(donor);
        bool isHalfEmpty = emptiest >= 0 && pool.Headers[emptiest].UsedChunks <= store.Slab.ChunksPerPageOf(donor) / 2;
        int page = isHalfEmpty || victim == 0 ? emptiest : SlabAllocator.PageOf(victim);
        if (page >= 0)
        {
            store.Mover.Start(page, taker);
        }
        else
        {
            _balance.Asked(donor, hasGiven: false);
        }
    }
}
