using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastCache.Core.Index;
using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Core.Eviction;

/// <summary>How a <see cref="ClockPro"/> finds the share of its items that should be cold.</summary>
internal enum ColdAllocation
{
    /// <summary>As the paper does: a use in the test period asks for one more cold item, a test that ends without for one less.</summary>
    Classic,

    /// <summary>By <see cref="ColdShareDuel"/>, with uses counted up to three.</summary>
    Duel,
}

/// <summary>CLOCK-Pro for the items of one size class: which one goes when a chunk is needed.</summary>
/// <remarks>
/// After Jiang, Chen and Zhang, "CLOCK-Pro: An Effective Improvement of the CLOCK Replacement" (USENIX ATC 2005).
/// A hit counts in the item's <see cref="Item.UseMask"/> and moves nothing.
/// <code>
///                 insert, ghost known (in test)                         insert, key unknown
///                      |                                                     |
///                      v                  used in test                       v
///                 +---------+  &lt;---------------------------------  +------------------+
///                 |   HOT   |                                      | COLD, maybe test | --+ used, no test:
///                 +---------+  ---------------------------------&gt;  +------------------+ &lt;-+ test begins
///                               hot hand finds it unused                |
///                                                     cold hand finds it unused: evicted
///                                                                       v
///                                               in test: GHOST (its entry in the index stays), else gone
/// </code>
/// The paper keeps all pages in one circle with three hands. Here hot and cold items are two queues and ghosts stay in
/// the index, which is the same circle taken apart: the hot hand is where the circle is cut, so what it passes moves to
/// the newest end; resident cold pages all lie between the cold hand and that end, so the cold hand always takes the
/// oldest; and a position is a number that counts movements to the newest end (<c>_position</c>), so that "the hot hand
/// or the test hand has passed this ghost" is a comparison of its position with <c>_testLimit</c>.
/// <para>
/// An item's or ghost's position is kept in 16 bits, in units of 2^<c>_epochShift</c> movements. The number of ghosts
/// that a hand passes is not looked up but taken as proportional to the distance, ghosts being spread evenly over it.
/// </para>
/// <para>
/// Beyond the paper (<see cref="ColdAllocation.Duel"/>): its rule for the cold share is slow where recency wins, because every test
/// that ends without a use pulls the share down again. Measured by <see cref="ColdShareDuel"/>
/// instead, the share goes to nearly all where a plain CLOCK would be better and to 1% where not; then a used cold item gets hot
/// also without a test while hot ones are too few. And an item that was used several times survives as many rounds of the hot
/// hand (up to 3), which tells the often used from the once used where one bit cannot. Hit ratios of both beside other
/// policies: perf-reports.
/// </para>
/// <para>Invariants:
/// 1. Every item of the class is in exactly one of the two queues, and its Hot bit says which.
/// 2. Every sweep of a hand looks at a bounded number of items (<see cref="MaxSweep"/>), so an eviction never pauses.
/// 3. At most as many ghosts as items are in their test period.
/// </para>
/// </remarks>
internal unsafe struct ClockPro
{
    /// <summary>Most items that one movement of a hand looks at.</summary>
    public const int MaxSweep = 128;

    private const double LeastShare = 0.01;
    private const double MostShare = 0.99;

    private readonly byte* _start;
    private readonly int _sizeClass;
    private readonly int _epochShift;
    private readonly ColdAllocation _allocation;
    private ColdShareDuel _duel;
    private ItemList _hot;
    private ItemList _cold;
    private long _position;
    private long _testLimit;
    private double _ghosts;
    private double _classicTarget;
    private double _coldShare;
    private bool _hasEvicted;

