using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using FastCache.Core.Eviction;
using FastCache.Core.Index;
using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Core;

/// <summary>One thread's cache: its slice of memory, its index, its clocks. Not safe for two threads at once.</summary>
/// <remarks>
/// Single operations take a key as a span. Batches do the same work in three steps, so that the cache misses of many
/// keys overlap: <see cref="Prepare"/> each key (hash it, start to load its bucket), <see cref="Probe"/> each
/// (compare tags, start to load the item), <see cref="ProbeOverflow"/> each, run the operations in order with the
/// prepared keys, <see cref="EndBatch"/>.
/// <para>
/// Time is what <see cref="Advance"/> last said; the shard never reads a clock. It does not go back: a caller whose clock
/// steps back keeps the time that it had.
/// </para>
/// <para>Invariants:
/// 1. An item is live, in the index once, in one queue of the clock of its size class, and in one chunk of that class.
/// 2. All memory comes from the page pool, whose size is the budget.
/// </para>
/// </remarks>
public sealed unsafe class Shard : IIndexOwner, IDisposable
{
    /// <summary>Shortest key in bytes.</summary>
    public const int MinKeyBytes = 1;

    /// <summary>Longest key in bytes.</summary>
    public const int MaxKeyBytes = 250;

    /// <summary>Longest value in bytes: a page less the longest key and the item's header.</summary>
    public const int MaxValueBytes = SizeClasses.PageBytes - MaxKeyBytes - Item.HeaderBytes;

    private readonly PagePool _pool;
    private readonly SlabAllocator _slab;
    private readonly BucketIndex _index;
    private readonly ClockPro[] _clocks;
    private readonly PageBalance _balance = new(SizeClasses.Count);
    private readonly Func<int, long> _capacityOf;
    private readonly Func<int, int> _pagesOf;
    private readonly byte[] _linesToPrefetch;
    private readonly KeyHasher _hasher;
    private readonly long _budgetBytes;
    private VersionClock _versions;
    private long _nowUnixMillis = Item.ExpiryOriginUnixMillis;
    private ulong _now;
    private bool _candidatesMoved;
    private long _pageMoves;
    private long _payloadBytes;
    private long _hits;
    private long _misses;
    private long _sets;
    private long _deletes;
    private long _evictions;
    private long _expirations;

    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="InsufficientMemoryException">The operating system refuses the memory.</exception>
    public Shard(ShardOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _budgetBytes = options.MemoryBudgetBytes;
        _pool = new PagePool(options.MemoryBudgetBytes, options.Prefault);
        _slab = new SlabAllocator(_pool);
        _pagesOf = _slab.PagesOf;
        _capacityOf = sizeClass => (long)_slab.PagesOf(sizeClass) * _slab.ChunksPerPageOf(sizeClass);
        _index = options.InitialBuckets == 0
            ? new BucketIndex(_pool, this)
            : new BucketIndex(_pool, this, options.InitialBuckets);
        _hasher = options.HashSeed is ulong seed ? new KeyHasher(seed) : KeyHasher.Random();
        _clocks = new ClockPro[SizeClasses.Count];
        _linesToPrefetch = new byte[SizeClasses.Count];
        for (int sizeClass = 0; sizeClass < _clocks.Length; sizeClass++)
        {
            long maxItems = (long)_pool.Count * _slab.ChunksPerPageOf(sizeClass);
            _clocks[sizeClass] = new ClockPro(_pool.Start, sizeClass, maxItems);
            _linesToPrefetch[sizeClass] = LinesToPrefetch(SizeClasses.ChunkBytes(sizeClass));
        }
    }

    /// <summary>Sets the time for all operations that follow; an earlier time than the last is ignored.</summary>
    /// <param name="unixMillis">Milliseconds since 1970, at least those of 2020-01-01.</param>
    public void Advance(long unixMillis)
    {
        _nowUnixMillis = Math.Max(_nowUnixMillis, unixMillis);
        _now = (ulong)(_nowUnixMillis - Item.ExpiryOriginUnixMillis);
    }

