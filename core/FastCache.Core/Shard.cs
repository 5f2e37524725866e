using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Core.Compression;
using FastCache.Core.Eviction;
using FastCache.Core.Index;
using FastCache.Core.Items;
using FastCache.Core.Leases;
using FastCache.Core.Memory;

namespace FastCache.Core;

/// <summary>One thread's cache: its slice of memory, its index, its clocks. Not safe for two threads at once.</summary>
/// <remarks>
/// Single operations take a key as a span. Batches do the same work in three steps, so that the cache misses of many
/// keys overlap: <see cref="Prepare"/> each key (hash it, start to load its bucket), <see cref="Probe"/> each
/// (compare tags, start to load the item), <see cref="ProbeOverflow"/> each, run the operations in order with the
/// prepared keys, <see cref="EndBatch"/>.
/// <para>
/// Beside the plain operations here there are <see cref="Edits"/> (counters, append, prepend), <see cref="Leases"/>
/// (who fills a missing key), <see cref="Streams"/> (values written and read piece by piece), <see cref="Collections"/> (lists, hashes, sets, sorted sets)
/// and <see cref="Scan"/> (all items). To all of these but <see cref="Collections"/> a collection is no value: lookups miss it,
/// edits refuse it, writes take its place; its life and its removal are those of any item.
/// </para>
/// <para>
/// Time is what <see cref="Advance"/> last said; the shard never reads a clock. What takes time by itself (expiry, moving
/// memory between sizes) is done in bounded steps by <see cref="Maintain"/>, to be called about once a batch and at least a
/// few times a second.
/// </para>
/// </remarks>
public sealed unsafe class Shard : IDisposable
{
    /// <summary>Shortest key in bytes.</summary>
    public const int MinKeyBytes = 1;

    /// <summary>Longest key in bytes.</summary>
    public const int MaxKeyBytes = 250;

    /// <summary>
    /// Most that <see cref="ShardOptions.MaxValueBytes"/> can be: a head of 64 KiB has room for the table of so many segments
    /// beside the longest key.
    /// </summary>
    public const long LargestMaxValueBytes = 1016L << 20;

    private readonly BucketIndex _index;
    private readonly ValueScratch _scratch;
    private readonly KeyHasher _hasher;
    private readonly byte* _start;
    private readonly byte[] _linesToPrefetch;
    private VersionClock _versions;
    private long? _firstMonotonicMillis;
    private long _unixMillis = VersionClock.OriginUnixMillis;
    private uint _lastUsed;
    private long _hits;
    private long _misses;
    private long _deletes;
    private long _damaged;
    private ulong _clearAt;

    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="InsufficientMemoryException">The operating system refuses the memory.</exception>
    public Shard(ShardOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _hasher = options.HashSeed is ulong seed ? new KeyHasher(seed) : KeyHasher.Random();
        PagePool pool = new(options.MemoryBudgetBytes, options.Prefault, options.FixedBytes, BucketIndex.FixedBytesPerPage);
        Store = new ItemStore(pool, options, _hasher);
        LeaseTable = new LeaseTable(pool, LeaseTable.SlotsFor(options.MemoryBudgetBytes));
        _scratch = new ValueScratch(pool);
        _index = Store.Index;
        _start = pool.Start;
        _linesToPrefetch = [.. Enumerable.Range(0, SizeClasses.TotalCount).Select(c => LinesToPrefetch(SizeClasses.ChunkBytes(c)))];
        MaxValueBytes = Math.Min(options.MaxValueBytes, options.MemoryBudgetBytes / 4);
        Writer = new ItemWriter(this, _scratch, options);
        Edits = new ValueEdits(this, _scratch);
        Copies = new ItemCopies(this);
        Watch = new KeyWatch(this);
        Leases = new LeasedLookups(this, options);
        Streams = new ValueStreams(this);
        Scan = new ItemScan(Store);
        Collections = new CollectionStore(this);
    }

    /// <summary>Longest value in bytes that this shard takes.</summary>
    public long MaxValueBytes { get; }

    /// <summary>Counters, append and prepend.</summary>
    public ValueEdits Edits { get; }

    /// <summary>Values under other keys.</summary>
    public ItemCopies Copies { get; }

    /// <summary>Whether keys have changed.</summary>
    public KeyWatch Watch { get; }

    /// <summary>Lookups that grant the right to fill a missing key.</summary>
    public LeasedLookups Leases { get; }