    /// <param name="start">Where references count from.</param>
    /// <param name="sizeClass">Written into ghosts.</param>
    /// <param name="maxItems">Most items that the class can ever hold: fixes the unit of epochs.</param>
    /// <param name="allocation">How the cold share is found.</param>
    /// <param name="duel">For <see cref="ColdAllocation.Duel"/>.</param>
    public ClockPro(byte* start, int sizeClass, long maxItems, ColdAllocation allocation, in ColdShareDuel duel)
    {
        _start = start;
        _sizeClass = sizeClass;
        _allocation = allocation;
        _duel = duel;
        _coldShare = WithinBounds(duel.Share);
        // A test period lasts at most about two rounds of the clock; half of the 16 bits must hold that.
        while ((2 * maxItems) >> _epochShift > short.MaxValue)
        {
            _epochShift++;
        }

        // Position 0 is the limit from which nothing is in test, so that the first epoch is a real one.
        _position = 1L << _epochShift;
    }

    /// <summary>Items in the hot queue.</summary>
    public readonly int HotCount => _hot.Count;

    /// <summary>Items in the cold queue.</summary>
    public readonly int ColdCount => _cold.Count;

    /// <summary>Ghosts thought to be in their test period.</summary>
    public readonly long GhostCount => (long)_ghosts;

    /// <summary>How many items should be cold, within 1% and 99% of the items.</summary>
    public readonly int ColdTarget => _allocation == ColdAllocation.Classic
        ? (int)_classicTarget
        : Math.Max(1, (int)(Resident * _coldShare));

    /// <summary>Items that the hands have looked at since the class exists: how fast the clock turns.</summary>
    public long HandSteps { get; private set; }

    /// <summary>A use of an item is to be told to <see cref="Sample"/> unless the key of its hash has one of these bits.</summary>
    public readonly uint SampleMask => _allocation == ColdAllocation.Classic ? uint.MaxValue : _duel.SampleMask;

    private readonly int Resident => _hot.Count + _cold.Count;

    private readonly int HotTarget => Resident - ColdTarget;

    private readonly int MostUses => _allocation == ColdAllocation.Classic ? 1 : (int)(Item.UseMask >> Item.UseShift);

    /// <summary>Takes note of a use of an item, which is its state after that.</summary>
    /// <param name="packed">The state before.</param>
    /// <returns>The same once the count is full, so that lines of hot items stay clean.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Used(ulong packed) =>
        (packed & Item.UseMask) == Item.UseMask ? packed : packed + Item.OneUse;

    /// <summary>Shows a reference to what finds the cold share: a use of an item, or a new key before room is made for it.</summary>
    public void Sample(ulong hash)
    {
        if (_allocation == ColdAllocation.Duel)
        {
            _duel.Feed(hash, Resident);
            _coldShare = WithinBounds(_duel.Share);
        }
    }

    /// <summary>Takes in a new item, whose header is otherwise complete.</summary>
    /// <param name="reference">The item.</param>
    /// <param name="knownGhost">Whether <see cref="TryReclaim"/> said yes for its key.</param>
    public void Insert(uint reference, bool knownGhost)
    {
        AdjustClassicTarget(0);
        // While memory is not yet full the class has fewer hot items than it wants, and new ones fill that gap.
        bool fillsGap = !_hasEvicted && _hot.Count <= HotTarget;
        _hasEvicted = false;
        if (knownGhost || fillsGap)
        {
            Push(reference, ref _hot, Item.Hot);
            LimitHot();
        }
        else
        {
            Push(reference, ref _cold, Item.InTest);
        }
    }

    /// <summary>Takes an item out, because it was deleted, has expired, or was chosen.</summary>
    public void Remove(uint reference)
    {
        if ((ItemList.At(_start, reference)->Packed & Item.Hot) != 0)
        {
            _hot.Remove(_start, reference);
        }
        else
        {
            _cold.Remove(_start, reference);
        }
    }

    /// <summary>Lets a copy of an item, header included, take the item's place.</summary>
    public void Replace(uint reference, uint copy)
    {
        if ((ItemList.At(_start, copy)->Packed & Item.Hot) != 0)
        {
            _hot.Replace(_start, reference, copy);
        }
        else
        {
            _cold.Replace(_start, reference, copy);
        }
    }

