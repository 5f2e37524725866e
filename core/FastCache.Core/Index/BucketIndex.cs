using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using FastCache.Core.Memory;

namespace FastCache.Core.Index;

/// <summary>Compares the key behind a reference with the key that is looked for.</summary>
internal interface IKeyMatcher
{
    bool Matches(uint reference);
}

/// <summary>What the index must ask of whoever owns the items and ghosts that it refers to.</summary>
internal interface IIndexOwner
{
    /// <summary>The hash of the key of an item.</summary>
    ulong HashOf(uint reference);

    /// <summary>Starts to load the item, because <see cref="HashOf"/> will be called soon.</summary>
    void PrefetchItem(uint reference);

    /// <summary>How long ago a ghost was made, in any unit; the largest one is overwritten first.</summary>
    uint AgeOf(uint ghost);

    /// <summary>Whether a ghost no longer says anything.</summary>
    bool IsForgotten(uint ghost);

    /// <summary>The index gave a ghost's place away.</summary>
    void GhostDropped(uint ghost);
}

/// <summary>Maps 64-bit hashes to references: chained cache-line buckets that grow one bucket at a time.</summary>
/// <remarks>
/// Linear hashing (Litwin 1980): with n buckets and 2^k &lt; n &lt;= 2^(k+1), a hash belongs to bucket h mod 2^(k+1) if
/// that is below n, else to h mod 2^k. Growing splits one bucket, so no operation ever pays for a rehash of all.
/// <code>
/// buckets   0 ... split pointer ... 2^k ... n        split pointer = n - 2^k
///           already split | not yet | their second halves
/// </code>
/// Shrinking is the reverse: the last bucket goes back into the one that it was split from.
/// Buckets live in pages of the shard's pool, found through a directory of page addresses; overflow buckets are chunks of a
/// class of their own, so that their pages come back when they are not needed any more.
/// <para>Ghosts (see <see cref="Ghost"/>) use entries that are free; an item that needs the place of a ghost gets it.
/// A split forgets the ghosts of its bucket: their hashes are gone.</para>
/// <para>Invariants:
/// 1. Every item is in the chain of the bucket that its hash names, exactly once.
/// 2. <see cref="Items"/> + <see cref="Ghosts"/> entries are in use, over all chains.
/// 3. A chain has at most <see cref="MaxChain"/> buckets.
/// </para>
/// </remarks>
internal sealed unsafe class BucketIndex
{
    /// <summary>Buckets of one chain, the first included: a bound on every walk.</summary>
    public const int MaxChain = 16;

    private const int BucketsPerPageShift = SizeClasses.PageShift - 6;
    private const int BucketsPerPage = 1 << BucketsPerPageShift;

    /// <summary>Entries in use per bucket above which the index grows: three quarters of the 12.</summary>
    private const int GrowAtEntriesPerBucket = 9;

    /// <summary>Entries in use per bucket below which it shrinks; far enough below that it does not grow again at once.</summary>
    private const int ShrinkAtEntriesPerBucket = 4;

    /// <summary>Bytes of the directory for every page of the pool.</summary>
    public const int FixedBytesPerPage = sizeof(long);

    private readonly PagePool _pool;
    private readonly SlabAllocator _slab;
    private readonly IIndexOwner _owner;
    private readonly byte** _bucketPages;
    private readonly uint* _movedReferences;
    private readonly byte* _movedTags;
    private readonly uint _fewestBuckets;
    private readonly long[] _chains = new long[MaxChain + 1];
    private uint _buckets;
    private uint _mask;
    private uint _swept;
    private int _bucketPageCount;

