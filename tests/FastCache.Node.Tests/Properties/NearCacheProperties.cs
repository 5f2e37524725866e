using System.Text;
using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;
using FastCache.Node.Tests.Fakes;
using FastCache.Protocol;

namespace FastCache.Node.Tests.Properties;

/// <summary>Clients that keep what they have read, and drop it when they are told of changes.</summary>
public sealed class NearCacheProperties
{
    [Fact]
    public void What_a_tracking_client_keeps_is_what_the_node_has()
    {
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = 32 << 20 });
        for (int seed = 0; seed < 400; seed++)
        {
            try
            {
                RunSeed(seed, shard);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"The property does not hold for seed {seed}: {failure.Message}", failure);
            }
        }
    }

    private static void RunSeed(int seed, Shard shard)
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
        ChangingClient[] writers = [.. Enumerable.Range(0, random.Next(1, 3)).Select(_ => new ChangingClient(new Random(random.Next())))];
        NearCacheClient[] trackers = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => new NearCacheClient(new Random(random.Next()), writers))];
        List<FakePeer> peers = [.. trackers.Concat<IFakeClient>(writers).Select((client, i) => new FakePeer(new ConnectionId(i, i), client))];
        OutboxSizes outbox = new(random.Next(200, 40_000), random.Next(50, 3_000));
        using FakeShardIo io = new(random, sizes, peers, blockPercent: random.Next(3) == 0 ? 0 : random.Next(80));
        using SharedState shared = new(options, TextWriter.Null);
        using ShardLoop loop = new(io, sizes, shard, options, shared, 0, null, outbox);
        io.Finished = loop.Stop;
        loop.Run();
        Assert.Equal(0, io.LentBuffers);
        foreach (NearCacheClient tracker in trackers)
        {
            Assert.True(tracker.Kept.Count > 0 || tracker.Drops > 0, "nothing was kept, nothing dropped");
            foreach ((string key, string kept) in tracker.Kept)
            {
                string has = shard.TryGet(Encoding.ASCII.GetBytes(key), out ItemView item) ? Encoding.ASCII.GetString(item.Value) : "";
                Assert.True(kept == has, $"{key} is kept as '{kept}', but is '{has}'");
            }
        }
    }

    private static string KeyOf(int number) => $"near {number}";

    /// <summary>A client that changes keys which all share.</summary>
    private sealed class ChangingClient(Random random) : TalkingClient(random)
    {
        private readonly Random _random = random;
        private int _remaining = 150;
        private bool _isFenced;

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

            byte[] key = Encoding.ASCII.GetBytes(KeyOf(_random.Next(10)));
            byte[] value = Encoding.ASCII.GetBytes($"{_random.Next(100_000)}");
            return Frame(frame => _random.Next(4) switch
            {
                0 => RequestWriter.Delete(frame, 1, key, quiet: true),
                1 => RequestWriter.Append(frame, 1, key, value, quiet: true),
                _ => RequestWriter.Set(frame, 1, key, value, new SetTerms { Quiet = true }),
            });
        }

        protected override void Take(in Reply reply) => IsDone |= reply.Opcode == Opcode.Ping;
    }

    /// <summary>A client that keeps what it reads.</summary>
    private sealed class NearCacheClient(Random random, ChangingClient[] writers) : TalkingClient(random)
    {
        private const int QuietRounds = 20;
        private readonly Random _random = random;
        private bool _hasAsked;
        private int _quietRounds;

        public Dictionary<string, string> Kept { get; } = [];

        public int Drops { get; private set; }

        public override bool WantsToClose => _quietRounds > QuietRounds;

        protected override byte[]? Next()
        {
            if (!_hasAsked)
            {
                _hasAsked = true;
                return Frame(frame => RequestWriter.Track(frame, 0, on: true));
            }

            // When the writers have ended, a few round trips more bring the last frame.
            if (Array.TrueForAll(writers, writer => writer.IsDone))
            {
                return Frame(frame => RequestWriter.Ping(frame, 0));
            }

            int number = _random.Next(10);
            return Frame(frame => RequestWriter.Get(frame, (uint)number, Encoding.ASCII.GetBytes(KeyOf(number))));
        }

        protected override void Take(in Reply reply)
        {
            switch (reply.Opcode)
            {
                case Opcode.Get:
                    // An absent key is kept too, as nothing.
                    Kept[KeyOf((int)reply.Id)] = reply.Status == Status.Ok ? Encoding.ASCII.GetString(reply.Value) : "";
                    break;
                case Opcode.Ping:
                    _quietRounds++;
                    break;
                case Opcode.Invalidate when reply.Argument == 0:
                    Drops++;
                    Kept.Clear();
                    break;
                case Opcode.Invalidate:
                    Drops++;
                    for (int at = 0; at < reply.Body.Length; at += 1 + reply.Body[at])
                    {
                        Kept.Remove(Encoding.ASCII.GetString(reply.Body.Slice(at + 1, reply.Body[at])));
                    }

                    break;
            }
        }
    }
}
