using System.Runtime.CompilerServices;
using FastCache.Core.Eviction;
using FastCache.Core.Expiry;
using FastCache.Core.Index;
using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Core;

/// <summary>Where a shard's items are: brings memory, index, eviction clocks and timing wheel together, item by item.</summary>
/// <remarks>
/// It knows how an item comes into being, moves, and goes; what clients may do with one is <see cref="Shard"/>'s matter.
/// <para>Invariants:
/// 1. A live item is in the index once, in one queue of the clock of its size class, and in one chunk of that class, or
/// several if it is large.
/// 2. All memory comes from the page pool, whose size is the budget.
/// 3. Making room takes a bounded number of steps; a page that changes hands is emptied in steps in proportion to the bytes
/// that are asked for (see <see cref="PageMover"/>), but for a class that has nothing at all while no page is free.
/// </para>
/// </remarks>
internal sealed unsafe class ItemStore : IIndexOwner, IWheelOwner, IDisposable
{
    /// <summary>Pages kept free, where possible, for what cannot wait: a class without any, the index, the wheel.</summary>
    private const int MaxReservePages = 8;

    private const int PagesPerReservePage = 128;

    /// <summary>
    /// Victims that one allocation may take before it gives up. More than one only when they give no chunk at once, because
    /// they lie in a page that is being emptied; what readers pin does not count, it can be evicted once for each reader.
    /// </summary>
    private const int MaxVictims = 16;

    /// <summary>
    /// Ghosts made between two buckets in which ghosts out of test are forgotten. With two buckets for nine items, all are
    /// swept while half as many ghosts are made as there are items: so few are out of test at any time.
    /// </summary>
    private const int GhostsPerSweep = 2;

    /// <summary>Classes that are asked for a page, one after another, by one that has nothing.</summary>
    private const int MaxDonors = 16;

    private readonly byte* _start;
    private readonly PageBalance _balance = new(SizeClasses.Count);
    private readonly ulong _staleMillis;
    private readonly int _reservePages;
    private readonly ClassCounters[] _counters = new ClassCounters[SizeClasses.Count];
    private int _nextSweep;

    public ItemStore(PagePool pool, ShardOptions options, KeyHasher hasher)
    {
        Pool = pool;
        Hasher = hasher;
        BudgetBytes = options.MemoryBudgetBytes;
        _start = pool.Start;
        _staleMillis = (ulong)options.StaleTime.TotalMilliseconds;
        _reservePages = Math.Clamp(pool.Count / PagesPerReservePage, 1, MaxReservePages);
        Slab = new SlabAllocator(pool);
        Index = options.InitialBuckets == 0
            ? new BucketIndex(pool, Slab, this)
            : new BucketIndex(pool, Slab, this, options.InitialBuckets);
        Wheel = new TimingWheel(Slab, pool, this);
        Slab.PageReturns = PageReturns;
        Clocks = new ClockPro[SizeClasses.Count];
        int duelEntries = DuelEntriesFor(options.MemoryBudgetBytes);
        for (int sizeClass = 0; sizeClass < Clocks.Length; sizeClass++)
        {
            long maxItems = (long)pool.Count * Slab.ChunksPerPageOf(sizeClass);
            // A class has a page at the very least.
            ColdShareDuel duel = new(
                pool.TakeFixed(ColdShareDuel.Bytes(duelEntries)), duelEntries, Slab.ChunksPerPageOf(sizeClass));
            Clocks[sizeClass] = new ClockPro(pool.Start, sizeClass, maxItems, ColdAllocation.Duel, duel);
        }

        SampleMask = uint.MaxValue;

        Large = new LargeValues(this, options.MemoryBudgetBytes / 2, options.MemoryBudgetBytes / 8 * 3);
        Mover = new PageMover(this, pool);
    }

    public PagePool Pool { get; }

    public long BudgetBytes { get; }

    public SlabAllocator Slab { get; }

    public BucketIndex Index { get; }

    public TimingWheel Wheel { get; }

    public ClockPro[] Clocks { get; }

    public LargeValues Large { get; }

    public PageMover Mover { get; }

    public KeyHasher Hasher { get; }

    /// <summary>Milliseconds of the shard's clock, at least 1.</summary>
    public ulong Now { get; set; } = 1;

    /// <summary>Bytes of keys and values of the live items, as stored.</summary>
    public long PayloadBytes { get; private set; }

    /// <summary>Bytes of the live items with all that belongs to them.</summary>
    public long ItemBytes { get; private set; }

    /// <summary>Set when a chunk that a batch has found may be something else by now.</summary>
    public bool CandidatesMoved { get; set; }