    /// <param name="pool">Gives pages for buckets, and the directory.</param>
    /// <param name="slab">Gives overflow buckets.</param>
    /// <param name="owner">Knows items and ghosts.</param>
    /// <param name="initialBuckets">A power of two, at most one page of buckets.</param>
    public BucketIndex(PagePool pool, SlabAllocator slab, IIndexOwner owner, int initialBuckets = BucketsPerPage)
    {
        Debug.Assert(BitOperations.IsPow2(initialBuckets) && initialBuckets <= BucketsPerPage);
        _pool = pool;
        _slab = slab;
        _owner = owner;
        _bucketPages = (byte**)pool.TakeFixed((long)pool.Count * FixedBytesPerPage);
        _movedReferences = (uint*)pool.TakeFixed(MaxChain * Bucket.Entries * sizeof(uint));
        _movedTags = pool.TakeFixed(MaxChain * Bucket.Entries);
        bool taken = TryAddPage();
        Debug.Assert(taken);
        new Span<byte>(_bucketPages[0], initialBuckets * Bucket.Bytes).Clear();
        _fewestBuckets = _buckets = (uint)initialBuckets;
        _mask = _buckets - 1;
        _chains[1] = _buckets;
    }

    /// <summary>Bytes of the fixed tables beside the directory.</summary>
    public static long FixedBytes =>
        PagePool.FixedSize(MaxChain * Bucket.Entries * sizeof(uint)) + PagePool.FixedSize(MaxChain * Bucket.Entries) + PagePool.FixedSize(1);

    /// <summary>Items that are referred to.</summary>
    public long Items { get; private set; }

    /// <summary>Ghosts that are kept.</summary>
    public long Ghosts { get; private set; }

    /// <summary>Buckets that hashes are spread over.</summary>
    public uint Buckets => _buckets;

    /// <summary>Buckets chained behind full ones.</summary>
    public uint OverflowBuckets { get; private set; }

    /// <summary>Pages of the pool in use for buckets.</summary>
    public int Pages => _bucketPageCount;

    /// <summary>How many buckets stand at each place of their chain, from 1 to <see cref="MaxChain"/>.</summary>
    public ReadOnlySpan<long> BucketsAtDepth => _chains.AsSpan(1);

    /// <summary>Whether the entries in use ask for one more bucket.</summary>
    public bool WantsToGrow => Counted > (long)_buckets * GrowAtEntriesPerBucket;

    /// <summary>Whether so few entries are in use that a bucket can go.</summary>
    public bool WantsToShrink => Counted < (long)_buckets * ShrinkAtEntriesPerBucket && _buckets > _fewestBuckets;

    /// <summary>Entries that ask for room: no more ghosts than there are items, so that what was deleted leaves no room behind.</summary>
    private long Counted => Items + Math.Min(Items, Ghosts);

    /// <summary>Starts to load the bucket of a hash.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(ulong hash) => Memory.Prefetch.ToSecondLevel(BucketOf(hash));

    /// <summary>The first bucket of the chain that a hash belongs to.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Bucket* BucketOf(ulong hash) => BucketAt(NumberOf(hash));

    /// <summary>The bucket chained behind another, or null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Bucket* Next(Bucket* bucket) => bucket->Overflow == 0 ? null : OverflowAt(bucket->Overflow);

    /// <summary>The item with this hash for which <paramref name="matcher"/> says yes.</summary>
    /// <returns>A reference, or 0.</returns>
    public uint Find<TMatcher>(ulong hash, in TMatcher matcher)
        where TMatcher : struct, IKeyMatcher, allows ref struct
    {
        byte tag = Bucket.TagOf(hash);
        Bucket* bucket = BucketOf(hash);
        while (true)
        {
            for (uint matches = Bucket.Match(bucket, tag); matches != 0; matches &= matches - 1)
            {
                uint reference = bucket->References[BitOperations.TrailingZeroCount(matches)];
                if (!Ghost.Is(reference) && matcher.Matches(reference))
                {
                    return reference;
                }
            }

            if (bucket->Overflow == 0)
            {
                return 0;
            }

            bucket = OverflowAt(bucket->Overflow);
        }
    }

