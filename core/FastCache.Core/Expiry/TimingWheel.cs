using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Core.Memory;

namespace FastCache.Core.Expiry;

/// <summary>What the wheel must know of the items whose chunks it has entries for.</summary>
internal interface IWheelOwner
{
    /// <summary>When the item in a chunk must go, in milliseconds of the shard's clock; 0: never, or there is none.</summary>
    ulong DeadlineOf(uint chunk);

    /// <summary>The deadline has passed: starts to load what <see cref="Expire"/> will need.</summary>
    void PrepareToExpire(uint chunk);

    /// <summary>Removes the item, whose deadline has passed.</summary>
    void Expire(uint chunk);
}

/// <summary>Finds the items whose time is over without looking at the others: a hierarchical timing wheel.</summary>
/// <remarks>
/// After Varghese and Lauck, "Hashed and Hierarchical Timing Wheels" (SOSP 1987). Four levels of 32 buckets; a bucket of
/// the first is a tick of 256 ms, one of the next levels 16 of the level below: 4 s, 66 s, 17 min; what lies
/// beyond 9 hours waits in the last bucket and is put in again.
/// <code>
/// level k      | being passed: 16 of its slots | the next 16 |          a slot of level k + 1 is 16 slots of level k;
/// level k + 1  |            a slot             |  next slot  |  ...     the next one fits in before the wheel is there
///
/// wheel byte of a chunk     0: no entry      1 + 32 * row + slot: the bucket that has one
/// row                       0: level 0       2 * level + parity - 1: the levels above
/// block (512 bytes)         | next block 4 | entries 4 | chunk[126], 4 bytes each |
/// </code>
/// A bucket is a list of blocks of chunk references, 4 bytes an item instead of the 8 that a linked list would put into
/// every item, and none for items that do not expire. Nothing is ever taken out of the middle. Instead an entry counts only
/// if its chunk's wheel byte names its bucket, and when its bucket is drained the item's deadline of that moment decides:
/// it expires, or gets an entry in a later bucket. So a later deadline (touch, overwriting, a hit on an item with sliding
/// expiry, another item in the same chunk) costs nothing, and an earlier one a second entry, which leaves the first stale.
/// <para>
/// A level reaches twice as far as a slot of the next one lasts, so that the next slot of each level can be put into the
/// level below while the wheel passes the one before it: so many entries each tick that none is left when it gets there. All at
/// once they cost 1.9% of a second's processor time instead of 0.6% (bench ttl, a million items that expire within a minute).
/// </para>
/// <para>
/// Each time a bucket above level 0 is drained its slot changes parity, so that what is put into the same slot meanwhile is
/// told apart. When more than half of all entries are stale these buckets are drained early, one after another, which
/// drops what is stale in them.
/// </para>
/// <para>Invariants:
/// 1. A chunk whose wheel byte is not 0 has an entry in the bucket that it names, or among those being drained.
/// 2. That bucket is drained no later than a tick after the deadline of the chunk's item, plus the time it takes to drain.
/// 3. <see cref="Step"/> looks at a bounded number of entries.
/// </para>
/// </remarks>
internal sealed unsafe class TimingWheel
{
    /// <summary>log2 of the milliseconds of a tick.</summary>
    public const int TickShift = 8;

    private const int SlotShift = 5;
    private const int Slots = 1 << SlotShift;

    /// <summary>log2 of the slots of a level that make one of the next: half of what the level has.</summary>
    private const int LevelShift = SlotShift - 1;

    private const int Levels = 4;
    private const int Buckets = ((2 * Levels) - 1) * Slots;
    private const int BlockHeaderBytes = 8;
    private const int BlockEntries = (512 - BlockHeaderBytes) / sizeof(uint);

    /// <summary>Entries that are looked at together, so that their cache misses overlap.</summary>
    private const int Group = 16;

    /// <summary>Ticks without entries that one step may pass.</summary>
    private const int MaxTicksPerStep = 256;

    /// <summary>Stale entries that are never worth a compaction.</summary>
    private const int StaleSlack = 4096;

    /// <summary>Ticks between two rounds of early draining: what it cannot drop is in level 0 and gone by then.</summary>
    private const int CompactionPause = Slots;

    private readonly SlabAllocator _slab;
    private readonly PagePool _pool;
    private readonly IWheelOwner _owner;
    private readonly Bucket[] _buckets = new Bucket[Buckets];
    private readonly byte[] _parity = new byte[Levels * Slots];
    private readonly uint[] _occupied = new uint[Levels];
    private readonly int[] _toDrain = new int[Levels + 1];
    private readonly long[] _ahead = new long[Levels];
    private int _drainCount;
    private uint _drainingBlock;
    private int _drainingBucket;
    private int _compacting = Slots;
    private long _nextCompaction;
    private long _tick;

