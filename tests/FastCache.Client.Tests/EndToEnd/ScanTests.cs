using System.Text;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>Scans of real nodes.</summary>
public sealed class ScanTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("1", 1)]
    [InlineData("3", 2)]
    public async Task All_keys_of_all_shards_are_told_once(string shards, int connections)
    {
        using RunningNode node = RunningNode.Start("--shards", shards);
        await using FastCacheClient client = await NodeTests.ConnectAsync(node, connections);
        string[] keys = await StoreAsync(client, "key ", 5_000);
        await StoreAsync(client, "other ", 100);
        Assert.Equal(keys.Order(), (await ScanAsync(client, "key ")).Order());
        Assert.Equal(5_100, (await ScanAsync(client, "")).Count);
        Assert.Empty(await ScanAsync(client, "nobody"));
    }

    [Fact]
    public async Task Keys_that_stay_are_told_while_others_come_and_go()
    {
        using RunningNode node = RunningNode.Start("--shards", "2");
        await using FastCacheClient client = await NodeTests.ConnectAsync(node);
        string[] steady = await StoreAsync(client, "steady ", 3_000);
        using CancellationTokenSource end = new();
        Task writing = Task.Run(async () =>
        {
            for (int i = 0; !end.IsCancellationRequested; i++)
            {
                await client.SetAsync(NodeTests.Key($"passing {i % 5_000}"), new byte[i % 100]);
                await client.SetAsync(NodeTests.Key(steady[i % steady.Length]), new byte[i % 50]);
                await client.DeleteAsync(NodeTests.Key($"passing {(i + 2_500) % 5_000}"));
            }
        });
        for (int round = 0; round < 5; round++)
        {
            List<string> told = await ScanAsync(client, "");
            Assert.Empty(steady.Except(told));
            Assert.All(told, key => Assert.True(key.StartsWith("steady ", StringComparison.Ordinal) || key.StartsWith("passing ", StringComparison.Ordinal)));
        }

        await end.CancelAsync();
        await writing;
    }

    [Fact]
    public async Task All_nodes_of_a_cluster_are_scanned_also_when_slots_move_meanwhile()
    {
        using RunningCluster cluster = new();
        await using FastCacheClient client = await cluster.ConnectAsync(Patience);
        string[] keys = await StoreAsync(client, "key ", 6_000);
        Assert.Equal(keys.Order(), (await ScanAsync(client, "")).Order());

        HashSet<string> told = [];
        bool hasMoved = false;
        await foreach (byte[] key in client.ScanAsync())
        {
            told.Add(Encoding.UTF8.GetString(key));
            if (told.Count == 500)
            {
                hasMoved = true;
                cluster.Spread(2);
            }
        }

        // What the first two nodes had they have still, and all of it was told.
        Assert.True(hasMoved);
        List<string> left = await ScanAsync(client, "");
        Assert.InRange(left.Count, 3_000, 5_000);
        Assert.Empty(left.Except(told));
    }

    [Fact]
    public async Task Scan_ends_with_its_token_and_with_its_node()
    {
        using RunningNode node = RunningNode.Start();
        await using FastCacheClient client = await NodeTests.ConnectAsync(node);
        await StoreAsync(client, "key ", 2_000);
        using CancellationTokenSource end = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (byte[] _ in client.ScanAsync(cancellationToken: end.Token))
            {
                await end.CancelAsync();
            }
        });
        bool hasCrashed = false;
        CacheException lost = await Assert.ThrowsAnyAsync<CacheException>(async () =>
        {
            await foreach (byte[] _ in client.ScanAsync())
            {
                if (!hasCrashed)
                {
                    hasCrashed = true;
                    node.Crash();
                }
            }
        });
        Assert.IsType<CacheConnectionException>(lost);
    }

    [Fact]
    public async Task Prefix_that_no_key_can_have_is_refused()
    {
        using RunningNode node = RunningNode.Start();
        await using FastCacheClient client = await NodeTests.ConnectAsync(node);
        ArgumentException refused = Assert.Throws<ArgumentException>(() => client.ScanAsync(new byte[FcpLimits.MaxKeyBytes + 1]));
        Assert.Contains("251 bytes; keys have at most 250", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<string[]> StoreAsync(FastCacheClient client, string prefix, int count)
    {
        string[] keys = [.. Enumerable.Range(0, count).Select(i => $"{prefix}{i}")];
        Assert.Equal(count, await client.SetManyAsync(keys.Select(key => new CacheEntry(NodeTests.Key(key), new byte[1])).ToArray()));
        return keys;
    }

    private static async Task<List<string>> ScanAsync(FastCacheClient client, string prefix)
    {
        List<string> keys = [];
        await foreach (byte[] key in client.ScanAsync(Encoding.UTF8.GetBytes(prefix)))
        {
            keys.Add(Encoding.UTF8.GetString(key));
        }

        return keys;
    }
}
