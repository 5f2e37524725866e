using System.Runtime.CompilerServices;
using FastCache.Core.Collections;
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
/// </para>
/// </remarks>
internal sealed unsafe class ItemStore : IIndexOwner, IWheelOwner, IDisposable
{
    /// <summary>
    /// Ghosts made between two buckets in which ghosts out of test are forgotten. With two buckets for nine items, all are
    /// swept while half as many ghosts are made as there are items: so few are out of test at any time.
    /// </summary>
    private const int GhostsPerSweep = 2;

    private readonly byte* _start;
    private readonly ulong _staleMillis;
    private readonly ClassCounters[] _counters = new ClassCounters[SizeClasses.Count];
    private int _nextSweep;
    private ulong _hiddenCursor;

    public ItemStore(PagePool pool, ShardOptions options, KeyHasher hasher)
    {
        Pool = pool;
        Hasher = hasher;
        BudgetBytes = options.MemoryBudgetBytes;
        _start = pool.Start;
        _staleMillis = (ulong)options.StaleTime.TotalMilliseconds;
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
        Trees = new Trees(this);
        Mover = new PageMover(this, pool);
        Room = new ItemRoom(this, pool);
    }

    public PagePool Pool { get; }

    public long BudgetBytes { get; }

    public SlabAllocator Slab { get; }

    public BucketIndex Index { get; }

    public TimingWheel Wheel { get; }

    public ClockPro[] Clocks { get; }

    public LargeValues Large { get; }

    public Trees Trees { get; }

    public PageMover Mover { get; }

    public ItemRoom Room { get; }

    public KeyHasher Hasher { get; }

    /// <summary>Who is told of items that go by themselves; null: nobody.</summary>
    public IRemovalListener? RemovalListener { get; set; }

    /// <summary>Milliseconds of the shard's clock, at least 1.</summary>
    public ulong Now { get; set; } = 1;

    /// <summary>Bytes of keys and values of the live items, as stored.</summary>
    public long PayloadBytes { get; private set; }

    /// <summary>Bytes of the live items with all that belongs to them.</summary>
    public long ItemBytes { get; private set; }

    /// <summary>Set when a chunk that a batch has found may be something else by now.</summary>
    public bool CandidatesMoved { get; set; }

    /// <summary>Items with this or a lower version are absent to all: they were there at the last <see cref="Clear"/>. 0: there was none.</summary>
    public ulong HiddenVersion { get; private set; }

    /// <summary>How many of them are still here.</summary>
    public long HiddenItems { get; private set; }

    /// <summary>Which keys have lost their items.</summary>
    public RemovalLog Removals { get; } = new();

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

    /// <summary>Hides every item; <see cref="Maintain"/> removes them step by step.</summary>
    /// <param name="version">Higher than that of every item, lower than those that come.</param>
    public void Clear(ulong version)
    {
        HiddenVersion = version;
        HiddenItems = Index.Items;
        _hiddenCursor = 0;
    }

    /// <summary>Whether an item was there at the last <see cref="Clear"/>.</summary>
    public bool IsHidden(Item* item) => item->Version <= HiddenVersion;

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