    public TimingWheel(SlabAllocator slab, PagePool pool, IWheelOwner owner)
    {
        _slab = slab;
        _pool = pool;
        _owner = owner;
    }

    /// <summary>Entries of all buckets, stale ones included.</summary>
    public long Entries { get; private set; }

    /// <summary>Chunks that have an entry.</summary>
    public long Scheduled { get; private set; }

    /// <summary>Times that no memory could be had for an entry; such an item goes when it is asked for or evicted.</summary>
    public long Refused { get; private set; }

    /// <summary>Sees to it that a chunk is looked at soon after a deadline.</summary>
    /// <param name="chunk">A chunk that holds an item.</param>
    /// <param name="deadlineMillis">Milliseconds of the shard's clock.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Schedule(uint chunk, ulong deadlineMillis)
    {
        long due = TickOf(deadlineMillis);
        byte pending = *WheelByte(chunk);
        if (pending == 0 || DrainTick(pending) > due)
        {
            Add(chunk, pending, due);
        }
    }

    /// <summary>Forgets a chunk, whose first bytes will be something else.</summary>
    public void Forget(uint chunk)
    {
        if (*WheelByte(chunk) != 0)
        {
            Unmark(chunk);
        }
    }

    /// <summary>A page goes back to the pool: the entries of its chunks are stale from now on.</summary>
    public void PageReturns(int page) => Scheduled -= _pool.Headers[page].ScheduledChunks;

    /// <summary>Looks at up to <paramref name="entries"/> entries of buckets that are due.</summary>
    /// <param name="nowMillis">Milliseconds of the shard's clock.</param>
    /// <param name="entries">The bound, in effect rounded up to a group.</param>
    /// <returns>Whether more is due.</returns>
    public bool Step(ulong nowMillis, int entries)
    {
        long now = (long)(nowMillis >> TickShift);
        int ticks = 0;
        while (true)
        {
            while (_drainingBlock != 0)
            {
                if (entries <= 0)
                {
                    return true;
                }

                entries -= DrainGroup(nowMillis);
            }

            if (_drainCount > 0)
            {
                Detach(_toDrain[--_drainCount]);
            }
            else if (TryTakeAhead())
            {
            }
            else if (_tick < now)
            {
                if (ticks++ == MaxTicksPerStep)
                {
                    return true;
                }

                Turn(now);
                PlanAhead();
            }
            else if (!TryCompact())
            {
                return false;
            }
        }
    }

    /// <summary>Whether a chunk has an entry that is looked at in time for a deadline. For checks.</summary>
    public bool IsInTime(uint chunk, ulong deadlineMillis)
    {
        byte mark = *WheelByte(chunk);
        bool isDue = (_drainingBlock != 0 && _drainingBucket == mark - 1) || _toDrain.AsSpan(0, _drainCount).Contains(mark - 1);
        return mark != 0 && (isDue || DrainTick(mark) <= Math.Max(TickOf(deadlineMillis), _tick + 1));
    }

    /// <summary>Throws when an invariant does not hold. Walks all entries; for checked builds.</summary>
    public void Check()
    {
        long entries = 0;
        HashSet<(uint Chunk, byte Mark)> known = [];
        for (int bucket = 0; bucket < Buckets; bucket++)
        {
            entries += Collect(_buckets[bucket].Block, bucket, known);
        }

        entries += Collect(_drainingBlock, _drainingBucket, known);
        long scheduled = 0;
        for (int page = 0; page < _pool.Count; page++)
        {
            PageHeader header = _pool.Headers[page];
            if (header.Use != PageUse.Slab || header.SizeClass >= SizeClasses.Count)
            {
                continue;
            }

            int marked = 0;
            for (int position = 0; position < header.TouchedChunks; position++)
            {
                uint chunk = _slab.ChunkAt(page, position);
                byte mark = *WheelByte(chunk);
                marked += mark == 0 ? 0 : 1;
                Invariant.Require(mark == 0 || known.Contains((chunk, mark)), $"chunk {chunk:x8} has no entry in its bucket {mark}");
            }

            Invariant.Require(marked == header.ScheduledChunks, $"page {page} miscounts its entries");
            scheduled += marked;
        }

        Invariant.Require(entries == Entries && scheduled == Scheduled, "the timing wheel miscounts its entries");
    }

    private static long TickOf(ulong millis) => (long)((millis + (1UL << TickShift) - 1) >> TickShift);