    /// <summary>Adds an item whose key is not in the index.</summary>
    /// <returns>False when its chain is full and no ghost or free page can make room.</returns>
    public bool TryInsert(ulong hash, uint reference)
    {
        Debug.Assert(reference != 0 && !Ghost.Is(reference));
        byte tag = Bucket.TagOf(hash);
        Bucket* bucket = BucketOf(hash);
        Bucket* ghostBucket = null;
        int ghostEntry = 0;
        uint ghostAge = 0;
        for (int depth = 1; ; depth++)
        {
            uint free = Bucket.Match(bucket, 0);
            if (free != 0)
            {
                Put(bucket, BitOperations.TrailingZeroCount(free), tag, reference);
                Items++;
                return true;
            }

            for (uint ghosts = Bucket.Ghosts(bucket); ghosts != 0; ghosts &= ghosts - 1)
            {
                int entry = BitOperations.TrailingZeroCount(ghosts);
                uint age = _owner.AgeOf(bucket->References[entry]);
                if (ghostBucket is null || age > ghostAge)
                {
                    ghostBucket = bucket;
                    ghostEntry = entry;
                    ghostAge = age;
                }
            }

            if (bucket->Overflow != 0)
            {
                bucket = OverflowAt(bucket->Overflow);
                continue;
            }

            if (ghostBucket is not null)
            {
                _owner.GhostDropped(ghostBucket->References[ghostEntry]);
                Put(ghostBucket, ghostEntry, tag, reference);
                Ghosts--;
                Items++;
                return true;
            }

            if (depth == MaxChain)
            {
                return false;
            }

            uint overflow = TakeOverflow();
            if (overflow == 0)
            {
                return false;
            }

            bucket->Overflow = overflow;
            _chains[depth + 1]++;
            Put(OverflowAt(overflow), 0, tag, reference);
            Items++;
            return true;
        }
    }

    /// <summary>Any item of the hash's chain, to be evicted when <see cref="TryInsert"/> found no room.</summary>
    /// <returns>A reference, or 0 when the chain holds none.</returns>
    public uint AnyItemInChainOf(ulong hash)
    {
        Bucket* bucket = BucketOf(hash);
        while (true)
        {
            for (uint occupied = Bucket.Occupied(bucket); occupied != 0; occupied &= occupied - 1)
            {
                uint reference = bucket->References[BitOperations.TrailingZeroCount(occupied)];
                if (!Ghost.Is(reference))
                {
                    return reference;
                }
            }

            if (bucket->Overflow == 0)
            {
                return 0;
            }

            bucket = OverflowAt(bucket->Overflow);
        }
    }

    /// <summary>Forgets an item that is in the index.</summary>
    public void Remove(ulong hash, uint reference)
    {
        Bucket* bucket = Locate(hash, reference, out int entry);
        Clear(BucketOf(hash), bucket, entry);
        Items--;
    }

    /// <summary>Lets an item's entry refer to the place that the item was moved to.</summary>
    public void Replace(ulong hash, uint reference, uint moved) =>
        Locate(hash, reference, out int entry)->References[entry] = moved;

    /// <summary>Turns an item's entry into a ghost's.</summary>
    public void ReplaceWithGhost(ulong hash, uint reference, uint ghost)
    {
        Debug.Assert(Ghost.Is(ghost));
        Bucket* bucket = Locate(hash, reference, out int entry);
        bucket->References[entry] = ghost;
        Items--;
        Ghosts++;
    }

    /// <summary>Finds the ghost of a key and takes it out.</summary>
    /// <returns>The ghost, or 0 when there is none.</returns>
    public uint TakeGhost(ulong hash)
    {
        byte tag = Bucket.TagOf(hash);
        Bucket* bucket = BucketOf(hash);
        while (true)
        {
            for (uint matches = Bucket.Match(bucket, tag); matches != 0; matches &= matches - 1)
            {
                int entry = BitOperations.TrailingZeroCount(matches);
                uint reference = bucket->References[entry];
                if (Ghost.IsOf(reference, hash))
                {
                    Clear(BucketOf(hash), bucket, entry);
                    Ghosts--;
                    return reference;
                }
            }

            if (bucket->Overflow == 0)
            {
                return 0;
            }

            bucket = OverflowAt(bucket->Overflow);
        }
    }