    /// <summary>Values written and read piece by piece.</summary>
    public ValueStreams Streams { get; }

    /// <summary>Lists, hashes, sets and sorted sets.</summary>
    public CollectionStore Collections { get; }

    /// <summary>Walks over all items, step by step.</summary>
    public ItemScan Scan { get; }

    /// <summary>Who is told of items that go by themselves; null: nobody.</summary>
    public IRemovalListener? RemovalListener
    {
        get => Store.RemovalListener;
        set => Store.RemovalListener = value;
    }

    internal ItemStore Store { get; }

    internal LeaseTable LeaseTable { get; }

    internal ItemWriter Writer { get; }

    /// <summary>Milliseconds of the shard's clock.</summary>
    internal ulong Now => Store.Now;

    /// <summary>The wall clock as <see cref="Advance"/> last told it.</summary>
    internal long UnixMillis => _unixMillis;

    /// <summary>Sets the time for all operations that follow.</summary>
    /// <param name="monotonicMillis">
    /// Milliseconds of a clock that nobody sets, from any start: lives of items are measured with it. An earlier time than the last is ignored.
    /// </param>
    /// <param name="unixMillis">Milliseconds since 1970: part of versions, which ascend whatever this clock does.</param>
    public void Advance(long monotonicMillis, long unixMillis)
    {
        _firstMonotonicMillis ??= monotonicMillis;
        Store.Now = Math.Max(Store.Now, (ulong)Math.Max(0, monotonicMillis - _firstMonotonicMillis.Value) + 1);
        _unixMillis = unixMillis;
    }

    /// <summary>One bounded step of what is done in the background: expiring, moving pages, taking large values apart, shrinking the index.</summary>
    /// <returns>Whether there is more to do at once; a caller that has nothing else to do calls again.</returns>
    public bool Maintain()
    {
        LeaseTable.Sweep(Now);
        return Store.Maintain();
    }

    /// <summary>First step of a batch: hashes a key and starts to load its bucket.</summary>
    /// <param name="key"><see cref="MinKeyBytes"/> to <see cref="MaxKeyBytes"/> bytes of native memory (or pinned), unchanged until the operation ran.</param>
    /// <exception cref="ArgumentOutOfRangeException">The key's length is out of range.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LookupKey Prepare(ReadOnlySpan<byte> key)
    {
        ThrowIfNotKey(key);
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
            Prefetch.ToSecondLevel(_index.Next(bucket));
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
    public void EndBatch() => Store.CandidatesMoved = false;

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
        uint reference = FindResident(key, out bool isLive);
        if (reference == 0 || !isLive)
        {
            _misses++;
            item = default;
            return false;
        }

        Use(reference, key.Hash);
        Item* found = At(reference);
        if ((found->Lengths & (Item.Compressed | Item.Collection)) != 0)
        {
            return TryView(reference, key.Hash, out item, isLookup: true);
        }

        _hits++;
        item = new ItemView(this, found);
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

        uint existing = FindResident(key, out bool isLive);
        bool isUnconditional = options.Condition == SetCondition.Always && options.LeaseToken == 0;
        WriteOutcome permitted = isUnconditional ? WriteOutcome.Done : Permits(key, options, isLive ? existing : 0);
        return permitted != WriteOutcome.Done
            ? permitted
            : Writer.Write(
                key,
                value,
                existing,
                options.KeepLife && isLive ? Life.Of(At(existing)).With(options.ClientFlags).WithUnique(options.Unique) : Life.From(options, Now),
                VersionFor(options),
                out version);
    }

    /// <summary>Looks at a key without using it: its life stays as it is, and neither clock nor counters hear of it.</summary>
    /// <inheritdoc cref="TryGet(ReadOnlySpan{byte}, out ItemView)"/>
    public bool TryPeek(scoped in LookupKey key, out ItemView item)
    {
        uint reference = FindResident(key, out bool isLive);
        item = default;
        return isLive && TryView(reference, key.Hash, out item, isLookup: false);
    }

    /// <summary>Looks at a key without using it, whatever it has: of a collection the view tells all but the value.</summary>
    /// <inheritdoc cref="TryGet(ReadOnlySpan{byte}, out ItemView)"/>
    public bool TryInspect(scoped in LookupKey key, out ItemView item)
    {
        uint reference = FindResident(key, out bool isLive);
        item = default;
        if (isLive && (At(reference)->Kind & Item.Collection) != 0)
        {
            item = new ItemView(this, At(reference));
            return true;
        }

        return isLive && TryView(reference, key.Hash, out item, isLookup: false);
    }

