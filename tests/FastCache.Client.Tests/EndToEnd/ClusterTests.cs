using FastCache.EndToEnd.Tests;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>The client against three real nodes.</summary>
public sealed class ClusterTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Each_key_is_on_the_node_that_the_topology_says()
    {
        using RunningCluster cluster = new();
        await using FastCacheClient client = await cluster.ConnectAsync(Patience);
        CacheEntry[] entries = [.. Enumerable.Range(0, 900).Select(i => new CacheEntry(NodeTests.Key($"key {i}"), NodeTests.Bytes(i, i)))];
        Assert.Equal(900, await client.SetManyAsync(entries));
        CacheValue[] values = new CacheValue[900];
        Assert.Equal(900, await client.GetManyAsync(entries.Select(entry => entry.Key).ToArray(), values));
        for (int i = 0; i < values.Length; i++)
        {
            Assert.True(values[i].Span.SequenceEqual(entries[i].Value.Span));
            values[i].Dispose();
        }

        Assert.Equal(1u, client.Topology!.Epoch);
        Assert.Equal(["a", "b", "c"], client.Nodes.Select(node => node.Name));
        Assert.Equal([1, 2, 1], client.Nodes.Select(node => node.Shards));
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(cluster[i].EndPoint, client.Nodes[i].EndPoint);
            long expected = entries.Count(entry => cluster.NodeOf(entry.Key.ToArray()) == i);
            Assert.InRange(expected, 100, 800);
            await client.PingAsync(client.Nodes[i].Name);

            // A shard knows of the others' counters a tenth of a second late.
            long items = -1;
            for (int attempt = 0; items != expected && attempt < 200; attempt++)
            {
                items = (await client.StatsAsync(client.Nodes[i].Name))["items"];
                await Task.Delay(20);
            }

            Assert.Equal(expected, items);
        }
    }

    [Fact]
    public async Task Every_operation_reaches_the_node_of_its_key()
    {
        using RunningCluster cluster = new();
        await using FastCacheClient client = await cluster.ConnectAsync(Patience);
        for (int i = 0; i < 60; i++)
        {
            byte[] key = NodeTests.Key($"key {i}");
            Assert.True((await client.SetAsync(key, [1])).IsDone);
            Assert.True((await client.AppendAsync(key, [2])).IsDone);
            Assert.True((await client.PrependAsync(key, [0])).IsDone);
            Assert.True(await client.TouchAsync(key, 60_000));
            using (CacheValue part = await client.GetRangeAsync(key, 1))
            {
                Assert.Equal([1, 2], part.Memory.ToArray());
            }

            Assert.True(await client.DeleteAsync(key));
            Assert.Equal(7UL, (await client.IncrementAsync(key, 1, new CountTerms(Initial: 7))).Number);
            Assert.Equal(6UL, (await client.DecrementAsync(key)).Number);
            Assert.True(await client.MakeStaleAsync(key));
            using LeasedValue leased = await client.LeaseGetAsync(key, 60_000);
            Assert.True(await client.LeaseReleaseAsync(key, leased.Token));
        }
    }

    [Fact]
    public async Task A_seed_where_nobody_is_does_no_harm_beside_a_right_one()
    {
        using RunningCluster cluster = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(
            new() { Seeds = [new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 1), cluster[2].EndPoint] });
        Assert.Equal(3, client.Nodes.Count);
    }

    [Fact]
    public async Task Topologies_that_move_slots_under_load_fail_no_request_and_show_no_wrong_value()
    {
        using RunningCluster cluster = new();
        await using FastCacheClient client = await cluster.ConnectAsync(Patience);
        await using ClusterLoad load = new(client, cluster);
        load.AwaitProgress(0, 1, 2);
        foreach (int nodes in (int[])[2, 3])
        {
            cluster.Spread(nodes);
            Eventually.Is(
                () => client.Topology!.Epoch == cluster.Topology.Epoch && client.Nodes.Count == nodes,
                () => $"the client is at epoch {client.Topology!.Epoch}");
            load.AwaitProgress(0, 1, 2);
        }

        await load.EndAsync();
        Assert.Empty(load.Failures);
    }
}
