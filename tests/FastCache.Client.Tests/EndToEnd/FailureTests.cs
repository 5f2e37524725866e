using System.Runtime.InteropServices;
using FastCache.EndToEnd.Tests;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>What callers see when one of three real nodes fails under load.</summary>
public sealed class FailureTests
{
    /// <summary>What a machine that others load may add to any time.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(5);

    private static readonly FastCacheClientOptions Defaults = new() { Seeds = [] };

    [Fact]
    public async Task A_killed_node_fails_its_own_keys_only_until_it_is_back()
    {
        TimeSpan requestTimeout = TimeSpan.FromSeconds(20);
        using RunningCluster cluster = new();
        await using FastCacheClient client = await cluster.ConnectAsync(requestTimeout);
        await using ClusterLoad load = new(client, cluster);
        load.AwaitProgress(0, 1, 2);
        cluster[1].Crash();
        Eventually.Is(
            () => load.Failures.Any(failure => failure.Reason is CacheConnectionException { MayHaveExecuted: false }),
            () => $"{load.Failures.Count} failures, none of a request that was not sent");
        load.AwaitProgress(0, 2);
        Assert.Equal([true, false, true], client.Nodes.Select(node => node.IsConnected));
        cluster.Start(1);
        await AwaitConnectedAsync(client, 1, Defaults.MaxReconnectPause + Slack);
        load.AwaitProgress(0, 1, 2); // Also for callers that have failed, but not yet said so.
        int failures = load.Failures.Count;
        load.AwaitProgress(0, 1, 2);
        Assert.Equal(failures, load.Failures.Count);
        await load.EndAsync();
        Assert.All(load.Failures, failure =>
        {
            Assert.Equal(1, cluster.NodeOf(failure.Key));
            Assert.IsType<CacheConnectionException>(failure.Reason);
            Assert.InRange(failure.After, TimeSpan.Zero, Defaults.OutageWait + Slack);
        });
    }

    [Fact]
    public async Task A_silent_node_times_its_own_keys_out_until_it_speaks_again()
    {
        TimeSpan requestTimeout = TimeSpan.FromSeconds(4);
        using RunningCluster cluster = new();
        await using FastCacheClient client = await cluster.ConnectAsync(requestTimeout);
        await using ClusterLoad load = new(client, cluster);
        load.AwaitProgress(0, 1, 2);
        cluster[0].Suspend();
        Eventually.Is(
            () => load.Failures.Any(failure => failure.IsWrite && failure.Reason is CacheTimeoutException),
            () => $"no write timed out; {load.Failures.Count} failures");
        load.AwaitProgress(1, 2);
        cluster[0].Resume();
        await AwaitConnectedAsync(client, 0, Defaults.ConnectTimeout + Defaults.MaxReconnectPause + Slack);
        load.AwaitProgress(0, 1, 2);
        await load.EndAsync();
        Assert.All(load.Failures, failure =>
        {
            Assert.Equal(0, cluster.NodeOf(failure.Key));
            Assert.True(failure.Reason is CacheTimeoutException or CacheConnectionException, $"{failure.Reason}");
            Assert.InRange(failure.After, TimeSpan.Zero, (requestTimeout * 1.1) + Slack);
        });
        Assert.Contains(
            load.Failures, failure => failure.IsWrite && failure.Reason is CacheTimeoutException { MayHaveExecuted: true });
    }

    [Fact]
    public async Task A_rolling_restart_fails_requests_of_the_node_that_is_away_and_nothing_else()
    {
        using RunningCluster cluster = new();
        await using FastCacheClient client = await cluster.ConnectAsync(TimeSpan.FromSeconds(20));
        await using ClusterLoad load = new(client, cluster);
        for (int i = 0; i < 3; i++)
        {
            load.AwaitProgress(0, 1, 2);
            int before = load.Failures.Count;
            Assert.Equal(0, cluster[i].Stop(PosixSignal.SIGTERM));
            cluster.Start(i);
            await AwaitConnectedAsync(client, i, Defaults.MaxReconnectPause + Slack);
            load.AwaitProgress(0, 1, 2);
            Assert.All(load.Failures.Skip(before), failure =>
            {
                Assert.Equal(i, cluster.NodeOf(failure.Key));
                Assert.IsType<CacheConnectionException>(failure.Reason);
                Assert.InRange(failure.After, TimeSpan.Zero, Defaults.OutageWait + Slack);
            });
        }

        await load.EndAsync();
        Assert.All(client.Nodes, node => Assert.True(node.IsConnected));
    }

    private static async Task AwaitConnectedAsync(FastCacheClient client, int node, TimeSpan limit)
    {
        long end = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        while (!client.Nodes[node].IsConnected)
        {
            Assert.True(Environment.TickCount64 < end, $"node {client.Nodes[node].Name} is not connected {limit} after it came back");
            await Task.Delay(10);
        }
    }
}