    /// <summary>Takes the ghosts that say nothing any more out of one bucket; each call looks at the next one.</summary>
    public void SweepGhosts()
    {
        _swept = _swept + 1 < _buckets ? _swept + 1 : 0;
        Bucket* first = BucketAt(_swept);
        for (Bucket* bucket = first; bucket is not null; bucket = Next(bucket))
        {
            for (uint ghosts = Bucket.Ghosts(bucket); ghosts != 0; ghosts &= ghosts - 1)
            {
                // What fills the hole may be such a ghost too; the next round finds it.
                int entry = BitOperations.TrailingZeroCount(ghosts);
                uint reference = bucket->References[entry];
                if (Ghost.Is(reference) && _owner.IsForgotten(reference))
                {
                    Ghosts--;
                    if (Clear(first, bucket, entry))
                    {
                        return;
                    }
                }
            }
        }
    }

    /// <summary>Adds one bucket by splitting one.</summary>
    /// <returns>False when that takes a page and the pool has none.</returns>
    public bool TryGrow()
    {
        if (_buckets >> BucketsPerPageShift == (uint)_bucketPageCount && !TryAddPage())
        {
            return false;
        }

        if (_buckets > _mask)
        {
            _mask = (_mask << 1) | 1;
        }

        Bucket* source = BucketAt(_buckets & (_mask >> 1));
        Bucket* target = BucketAt(_buckets);
        // Buckets are cleared one by one here: clearing a page of them would be a pause of tens of microseconds.
        *target = default;
        int count = EmptyChain(source, keepGhosts: false);
        for (int i = 0; i < count; i++)
        {
            bool moves = (_owner.HashOf(_movedReferences[i]) & _mask) == _buckets;
            Append(moves ? target : source, _movedTags[i], _movedReferences[i]);
        }

        _chains[1]++;
        _buckets++;
        return true;
    }

    /// <summary>Takes one bucket away by merging it with the one that it was split from.</summary>
    /// <returns>False when the merged chain would be too long, or memory for it lacks.</returns>
    public bool TryShrink()
    {
        Debug.Assert(_buckets > _fewestBuckets);
        uint last = _buckets - 1;
        Bucket* source = BucketAt(last);
        Bucket* target = BucketAt(last & (_mask >> 1));
        int sourceCount = CountChain(source, out int sourceBuckets, out int sourceGhosts);
        int targetCount = CountChain(target, out int targetBuckets, out int targetGhosts);
        // Ghosts are worth an entry that is free, but no overflow bucket.
        bool keepGhosts = sourceCount + targetCount <= Bucket.Entries;
        int count = sourceCount + targetCount - (keepGhosts ? 0 : sourceGhosts + targetGhosts);
        int needed = (count + Bucket.Entries - 1) / Bucket.Entries;
        // The first bucket of the source is lost, so that the chain may need one overflow bucket more than both have.
        if (needed > MaxChain || (needed > sourceBuckets + targetBuckets - 1 && !HasOverflow()))
        {
            return false;
        }

        if (!keepGhosts)
        {
            AppendMoved(target, EmptyChain(target, keepGhosts));
        }

        AppendMoved(target, EmptyChain(source, keepGhosts));
        _chains[1]--;
        _buckets = last;
        if (_buckets <= (_mask >> 1) + 1)
        {
            _mask >>= 1;
        }

        if ((_buckets & (BucketsPerPage - 1)) == 0)
        {
            _pool.GiveBack(_pool.PageOf(_bucketPages[--_bucketPageCount]));
        }

        return true;
    }

