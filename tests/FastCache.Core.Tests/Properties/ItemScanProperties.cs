using System.Numerics;

namespace FastCache.Core.Tests.Properties;

/// <summary>Scans in steps, with whatever happens to the shard between two of them.</summary>
public sealed class ItemScanProperties
{
    private const int Seeds = 4_000;

    [Fact]
    public void An_item_that_is_there_during_the_whole_scan_is_visited()
    {
        ScanTotals totals = new();
        for (int seed = 0; seed < Seeds; seed++)
        {
            using ScannedShard scanned = new(seed, removes: false);
            scanned.Run(totals);
        }

        totals.RequireVariety();
    }

    [Fact]
    public void What_the_visitor_removes_is_gone_and_nothing_else()
    {
        ScanTotals totals = new();
        for (int seed = Seeds; seed < 2 * Seeds; seed++)
        {
            using ScannedShard scanned = new(seed, removes: true);
            scanned.Run(totals);
        }

        totals.RequireVariety();
    }

    [Fact]
    public void What_is_evicted_is_the_same_with_scans_and_without()
    {
        ShardOptions options = new() { MemoryBudgetBytes = 8 << 20, HashSeed = 7, InitialBuckets = 2 };
        using Shard scanned = new(options);
        using Shard left = new(options);
        byte[] value = new byte[1_000];
        byte[] key = new byte[sizeof(int)];
        Random random = new(1);
        ulong cursor = ItemScan.Begin;
        Onlooker onlooker = default;
        for (int i = 0; i < 100_000; i++)
        {
            BitConverter.TryWriteBytes(key, random.Next(20_000));
            foreach (Shard shard in (Shard[])[scanned, left])
            {
                if (!shard.TryGet(key, out _))
                {
                    shard.Set(key, value, default, out _);
                }
            }

            cursor = scanned.Scan.Step(cursor, 50, ref onlooker);
        }

        Assert.Equal(left.Statistics(), scanned.Statistics());
        Assert.True(left.Statistics().Evictions > 10_000 && onlooker.Seen > 1_000_000);
        for (int i = 0; i < 20_000; i++)
        {
            BitConverter.TryWriteBytes(key, i);
            Assert.Equal(left.TryGet(key, out _), scanned.TryGet(key, out _));
        }
    }

    private struct Onlooker : IScanVisitor
    {
        public int Seen { get; private set; }

        public bool Removes(ReadOnlySpan<byte> key, CollectionKind kind, bool isLive)
        {
            Seen++;
            return false;
        }
    }

    /// <summary>What happened over all seeds, so that a property does not hold because nothing happened.</summary>
    private sealed class ScanTotals
    {
        public long Steady { get; set; }

        public long Grown { get; set; }

        public long Shrunk { get; set; }

        public long Expired { get; set; }

        public long Evicted { get; set; }

        public void RequireVariety() => Assert.True(
            Steady > 50_000 && Grown > 100 && Shrunk > 100 && Expired > 1_000 && Evicted > 100,
            $"{Steady} steady items, {Grown} scans over growth, {Shrunk} over shrinking, {Expired} expired, {Evicted} evicted");
    }

    private sealed class ScannedShard : IDisposable
    {
        private const int RemovedOf = 3;
        private const int KeptOf = 5;

        private readonly Random _random;
        private readonly Shard _shard;
        private readonly int _seed;
        private readonly bool _removes;
        private readonly int _keys;
        private readonly int _maxValueBytes;
        private readonly int _mostLooks;
        private readonly byte[] _value = new byte[30_000];
        private readonly byte[] _key = new byte[sizeof(int)];
        private readonly HashSet<int> _visited = [];
        private readonly HashSet<int> _steady = [];
        private readonly Dictionary<int, long> _ends = [];
        private long _millis = 1_800_000_000_000;
        private long _mostBuckets;

        public ScannedShard(int seed, bool removes)
        {
            (_seed, _removes, _random) = (seed, removes, new Random(seed));
            _shard = new Shard(new ShardOptions { MemoryBudgetBytes = 8 << 20, HashSeed = (ulong)seed, InitialBuckets = 2 });
            _shard.Advance(_millis, _millis);
            _keys = _random.Next(1, _random.Next(10) == 0 ? 4_000 : 400);
            _mostLooks = _random.Next(2, 60);
            _maxValueBytes = _random.Next(10) == 0 ? _value.Length : 100;
        }

