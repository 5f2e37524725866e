using System.Buffers.Binary;
using System.Text;
using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;
using FastCache.Node.Tests.Fakes;
using FastCache.Protocol;

namespace FastCache.Node.Tests.Properties;

/// <summary>Clients that ask a node for its keys while others write, delete and make its index grow.</summary>
public sealed class ScanProperties
{
    private const int Seeds = 40;
    private const int SteadyKeys = 500;

    [Fact]
    public void Key_that_is_there_during_the_whole_scan_is_told_and_none_that_was_not()
    {
        int scans = 0;
        int grown = 0;
        int shrunk = 0;
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = 64 << 20 });
        Filler filler = new(shard);
        for (int seed = 0; seed < Seeds; seed++)
        {
            long buckets = shard.Statistics().Buckets;
            try
            {
                scans += RunSeed(seed, shard, filler);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"The property does not hold for seed {seed}: {failure.Message}", failure);
            }

            long change = shard.Statistics().Buckets - buckets;
            grown += change > 0 ? 1 : 0;
            shrunk += change < 0 ? 1 : 0;
        }

        Assert.True(scans > 2 * Seeds && grown > 5 && shrunk > 5, $"{scans} scans, {grown} runs over growth, {shrunk} over shrinking");
        Assert.Equal(0, shard.Statistics().Evictions);
    }

    [Fact]
    public void One_pass_looks_at_no_more_for_a_session_than_the_requests_that_it_may_execute()
    {
        const int limit = 2_000;
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = 32 << 20 });
        NodeOptions options = FakeNode.Options(maxConnections: 2, 64 << 20) with { MaxPipelined = limit };
        ShardIoOptions sizes = new() { MaxConnections = 2, ReceiveBuffers = 16, ReceiveBufferBytes = 16 << 10, MaxBacklogBytes = 0 };
        Scanner greedy = new(new Random(1), [], () => true) { Looks = 1_000, Burst = 300 };
        using FakeShardIo io = new(new Random(1), sizes, [new FakePeer(new ConnectionId(0, 0), greedy)], blockPercent: 0);
        using SharedState shared = new(options, TextWriter.Null);
        using ShardLoop loop = new(io, sizes, shard, options, shared, 0, null, new OutboxSizes(1 << 20, 1 << 20));
        long before = 0;
        long most = 0;
        while (!io.IsFinished)
        {
            loop.Pass();
            most = Math.Max(most, loop.Counters.Requests - before);
            before = loop.Counters.Requests;
        }

        // The one that goes beyond the limit is executed whole.
        Assert.InRange(most, 2, 1 + (limit / greedy.Looks));
        Assert.Equal(300, greedy.Answers);
    }

    private static int RunSeed(int seed, Shard shard, Filler filler)
    {
        Random random = new(seed);
        ShardIoOptions sizes = new()
        {
            MaxConnections = 6,
            ReceiveBuffers = 16,
            ReceiveBufferBytes = random.Next(60, 2_000),
            MaxBacklogBytes = 0,
        };
        NodeOptions options = FakeNode.Options(sizes.MaxConnections, 64 << 20);
        string[] steady = [.. Enumerable.Range(0, SteadyKeys).Select(i => $"{seed}:steady {i}")];
        foreach (string key in steady)
        {
            Assert.Equal(WriteOutcome.Done, shard.Set(Encoding.ASCII.GetBytes(key), "v"u8, default, out _));
        }

        Writer[] writers = [.. Enumerable.Range(0, random.Next(1, 3)).Select(i => new Writer(new Random(random.Next()), $"{seed}:", steady, i))];
        Scanner[] scanners =
        [
            .. Enumerable.Range(0, random.Next(1, 3)).Select(_ => new Scanner(
                new Random(random.Next()), steady, () => Array.TrueForAll(writers, writer => writer.IsDone))
            {
                Prefix = $"{seed}:",
                MayBeThere = key => Array.Exists(writers, writer => writer.Written.Contains(key)),
                Looks = random.Next(200, FcpLimits.MaxBatchKeys + 1),
            }),
        ];
        List<FakePeer> peers = [.. scanners.Concat<IFakeClient>(writers).Select((client, i) => new FakePeer(new ConnectionId(i, i), client))];
        OutboxSizes outbox = new(random.Next(200, 40_000), random.Next(50, 3_000));
        using FakeShardIo io = new(random, sizes, peers, blockPercent: random.Next(3) == 0 ? 0 : random.Next(80));
        using SharedState shared = new(options, TextWriter.Null);
        using ShardLoop loop = new(io, sizes, shard, options, shared, 0, null, outbox);
        while (!io.IsFinished)
        {
            loop.Pass();
            filler.Step();
        }

        foreach (string key in steady.Concat(writers.SelectMany(writer => writer.Written)))
        {
            shard.Delete(Encoding.ASCII.GetBytes(key));
        }

        return scanners.Sum(scanner => scanner.Scans);
    }

    /// <summary>Makes the index grow from its first buckets on, and shrink again, beside what the clients do.</summary>
    private sealed class Filler(Shard shard)
    {
        private const int KeysPerStep = 400;
        private const int MostKeys = 400_000;

        private int _keys;
        private bool _removes;

        public void Step()
        {
            for (int i = 0; i < KeysPerStep; i++)
            {
                if (_removes)
                {
                    shard.Delete(Key(--_keys));
                }
                else
                {
                    Assert.Equal(WriteOutcome.Done, shard.Set(Key(_keys++), [], default, out _));
                }

                _removes = _removes ? _keys > 0 : _keys == MostKeys;
            }
        }

        private static byte[] Key(int number) => [(byte)'#', .. BitConverter.GetBytes(number)];
    }

    /// <summary>Overwrites the steady keys, and lets others come and go.</summary>
    private sealed class Writer(Random random, string prefix, string[] steady, int number) : TalkingClient(random)
    {
        private readonly Random _random = random;
        private int _remaining = 600;
        private bool _isFenced;

        public HashSet<string> Written { get; } = [];

        public bool IsDone { get; private set; }

        public override bool WantsToClose => IsDone;

        protected override byte[]? Next()
        {
            if (_remaining-- <= 0)
            {
                bool isFenced = _isFenced;
                _isFenced = true;
                return isFenced ? null : Frame(frame => RequestWriter.Ping(frame, 9));
            }

            if (_random.Next(3) == 0)
            {
                byte[] kept = Encoding.ASCII.GetBytes(steady[_random.Next(steady.Length)]);
                return Frame(frame => RequestWriter.Set(frame, 1, kept, new byte[_random.Next(200)], new SetTerms { Quiet = true }));
            }

            string key = $"{prefix}{number} {_random.Next(100)}";
            bool isThere = _random.Next(3) != 0;
            if (isThere)
            {
                Written.Add(key);
            }

            byte[] name = Encoding.ASCII.GetBytes(key);
            return Frame(frame => isThere
                ? RequestWriter.Set(frame, 1, name, new byte[10], new SetTerms { Quiet = true })
                : RequestWriter.Delete(frame, 1, name, quiet: true));
        }

        protected override void Take(in Reply reply) => IsDone |= reply.Opcode == Opcode.Ping;
    }

    /// <summary>Scans again and again.</summary>
    private sealed class Scanner(Random random, string[] steady, Func<bool> isOver) : TalkingClient(random)
    {
        private readonly HashSet<string> _told = [];
        private ulong _cursor;
        private int _asked;

        public string Prefix { get; init; } = "nobody has this";

        public Func<string, bool> MayBeThere { get; init; } = _ => false;

        public int Looks { get; init; }

        /// <summary>Requests that are sent without waiting for a reply; each is for the first keys then.</summary>
        public int Burst { get; init; } = 1;

        public int Answers { get; private set; }

        public int Scans { get; private set; }

        public override bool WantsToClose => isOver() && (Burst > 1 ? Answers >= Burst : Scans > 1);

        protected override byte[]? Next()
        {
            if (_asked > Answers)
            {
                return null;
            }

            _asked += Burst;
            byte[] prefix = Encoding.ASCII.GetBytes(Prefix);
            byte[] scan = Frame(frame => RequestWriter.Scan(frame, 5, Burst > 1 ? 0 : _cursor, Looks, prefix));
            return [.. Enumerable.Repeat(scan, Burst).SelectMany(bytes => bytes)];
        }

        protected override void Take(in Reply reply)
        {
            if (reply.Opcode == Opcode.Hello)
            {
                return;
            }

            Assert.Equal((Opcode.Scan, Status.Ok, 5u), (reply.Opcode, reply.Status, reply.Id));
            Assert.InRange(reply.Argument, 0u, (uint)(Looks + ItemScan.MostItemsBeyond));
            _cursor = BinaryPrimitives.ReadUInt64LittleEndian(reply.Body);
            ReadOnlySpan<byte> rest = reply.Body[sizeof(ulong)..];
            for (uint i = 0; i < reply.Argument; i++)
            {
                string key = Encoding.ASCII.GetString(rest.Slice(1, rest[0]));
                Assert.StartsWith(Prefix, key, StringComparison.Ordinal);
                Assert.True(steady.Contains(key) || MayBeThere(key), $"{key} was never there");
                _told.Add(key);
                rest = rest[(1 + rest[0])..];
            }

            Assert.True(rest.IsEmpty, "bytes behind the keys");
            Answers++;
            if (_cursor == 0 && Burst == 1)
            {
                Scans++;
                Assert.All(steady, key => Assert.Contains(key, _told));
                _told.Clear();
            }
        }
    }
}
