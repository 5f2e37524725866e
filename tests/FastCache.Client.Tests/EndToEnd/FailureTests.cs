using System.Diagnostics;
using System.IO.Pipelines;
using System.Runtime.InteropServices;
using FastCache.EndToEnd.Tests;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>What callers see when one of three real nodes fails under load.</summary>
public sealed class FailureTests
{
    /// <summary>What a machine that others load may add to any time.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(5);

    private static readonly FastCacheClientOptions Defaults = new() { Seeds = [] };

    /// <summary>How long after the end of a silence its node is connected again at the latest.</summary>
    private static readonly TimeSpan SilenceIsOver = Defaults.ConnectTimeout + Defaults.MaxReconnectPause + Slack;

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
        AwaitEndOfFailures(load);
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
        using RunningCluster cluster = new();
        await SilenceAsync(cluster, 0, cluster[0].Suspend, cluster[0].Resume);
    }

    [CuttableLinkFact]
    public async Task A_node_that_is_cut_off_times_its_own_keys_out_until_the_network_is_back()
    {
        using CuttableLink link = new();
        using RunningCluster cluster = new(link);
        await SilenceAsync(cluster, 2, CutBothWays, link.Restore);

        void CutBothWays()
        {
            link.CutRequests();
            link.CutReplies();
        }
    }

    [CuttableLinkFact]
    public async Task A_node_whose_replies_are_lost_times_its_own_keys_out_until_the_network_is_back()
    {
        using CuttableLink link = new();
        using RunningCluster cluster = new(link);
        await SilenceAsync(cluster, 2, link.CutReplies, link.Restore);
    }

    [CuttableLinkFact]
    public async Task What_a_node_executed_whose_reply_was_lost_may_have_been_executed_and_was_once()
    {
        using CuttableLink link = new();
        using RunningCluster cluster = new(link);
        await using FastCacheClient client = await cluster.ConnectAsync(TimeSpan.FromSeconds(3));
        byte[] key = cluster.KeysOf(2, "unheard", 1)[0];
        Assert.Equal(0UL, (await client.IncrementAsync(key, 0, new(Initial: 0))).Number);
        link.CutReplies();
        CacheTimeoutException unheard = await Assert.ThrowsAsync<CacheTimeoutException>(() => client.IncrementAsync(key).AsTask());
        Assert.True(unheard.MayHaveExecuted);
        link.Restore();
        await AwaitConnectedAsync(client, 2, SilenceIsOver);
        using CacheValue count = await client.GetAsync(key);
        Assert.Equal("1"u8, count.Span);
    }

    [CuttableLinkFact]
    public async Task A_write_that_was_lost_on_its_way_does_not_arrive_when_its_connection_was_given_up()
    {
        using CuttableLink link = new();
        using RunningCluster cluster = new(link);
        FastCacheClientOptions options = cluster.OptionsOf(TimeSpan.FromSeconds(3));
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(options);
        using FastCacheBatch batch = FastCacheBatch.Connect(options);
        byte[][] keys = cluster.KeysOf(2, "late", 3);
        batch.Set(keys[1], "old"u8);
        batch.Execute();
        batch.Clear();
        batch.Set(keys[1], "lost"u8);
        Pipe upload = new();
        Task<WriteResult> streaming = client.SetStreamAsync(keys[2], upload.Reader.AsStream(), 4);
        while ((await client.StatsAsync("c"))["streams_open"] == 0)
        {
            await Task.Delay(5);
        }

        link.CutRequests();
        Stopwatch clock = Stopwatch.StartNew();
        Task execution = Task.Run(batch.Execute);
        await upload.Writer.WriteAsync(NodeTests.Key("lost"));
        await Assert.ThrowsAsync<CacheTimeoutException>(() => client.SetAsync(keys[0], "lost"u8).AsTask());
        await Assert.ThrowsAsync<CacheTimeoutException>(() => execution);
        await Assert.ThrowsAsync<CacheTimeoutException>(() => streaming);
        Eventually.Is(() => !client.Nodes[2].IsConnected, () => "a connection on which nothing comes is kept");

        // The kernel repeats what is not acknowledged after pauses that double: after 3 s, and again after 6 or 7.
        await Task.Delay(TimeSpan.FromSeconds(4) - clock.Elapsed is { Ticks: > 0 } rest ? rest : TimeSpan.Zero);
        link.Restore();
        TimeSpan nextRepetition = (2 * clock.Elapsed) + TimeSpan.FromMilliseconds(500);
        await AwaitConnectedAsync(client, 2, SilenceIsOver);
        await Task.WhenAll(keys.Select(key => client.SetAsync(key, "newer"u8).AsTask()));
        while (clock.Elapsed < nextRepetition)
        {
            foreach (byte[] key in keys)
            {
                using CacheValue value = await client.GetAsync(key);
                Assert.Equal("newer"u8, value.Span);
            }

            await Task.Delay(20);
        }
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

    /// <summary>Lets a node under load say nothing until its callers have felt it, and then speak again.</summary>
    private static async Task SilenceAsync(RunningCluster cluster, int node, Action fallSilent, Action speakAgain)
    {
        TimeSpan requestTimeout = TimeSpan.FromSeconds(4);
        int[] others = [.. Enumerable.Range(0, 3).Where(other => other != node)];
        await using FastCacheClient client = await cluster.ConnectAsync(requestTimeout);
        await using ClusterLoad load = new(client, cluster);
        load.AwaitProgress(0, 1, 2);
        fallSilent();
        Eventually.Is(
            () => load.Failures.Any(failure => failure.Reason is CacheTimeoutException)
                && load.Failures.Any(MayHaveCounted)
                && load.Failures.Any(failure => failure.Reason is CacheConnectionException { MayHaveExecuted: false }),
            () => $"nothing timed out, no increment failed under way, or the connection is not given up; {load.Failures.Count} failures");
        load.AwaitProgress(others);
        Assert.All(client.Nodes, (one, i) => Assert.Equal(i != node, one.IsConnected));
        speakAgain();
        await AwaitConnectedAsync(client, node, SilenceIsOver);
        AwaitEndOfFailures(load);
        await load.EndAsync();
        Assert.All(load.Failures, failure =>
        {
            Assert.Equal(node, cluster.NodeOf(failure.Key));
            Assert.True(failure.Reason is CacheTimeoutException or CacheConnectionException, $"{failure.Reason}");
            Assert.InRange(failure.After, TimeSpan.Zero, (requestTimeout * 1.1) + Slack);
        });
        Assert.Contains(load.Failures, failure => MayHaveCounted(failure));

        // It timed out itself, or was under way when another did and the connection was given up.
        static bool MayHaveCounted(LoadFailure failure) => failure is { Action: LoadAction.Increment, MayHaveExecuted: true };
    }

    private static void AwaitEndOfFailures(ClusterLoad load)
    {
        load.AwaitProgress(0, 1, 2); // Also for callers that have failed, but not yet said so.
        int failures = load.Failures.Count;
        load.AwaitProgress(0, 1, 2);
        Assert.Equal(failures, load.Failures.Count);
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