    /// <summary>Copies the items of the bucket at a position of a scan, and starts to load them.</summary>
    /// <remarks>
    /// A position is the low 32 bits of a hash in reverse order. So a bucket that b bits name is an interval of 2^(32-b)
    /// positions, growing cuts one interval in two, and shrinking joins two. The intervals of all buckets are all
    /// positions; an item's own never changes, wherever its bucket is cut.
    /// <code>
    /// buckets    00          10         1      split pointer at 1: bucket 0 is cut, 1 is not yet
    ///            |-----------|----------|---------------------|
    /// position   0          2^30       2^31                  2^32
    /// </code>
    /// </remarks>
    /// <param name="position">Any.</param>
    /// <param name="items">Room for <see cref="MaxChain"/> full buckets.</param>
    /// <param name="end">Where the bucket's interval ends: up to 2^32.</param>
    /// <returns>How many items there are.</returns>
    public int ItemsAt(uint position, Span<uint> items, out ulong end)
    {
        uint number = NumberOf(Bits.Reverse(position));
        uint half = _mask >> 1;
        bool isSplit = number > half || number + half + 1 < _buckets;
        ulong interval = 1UL << (32 - BitOperations.PopCount(isSplit ? _mask : half));
        end = (position & ~(interval - 1)) + interval;
        int count = 0;
        for (Bucket* bucket = BucketAt(number); bucket is not null; bucket = Next(bucket))
        {
            uint occupied = Bucket.Occupied(bucket) & ~Bucket.Ghosts(bucket);
            for (; occupied != 0; occupied &= occupied - 1)
            {
                uint reference = bucket->References[BitOperations.TrailingZeroCount(occupied)];
                _owner.PrefetchItem(reference);
                items[count++] = reference;
            }
        }

        return count;
    }

    /// <summary>Calls <paramref name="visit"/> with every entry in use: bucket number and reference. For checks and statistics.</summary>
    public void ForEach(Action<uint, uint> visit)
    {
        for (uint number = 0; number < _buckets; number++)
        {
            for (Bucket* bucket = BucketAt(number); bucket is not null; bucket = Next(bucket))
            {
                for (uint occupied = Bucket.Occupied(bucket); occupied != 0; occupied &= occupied - 1)
                {
                    visit(number, bucket->References[BitOperations.TrailingZeroCount(occupied)]);
                }
            }
        }
    }

    /// <summary>The number of the bucket whose chain holds a hash.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint NumberOf(ulong hash)
    {
        uint number = (uint)hash & _mask;
        return number < _buckets ? number : number & (_mask >> 1);
    }

