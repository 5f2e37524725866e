using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;
using FastCache.Node.Tests.Fakes;
using FastCache.Protocol;

namespace FastCache.Node.Tests.Properties;

/// <summary>Random conversations through the whole loop, over a backend that cuts and blocks as it likes.</summary>
public sealed class ConversationProperties
{
    [Theory]
    [InlineData(0, 1_000)]
    [InlineData(1_000, 2_000)]
    [InlineData(2_000, 3_000)]
    [InlineData(3_000, 4_000)]
    public void Every_connection_is_answered_like_a_plain_cache(int firstSeed, int endSeed) =>
        Run(firstSeed, endSeed, connectionMemoryBytes: 64 << 20);

    [Theory]
    [InlineData(10_000, 10_500)]
    public void With_hardly_any_carry_memory_replies_are_right_until_Overloaded(int firstSeed, int endSeed) =>
        Run(firstSeed, endSeed, connectionMemoryBytes: 16 << 10);

    private static void Run(int firstSeed, int endSeed, long connectionMemoryBytes)
    {
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = 96L << 20 });
        for (int seed = firstSeed; seed < endSeed; seed++)
        {
            try
            {
                RunSeed(seed, shard, connectionMemoryBytes);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"The property does not hold for seed {seed}: {failure.Message}", failure);
            }
        }

        shard.Check();
        Assert.Equal(0, shard.Statistics().Evictions);
    }

    private static void RunSeed(int seed, Shard shard, long connectionMemoryBytes)
    {
        bool isTight = connectionMemoryBytes < 1 << 20;
        Random random = new(seed);
        ShardIoOptions sizes = new()
        {
            MaxConnections = 6,
            ReceiveBuffers = 2 << random.Next(5),
            ReceiveBufferBytes = random.Next(4) == 0 ? random.Next(8, 60) : random.Next(60, 2_000),
            MaxBacklogBytes = 0,
        };
        // The largest values span several receive buffers.
        ProtocolLimits limits = new(
            Shard.MaxKeyBytes, 50 + (sizes.ReceiveBufferBytes * random.Next(1, 5)), FcpLimits.MaxBatchKeys);
        NodeOptions options = FakeNode.Options(sizes.MaxConnections, connectionMemoryBytes);
        OutboxSizes outbox = random.Next(3) == 0
            ? new(random.Next(200, 40_000), random.Next(1, 3_000))
            : new(random.Next(20_000, 400_000), random.Next(200, 40_000));
        List<Conversation> conversations = [.. Enumerable.Range(0, random.Next(1, 9)).Select(i => Talk(seed, i, random, limits, isTight))];
        List<FakePeer> peers = [.. conversations.Select((talk, i) => new FakePeer(new ConnectionId(i % sizes.MaxConnections, i), talk))];
        ShardStatistics before = shard.Statistics();
        using FakeShardIo io = new(random, sizes, peers, blockPercent: random.Next(3) == 0 ? 0 : random.Next(90));
        using SharedState shared = new(options, TextWriter.Null);
        using ShardLoop loop = new(io, sizes, shard, options, shared, 0, limits, outbox);
        io.Finished = loop.Stop;
        loop.Run();

        Assert.Equal(0, io.LentBuffers);
        Assert.Equal(0, loop.Carries.LentBytes);
        Assert.Equal(0, loop.Counters.Connections);
        Assert.Equal(0, loop.Counters.StreamsOpen);
        Assert.Equal(conversations.Count, loop.Counters.Accepted);
        if (!isTight)
        {
            Assert.Equal(0, loop.Counters.OverloadedDisconnects);
            foreach (Conversation talk in conversations)
            {
                Assert.True(talk.Ending == Ending.Abrupt || talk.IsComplete, $"incomplete: {talk}");
                Assert.True(talk.Ending != Ending.BadFrame || talk.HasEnded, $"not ended: {talk}");
            }
        }

        if (!isTight && conversations.TrueForAll(talk => talk.Ending != Ending.Abrupt))
        {
            CheckCounts(conversations, before, shard.Statistics(), loop.Counters);
        }

        Clear(shard, conversations);
    }

    private static Conversation Talk(int seed, int index, Random random, ProtocolLimits limits, bool isTight)
    {
        Random own = new(random.Next());
        Ending ending = random.Next(10) switch
        {
            < 6 => Ending.Orderly,
            6 or 7 => Ending.InsideFrame,
            8 => Ending.BadFrame,
            _ => Ending.Abrupt,
        };
        RandomOperations operations = new(own, limits, $"{seed}.{index}:", random.Next(3) == 0 ? limits.MaxValueBytes : 120);
        int requests = random.Next(8) == 0 ? random.Next(1, 4) : random.Next(4, 120);
        PlainCache cache = new(limits) { MayRefuseStreams = isTight };
        return new Conversation(own, operations, cache, requests, ending) { MayBeOverloaded = isTight, Prefix = $"{seed}.{index}:" };
    }

    /// <summary>Every request was executed once: no more lookups and writes than replies tell of.</summary>
    private static void CheckCounts(
        List<Conversation> conversations, ShardStatistics before, ShardStatistics after, NodeCounters counters)
    {
        Assert.Equal(conversations.Sum(talk => talk.Cache.Hits), after.Hits - before.Hits);
        Assert.Equal(conversations.Sum(talk => talk.Cache.Misses), after.Misses - before.Misses);
        Assert.Equal(conversations.Sum(talk => talk.Cache.Sets), after.Sets - before.Sets);
        Assert.Equal(conversations.Sum(talk => talk.Cache.Deletes), after.Deletes - before.Deletes);
        Assert.Equal(conversations.Sum(talk => talk.Cache.Executed), counters.Requests);
        Assert.Equal(conversations.Count(talk => talk.Ending == Ending.BadFrame), counters.FatalErrors);
    }

    /// <summary>Leaves nothing behind, so that nothing is ever evicted: what the plain caches hold, and what an abrupt end hid.</summary>
    private static void Clear(Shard shard, List<Conversation> conversations)
    {
        foreach (byte[] key in conversations.SelectMany(talk => talk.Cache.Keys))
        {
            shard.Delete(key);
        }
    }
}