    /// <summary>First step of a batch: hashes a key and starts to load its bucket.</summary>
    /// <param name="key"><see cref="MinKeyBytes"/> to <see cref="MaxKeyBytes"/> bytes of native memory (or pinned), unchanged until the operation ran.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LookupKey Prepare(ReadOnlySpan<byte> key)
    {
        Debug.Assert(key.Length is >= MinKeyBytes and <= MaxKeyBytes);
        byte* start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(key));
        ulong hash = _hasher.Hash(start, key.Length);
        _index.Prefetch(hash);
        return new LookupKey(start, key.Length, hash, 0);
    }

    /// <summary>Second step of a batch: finds a key's probable item by its tag and starts to load it.</summary>
    /// <remarks>
    /// The result is a hint: operations verify it and look again when an earlier one of the batch changed things, so a
    /// batch behaves as its operations would one after another.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Probe(ref LookupKey key)
    {
        Bucket* bucket = _index.BucketOf(key.Hash);
        uint candidate = PrefetchMatches(bucket, key.Hash);
        if (candidate != 0)
        {
            key = key.With(candidate);
        }
        else if (bucket->Overflow != 0)
        {
            Prefetch(_index.Next(bucket));
            key = key.With(LookupKey.InOverflow);
        }
    }

    /// <summary>Third step of a batch, for the few keys whose bucket has overflowed: probes the bucket behind it.</summary>
    /// <remarks>
    /// While the index grows through a doubling, about 8% of the items lie in overflow buckets. Without this step each
    /// costs a wait for the bucket and one for the item: 35 of 95 ns an operation, over all (1M items of 16+100 bytes).
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ProbeOverflow(ref LookupKey key)
    {
        if (key.Candidate == LookupKey.InOverflow)
        {
            Bucket* bucket = _index.Next(_index.BucketOf(key.Hash));
            key = key.With(bucket is null ? 0 : PrefetchMatches(bucket, key.Hash));
        }
    }

    /// <summary>Ends a batch: no key prepared until now will be used any more.</summary>
    public void EndBatch() => _candidatesMoved = false;

    /// <summary>Looks a key up.</summary>
    /// <param name="key"><see cref="MinKeyBytes"/> to <see cref="MaxKeyBytes"/> bytes.</param>
    /// <param name="item">The item, valid until the next operation.</param>
    /// <returns>False when the key is absent or expired.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The key's length is out of range.</exception>
    public bool TryGet(ReadOnlySpan<byte> key, out ItemView item)
    {
        ThrowIfNotKey(key);
        fixed (byte* start = key)
        {
            return TryGet(Hashed(start, key.Length), out item);
        }
    }

    /// <inheritdoc cref="TryGet(ReadOnlySpan{byte}, out ItemView)"/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGet(scoped in LookupKey key, out ItemView item)
    {
        Item* found = At(FindLive(key));
        if (found is null)
        {
            _misses++;
            item = default;
            return false;
        }

        ulong packed = found->Packed;
        // Writing only when the bit is new keeps the lines of hot items clean.
        if ((packed & Item.Referenced) == 0)
        {
            found->Packed = packed | Item.Referenced;
        }

        _hits++;
        item = new ItemView(new ReadOnlySpan<byte>(Item.Value(found), found->ValueLength), found->Version);
        return true;
    }

    /// <summary>Stores a value, if the condition holds.</summary>
    /// <param name="key"><see cref="MinKeyBytes"/> to <see cref="MaxKeyBytes"/> bytes.</param>
    /// <param name="value">0 to <see cref="MaxValueBytes"/> bytes.</param>
    /// <param name="options">Condition and life.</param>
    /// <param name="version">The version that the value was given; 0 unless <see cref="WriteOutcome.Done"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The key's length is out of range.</exception>
    public WriteOutcome Set(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, in SetOptions options, out ulong version)
    {
        ThrowIfNotKey(key);
        fixed (byte* start = key)
        {
            return Set(Hashed(start, key.Length), value, options, out version);
        }
    }

    /// <inheritdoc cref="Set(ReadOnlySpan{byte}, ReadOnlySpan{byte}, in SetOptions, out ulong)"/>
    public WriteOutcome Set(scoped in LookupKey key, ReadOnlySpan<byte> value, in SetOptions options, out ulong version)
    {
        version = 0;
        if (value.Length > MaxValueBytes)
        {
            return WriteOutcome.ValueTooLarge;
        }

        uint existing = FindLive(key);
        WriteOutcome permitted = Permits(options.Condition, options.ExpectedVersion, existing);
        if (permitted != WriteOutcome.Done)
        {
            return permitted;
        }

        int sizeClass = SizeClasses.For(Item.Bytes(key.Length, value.Length));
        ulong expiry = ExpiryAfter(options.TimeToLiveMillis);
        if (existing != 0 && _slab.ClassOf(existing) == sizeClass)
        {
            Item* item = At(existing);
            _payloadBytes += value.Length - item->ValueLength;
            item->Packed = (item->Packed & ~Item.ExpiryMask) | expiry | Item.Referenced;
            Write(item, key, value, version = _versions.Next(_nowUnixMillis));
            return WriteOutcome.Done;
        }

        bool wasHot = false;
        if (existing != 0)
        {
            wasHot = (At(existing)->Packed & Item.Hot) != 0;
            Remove(existing, key.Hash);
        }

        uint chunk = Insert(key, value.Length, sizeClass, expiry, wasHot);
        if (chunk == 0)
        {
            return WriteOutcome.OutOfMemory;
        }

        Write(At(chunk), key, value, version = _versions.Next(_nowUnixMillis));
        return WriteOutcome.Done;
    }

    /// <summary>Removes a key, always or if its version is <paramref name="expectedVersion"/>.</summary>
    /// <returns><see cref="WriteOutcome.Done"/>, <see cref="WriteOutcome.NotFound"/> or <see cref="WriteOutcome.VersionMismatch"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The key's length is out of range.</exception>
    public WriteOutcome Delete(ReadOnlySpan<byte> key, ulong? expectedVersion = null)
    {
        ThrowIfNotKey(key);
        fixed (byte* start = key)
        {
            return Delete(Hashed(start, key.Length), expectedVersion);
        }
    }

    /// <inheritdoc cref="Delete(ReadOnlySpan{byte}, ulong?)"/>
    public WriteOutcome Delete(scoped in LookupKey key, ulong? expectedVersion = null)
    {
        uint existing = FindLive(key);
        SetCondition condition = expectedVersion is null ? SetCondition.IfPresent : SetCondition.IfVersionMatches;
        WriteOutcome permitted = Permits(condition, expectedVersion.GetValueOrDefault(), existing);
        if (permitted == WriteOutcome.Done)
        {
            Remove(existing, key.Hash);
            _deletes++;
        }

        return permitted;
    }

    /// <summary>Gives an item a new life and counts as a use of it. Its version stays.</summary>
    /// <param name="key"><see cref="MinKeyBytes"/> to <see cref="MaxKeyBytes"/> bytes.</param>
    /// <param name="timeToLiveMillis">Milliseconds from now; 0: never expires.</param>
    /// <returns>False when the key is absent or expired.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The key's length is out of range.</exception>
    public bool Touch(ReadOnlySpan<byte> key, ulong timeToLiveMillis)
    {
        ThrowIfNotKey(key);
        fixed (byte* start = key)
        {
            return Touch(Hashed(start, key.Length), timeToLiveMillis);
        }
    }

    /// <inheritdoc cref="Touch(ReadOnlySpan{byte}, ulong)"/>
    public bool Touch(scoped in LookupKey key, ulong timeToLiveMillis)
    {
        Item* item = At(FindLive(key));
        if (item is null)
        {
            return false;
        }

        item->Packed = (item->Packed & ~Item.ExpiryMask) | ExpiryAfter(timeToLiveMillis) | Item.Referenced;
        return true;
    }

    /// <summary>The counters now. Takes time in proportion to the number of size classes, not of items.</summary>
    public ShardStatistics Statistics()
    {
        long slabPages = 0;
        long hot = 0;
        for (int sizeClass = 0; sizeClass < _clocks.Length; sizeClass++)
        {
            slabPages += _slab.PagesOf(sizeClass);
            hot += _clocks[sizeClass].HotCount;
        }

        return new ShardStatistics
        {
            Items = _index.Items,
            PayloadBytes = _payloadBytes,
            Hits = _hits,
            Misses = _misses,
            Sets = _sets,
            Deletes = _deletes,
            Evictions = _evictions,
            Expirations = _expirations,
            PageMoves = _pageMoves,
            HotItems = hot,
            Ghosts = _index.Ghosts,
            BudgetBytes = _budgetBytes,
            SlabBytes = slabPages << SizeClasses.PageShift,
            IndexBytes = (long)_index.Pages << SizeClasses.PageShift,
            FreeBytes = (long)_pool.FreePages << SizeClasses.PageShift,
            Buckets = _index.Buckets,
            OverflowBuckets = _index.OverflowBuckets,
        };
    }

    /// <summary>Throws <see cref="InvalidOperationException"/> when an invariant of any layer does not hold. Walks everything.</summary>
    public void Check()
    {
        long items = 0;
        long ghosts = 0;
        long payload = 0;
        _index.ForEach((bucket, reference) =>
        {
            if (Ghost.Is(reference))
            {
                ghosts++;
                return;
            }

            items++;
            Item* item = At(reference);
            payload += item->KeyLength + item->ValueLength;
            Require((item->Packed & Item.Live) != 0, "the index refers to an item that is not live");
            Require(_index.NumberOf(((IIndexOwner)this).HashOf(reference)) == bucket, "an item is in the wrong bucket");
            int needed = SizeClasses.For(Item.Bytes(item->KeyLength, item->ValueLength));
            Require(_slab.ClassOf(reference) == needed, "an item is in the wrong size class");
        });
        Require(items == _index.Items && ghosts == _index.Ghosts, "the index miscounts its entries");
        Require(payload == _payloadBytes, "the payload is miscounted");
        long used = 0;
        long pages = _index.Pages + _pool.FreePages;
        for (int sizeClass = 0; sizeClass < _clocks.Length; sizeClass++)
        {
            _clocks[sizeClass].Check();
            long queued = _clocks[sizeClass].HotCount + _clocks[sizeClass].ColdCount;
            Require(queued == _slab.UsedChunksOf(sizeClass), "a clock and its slab disagree about the number of items");
            used += queued;
            pages += _slab.PagesOf(sizeClass);
        }

        Require(used == items, "index and slab disagree about the number of items");
        Require(pages == _pool.Count, "a page is lost");
    }

    public void Dispose()
    {
        _index.Dispose();
        _pool.Dispose();
    }

    ulong IIndexOwner.HashOf(uint reference)
    {
        Item* item = At(reference);
        return _hasher.Hash(Item.Key(item), item->KeyLength);
    }

    void IIndexOwner.PrefetchItem(uint reference) => Prefetch(At(reference));

    uint IIndexOwner.AgeOf(uint ghost) => _clocks[Ghost.Class(ghost)].AgeOf(ghost);

    void IIndexOwner.GhostDropped(uint ghost) => _clocks[Ghost.Class(ghost)].GhostDropped(ghost);

    private static void Require(bool condition, string invariant)
    {
        if (!condition)
        {
            throw new InvalidOperationException($"Broken invariant: {invariant}.");
        }
    }

    private static void ThrowIfNotKey(ReadOnlySpan<byte> key)
    {
        if (key.Length is < MinKeyBytes or > MaxKeyBytes)
        {
            throw new ArgumentOutOfRangeException(nameof(key), key.Length, $"A key has {MinKeyBytes} to {MaxKeyBytes} bytes.");
        }
    }

    /// <summary>Lines worth loading ahead: the whole chunk up to five; longer values stream well enough without.</summary>
    private static byte LinesToPrefetch(int chunkBytes) => (byte)Math.Min(5, (chunkBytes + 63) / 64);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Item* At(uint reference) =>
        reference == 0 ? null : (Item*)(_pool.Start + ((ulong)reference << SizeClasses.GranularityShift));

    private LookupKey Hashed(byte* start, int length) => new(start, length, _hasher.Hash(start, length), 0);

    /// <summary>Starts to load every item of a bucket whose tag fits; nearly always that is one or none.</summary>
    /// <returns>The first of them, or 0.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint PrefetchMatches(Bucket* bucket, ulong hash)
    {
        uint first = 0;
        for (uint matches = Bucket.Match(bucket, Bucket.TagOf(hash)); matches != 0; matches &= matches - 1)
        {
            uint reference = bucket->References[BitOperations.TrailingZeroCount(matches)];
            if (!Ghost.Is(reference))
            {
                first = first == 0 ? reference : first;
                PrefetchLines(reference);
            }
        }

        return first;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PrefetchLines(uint reference)
    {
        byte* line = _slab.Address(reference);
        int lines = _linesToPrefetch[_slab.ClassOf(reference)];
        do
        {
            Prefetch(line);
            line += 64;
        }
        while (--lines > 0);
    }

    /// <summary>Starts to load a cache line.</summary>
    /// <remarks>Into the second level: a batch of items and its replies would push each other out of the first.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(void* line)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch1(line);
        }
    }

    /// <summary>The item of a key, if it has not expired; one that has is removed on the way.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint FindLive(scoped in LookupKey key)
    {
        uint reference = key.Candidate;
        // A page that moved since the probe may have put other bytes where the candidate was.
        if ((int)reference <= 0 || _candidatesMoved || !KeyMatcher.Matches(At(reference), key))
        {
            reference = _index.Find(key.Hash, new KeyMatcher(this, key));
            if (reference == 0)
            {
                return 0;
            }
        }

        if (Item.IsExpired(At(reference)->Packed, _now))
        {
            Remove(reference, key.Hash);
            _expirations++;
            return 0;
        }

        return reference;
    }

    private WriteOutcome Permits(SetCondition condition, ulong expectedVersion, uint existing) => condition switch
    {
        SetCondition.Always => WriteOutcome.Done,
        SetCondition.IfAbsent => existing == 0 ? WriteOutcome.Done : WriteOutcome.Exists,
        _ when existing == 0 => WriteOutcome.NotFound,
        SetCondition.IfVersionMatches when At(existing)->Version != expectedVersion => WriteOutcome.VersionMismatch,
        _ => WriteOutcome.Done,
    };

    private ulong ExpiryAfter(ulong timeToLiveMillis) =>
        timeToLiveMillis == 0 ? 0 : Math.Min(_now + Math.Min(timeToLiveMillis, Item.ExpiryMask), Item.ExpiryMask);

    private void Write(Item* item, scoped in LookupKey key, ReadOnlySpan<byte> value, ulong version)
    {
        item->Version = version;
        item->Lengths = Item.PackLengths(key.Length, value.Length);
        byte* target = (byte*)item + Item.HeaderBytes + key.Length;
        Bytes.Copy((byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(value)), target, value.Length);
        _sets++;
    }

    /// <summary>Makes an item with everything but version and value, known to index and clock.</summary>
    /// <returns>Its chunk, or 0 when no memory could be had.</returns>
    private uint Insert(scoped in LookupKey key, int valueLength, int sizeClass, ulong expiry, bool wasHot)
    {
        uint ghost = _index.TakeGhost(key.Hash);
        bool startsHot = (ghost != 0 && _clocks[Ghost.Class(ghost)].TryReclaim(ghost)) || wasHot;
        uint chunk = Allocate(sizeClass);
        if (chunk == 0)
        {
            return 0;
        }

        Item* item = At(chunk);
        item->Packed = expiry;
        item->Lengths = Item.PackLengths(key.Length, valueLength);
        Bytes.Copy(key.Start, Item.Key(item), key.Length);
        if (!TryIndex(key.Hash, chunk))
        {
            _slab.Free(chunk);
            return 0;
        }

        _clocks[sizeClass].Insert(chunk, startsHot);
        _payloadBytes += key.Length + valueLength;
        return chunk;
    }

    private bool TryIndex(ulong hash, uint chunk)
    {
        if (!_index.TryInsert(hash, chunk))
        {
            // No page for an overflow bucket: the chain itself must give way.
            uint victim = _index.AnyItemInChainOf(hash);
            if (victim == 0)
            {
                return false;
            }

            Evict(victim);
            if (!_index.TryInsert(hash, chunk))
            {
                return false;
            }
        }

        // Two splits at most: the index keeps ahead of one insertion at a time with one, and catches up with two.
        for (int splits = 0; splits < 2 && _index.WantsToGrow; splits++)
        {
            if (!_index.TryGrow() && !(_index.NeedsToGrow && TryMovePage(LargestClass(), keep: chunk) && _index.TryGrow()))
            {
                break;
            }
        }

        return true;
    }

    /// <summary>A free chunk of the class: its own, a new page's, or one that an eviction makes free.</summary>
    private uint Allocate(int sizeClass)
    {
        uint chunk = _slab.Allocate(sizeClass);
        if (chunk != 0)
        {
            return chunk;
        }

        if (_slab.Grow(sizeClass))
        {
            return _slab.Allocate(sizeClass);
        }

        uint victim = _clocks[sizeClass].SelectVictim(_now);
        if (victim == 0)
        {
            return TryMovePage(LargestClass(), keep: 0) && _slab.Grow(sizeClass) ? _slab.Allocate(sizeClass) : 0;
        }

        if (_balance.CountEviction(sizeClass, _slab.ChunksPerPageOf(sizeClass)))
        {
            int donor = _balance.DonorFor(sizeClass, _capacityOf, _pagesOf);
            if (donor >= 0 && TryMovePage(donor, keep: 0) && _slab.Grow(sizeClass))
            {
                return _slab.Allocate(sizeClass);
            }
        }

        Evict(victim);
        return _slab.Allocate(sizeClass);
    }

    private int LargestClass()
    {
        int largest = 0;
        for (int sizeClass = 1; sizeClass < _clocks.Length; sizeClass++)
        {
            largest = _slab.PagesOf(sizeClass) > _slab.PagesOf(largest) ? sizeClass : largest;
        }

        return largest;
    }

    /// <summary>Empties a page of a class and returns it to the pool.</summary>
    /// <param name="donor">The class.</param>
    /// <param name="keep">An item under construction whose page must stay, or 0.</param>
    private bool TryMovePage(int donor, uint keep)
    {
        int kept = keep == 0 ? -1 : SlabAllocator.PageOf(keep);
        int page = _slab.PagesOf(donor) > 1 || keep == 0 ? FindPageOf(donor, kept) : -1;
        if (page < 0)
        {
            return false;
        }

        int touched = _slab.TouchedChunks(page);
        for (int position = 0; position < touched; position++)
        {
            uint chunk = _slab.ChunkAt(page, position);
            if ((At(chunk)->Packed & Item.Live) != 0)
            {
                Evict(chunk);
            }
        }

        _slab.Shrink(page);
        _pageMoves++;
        _candidatesMoved = true;
        return true;
    }

    /// <summary>The page of a class whose turn it is: the one of the clock's next victim, which is the least useful we know.</summary>
    private int FindPageOf(int sizeClass, int except)
    {
        uint victim = _clocks[sizeClass].SelectVictim(_now);
        if (victim != 0 && SlabAllocator.PageOf(victim) != except)
        {
            return SlabAllocator.PageOf(victim);
        }

        for (int page = 0; page < _pool.Count; page++)
        {
            PageHeader header = _pool.Headers[page];
            if (header.Use == PageUse.Slab && header.SizeClass == sizeClass && page != except)
            {
                return page;
            }
        }

        return -1;
    }

    private void Evict(uint reference)
    {
        Item* item = At(reference);
        ulong hash = _hasher.Hash(Item.Key(item), item->KeyLength);
        bool expired = Item.IsExpired(item->Packed, _now);
        ref ClockPro clock = ref _clocks[_slab.ClassOf(reference)];
        clock.Remove(reference);
        uint ghost = expired ? 0 : clock.Bury(reference, hash);
        if (ghost != 0)
        {
            _index.ReplaceWithGhost(hash, reference, ghost);
        }
        else
        {
            _index.Remove(hash, reference);
        }

        Release(reference, item);
        if (expired)
        {
            _expirations++;
        }
        else
        {
            _evictions++;
        }
    }

    private void Remove(uint reference, ulong hash)
    {
        _clocks[_slab.ClassOf(reference)].Remove(reference);
        _index.Remove(hash, reference);
        Release(reference, At(reference));
    }

    private void Release(uint reference, Item* item)
    {
        _payloadBytes -= item->KeyLength + item->ValueLength;
        item->Packed = 0;
        _slab.Free(reference);
    }

    private readonly ref struct KeyMatcher(Shard shard, in LookupKey key) : IKeyMatcher
    {
        private readonly ref readonly LookupKey _key = ref key;

        public bool Matches(uint reference) => Matches(shard.At(reference), _key);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static bool Matches(Item* item, in LookupKey key) =>
            (byte)item->Lengths == key.Length && Bytes.AreEqual(Item.Key(item), key.Start, key.Length)
            && (item->Packed & Item.Live) != 0;
    }
}