        public void Run(ScanTotals totals)
        {
            bool empties = _random.Next(2) == 0;
            Change(_random.Next((empties ? 3 : 1) * _keys), deletesOf16: _random.Next(4));
            for (int key = 0; key < _keys; key++)
            {
                if (IsThere(key))
                {
                    _steady.Add(key);
                }
            }

            long before = _mostBuckets = Buckets;
            long fewest = before;
            ShardStatistics begin = _shard.Statistics();
            int deletesOf16 = empties ? 16 : _random.Next(10);
            ulong cursor = ItemScan.Begin;
            int steps = 0;
            do
            {
                cursor = Step(cursor);
                steps++;
                Change(_random.Next(1 + (_keys / 8)), deletesOf16);
                fewest = Math.Min(fewest, Buckets);
            }
            while (cursor != ItemScan.Begin);
            Require(steps <= (long)BitOperations.RoundUpToPowerOf2((ulong)_mostBuckets), $"{steps} steps over at most {_mostBuckets} buckets");
            ShardStatistics end = _shard.Statistics();
            long evicted = end.Evictions - begin.Evictions;
            foreach (int key in _steady)
            {
                bool isThere = IsThere(key);
                Require(!isThere || _visited.Contains(key), $"key {key} was there all the time and not visited");
                Require(!isThere || !Removes(key), $"key {key} is there and should have been removed");
                Require(isThere || Removes(key) || evicted > 0 || _ends[key] <= _millis, $"key {key} is gone, and nobody has removed it");
                totals.Steady += isThere ? 1 : 0;
            }

            totals.Grown += _mostBuckets > before ? 1 : 0;
            totals.Shrunk += fewest < _mostBuckets && fewest < before ? 1 : 0;
            totals.Expired += end.Expirations - begin.Expirations;
            totals.Evicted += evicted;
            _shard.Check();
        }

        public void Dispose() => _shard.Dispose();

        private long Buckets => _shard.Store.Index.Buckets;

        private ulong Step(ulong cursor)
        {
            int looks = _random.Next(1, _mostLooks);
            Visitor visitor = new(this);
            ulong next = _shard.Scan.Step(cursor, looks, ref visitor);
            Require(next > cursor || next == ItemScan.Begin, $"the cursor goes from {cursor} to {next}");
            Require(visitor.Count <= looks + ItemScan.MostItemsBeyond, $"{visitor.Count} items for {looks} looks");
            return next;
        }

        private void Change(int operations, int deletesOf16)
        {
            for (int i = 0; i < operations; i++)
            {
                int key = _random.Next(_keys);
                if (_random.Next(16) < deletesOf16)
                {
                    if (key % KeptOf != 0)
                    {
                        _shard.Delete(Bytes(key));
                        _steady.Remove(key);
                    }
                }
                else
                {
                    Set(key);
                }
            }

            _millis += _random.Next(4) == 0 ? _random.Next(2_000) : 0;
            _shard.Advance(_millis, _millis);
            for (int i = _random.Next(200); i > 0 && _shard.Maintain(); i--)
            {
            }

            _mostBuckets = Math.Max(_mostBuckets, Buckets);
        }

        private void Set(int key)
        {
            // One that is overwritten stays where it is, unless it was gone by then.
            bool stays = _steady.Contains(key) && IsThere(key);
            ulong timeToLive = _random.Next(4) == 0 ? (ulong)_random.Next(1, 5_000) : 0;
            WriteOutcome outcome = _shard.Set(Bytes(key), _value.AsSpan(0, _random.Next(_maxValueBytes)), new SetOptions { TimeToLiveMillis = timeToLive }, out _);
            _ends[key] = timeToLive == 0 ? long.MaxValue : _millis + (long)timeToLive;
            if (!stays || Removes(key) || outcome != WriteOutcome.Done)
            {
                _steady.Remove(key);
            }
        }

        private bool IsThere(int key) => _shard.TryGet(Bytes(key), out _);

        private bool Removes(int key) => _removes && key % RemovedOf == 0;

        private byte[] Bytes(int key)
        {
            BitConverter.TryWriteBytes(_key, key);
            return _key;
        }

        private void Require(bool condition, string otherwise)
        {
            if (!condition)
            {
                Assert.Fail($"{otherwise}, seed {_seed}");
            }
        }

        private struct Visitor(ScannedShard scanned) : IScanVisitor
        {
            public int Count { get; private set; }

            public bool Removes(ReadOnlySpan<byte> key, CollectionKind kind, bool isLive)
            {
                Count++;
                int number = BitConverter.ToInt32(key);
                scanned._visited.Add(number);
                scanned.Require(isLive == (scanned._ends[number] > scanned._millis), $"key {number} is said to be live: {isLive}");
                return scanned.Removes(number);
            }
        }
    }
}
