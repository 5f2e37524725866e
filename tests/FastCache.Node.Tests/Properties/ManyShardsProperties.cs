using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;
using FastCache.Node.Tests.Fakes;
using FastCache.Protocol;

namespace FastCache.Node.Tests.Properties;

/// <summary>Random conversations with a node of several shards, whose loops take turns on one thread as a seed says.</summary>
/// <remarks>
/// Some clients say which shard they want, some do not care; all use keys of every shard. So connections change hands,
/// requests and replies travel, in parcels that are sometimes too small, and everything is answered in order.
/// </remarks>
public sealed class ManyShardsProperties
{
    private const int MostShards = 4;
    private const int MostPassesAfterTheEnd = 1_000;

    [Theory]
    [InlineData(0, 500)]
    [InlineData(500, 1_000)]
    [InlineData(1_000, 1_500)]
    [InlineData(1_500, 2_000)]
    [InlineData(8_349, 8_350)]
    public void Every_connection_is_answered_like_a_plain_cache(int firstSeed, int endSeed)
    {
        Shard[] caches = [.. Enumerable.Range(0, MostShards).Select(_ => new Shard(new ShardOptions { MemoryBudgetBytes = 96L << 20 }))];
        for (int seed = firstSeed; seed < endSeed; seed++)
        {
            try
            {
                RunSeed(seed, caches);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"The property does not hold for seed {seed}: {failure.Message}", failure);
            }
        }

