using FastCache.Core;
using FastCache.Io;
using FastCache.Node;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;
using FastCache.Node.Tests.Fakes;
using FastCache.Protocol;

namespace FastCache.Bench.Fuzz;

/// <summary>The whole loop of one shard over the tests' backend in memory, with mutated conversations and a well-behaved one.</summary>
/// <remarks>
/// After every input: what must be answered was, and nothing else; the well-behaved connection got exactly its bytes; no
/// receive buffer is lent, no byte carried, no connection and no stream open. Now and then all invariants of the shard.
/// The shard is new for every input, so that an input needs none of those before it to do the same again.
/// </remarks>
internal sealed class SessionTarget : IFuzzTarget
{
    private const int CheckOneIn = 32;

    public FuzzCorpus Corpus { get; } = FuzzCorpus.OfRequests();

    public int MostConversations => 8;

    public void Run(FuzzInput input, Discoveries discoveries)
    {
        Random random = new(input.Seed);
        ShardIoOptions sizes = new()
        {
            MaxConnections = 6,
            ReceiveBuffers = 2 << random.Next(5),
            ReceiveBufferBytes = random.Next(4) == 0 ? random.Next(8, 60) : random.Next(60, 4_000),
            MaxBacklogBytes = 0,
        };
        ProtocolLimits limits = new(Shard.MaxKeyBytes, 50 + (sizes.ReceiveBufferBytes * random.Next(1, 5)), FcpLimits.MaxBatchKeys);
        NodeOptions options = FakeNode.Options(sizes.MaxConnections, 64 << 20);
        OutboxSizes outbox = random.Next(3) == 0
            ? new(random.Next(200, 40_000), random.Next(1, 3_000))
            : new(random.Next(20_000, 400_000), random.Next(200, 40_000));
        int blockPercent = random.Next(3) == 0 ? 0 : random.Next(90);
        bool checks = random.Next(CheckOneIn) == 0;

        SteadyTalk steady = new(new Random(random.Next()), limits.MaxValueBytes);
        List<MutatedTalk> talks =
            [.. input.Conversations.Select((frames, i) => new MutatedTalk(frames, limits, new Random(random.Next()), discoveries, i))];
        List<FakePeer> peers = [.. talks.Append<IFakeClient>(steady).Select((talk, i) => new FakePeer(new ConnectionId(i % sizes.MaxConnections, i), talk))];
        using Shard shard = new(new ShardOptions
        {
            MemoryBudgetBytes = 64L << 20,
            HashSeed = (ulong)input.Seed,
            StaleTime = random.Next(2) == 0 ? TimeSpan.Zero : TimeSpan.FromMinutes(1),
            CompressFromBytes = random.Next(2) == 0 ? 0 : ShardOptions.MinCompressFromBytes,
        });
        using FakeShardIo io = new(random, sizes, peers, blockPercent);
        using SharedState shared = new(options, TextWriter.Null);
        using ShardLoop loop = new(io, sizes, shard, options, shared, 0, limits, outbox);
        io.Finished = loop.Stop;
        loop.Run();

        talks.ForEach(talk => talk.Finish());
        steady.Finish();
        Require(io.LentBuffers == 0, $"{io.LentBuffers} receive buffers are still lent");
        Require(loop.Carries.LentBytes == 0, $"{loop.Carries.LentBytes} bytes are still carried");
        Require(loop.Counters.Connections == 0 && loop.Counters.StreamsOpen == 0, $"{loop.Counters.Connections} connections and {loop.Counters.StreamsOpen} streams are still open");
        Require(loop.Counters.OverloadedDisconnects == 0, "a connection was found too heavy");
        if (checks)
        {
            Check(shard);
        }
    }

    public void Dispose()
    {
    }

    private static void Check(Shard shard)
    {
        shard.Check();
        int steps = 0;
        while (shard.Maintain())
        {
            Require(++steps < 1_000_000, "maintenance never ends");
        }

        long loose = shard.Statistics().Memory.Loose;
        Require(loose == 0 && shard.Store.Large.PinnedBytes == 0, $"{loose} loose bytes and {shard.Store.Large.PinnedBytes} pinned ones after all connections have ended");
        shard.Check();
    }

    private static void Require(bool holds, string fault) => FuzzFaultException.Require(holds, fault);
}