    private static void Put(Bucket* bucket, int entry, byte tag, uint reference)
    {
        bucket->Tags[entry] = tag;
        bucket->References[entry] = reference;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Bucket* BucketAt(uint number) =>
        (Bucket*)_bucketPages[number >> BucketsPerPageShift] + (number & (BucketsPerPage - 1));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Bucket* OverflowAt(uint overflow) => (Bucket*)_slab.Address(overflow);

    private Bucket* Locate(ulong hash, uint reference, out int entry)
    {
        byte tag = Bucket.TagOf(hash);
        for (Bucket* bucket = BucketOf(hash); bucket is not null; bucket = Next(bucket))
        {
            for (uint matches = Bucket.Match(bucket, tag); matches != 0; matches &= matches - 1)
            {
                entry = BitOperations.TrailingZeroCount(matches);
                if (bucket->References[entry] == reference)
                {
                    return bucket;
                }
            }
        }

        throw new InvalidOperationException($"The index lost item {reference:x8}.");
    }

    /// <summary>Frees an entry and fills the hole from the chain's end, which keeps all but the last bucket full.</summary>
    /// <returns>Whether the last bucket was given back.</returns>
    private bool Clear(Bucket* first, Bucket* bucket, int entry)
    {
        Bucket* last = first;
        Bucket* beforeLast = null;
        int depth = 1;
        for (Bucket* next = Next(last); next is not null; next = Next(last), depth++)
        {
            beforeLast = last;
            last = next;
        }

        if (last != bucket)
        {
            int moved = BitOperations.TrailingZeroCount(Bucket.Occupied(last));
            Put(bucket, entry, last->Tags[moved], last->References[moved]);
            bucket = last;
            entry = moved;
        }

        Put(bucket, entry, 0, 0);
        if (beforeLast is not null && Bucket.Occupied(last) == 0)
        {
            _slab.Free(beforeLast->Overflow);
            OverflowBuckets--;
            _chains[depth]--;
            beforeLast->Overflow = 0;
            return true;
        }

        return false;
    }

    private int CountChain(Bucket* first, out int buckets, out int ghosts)
    {
        int count = 0;
        buckets = 0;
        ghosts = 0;
        for (Bucket* bucket = first; bucket is not null; bucket = Next(bucket))
        {
            count += BitOperations.PopCount(Bucket.Occupied(bucket));
            ghosts += BitOperations.PopCount(Bucket.Ghosts(bucket));
            buckets++;
        }

        return count;
    }

    /// <summary>Moves a chain's entries to the scratch and frees its overflow buckets.</summary>
    /// <param name="first">The chain; its first bucket stays, empty.</param>
    /// <param name="keepGhosts">Otherwise the ghosts are dropped.</param>
    private int EmptyChain(Bucket* first, bool keepGhosts)
    {
        int count = 0;
        uint overflow = 0;
        int depth = 0;
        for (Bucket* bucket = first; bucket is not null;)
        {
            for (uint occupied = Bucket.Occupied(bucket); occupied != 0; occupied &= occupied - 1)
            {
                int entry = BitOperations.TrailingZeroCount(occupied);
                uint reference = bucket->References[entry];
                if (!keepGhosts)
                {
                    if (Ghost.Is(reference))
                    {
                        _owner.GhostDropped(reference);
                        Ghosts--;
                        continue;
                    }

                    // A split asks for the hash of each of a dozen items; loading them all at once hides most of the wait.
                    _owner.PrefetchItem(reference);
                }

                _movedReferences[count] = reference;
                _movedTags[count] = bucket->Tags[entry];
                count++;
            }

            uint next = bucket->Overflow;
            *bucket = default;
            depth++;
            if (overflow != 0)
            {
                _slab.Free(overflow);
                OverflowBuckets--;
                _chains[depth]--;
            }

            overflow = next;
            bucket = next == 0 ? null : OverflowAt(next);
        }

        return count;
    }

    private void AppendMoved(Bucket* bucket, int count)
    {
        for (int i = 0; i < count; i++)
        {
            Append(bucket, _movedTags[i], _movedReferences[i]);
        }
    }

    /// <summary>Adds an entry to a chain whose overflow buckets, as far as it needs them, were freed just before.</summary>
    private void Append(Bucket* bucket, byte tag, uint reference)
    {
        int depth = 1;
        for (; bucket->Overflow != 0; depth++)
        {
            bucket = OverflowAt(bucket->Overflow);
        }

        uint free = Bucket.Match(bucket, 0);
        if (free == 0)
        {
            bucket->Overflow = TakeOverflow();
            Debug.Assert(bucket->Overflow != 0);
            bucket = OverflowAt(bucket->Overflow);
            _chains[depth + 1]++;
            free = 1;
        }

        Put(bucket, BitOperations.TrailingZeroCount(free), tag, reference);
    }

    private uint TakeOverflow()
    {
        uint overflow = _slab.Allocate(SizeClasses.OverflowBuckets);
        if (overflow == 0)
        {
            if (!_slab.Grow(SizeClasses.OverflowBuckets))
            {
                return 0;
            }

            overflow = _slab.Allocate(SizeClasses.OverflowBuckets);
        }

        *OverflowAt(overflow) = default;
        OverflowBuckets++;
        return overflow;
    }

    /// <summary>Whether one more overflow bucket can be had.</summary>
    private bool HasOverflow() => _slab.HasRoom(SizeClasses.OverflowBuckets) || _slab.Grow(SizeClasses.OverflowBuckets);

    private bool TryAddPage()
    {
        int page = _pool.Take(PageUse.Index);
        if (page < 0)
        {
            return false;
        }

        _bucketPages[_bucketPageCount++] = _pool.Address(page);
        return true;
    }
}