        foreach (Shard cache in caches)
        {
            cache.Check();
            Assert.Equal(0, cache.Statistics().Evictions);
            cache.Dispose();
        }
    }

    private static void RunSeed(int seed, Shard[] caches)
    {
        Random random = new(seed);
        int shards = random.Next(2, MostShards + 1);
        ShardIoOptions sizes = new()
        {
            MaxConnections = 16,
            ReceiveBuffers = 4 << random.Next(4),
            ReceiveBufferBytes = random.Next(60, 2_000),
            MaxBacklogBytes = 0,
        };
        ProtocolLimits limits = new(Shard.MaxKeyBytes, 50 + (sizes.ReceiveBufferBytes * random.Next(1, 5)), FcpLimits.MaxBatchKeys);
        // An eighth is for parcels: from 4 KiB, where a value takes several, to 64 KiB.
        long connectionMemoryBytes = random.Next(2) == 0 ? 4 << 20 : 64 << 20;
        NodeOptions options = FakeNode.Options(maxConnections: 16, connectionMemoryBytes) with
        {
            Shards = shards,
            MaxPipelined = random.Next(2) == 0 ? 64 : 16_384,
            PressurePatience = TimeSpan.FromHours(1),
        };
        OutboxSizes outbox = new(random.Next(20_000, 400_000), random.Next(200, 40_000));
        int mostOwedBytes = random.Next(2) == 0 ? ReplyDebts.MostBytes : random.Next(1, 10_000);
        List<Conversation> conversations = [.. Enumerable.Range(0, random.Next(1, 9)).Select(i => Talk(seed, i, random, limits, shards))];
        List<FakePeer?> travellers = [];
        using SharedState shared = new(options, TextWriter.Null);
        ShardStatistics[] before = [.. caches.Select(cache => cache.Statistics())];
        FakeShardIo[] ios = new FakeShardIo[shards];
        ShardLoop[] loops = new ShardLoop[shards];
        int blockPercent = random.Next(3) == 0 ? 0 : random.Next(90);
        try
        {
            for (int i = 0; i < shards; i++)
            {
                // Only the first one listens.
                List<FakePeer> peers = i > 0 ? [] : [.. conversations.Select((talk, n) => new FakePeer(new ConnectionId(n, n), talk))];
                ios[i] = new FakeShardIo(random, sizes, peers, blockPercent, travellers);
                loops[i] = new ShardLoop(ios[i], sizes, caches[i], options, shared, i, limits, outbox, mostOwedBytes);
            }

            while (!Array.TrueForAll(ios, io => io.IsFinished) || travellers.Exists(peer => peer is not null))
            {
                loops[random.Next(shards)].Pass();
            }

            Stop(loops);
            CheckEnd(conversations, ios, loops);
            CheckCounts(conversations, loops, before, caches);
            Clear(caches, conversations);
        }
        finally
        {
            for (int i = 0; i < shards; i++)
            {
                loops[i]?.Dispose();
                ios[i]?.Dispose();
            }
        }
    }

    private static void Stop(ShardLoop[] loops)
    {
        Array.ForEach(loops, loop => loop.Stop());
        for (int pass = 0; !Array.TrueForAll(loops, loop => loop.IsOver); pass++)
        {
            Assert.True(pass < MostPassesAfterTheEnd, "the loops do not end");
            Array.ForEach(loops, loop => loop.Pass());
        }

        // Long frames have blocks of their own, which come home empty.
        for (int pass = 0; pass < 5; pass++)
        {
            Array.ForEach(loops, loop => loop.Pass());
        }
    }

    private static void CheckEnd(List<Conversation> conversations, FakeShardIo[] ios, ShardLoop[] loops)
    {
        Assert.All(ios, io => Assert.Equal(0, io.LentBuffers));
        Assert.All(loops, loop => Assert.Equal((0, 0), (loop.Carries.LentBytes, loop.Counters.Connections)));
        Assert.All(loops, loop => Assert.Equal(0, loop.Counters.OverloadedDisconnects));
        foreach (Conversation talk in conversations)
        {
            Assert.True(talk.Ending == Ending.Abrupt || talk.IsComplete, $"incomplete: {talk}");
            Assert.True(talk.Ending != Ending.BadFrame || talk.HasEnded, $"not ended: {talk}");
        }

    }

    /// <summary>Every request was executed once, on whichever shard.</summary>
    private static void CheckCounts(List<Conversation> conversations, ShardLoop[] loops, ShardStatistics[] before, Shard[] caches)
    {
        if (conversations.Exists(talk => talk.Ending == Ending.Abrupt))
        {
            return;
        }

        Assert.Equal(conversations.Sum(talk => talk.Cache.Hits), Sum(cache => cache.Hits));
        Assert.Equal(conversations.Sum(talk => talk.Cache.Misses), Sum(cache => cache.Misses));
        Assert.Equal(conversations.Sum(talk => talk.Cache.Sets), Sum(cache => cache.Sets));
        Assert.Equal(conversations.Sum(talk => talk.Cache.Deletes), Sum(cache => cache.Deletes));
        Assert.Equal(conversations.Sum(talk => talk.Cache.Executed), loops.Sum(loop => loop.Counters.Requests));

        long Sum(Func<ShardStatistics, long> counter) =>
            caches.Sum(cache => counter(cache.Statistics())) - before.Sum(counter);
    }

    /// <summary>Leaves nothing behind, so that nothing is ever evicted.</summary>
    private static void Clear(Shard[] caches, List<Conversation> conversations)
    {
        foreach (byte[] key in conversations.SelectMany(talk => talk.Cache.Keys))
        {
            Array.ForEach(caches, cache => cache.Delete(key));
        }
    }

    private static Conversation Talk(int seed, int index, Random random, ProtocolLimits limits, int shards)
    {
        Random own = new(random.Next());
        Ending ending = random.Next(10) switch
        {
            < 6 => Ending.Orderly,
            6 or 7 => Ending.InsideFrame,
            8 => Ending.BadFrame,
            _ => Ending.Abrupt,
        };
        RandomOperations operations = new(
            own,
            limits,
            $"{seed}.{index}:",
            random.Next(3) == 0 ? limits.MaxValueBytes : 120,
            (ushort)random.Next(shards + 1),
            withStreams: false);
        return new Conversation(own, operations, new PlainCache(limits), random.Next(1, 120), ending) { Prefix = $"{seed}.{index}:" };
    }
}