    private static int LevelOf(int bucket) => ((bucket >> SlotShift) + 1) >> 1;

    private static int SlotOf(int bucket) => bucket & (Slots - 1);

    private byte* WheelByte(uint chunk) => _slab.Address(chunk) + Items.Item.WheelOffset;

    private Block* BlockAt(uint block) => (Block*)_slab.Address(block);

    private int BucketOf(int level, int slot) =>
        (Math.Max(0, (2 * level) + _parity[(level * Slots) + slot] - 1) << SlotShift) | slot;

    /// <summary>The tick at which a bucket will be drained: the next one at which the wheel stands at its slot.</summary>
    private long DrainTick(byte mark)
    {
        int bucket = mark - 1;
        int shift = LevelShift * LevelOf(bucket);
        long turn = _tick >> shift;
        long ahead = (SlotOf(bucket) - turn) & (Slots - 1);
        return (turn + (ahead == 0 ? Slots : ahead)) << shift;
    }

    private void Add(uint chunk, byte pending, long due)
    {
        due = Math.Max(due, _tick + 1);
        int level = 0;
        while (level < Levels - 1 && (due >> (LevelShift * level)) - (_tick >> (LevelShift * level)) >= Slots)
        {
            level++;
        }

        int shift = LevelShift * level;
        long turn = Math.Min(due >> shift, (_tick >> shift) + Slots - 1);
        int bucket = BucketOf(level, (int)(turn & (Slots - 1)));
        if (!TryPut(bucket, chunk))
        {
            Refused++;
            return;
        }

        if (pending == 0)
        {
            Scheduled++;
            _pool.Headers[SlabAllocator.PageOf(chunk)].ScheduledChunks++;
        }

        *WheelByte(chunk) = (byte)(bucket + 1);
    }

    private void Unmark(uint chunk)
    {
        *WheelByte(chunk) = 0;
        Scheduled--;
        _pool.Headers[SlabAllocator.PageOf(chunk)].ScheduledChunks--;
    }

    private bool TryPut(int bucket, uint chunk)
    {
        ref Bucket target = ref _buckets[bucket];
        Block* block = target.Block == 0 ? null : BlockAt(target.Block);
        if (block is null || block->Count == BlockEntries)
        {
            uint fresh = TakeBlock();
            if (fresh == 0)
            {
                return false;
            }

            block = BlockAt(fresh);
            block->Next = target.Block;
            block->Count = 0;
            target.Block = fresh;
            _occupied[LevelOf(bucket)] |= 1u << SlotOf(bucket);
        }

        block->Chunks[block->Count++] = chunk;
        target.Entries++;
        Entries++;
        return true;
    }

    private uint TakeBlock()
    {
        uint block = _slab.Allocate(SizeClasses.ExpiryBlocks);
        return block != 0 || !_slab.Grow(SizeClasses.ExpiryBlocks) ? block : _slab.Allocate(SizeClasses.ExpiryBlocks);
    }

    /// <summary>Goes on to the next tick at which anything can be due, and notes the buckets to drain.</summary>
    private void Turn(long now)
    {
        // While the lower levels are empty the next thing to do is at the next slot of the first level that is not.
        int level = 0;
        while (level < Levels - 1 && _occupied[level] == 0)
        {
            level++;
        }

        int shift = LevelShift * level;
        long next = ((_tick >> shift) + 1) << shift;
        // An empty wheel has nothing to pass on the way, however far the clock has jumped.
        if (next > now || _occupied[level] == 0)
        {
            _tick = now;
            return;
        }

        _tick = next;
        // Drained from the end of the list: the highest level first, because it may fill the slots of the lower ones.
        for (int turning = 0; turning < Levels && (_tick & ((1L << (LevelShift * turning)) - 1)) == 0; turning++)
        {
            int slot = (int)(_tick >> (LevelShift * turning)) & (Slots - 1);
            if ((_occupied[turning] & (1u << slot)) != 0)
            {
                _toDrain[_drainCount++] = BucketOf(turning, slot);
            }
        }
    }

    /// <summary>The bucket of the slot that the wheel comes to next at a level above 0.</summary>
    private int NextBucket(int level) => BucketOf(level, (int)((_tick >> (LevelShift * level)) + 1) & (Slots - 1));

    /// <summary>Says how many entries of the next slot of each level go to lower ones at this tick: what is left in equal shares.</summary>
    private void PlanAhead()
    {
        for (int level = 1; level < Levels; level++)
        {
            long length = 1L << (LevelShift * level);
            long ticksLeft = length - (_tick & (length - 1));
            _ahead[level] = (_buckets[NextBucket(level)].Entries + ticksLeft - 1) / ticksLeft;
        }
    }

