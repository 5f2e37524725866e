using FastCache.Core.Index;
using FastCache.Core.Memory;

namespace FastCache.Core.Tests.Properties;

/// <summary>An index and the dictionary that says what must be in it.</summary>
internal sealed unsafe class IndexAndModel : IIndexOwner, IDisposable
{
    private readonly int _seed;
    private readonly Random _random;
    private readonly PagePool _pool;
    private readonly BucketIndex _index;
    private readonly Dictionary<uint, ulong> _model = [];
    private readonly List<uint> _references = [];
    private readonly ulong _mask;
    private readonly bool _grows;
    private readonly Stack<int> _taken = [];
    private long _ghostsMade;
    private long _ghostsGone;

    public IndexAndModel(int seed)
    {
        _seed = seed;
        _random = new Random(seed);
        _pool = new PagePool(8L << 20, prefault: false, BucketIndex.FixedBytes, BucketIndex.FixedBytesPerPage);
        _index = new BucketIndex(_pool, new SlabAllocator(_pool), this, initialBuckets: 2);
        // Some seeds crowd all items into four chains.
        _mask = _random.Next(3) == 0 ? 0xFFFF_0000_0000_0003 : ulong.MaxValue;
        _grows = _random.Next(3) != 0;
    }

    /// <summary>Whether the pool has no page left.</summary>
    public bool IsExhausted
    {
        set
        {
            while (value && _pool.FreePages > 0)
            {
                _taken.Push(_pool.Take(PageUse.Index));
            }

            while (!value && _taken.Count > 0)
            {
                _pool.GiveBack(_taken.Pop());
            }
        }
    }

    /// <summary>Insertions that found no room.</summary>
    public int Refused { get; private set; }

    ulong IIndexOwner.HashOf(uint reference) => _model[reference];

    void IIndexOwner.PrefetchItem(uint reference) => Require(_model.ContainsKey(reference), "an unknown item is loaded");

    uint IIndexOwner.AgeOf(uint ghost) => Ghost.Epoch(ghost);

    bool IIndexOwner.IsForgotten(uint ghost) => Ghost.Epoch(ghost) % 3 == 0;

    void IIndexOwner.GhostDropped(uint ghost)
    {
        Require(Ghost.Is(ghost), "something else than a ghost was dropped");
        _ghostsGone++;
    }

    public void Dispose() => _pool.Dispose();

    public void Step()
    {
        uint reference = _references.Count == 0 ? 0 : _references[_random.Next(_references.Count)];
        switch (reference == 0 ? 0 : _random.Next(13))
        {
            case < 6:
                Insert();
                break;
            case < 8:
                Remove(reference);
                break;
            case 8:
                Bury(reference);
                break;
            case 9:
                Replace(reference);
                break;
            case 10 when _grows:
                Resize();
                break;
            case 11:
                Sweep();
                break;
            default:
                RequireFound(reference);
                Require(_index.Find(_model[reference], new ReferenceMatcher(1u << 30)) == 0, "found what is not there");
                break;
        }
    }

    public void RemoveAll()
    {
        while (_references.Count > 0)
        {
            Remove(_references[^1]);
            while (_index.WantsToShrink && _index.TryShrink())
            {
            }

            for (int i = 0; i < Math.Min(3, _references.Count); i++)
            {
                RequireFound(_references[_random.Next(_references.Count)]);
            }
        }

        while (_index.WantsToShrink && _index.TryShrink())
        {
        }

        Require(_index.Buckets == 2, $"{_index.Buckets} buckets are left of none");
    }

    /// <summary>Everything is counted anew.</summary>
    public void Check()
    {
        long items = 0;
        long ghosts = 0;
        _index.ForEach((bucket, reference) =>
        {
            items += Ghost.Is(reference) ? 0 : 1;
            ghosts += Ghost.Is(reference) ? 1 : 0;
            Require(Ghost.Is(reference) || _index.NumberOf(_model[reference]) == bucket, "an item is in the wrong bucket");
        });
        Require(items == _model.Count, $"{items} items found, {_model.Count} known");
        Require(ghosts == _ghostsMade - _ghostsGone, $"{ghosts} ghosts found, {_ghostsMade - _ghostsGone} known");
        Require(items == _index.Items && ghosts == _index.Ghosts, "the entries are miscounted");
        CheckDepths();
        _references.ForEach(RequireFound);
    }

    private void Sweep()
    {
        long before = _index.Ghosts;
        _index.SweepGhosts();
        _ghostsGone += before - _index.Ghosts;
    }

    private void CheckDepths()
    {
        long[] depths = new long[BucketIndex.MaxChain];
        for (uint number = 0; number < _index.Buckets; number++)
        {
            int depth = 0;
            for (Bucket* bucket = _index.BucketOf(number); bucket is not null; bucket = _index.Next(bucket))
            {
                Require(bucket->Overflow == 0 || Bucket.Match(bucket, 0) == 0, "a bucket that is not full has one behind it");
                Require(depth == 0 || Bucket.Occupied(bucket) != 0, "an overflow bucket is empty");
                depths[depth++]++;
            }
        }

        Require(depths.AsSpan().SequenceEqual(_index.BucketsAtDepth), "the buckets at some depth are miscounted");
    }

    private void Insert()
    {
        ulong hash = (ulong)_random.NextInt64(long.MinValue, long.MaxValue) & _mask;
        uint reference = (uint)_random.Next(1, 1 << 30);
        _ghostsGone += _index.TakeGhost(hash) != 0 ? 1 : 0;
        if (!_model.ContainsKey(reference))
        {
            bool isInserted = _index.TryInsert(hash, reference);
            Refused += isInserted ? 0 : 1;
            if (isInserted)
            {
                _model[reference] = hash;
                _references.Add(reference);
            }
        }

        while (_grows && _index.WantsToGrow && _index.TryGrow())
        {
        }
    }

    private void Remove(uint reference)
    {
        _index.Remove(_model[reference], reference);
        Forget(reference);
    }

    private void Bury(uint reference)
    {
        ulong hash = _model[reference];
        _index.ReplaceWithGhost(hash, reference, Ghost.Pack(3, (ushort)_random.Next(), hash));
        Forget(reference);
        _ghostsMade++;
        if (_random.Next(2) == 0)
        {
            Require(Ghost.IsOf(_index.TakeGhost(hash), hash), "a ghost is lost");
            _ghostsGone++;
        }
    }

    private void Replace(uint reference)
    {
        uint moved = (uint)_random.Next(1 << 29, 1 << 30);
        if (_model.TryAdd(moved, _model[reference]))
        {
            _index.Replace(_model[reference], reference, moved);
            Forget(reference);
            _references.Add(moved);
            RequireFound(moved);
        }
    }

    /// <summary>Up or down whether or not it is time: splits and merges of full and of empty chains.</summary>
    private void Resize()
    {
        for (int i = _random.Next(10); i > 0; i--)
        {
            if (_random.Next(2) == 0)
            {
                _index.TryGrow();
            }
            else if (_index.Buckets > 2)
            {
                _index.TryShrink();
            }
        }
    }

    private void Forget(uint reference)
    {
        _model.Remove(reference);
        _references.Remove(reference);
    }

    private void RequireFound(uint reference) =>
        Require(_index.Find(_model[reference], new ReferenceMatcher(reference)) == reference, $"item {reference:x} is lost");

    private void Require(bool holds, string what)
    {
        if (!holds)
        {
            Assert.Fail($"{what}, seed {_seed}");
        }
    }
}

internal readonly struct ReferenceMatcher(uint wanted) : IKeyMatcher
{
    public bool Matches(uint reference) => reference == wanted;
}