    /// <summary>Bytes of an item's key and value, as stored; of the chunks of a collection's trees whole.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long PayloadBytesOf(Item* item) => item->KeyLength + ((item->Kind & Item.Trees) switch
    {
        Item.SeveralChunks => LargeHead.Of(item)->Length,
        Item.Trees => item->ValueLength + TreeHead.ChunkBytes(item),
        _ => item->ValueLength,
    });

    /// <summary>Bytes of an item with all that belongs to it, in all of its chunks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long StoredBytesOf(Item* item) => (item->Kind & Item.Trees) switch
    {
        Item.SeveralChunks => LargeLayout.StoredBytes(item),
        Item.Trees => item->StoredBytes + TreeHead.ChunkBytes(item),
        _ => item->StoredBytes,
    };

    /// <summary>Adds an item's bytes to the accounts (+1), or takes them off before it changes (-1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Account(Item* item, int sign)
    {
        PayloadBytes += sign * PayloadBytesOf(item);
        ItemBytes += sign * StoredBytesOf(item);
    }

    /// <summary>Takes note that the value of a live item that is not large will be overwritten by one that is not either.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AccountOverwrite(Item* item, int valueLength, uint kind)
    {
        PayloadBytes += valueLength - item->ValueLength;
        ItemBytes += Item.Bytes(item->KeyLength, valueLength, kind) - item->StoredBytes;
    }

    /// <summary>Takes note that a live collection has so many chunks more.</summary>
    public void AccountChunks(Item* item, int chunks)
    {
        TreeHead.Of(item)->Chunks += (uint)chunks;
        PayloadBytes += (long)chunks * TreeNode.ChunkBytes;
        ItemBytes += (long)chunks * TreeNode.ChunkBytes;
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

    /// <summary>Frees an item that neither index nor clock knows, with all of its chunks: at once or in steps.</summary>
    public void Discard(uint reference)
    {
        Item* item = At(reference);
        if (item->IsLarge)
        {
            Large.Detach(reference);
        }
        else if ((item->Kind & Item.Collection) == 0 || !Trees.Detach(reference))
        {
            Slab.Free(reference);
        }
    }

    /// <summary>Removes a live item without a trace.</summary>
    public void Remove(uint reference, ulong hash)
    {
        if (Removals.IsKept)
        {
            Removals.Add(hash);
        }

        Clocks[Slab.ClassOf(reference)].Remove(reference);
        Index.Remove(hash, reference);
        Release(reference);
    }

    /// <summary>Removes a live item whose time is over.</summary>
    public void Expire(uint reference, ulong hash)
    {
        _counters[Slab.ClassOf(reference)].Expired++;
        Item* item = At(reference);
        if (RemovalListener is not null && !IsHidden(item))
        {
            RemovalListener.Expired(KeyOf(item));
        }

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

        if (Removals.IsKept)
        {
            Removals.Add(hash);
        }

        _counters[sizeClass].EvictedHot += (item->Packed & Item.Hot) != 0 ? 1 : 0;
        _counters[sizeClass].EvictedCold += (item->Packed & Item.Hot) != 0 ? 0 : 1;
        if (RemovalListener is not null && !IsHidden(item))
        {
            RemovalListener.Evicted(KeyOf(item));
        }

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

    /// <summary>Whether there are chunks of dead values and collections to free.</summary>
    public bool HasDying => Large.HasDying || Trees.HasDying;

    /// <summary>Whether freeing some of them may help a class that needs a chunk.</summary>
    /// <remarks>Large values soon free a page, which is for all; trees lie among others, and free chunks of their own class only.</remarks>
    public bool HasDyingFor(int sizeClass) => Large.HasDying || (sizeClass == TreeNode.SizeClass && Trees.HasDying);

    /// <summary>Bytes of chunks that belong to no live item.</summary>
    public long LooseChunkBytes => Large.LooseChunkBytes + Trees.LooseChunkBytes;

    /// <summary>Frees about <paramref name="chunks"/> chunks of dead values and as many of dead collections.</summary>
    public void Reap(int chunks)
    {
        Large.Reap(chunks);
        Trees.Reap(chunks);
    }

    /// <summary>Lets a live item's copy take its place everywhere.</summary>
    public void Replace(uint reference, uint copy)
    {
        if ((At(copy)->Kind & Item.Collection) != 0)
        {
            Trees.Moved(reference, copy);
        }

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
        more |= HiddenItems > 0 && RemoveHidden();
        Reap(ReapedChunks);
        int merged = 0;
        while (merged < Merges && Index.WantsToShrink && Index.TryShrink())
        {
            merged++;
        }

        Room.RefillReserve();
        if (Mover.IsBusy)
        {
            Mover.StepFor(SizeClasses.PageBytes / 256);
        }

        return more || merged == Merges || HasDying || Mover.IsBusy;
    }

    public void Dispose() => Pool.Dispose();

    /// <summary>Entries of each model of a clock: as many as sample well, fewer where they would take over some percent of the budget.</summary>
    private static int DuelEntriesFor(long budgetBytes) => budgetBytes switch
    {
        >= 128L << 20 => 256,
        >= 32L << 20 => 128,
        _ => 32,
    };

    /// <summary>Looks at the items of the next buckets. Every hidden one is seen by the time the cursor is at the end, see <see cref="ItemScan"/>.</summary>
    /// <returns>Whether there are more.</returns>
    private bool RemoveHidden()
    {
        int looks = 256;
        Span<uint> items = stackalloc uint[ItemScan.MostItemsBeyond + 1];
        while (looks > 0 && HiddenItems > 0)
        {
            int count = Index.ItemsAt((uint)_hiddenCursor, items, out _hiddenCursor);
            foreach (uint reference in items[..count])
            {
                if (IsHidden(At(reference)))
                {
                    Remove(reference, HashOf(reference));
                }
            }

            looks -= 1 + count;
        }

        return HiddenItems > 0;
    }

    private void PageReturns(int page)
    {
        Wheel.PageReturns(page);
        // Its next user may put anything, also what looks like an item, where a batch has found one.
        CandidatesMoved |= Pool.Headers[page].SizeClass < SizeClasses.Count;
    }

    private static ReadOnlySpan<byte> KeyOf(Item* item) => new(Item.Key(item), item->KeyLength);

    private void Release(uint reference)
    {
        Item* item = At(reference);
        HiddenItems -= HiddenItems != 0 && IsHidden(item) ? 1 : 0;
        Account(item, -1);
        Discard(reference);
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
}

/// <summary>What has left a size class, and why.</summary>
internal struct ClassCounters
{
    public long EvictedCold;
    public long EvictedHot;
    public long Expired;
}