    /// <summary>Removes a key, always or if its version is <paramref name="expectedVersion"/>. Voids a grant to fill it, also when it is absent.</summary>
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
        uint existing = FindResident(key, out bool isLive);
        if (isLive && expectedVersion is ulong expected && At(existing)->Version != expected)
        {
            return WriteOutcome.VersionMismatch;
        }

        LeaseTable.Revoke(key.Hash);
        if (existing != 0)
        {
            Store.Remove(existing, key.Hash);
        }

        _deletes += isLive ? 1 : 0;
        return isLive ? WriteOutcome.Done : WriteOutcome.NotFound;
    }

    /// <summary>Gives an item a new life and counts as a use of it. Its version stays; a sliding life keeps sliding, with the new period.</summary>
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

    /// <summary>Gives an item a new life under a condition and counts as a use of it.</summary>
    /// <param name="key">The key.</param>
    /// <param name="timeToLiveMillis">Milliseconds from now; 0: never expires.</param>
    /// <param name="condition">When.</param>
    /// <returns>False when the key is absent or expired, or the condition does not hold.</returns>
    public bool Touch(scoped in LookupKey key, ulong timeToLiveMillis, LifeCondition condition = LifeCondition.Always)
    {
        uint reference = FindResident(key, out bool isLive);
        if (!isLive)
        {
            return false;
        }

        Use(reference, key.Hash);
        Item* item = At(reference);
        ulong expiry = Life.After(Now, timeToLiveMillis);
        if (!Life.Permits(condition, item->Expiry, expiry))
        {
            return false;
        }

        if ((item->Kind & Item.Sliding) != 0)
        {
            SlidingTrailer* trailer = Item.Trailer(item);
            trailer->PeriodMillis = timeToLiveMillis;
            expiry = Life.Renewed(Now, timeToLiveMillis, trailer->LatestExpiry);
        }

        SetExpiry(reference, expiry);
        return true;
    }

    /// <summary>Lets <see cref="Clear"/> be due in so many milliseconds; a later call takes the place of an earlier one.</summary>
    /// <param name="millis">0: never.</param>
    public void ClearAfter(ulong millis) => _clearAt = Life.After(Now, millis);

    /// <summary>Clears if that is due.</summary>
    /// <returns>Whether it was.</returns>
    public bool ClearIfDue()
    {
        if (_clearAt == 0 || _clearAt > Now)
        {
            return false;
        }

        Clear();
        return true;
    }

    /// <summary>Makes every key absent at once, and voids all grants. Their memory comes back in steps of <see cref="Maintain"/>.</summary>
    /// <remarks>Counts as a write to every key: one with <see cref="SetCondition.IfNewer"/> and an older version is refused. One that <see cref="ClearAfter"/> has asked for does
    /// not come any more.</remarks>
    public void Clear()
    {
        _clearAt = 0;
        LeaseTable.RevokeAll();
        Store.Clear(NextVersion());
    }

    /// <summary>Number of keys, expired ones that are still there included.</summary>
    public long Count => Store.Index.Items - Store.HiddenItems;

    /// <summary>The counters now. Takes time in proportion to the number of size classes and pages, not of items.</summary>
    public ShardStatistics Statistics() => ShardStatistics.Of(Store) with
    {
        Hits = _hits,
        Misses = _misses,
        Sets = Writer.Sets,
        Deletes = _deletes,
        CompressedSets = Writer.CompressedSets,
        DamagedValues = _damaged,
        BudgetBytes = Store.BudgetBytes,
        LeasesHeld = LeaseTable.Count,
    };

    /// <summary>Number of size classes.</summary>
    public static int SizeClassCount => SizeClasses.Count;

    /// <summary>The counters of one size class now.</summary>
    /// <param name="sizeClass">0 to <see cref="SizeClassCount"/> - 1, by ascending chunk size.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public ClassStatistics StatisticsOf(int sizeClass)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeClass);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(sizeClass, SizeClassCount);
        return ClassStatistics.Of(Store, sizeClass);
    }

    /// <summary>The counters of every size class that has pages, by ascending chunk size; allocates.</summary>
    public IReadOnlyList<ClassStatistics> StatisticsByClass() =>
        [.. Enumerable.Range(0, SizeClassCount).Select(StatisticsOf).Where(found => found.Pages > 0)];

    /// <summary>Throws <see cref="InvalidOperationException"/> when an invariant of any layer does not hold. Walks everything.</summary>
    public void Check()
    {
        ShardCheck.Run(Store);
        LeaseTable.Check();
    }

    /// <summary>Gives the memory back. Nothing of the shard, nor a view of an item, may be used from then on: the memory is not there any more.</summary>
    public void Dispose() => Store.Dispose();

    internal static void ThrowIfNotKey(ReadOnlySpan<byte> key)
    {
        if (key.Length is < MinKeyBytes or > MaxKeyBytes)
        {
            ThrowNotKey(key.Length);
        }

        // Apart, so that the check is inlined into every operation.
        static void ThrowNotKey(int length) =>
            throw new ArgumentOutOfRangeException(nameof(key), length, $"A key has {MinKeyBytes} to {MaxKeyBytes} bytes.");
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Item* At(uint reference) => (Item*)(_start + ((ulong)reference << SizeClasses.GranularityShift));

    internal LookupKey Hashed(byte* start, int length) => new(start, length, _hasher.Hash(start, length), 0);

    internal ulong NextVersion() => _versions.Next(_unixMillis);

    internal void CountHit() => _hits++;

    internal void CountMiss() => _misses++;

    internal void CountDelete() => _deletes++;

    /// <summary>The item of a key, live or stale; one that is neither is removed on the way.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isLive">Whether there is one that has not expired.</param>
    /// <returns>A reference, or 0.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal uint FindResident(scoped in LookupKey key, out bool isLive)
    {
        uint reference = key.Candidate;
        // A page that moved since the probe may have put other bytes where the candidate was.
        if ((int)reference <= 0 || Store.CandidatesMoved || !KeyMatcher.Matches(At(reference), key))
        {
            reference = _index.Find(key.Hash, new KeyMatcher(this, key));
            if (reference == 0)
            {
                isLive = false;
                return 0;
            }
        }

        if (Store.HiddenItems != 0 && Store.IsHidden(At(reference)))
        {
            Store.Remove(reference, key.Hash);
            isLive = false;
            return 0;
        }

        isLive = !Item.IsExpired(At(reference)->Packed, Store.Now);
        return isLive ? reference : StaleOrRemoved(reference, key.Hash);
    }

    /// <summary>The item of a key, whether or not its time is over; no hint of a batch is trusted.</summary>
    /// <returns>A reference, or 0.</returns>
    internal uint FindAny(scoped in LookupKey key) => _index.Find(key.Hash, new KeyMatcher(this, key));

    /// <summary>Takes note of a use of a live item; a sliding one gets its period again.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Use(uint reference, ulong hash)
    {
        Refer(reference, hash);
        Item* item = At(reference);
        if ((item->Lengths & Item.Sliding) != 0)
        {
            Renew(item);
        }
    }

    /// <summary>Tells the eviction clock of a use of a live item.</summary>
    /// <remarks>
    /// A use of the item that was used just before says nothing new: such runs are one use in the studies of this field,
    /// and counting them costs CLOCK-Pro a point of hit ratio on file system traces.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Refer(uint reference, ulong hash)
    {
        if (reference == _lastUsed)
        {
            return;
        }

        _lastUsed = reference;
        Item* item = At(reference);
        ulong packed = item->Packed;
        ulong used = ClockPro.Used(packed);
        // Writing only what is new keeps the lines of hot items clean.
        if (used != packed)
        {
            item->Packed = used;
        }

        if ((ColdShareDuel.KeyOf(hash) & Store.SampleMask) == 0)
        {
            Store.Sample(Store.Slab.ClassOf(reference), hash);
        }
    }

    /// <summary>A new item is a use of it.</summary>
    internal void NoteInsertion(uint reference) => _lastUsed = reference;

    /// <summary>Whether a write may be done.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="options">Its conditions.</param>
    /// <param name="existing">The live item of the key, or 0.</param>
    internal WriteOutcome Permits(scoped in LookupKey key, in SetOptions options, uint existing)
    {
        WriteOutcome permitted = options.Condition switch
        {
            SetCondition.Always => WriteOutcome.Done,
            SetCondition.IfAbsent => existing == 0 ? WriteOutcome.Done : WriteOutcome.Exists,
            SetCondition.IfNewer when Store.HiddenVersion != 0 && options.Version <= Store.HiddenVersion => WriteOutcome.NotNewer,
            SetCondition.IfNewer when existing == 0 || At(existing)->Version < options.Version => WriteOutcome.Done,
            SetCondition.IfNewer when At(existing)->Version == options.Version && options.LeaseToken != 0 => WriteOutcome.Done,
            SetCondition.IfNewer => WriteOutcome.NotNewer,
            _ when existing == 0 => WriteOutcome.NotFound,
            SetCondition.IfVersionMatches when At(existing)->Version != options.Version => WriteOutcome.VersionMismatch,
            SetCondition.IfUniqueMatches when Item.UniqueOf(At(existing)) != options.Version => WriteOutcome.VersionMismatch,
            _ => WriteOutcome.Done,
        };
        if (permitted != WriteOutcome.Done)
        {
            return permitted;
        }

        if (options.LeaseToken != 0 && !LeaseTable.IsHeld(key.Hash, options.LeaseToken, Now))
        {
            return WriteOutcome.LeaseLost;
        }

        // Last: the clock moves on to a version from elsewhere only if that is stored.
        return options.Condition != SetCondition.IfNewer || _versions.TryObserve(options.Version, _unixMillis)
            ? WriteOutcome.Done
            : WriteOutcome.VersionOutOfRange;
    }

    /// <summary>The version that a permitted write is given.</summary>
    internal ulong VersionFor(in SetOptions options) =>
        options.Condition == SetCondition.IfNewer ? options.Version : NextVersion();

    /// <summary>Changes when a live item expires.</summary>
    internal void SetExpiry(uint reference, ulong expiry)
    {
        Item* item = At(reference);
        item->Packed = (item->Packed & ~Item.ExpiryMask) | expiry;
        Store.ScheduleExpiry(reference);
    }

    /// <summary>Expands a part of a compressed value.</summary>
    internal void Expand(ReadOnlySpan<byte> frame, int offset, Span<byte> destination)
    {
        byte* start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(frame));
        // The frame was checked when the item was found, and nothing has happened to it since.
        bool expanded;
        if (offset == 0 && destination.Length == ValueFrame.ValueLength(start))
        {
            fixed (byte* target = destination)
            {
                expanded = ValueFrame.TryRead(start, frame.Length, target);
            }
        }
        else
        {
            expanded = ValueFrame.TryRead(start, frame.Length, _scratch.Value);
            new ReadOnlySpan<byte>(_scratch.Value + offset, destination.Length).CopyTo(destination);
        }

        Debug.Assert(expanded);
    }

    /// <summary>A look at an item, after a check of its value if it is compressed.</summary>
    /// <param name="reference">The item, live or stale.</param>
    /// <param name="hash">Of its key.</param>
    /// <param name="item">The look.</param>
    /// <param name="isLookup">Whether it counts as a hit, or as a miss when it fails.</param>
    /// <returns>False when the item is a collection, or a damaged compressed frame: then it is removed.</returns>
    internal bool TryView(uint reference, ulong hash, out ItemView item, bool isLookup)
    {
        Item* found = At(reference);
        if ((found->Kind & Item.Collection) != 0)
        {
            _misses += isLookup ? 1 : 0;
            item = default;
            return false;
        }

        if ((found->Kind & Item.Compressed) != 0 && !ValueFrame.IsIntact(Item.Value(found), found->ValueLength))
        {
            _damaged++;
            _misses += isLookup ? 1 : 0;
            Store.Remove(reference, hash);
            item = default;
            return false;
        }

        item = new ItemView(this, found);
        _hits += isLookup ? 1 : 0;
        return true;
    }

    /// <summary>Lines worth loading ahead: the whole chunk up to five; longer values stream well enough without.</summary>
    private static byte LinesToPrefetch(int chunkBytes) => (byte)Math.Min(5, (chunkBytes + 63) / 64);

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
        byte* line = (byte*)At(reference);
        int lines = _linesToPrefetch[Store.Slab.ClassOf(reference)];
        do
        {
            Prefetch.ToSecondLevel(line);
            line += 64;
        }
        while (--lines > 0);
    }

    private uint StaleOrRemoved(uint reference, ulong hash)
    {
        if (Store.DeadlineOf(reference) > Now)
        {
            return reference;
        }

        Store.Expire(reference, hash);
        return 0;
    }

    private void Renew(Item* item)
    {
        SlidingTrailer* trailer = Item.Trailer(item);
        // A later expiry needs no word to the wheel: it looks again when the earlier one has come.
        item->Packed = (item->Packed & ~Item.ExpiryMask) | Life.Renewed(Now, trailer->PeriodMillis, trailer->LatestExpiry);
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
