using FastCache.Client.Telemetry;
using FastCache.Client.Tests.Fakes;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Examples;

/// <summary>What a client logs, by its events' numbers.</summary>
public sealed class LogTests
{
    [Fact]
    public async Task Connections_that_are_made_lost_and_made_again_are_logged()
    {
        using CollectedLog log = new();
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options with { LoggerFactory = log });
        ScriptedConnection connection = await node.ConnectedAsync();
        Assert.Equal($"Debug: Connected to {node.EndPoint}.", log.First(1));
        await connection.EndAsync(Status.ShuttingDown, "the node stops");
        Assert.Equal(
            $"Warning: The connection to {node.EndPoint} was lost: ShuttingDown: the node stops (losses since the last such message: 1)",
            log.First(2));
        using ScriptedConnection again = await node.ConnectedAsync();
        Assert.StartsWith($"Information: Connected to {node.EndPoint} again after 00:00:0", log.First(3), StringComparison.Ordinal);

        // The next loss is soon after: it is left to a later message.
        again.Dispose();
        using ScriptedConnection third = await node.ConnectedAsync();
        Eventually.Is(() => log.Of(3).Length == 2, () => "it has not connected again");
        Assert.Single(log.Of(2));
        await client.DisposeAsync();
        Assert.Single(log.Of(2));
    }

    [Fact]
    public async Task Requests_that_time_out_are_summed_up()
    {
        using CollectedLog log = new();
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(
            node.Options with { LoggerFactory = log, RequestTimeout = TimeSpan.FromSeconds(1) });
        using ScriptedConnection connection = await node.ConnectedAsync();
        Task[] gets = [.. Enumerable.Range(1, 5).Select(i => client.GetAsync([(byte)i]).AsTask())];
        await Assert.ThrowsAsync<CacheTimeoutException>(() => Task.WhenAll(gets));
        Assert.Contains($"requests to {node.EndPoint} had no reply within 00:00:01", log.First(7), StringComparison.Ordinal);
        Assert.Single(log.Of(7));
    }

    [Fact]
    public async Task Values_that_are_dropped_from_the_near_cache_are_logged()
    {
        using CollectedLog log = new();
        await using ScriptedNode node = new();
        await using NearScene scene = await NearScene.StartAsync(node, NearScene.Endless with { LoggerFactory = log });
        scene.Tracking.Dispose();
        Assert.StartsWith($"Information: What was kept near of {node.EndPoint} was dropped: ", log.First(6), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_source_that_fails_is_logged_with_its_exception()
    {
        using CollectedLog log = new();
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options with { LoggerFactory = log });
        using ScriptedConnection connection = await node.ConnectedAsync();
        Task<FilledValue> fill = client.GetOrFillAsync<int>(
            [1], 0, static (_, _, _, _) => throw new InvalidDataException("no such row")).AsTask();
        await connection.ReplyAsync((await connection.ReadAsync())!, Status.Ok, new byte[8], (uint)LeaseResult.Fill);
        await Assert.ThrowsAsync<InvalidDataException>(() => fill);
        Assert.Equal("Warning: A source of fills failed (failures since the last such message: 1).no such row", log.First(8));
    }

    [Fact]
    public void What_repeats_is_let_through_once_in_a_while()
    {
        LogThrottle throttle = new();
        Assert.False(throttle.TryTake(out _));
        throttle.Add(3);
        Assert.True(throttle.TryTakeOneMore(out long sum));
        Assert.Equal(4, sum);
        Assert.False(throttle.TryTakeOneMore(out _));
    }
}