    /// <summary>No clock wants to hear of the use of an item whose key, <see cref="ColdShareDuel.KeyOf"/> its hash, has one of these bits.</summary>
    public uint SampleMask { get; private set; }

    /// <summary>What was evicted and has expired, by size class.</summary>
    public ReadOnlySpan<ClassCounters> Counters => _counters;

    /// <summary>Bytes of the models in which the clocks of all classes find their cold shares.</summary>
    public static long DuelBytes(long budgetBytes) =>
        SizeClasses.Count * PagePool.FixedSize(ColdShareDuel.Bytes(DuelEntriesFor(budgetBytes)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Item* At(uint reference) =>
        reference == 0 ? null : (Item*)(_start + ((ulong)reference << SizeClasses.GranularityShift));

    /// <summary>The reverse of <see cref="At"/>.</summary>
    public uint ReferenceOf(Item* item) => (uint)((ulong)((byte*)item - _start) >> SizeClasses.GranularityShift);

    public ulong HashOf(uint reference)
    {
        Item* item = At(reference);
        return Hasher.Hash(Item.Key(item), item->KeyLength);
    }

    void IIndexOwner.PrefetchItem(uint reference) => Prefetch.ToSecondLevel(At(reference));

    uint IIndexOwner.AgeOf(uint ghost) => Clocks[Ghost.Class(ghost)].AgeOf(ghost);

    bool IIndexOwner.IsForgotten(uint ghost) => !Clocks[Ghost.Class(ghost)].IsInTest(ghost);

    void IIndexOwner.GhostDropped(uint ghost) => Clocks[Ghost.Class(ghost)].GhostDropped(ghost);

    public ulong DeadlineOf(uint chunk)
    {
        Item* item = At(chunk);
        ulong expiry = item->Expiry;
        return (item->Packed & Item.Live) == 0 || expiry == 0 ? 0
            : (item->Kind & Item.KeepStale) == 0 ? expiry : expiry + _staleMillis;
    }

    void IWheelOwner.PrepareToExpire(uint chunk)
    {
        Item* item = At(chunk);
        Index.Prefetch(HashOf(chunk));
        Prefetch.ToSecondLevel(At(item->Newer));
        Prefetch.ToSecondLevel(At(item->Older));
    }

    void IWheelOwner.Expire(uint chunk) => Expire(chunk, HashOf(chunk));

    /// <summary>A free chunk of the class: its own, a new page's, or one that an eviction makes free.</summary>
    /// <returns>The chunk, in no state that anybody knows, or 0 when no memory can be had.</returns>
    public uint Allocate(int sizeClass)
    {
        if (Mover.IsBusy)
        {
            Mover.StepFor(SizeClasses.ChunkBytes(sizeClass));
        }

        uint chunk = Slab.Allocate(sizeClass);
        return chunk != 0 ? chunk : MakeRoom(sizeClass);
    }

    /// <summary>Makes a complete chunk known to index, clock and wheel.</summary>
    /// <param name="chunk">An item with key, lengths, expiry and version; not yet live.</param>
    /// <param name="hash">Of its key, which the index does not have.</param>
    /// <param name="startsHot">Whether it takes the place of a hot item.</param>
    /// <returns>False when the index has no room for it.</returns>
    public bool TryPublish(uint chunk, ulong hash, bool startsHot)
    {
        uint ghost = Index.TakeGhost(hash);
        startsHot |= ghost != 0 && Clocks[Ghost.Class(ghost)].TryReclaim(ghost);
        if (!TryIndex(hash, chunk))
        {
            return false;
        }

        Item* item = At(chunk);
        ref ClockPro clock = ref Clocks[Slab.ClassOf(chunk)];
        clock.Insert(chunk, startsHot);
        SampleMask &= clock.SampleMask;
        Account(item, +1);
        ScheduleExpiry(chunk);
        return true;
    }

    /// <summary>Tells a clock of a use of an item, or of a new key before room is made for it; for uses see <see cref="SampleMask"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Sample(int sizeClass, ulong hash)
    {
        ref ClockPro clock = ref Clocks[sizeClass];
        if ((ColdShareDuel.KeyOf(hash) & clock.SampleMask) == 0)
        {
            clock.Sample(hash);
        }
    }

    /// <summary>Adds an item's bytes to the accounts (+1), or takes them off before it changes (-1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Account(Item* item, int sign)
    {
        bool isLarge = (item->Kind & Item.Large) != 0;
        PayloadBytes += sign * (item->KeyLength + (isLarge ? LargeHead.Of(item)->Length : item->ValueLength));
        ItemBytes += sign * (isLarge ? LargeLayout.StoredBytes(item) : item->StoredBytes);
    }

    /// <summary>Takes note that the value of a live item that is not large will be overwritten by one that is not either.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AccountOverwrite(Item* item, int valueLength, uint kind)
    {
        PayloadBytes += valueLength - item->ValueLength;
        ItemBytes += Item.Bytes(item->KeyLength, valueLength, kind) - item->StoredBytes;
    }

    /// <summary>Sees to it that a live item goes when its time is over.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ScheduleExpiry(uint reference)
    {
        if (At(reference)->Expiry != 0)
        {
            Wheel.Schedule(reference, DeadlineOf(reference));
        }
    }

    /// <summary>Removes a live item without a trace.</summary>
    public void Remove(uint reference, ulong hash)
    {
        Clocks[Slab.ClassOf(reference)].Remove(reference);
        Index.Remove(hash, reference);
        Release(reference);
    }

    /// <summary>Removes a live item whose time is over.</summary>
    public void Expire(uint reference, ulong hash)
    {
        _counters[Slab.ClassOf(reference)].Expired++;
        Remove(reference, hash);
    }

    /// <summary>Removes a live item for room; the policy may remember its key.</summary>
    public void Evict(uint reference)
    {
        Item* item = At(reference);
        ulong hash = HashOf(reference);
        int sizeClass = Slab.ClassOf(reference);
        if (Item.IsExpired(item->Packed, Now))
        {
            Expire(reference, hash);
            return;
        }

        _counters[sizeClass].EvictedHot += (item->Packed & Item.Hot) != 0 ? 1 : 0;
        _counters[sizeClass].EvictedCold += (item->Packed & Item.Hot) != 0 ? 0 : 1;
        ref ClockPro clock = ref Clocks[sizeClass];
        clock.Remove(reference);
        uint ghost = clock.Bury(reference, hash);
        if (ghost != 0)
        {
            Index.ReplaceWithGhost(hash, reference, ghost);
            if (_nextSweep-- == 0)
            {
                Index.SweepGhosts();
                _nextSweep = GhostsPerSweep;
            }
        }
        else
        {
            Index.Remove(hash, reference);
        }

        Release(reference);
    }

    /// <summary>A chunk of a class outside the page that is being emptied, for an item of that page.</summary>
    /// <remarks>
    /// It may take the place of a colder item, even of the very one that is to be moved, which may even have been taken apart
    /// since: look again afterwards, also when the answer is 0.
    /// </remarks>
    public uint AllocateElsewhere(int sizeClass)
    {
        uint chunk = Slab.Allocate(sizeClass);
        // The coldest items often lie in the very page: their going is no loss of time.
        for (int victims = 0; chunk == 0 && victims < MaxVictims; victims++)
        {
            if (Large.HasDying)
            {
                Large.Reap(MaxVictims);
            }
            // Not counted for the balance: a class that gives its pages would look as busy as the one that takes them.
            else if (Clocks[sizeClass].SelectVictim(Now) is uint victim and not 0)
            {
                Evict(victim);
            }
            else
            {
                return 0;
            }

            chunk = Slab.Allocate(sizeClass);
        }

        return chunk;
    }

    /// <summary>Lets a live item's copy take its place everywhere.</summary>
    public void Replace(uint reference, uint copy)
    {
        Index.Replace(HashOf(copy), reference, copy);
        Clocks[Slab.ClassOf(copy)].Replace(reference, copy);
        ScheduleExpiry(copy);
    }

    /// <summary>One bounded step of everything that is done in the background.</summary>
    /// <returns>Whether there is more to do at once.</returns>
    public bool Maintain()
    {
        const int WheelEntries = 128;
        const int ReapedChunks = 32;
        const int Merges = 8;
        bool more = Wheel.Step(Now, WheelEntries);
        Large.Reap(ReapedChunks);
        int merged = 0;
        while (merged < Merges && Index.WantsToShrink && Index.TryShrink())
        {
            merged++;
        }

        RefillReserve();
        if (Mover.IsBusy)
        {
            Mover.StepFor(SizeClasses.PageBytes / 256);
        }

        return more || merged == Merges || Large.HasDying || Mover.IsBusy;
    }

    /// <summary>A page of a class was emptied, or could not be.</summary>
    /// <param name="sizeClass">The class.</param>
    /// <param name="isEmpty">Whether the class has lost it.</param>
    public void PageEmptied(int sizeClass, bool isEmpty) => _balance.Asked(sizeClass, isEmpty);

    public void Dispose() => Pool.Dispose();

    /// <summary>Entries of each model of a clock: as many as sample well, fewer where they would take over some percent of the budget.</summary>
    private static int DuelEntriesFor(long budgetBytes) => budgetBytes switch
    {
        >= 128L << 20 => 256,
        >= 32L << 20 => 128,
        _ => 32,
    };

    private void PageReturns(int page)
    {
        Wheel.PageReturns(page);
        // Its next user may put anything, also what looks like an item, where a batch has found one.
        CandidatesMoved |= Pool.Headers[page].SizeClass < SizeClasses.Count;
    }

    private void Release(uint reference)
    {
        Item* item = At(reference);
        Account(item, -1);
        if ((item->Kind & Item.Large) != 0)
        {
            Large.Detach(reference);
        }
        else
        {
            Slab.Free(reference);
        }
    }

    private bool TryIndex(ulong hash, uint chunk)
    {
        if (!Index.TryInsert(hash, chunk))
        {
            // No page for an overflow bucket: the chain itself must give way.
            uint victim = Index.AnyItemInChainOf(hash);
            if (victim == 0)
            {
                return false;
            }

            Evict(victim);
            if (!Index.TryInsert(hash, chunk))
            {
                return false;
            }
        }

        // Two splits at most: the index keeps ahead of one insertion at a time with one, and catches up with two.
        for (int splits = 0; splits < 2 && Index.WantsToGrow && Index.TryGrow(); splits++)
        {
        }

        return true;
    }

    /// <summary>Runs the hands of a class's clock.</summary>
    private uint SelectVictim(int sizeClass)
    {
        ref ClockPro clock = ref Clocks[sizeClass];
        long before = clock.HandSteps;
        uint victim = clock.SelectVictim(Now);
        if (_balance.Count(sizeClass, clock.HandSteps - before, Slab.ChunksPerPageOf(sizeClass)) && !Mover.IsBusy)
        {
            Move(_balance.DonorFor(sizeClass, Slab), sizeClass);
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

            if (Large.HasDying)
            {
                Large.Reap(MaxVictims);
                continue;
            }

            uint victim = SelectVictim(sizeClass);
            if (victim == 0)
            {
                return TakeReserve(sizeClass);
            }

            victims -= LargeValues.IsPinned(At(victim)) ? 1 : 0;
            Evict(victim);
            PrepareNextEvictions(sizeClass);
        }

        // All of them lay in the page that is being emptied: leaving it to the class costs nothing, finishing it would.
        uint last = Mover.TryGiveUp(sizeClass) ? Slab.Allocate(sizeClass) : 0;
        return last != 0 ? last : TakeReserve(sizeClass);
    }

    /// <summary>Starts to load the buckets of the victims of the next evictions of a class.</summary>
    /// <remarks>One eviction after another waits for its victim and for its bucket otherwise: 470 ns a set that evicts instead of 280 (check).</remarks>
    private void PrepareNextEvictions(int sizeClass)
    {
        ref ClockPro clock = ref Clocks[sizeClass];
        for (int looks = 0; looks < 2 && clock.LookAhead() is uint next and not 0; looks++)
        {
            Index.Prefetch(HashOf(next));
        }
    }

    /// <summary>A chunk that the class has, or of a page of the pool if more than <paramref name="keep"/> are free.</summary>
    private uint TakeFree(int sizeClass, int keep)
    {
        uint chunk = Slab.Allocate(sizeClass);
        if (chunk == 0 && Pool.FreePages > keep && Slab.Grow(sizeClass))
        {
            chunk = Slab.Allocate(sizeClass);
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
            if (!Mover.IsBusy)
            {
                Move(_balance.DonorAtAnyPrice(sizeClass, Slab), sizeClass);
            }

            Mover.Finish(sizeClass);
            chunk = TakeFree(sizeClass, 0);
        }

        RefillReserve();
        return chunk;
    }

    private void RefillReserve()
    {
        if (Pool.FreePages < _reservePages && !Mover.IsBusy)
        {
            Move(_balance.DonorAtAnyPrice(taker: -1, Slab), taker: -1);
        }
    }

    private void Move(int donor, int taker)
    {
        if (donor < 0)
        {
            return;
        }

        uint victim = Clocks[donor].SelectVictim(Now);
        int emptiest = Slab.EmptiestPageOf(donor);
        bool isHalfEmpty = emptiest >= 0 && Pool.Headers[emptiest].UsedChunks <= Slab.ChunksPerPageOf(donor) / 2;
        int page = isHalfEmpty || victim == 0 ? emptiest : SlabAllocator.PageOf(victim);
        if (page >= 0)
        {
            Mover.Start(page, taker);
        }
        else
        {
            _balance.Asked(donor, hasGiven: false);
        }
    }
}

/// <summary>What has left a size class, and why.</summary>
internal struct ClassCounters
{
    public long EvictedCold;
    public long EvictedHot;
    public long Expired;
}