    /// <summary>Tells the policy that the ghost of a key that is being inserted was found.</summary>
    /// <returns>Whether it was still in its test period, so that the item starts hot.</returns>
    public bool TryReclaim(uint ghost)
    {
        if (!IsInTest(ghost))
        {
            return false;
        }

        _ghosts = Math.Max(0, _ghosts - 1);
        AdjustClassicTarget(+1);
        return true;
    }

    /// <summary>Tells the policy that the index needed the place of a ghost.</summary>
    public void GhostDropped(uint ghost)
    {
        if (IsInTest(ghost))
        {
            _ghosts = Math.Max(0, _ghosts - 1);
            AdjustClassicTarget(-1);
        }
    }

    /// <summary>Whether a ghost still counts; one that does not is to be forgotten before its epoch comes round again.</summary>
    public readonly bool IsInTest(uint ghost) => IsInTest(Ghost.Epoch(ghost));

    /// <summary>Distance of a ghost from now in units of its epoch.</summary>
    public readonly uint AgeOf(uint ghost) => AgeOf(Ghost.Epoch(ghost));

    /// <summary>Chooses the item to evict: runs the cold hand. The item stays in its queue.</summary>
    /// <param name="now">Milliseconds of the shard's clock; what has expired goes first.</param>
    /// <returns>The victim, or 0 when the class has no items.</returns>
    public uint SelectVictim(ulong now)
    {
        _hasEvicted = true;
        for (int step = 0; step < MaxSweep; step++)
        {
            if (_cold.Count == 0 && !DemoteOne())
            {
                return 0;
            }

            HandSteps++;
            uint reference = _cold.Oldest;
            Item* item = ItemList.At(_start, reference);
            PrefetchNewer(item);
            if ((item->Packed & Item.UseMask) == 0 || Item.IsExpired(item->Packed, now))
            {
                return reference;
            }

            _cold.Remove(_start, reference);
            bool hasTest = (item->Packed & Item.InTest) != 0;
            bool isInTest = hasTest && IsInTest(item->Epoch);
            if (isInTest || (_allocation == ColdAllocation.Duel && _hot.Count < HotTarget - 1))
            {
                AdjustClassicTarget(+1);
                Push(reference, ref _hot, Item.Hot);
                LimitHot();
            }
            else
            {
                AdjustClassicTarget(hasTest ? -1 : 0);
                Push(reference, ref _cold, Item.InTest);
            }
        }

        return _cold.Count != 0 ? _cold.Oldest : _hot.Oldest;
    }

    /// <summary>An item that the cold hand will soon look at, each once; 0 when there is none to name now.</summary>
    public uint LookAhead() => _cold.LookAhead(_start);

    /// <summary>Makes the ghost of an item that is being evicted, if it is in its test period.</summary>
    /// <param name="reference">The item, already out of its queue.</param>
    /// <param name="hash">The hash of its key.</param>
    /// <returns>The ghost for the index to keep, or 0.</returns>
    public uint Bury(uint reference, ulong hash)
    {
        Item* item = ItemList.At(_start, reference);
        if ((item->Packed & (Item.InTest | Item.Hot)) != Item.InTest)
        {
            return 0;
        }

        if (!IsInTest(item->Epoch))
        {
            AdjustClassicTarget(-1);
            return 0;
        }

        _ghosts++;
        if (_ghosts > Resident)
        {
            MoveTestHand();
        }

        return Ghost.Pack(_sizeClass, item->Epoch, hash);
    }

    /// <summary>Throws when an invariant does not hold. Walks all items; for checked builds.</summary>
    public readonly void Check()
    {
        CheckQueue(_hot, Item.Hot);
        CheckQueue(_cold, 0);
        _duel.Check();
    }

    private static double WithinBounds(double share) => Math.Clamp(share, LeastShare, MostShare);