    /// <summary>Begins to drain a block of what was planned, if any is left.</summary>
    private bool TryTakeAhead()
    {
        Debug.Assert(_drainingBlock == 0);
        for (int level = 1; level < Levels; level++)
        {
            int bucket = NextBucket(level);
            ref Bucket next = ref _buckets[bucket];
            if (_ahead[level] <= 0 || next.Block == 0)
            {
                continue;
            }

            // Nothing is put into the slot any more: all that is due by its end is near enough for the level below.
            Block* block = BlockAt(next.Block);
            _drainingBlock = next.Block;
            _drainingBucket = bucket;
            _ahead[level] -= block->Count;
            next.Block = block->Next;
            next.Entries -= block->Count;
            block->Next = 0;
            if (next.Block == 0)
            {
                _occupied[level] &= ~(1u << SlotOf(bucket));
            }

            return true;
        }

        return false;
    }

    private void Detach(int bucket)
    {
        ref Bucket drained = ref _buckets[bucket];
        Debug.Assert(_drainingBlock == 0);
        _drainingBlock = drained.Block;
        _drainingBucket = bucket;
        drained = default;
        int level = LevelOf(bucket);
        _occupied[level] &= ~(1u << SlotOf(bucket));
        _parity[(level * Slots) + SlotOf(bucket)] ^= (byte)(level == 0 ? 0 : 1);
    }

    /// <summary>Begins to drain one more bucket early, if there is so much that is stale.</summary>
    private bool TryCompact()
    {
        if (Entries <= (2 * Scheduled) + StaleSlack || _tick < _nextCompaction)
        {
            return false;
        }

        // Of the two buckets of a slot the one that takes entries now: the other is empty, and is about to get those that count.
        for (; _compacting < Levels * Slots; _compacting++)
        {
            int bucket = BucketOf(_compacting >> SlotShift, _compacting & (Slots - 1));
            if (_buckets[bucket].Block != 0)
            {
                Detach(bucket);
                _compacting++;
                return true;
            }
        }

        _compacting = Slots;
        _nextCompaction = _tick + CompactionPause;
        return false;
    }

    /// <summary>Takes up to <see cref="Group"/> entries from the block that is being drained.</summary>
    /// <remarks>In steps over the group, like a batch of lookups: headers, then deadlines and what expiring needs, then the rest.</remarks>
    private int DrainGroup(ulong nowMillis)
    {
        Block* block = BlockAt(_drainingBlock);
        int count = Math.Min(Group, block->Count);
        block->Count -= count;
        uint* chunks = stackalloc uint[Group];
        for (int i = 0; i < count; i++)
        {
            chunks[i] = block->Chunks[block->Count + i];
            Prefetch.ToSecondLevel(_slab.Address(chunks[i]));
        }

        if (block->Count == 0)
        {
            uint empty = _drainingBlock;
            _drainingBlock = block->Next;
            _slab.Free(empty);
        }

        Entries -= count;
        byte mark = (byte)(_drainingBucket + 1);
        for (int i = 0; i < count; i++)
        {
            // The page may belong to another class by now, or to none.
            if (!_slab.IsItemChunk(chunks[i]) || *WheelByte(chunks[i]) != mark)
            {
                chunks[i] = 0;
                continue;
            }

            Unmark(chunks[i]);
            ulong deadline = _owner.DeadlineOf(chunks[i]);
            if (deadline == 0)
            {
                chunks[i] = 0;
            }
            else if (deadline <= nowMillis)
            {
                _owner.PrepareToExpire(chunks[i]);
            }
            else
            {
                Schedule(chunks[i], deadline);
                chunks[i] = 0;
            }
        }

        for (int i = 0; i < count; i++)
        {
            if (chunks[i] != 0)
            {
                _owner.Expire(chunks[i]);
            }
        }

        return count;
    }

    private long Collect(uint first, int bucket, HashSet<(uint Chunk, byte Mark)> known)
    {
        long count = 0;
        for (uint block = first; block != 0; block = BlockAt(block)->Next)
        {
            for (int i = 0; i < BlockAt(block)->Count; i++)
            {
                known.Add((BlockAt(block)->Chunks[i], (byte)(bucket + 1)));
                count++;
            }
        }

        return count;
    }

    private struct Bucket
    {
        public uint Block;
        public long Entries;
    }

    [StructLayout(LayoutKind.Sequential, Size = 512)]
    private struct Block
    {
        public uint Next;
        public int Count;
        public fixed uint Chunks[BlockEntries];
    }
}
