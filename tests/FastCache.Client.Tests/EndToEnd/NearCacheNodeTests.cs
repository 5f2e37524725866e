using System.Diagnostics;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>The near cache against a real node and clients that change what it keeps.</summary>
public sealed class NearCacheNodeTests
{
    private static readonly TimeSpan MaxStaleness = TimeSpan.FromSeconds(2);

    [Theory]
    [InlineData("1")]
    [InlineData("3")]
    public async Task Every_kind_of_change_by_another_client_is_seen(string shards)
    {
        using RunningNode node = RunningNode.Start("--shards", shards, "--stale-time", "60");
        await using FastCacheClient near = await ConnectAsync(node);
        await using FastCacheClient other = await NodeTests.ConnectAsync(node);
        for (int i = 0; i < 10; i++)
        {
            byte[] key = NodeTests.Key($"key {i}");
            await other.SetAsync(key, "1"u8.ToArray());
            Served(near, key, "1");
            await other.SetAsync(key, "2"u8.ToArray());
            Served(near, key, "2");
            await other.IncrementAsync(key);
            Served(near, key, "3");
            await other.AppendAsync(key, "4"u8.ToArray());
            Served(near, key, "34");
            await other.PrependAsync(key, "5"u8.ToArray());
            Served(near, key, "534");
            Assert.True(await other.MakeStaleAsync(key));
            Eventually.Is(() => Read(near, key) is null, () => "what was made stale is served");
            await other.SetAsync(key, "6"u8.ToArray());
            Served(near, key, "6");
            Assert.True(await other.DeleteAsync(key));
            Eventually.Is(() => Read(near, key) is null, () => "what was deleted is served");
        }

        NearCacheStatistics statistics = near.NearCacheStatistics;
        Assert.Equal((0, statistics.Shards), (statistics.Drops, statistics.TrackedShards));
        Assert.True(statistics.Hits >= 60, $"{statistics}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_process_reads_what_it_has_written_while_many_read_the_same_keys(int connectionsPerShard)
    {
        using RunningNode node = RunningNode.Start("--shards", "2");
        await using FastCacheClient client = await ConnectAsync(node, connectionsPerShard);
        bool isDone = false;
        Task[] readers = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; !Volatile.Read(ref isDone); i++)
            {
                (await client.GetAsync(NodeTests.Key($"own {i % 6}"))).Dispose();
            }
        }))];
        await Task.WhenAll(Enumerable.Range(0, 6).Select(task => Task.Run(async () =>
        {
            byte[] key = NodeTests.Key($"own {task}");
            for (int i = 0; i < 1_000; i++)
            {
                switch (i % 5)
                {
                    case 0:
                        await client.DeleteAsync(key);
                        Assert.False((await client.GetAsync(key)).IsFound);
                        continue;
                    case 1:
                        await client.SetAsync(key, BitConverter.GetBytes(i));
                        break;
                    case 2 when connectionsPerShard == 1:
                        // In the order of the calls, also if nobody waits for the first.
                        Task<WriteResult> set = client.SetAsync(key, BitConverter.GetBytes(i)).AsTask();
                        await ReadsAsync(i);
                        await set;
                        break;
                    default:
                        await client.SetManyAsync(new[] { new CacheEntry(key, BitConverter.GetBytes(i)) });
                        break;
                }

                await ReadsAsync(i);
                await ReadsAsync(i);
            }

            async Task ReadsAsync(int expected)
            {
                using CacheValue found = await client.GetAsync(key);
                Assert.Equal(expected, found.IsFound ? BitConverter.ToInt32(found.Span) : -1);
            }
        })));
        Volatile.Write(ref isDone, true);
        await Task.WhenAll(readers);

        // That the near cache took part; how much depends on when the node's pushes come.
        Assert.True(client.NearCacheStatistics.Hits > 100, $"{client.NearCacheStatistics}");
    }

    [Fact]
    public async Task Nothing_older_than_the_bound_is_served_while_others_write()
    {
        using RunningNode node = RunningNode.Start();
        await using FastCacheClient near = await ConnectAsync(node);
        await using FastCacheClient other = await NodeTests.ConnectAsync(node);
        byte[] key = NodeTests.Key("written by another");
        List<long> writtenAt = [];
        using CancellationTokenSource end = new(TimeSpan.FromSeconds(3));
        Task writer = Task.Run(async () =>
        {
            for (int i = 0; !end.IsCancellationRequested; i++)
            {
                await other.SetAsync(key, BitConverter.GetBytes(i));
                lock (writtenAt)
                {
                    writtenAt.Add(Stopwatch.GetTimestamp());
                }

                await Task.Delay(i % 3);
            }
        });
        int newest = -1;
        while (!writer.IsCompleted)
        {
            long start = Stopwatch.GetTimestamp();
            using CacheValue found = await near.GetAsync(key);
            if (!found.IsFound)
            {
                continue;
            }

            int value = BitConverter.ToInt32(found.Span);
            Assert.True(value >= newest, $"{value} was read after {newest}");
            newest = value;
            lock (writtenAt)
            {
                bool isOld = value + 1 < writtenAt.Count && Stopwatch.GetElapsedTime(writtenAt[value + 1], start) > MaxStaleness;
                Assert.False(isOld, $"{value} of {writtenAt.Count} is older than allowed");
            }
        }

        await writer;
        Assert.True(near.NearCacheStatistics.Hits > 100, $"{near.NearCacheStatistics}");
    }

    [Fact]
    public async Task A_node_that_ends_takes_what_was_kept_of_it_along()
    {
        RunningNode node = RunningNode.Start();
        await using FastCacheClient near = await ConnectAsync(node);
        byte[] key = NodeTests.Key("kept");
        await near.SetAsync(key, [1]);
        Eventually.Is(
            () =>
            {
                using CacheValue found = near.GetAsync(key).AsTask().GetAwaiter().GetResult();
                return near.NearCacheStatistics.Hits > 0;
            },
            () => "nothing is kept");
        node.Dispose();
        Eventually.Is(() => near.NearCacheStatistics.Drops == 1, () => "the loss is not noticed");
        await Assert.ThrowsAsync<CacheConnectionException>(async () => (await near.GetAsync(key)).Dispose());
    }

    internal static async Task<FastCacheClient> ConnectAsync(RunningNode node, int connectionsPerShard = 1)
    {
        FastCacheClient client = await FastCacheClient.ConnectAsync(new()
        {
            Seeds = [node.EndPoint],
            RequestTimeout = TimeSpan.FromSeconds(20),
            ConnectionsPerShard = connectionsPerShard,
            NearCacheBytes = 64 << 20,
            NearCacheMaxStaleness = MaxStaleness,
        });
        Eventually.Is(
            () => client.NearCacheStatistics is { } now && now.TrackedShards == now.Shards && now.Shards > 0, () => "nothing is tracked");
        return client;
    }

    /// <summary>The value comes soon, and then from near.</summary>
    private static void Served(FastCacheClient client, byte[] key, string value)
    {
        Eventually.Is(() => Read(client, key) == value, () => $"{Read(client, key)} is served instead of {value}");
        Eventually.Is(
            () =>
            {
                ValueTask<CacheValue> get = client.GetAsync(key);
                bool isServed = get.IsCompletedSuccessfully;
                using CacheValue found = get.AsTask().GetAwaiter().GetResult();
                Assert.Equal(value, System.Text.Encoding.UTF8.GetString(found.Span));
                return isServed;
            },
            () => "it is not served");
    }

    private static string? Read(FastCacheClient client, byte[] key)
    {
        using CacheValue found = client.GetAsync(key).AsTask().GetAwaiter().GetResult();
        return found.IsFound ? System.Text.Encoding.UTF8.GetString(found.Span) : null;
    }
}