    private readonly void CheckQueue(in ItemList queue, ulong hotBit)
    {
        int count = 0;
        uint older = 0;
        for (uint reference = queue.Oldest; reference != 0; count++)
        {
            Item* item = ItemList.At(_start, reference);
            if ((item->Packed & (Item.Hot | Item.Live)) != (hotBit | Item.Live) || item->Older != older || count > queue.Count)
            {
                throw new InvalidOperationException($"The clock of class {_sizeClass} is broken at item {reference:x8}.");
            }

            older = reference;
            reference = item->Newer;
        }

        if (count != queue.Count)
        {
            throw new InvalidOperationException($"The clock of class {_sizeClass} counts {queue.Count} items and holds {count}.");
        }
    }

    private void LimitHot()
    {
        // What deletes have left over the target beyond this bound is demoted by the next calls.
        for (int demoted = 0; demoted < MaxSweep && _hot.Count > Math.Max(1, HotTarget); demoted++)
        {
            if (!DemoteOne())
            {
                return;
            }
        }
    }

    /// <summary>Runs the hot hand until it has turned one hot item cold.</summary>
    /// <returns>False when there is no hot item.</returns>
    private bool DemoteOne()
    {
        for (int step = 0; _hot.Count > 0; step++)
        {
            HandSteps++;
            uint reference = _hot.Oldest;
            Item* item = ItemList.At(_start, reference);
            _hot.LookAhead(_start);
            EndTestsBefore(_position - ((long)AgeOf(item->Epoch) << _epochShift));
            _hot.Remove(_start, reference);
            int uses = Math.Min(MostUses, (int)((item->Packed & Item.UseMask) >> Item.UseShift));
            if (uses > 0 && step < MaxSweep)
            {
                Push(reference, ref _hot, Item.Hot | ((ulong)(uses - 1) << Item.UseShift));
                continue;
            }

            Push(reference, ref _cold, 0);
            return true;
        }

        return false;
    }

    /// <summary>The hand looks at the next item in a moment, or at the next eviction: its line is on the way by then.</summary>
    private readonly void PrefetchNewer(Item* item)
    {
        if (item->Newer != 0)
        {
            Prefetch.ToFirstLevel(ItemList.At(_start, item->Newer));
        }
    }

    /// <summary>Puts an item at the newest end of a queue.</summary>
    private void Push(uint reference, ref ItemList queue, ulong state)
    {
        Item* item = ItemList.At(_start, reference);
        _position++;
        ulong epoch = (ushort)(_position >> _epochShift);
        item->Packed = (item->Packed & Item.ExpiryMask) | (epoch << Item.EpochShift) | Item.Live | state;
        queue.PushNewest(_start, reference);
    }

    private readonly uint AgeOf(ushort epoch) => (ushort)((ushort)(_position >> _epochShift) - epoch);

    private readonly bool IsInTest(ushort epoch) => AgeOf(epoch) < (_position - _testLimit) >> _epochShift;

    private void EndTestsBefore(long position)
    {
        if (position <= _testLimit)
        {
            return;
        }

        double passed = _ghosts * (position - _testLimit) / (_position - _testLimit);
        _testLimit = position;
        _ghosts -= passed;
        AdjustClassicTarget(-passed);
    }

    /// <summary>Ends the test period of the oldest ghost: a step of as much distance as a ghost takes up on average.</summary>
    private void MoveTestHand()
    {
        Debug.Assert(_ghosts > 0);
        _testLimit += Math.Max(1, (long)((_position - _testLimit) / _ghosts));
        _ghosts--;
        AdjustClassicTarget(-1);
    }

    /// <summary>Moves the number of cold items that the paper's rule aims for, within 1% and 99% of the items.</summary>
    private void AdjustClassicTarget(double change)
    {
        if (_allocation != ColdAllocation.Classic)
        {
            return;
        }

        double resident = Math.Max(1, Resident);
        _classicTarget = Math.Clamp(
            _classicTarget + change, Math.Max(1, resident * LeastShare), Math.Max(1, resident * MostShare));
    }
}
