using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using FastCache.Client.Tests.Fakes;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Examples;

/// <summary>What a client measures.</summary>
public sealed class MetricTests
{
    private const string Duration = "db.client.operation.duration";

    [Fact]
    public async Task The_duration_of_each_request_is_measured_with_what_was_asked_of_whom_and_how_it_failed()
    {
        using MeterScene meters = new();
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options with { MeterFactory = meters });
        using ScriptedConnection connection = await node.ConnectedAsync();
        Task<CacheValue> get = client.GetAsync([1]).AsTask();
        ScriptedRequest request = (await connection.ReadAsync())!;
        await Task.Delay(50);
        await connection.ReplyAsync(request, Status.NotFound);
        await get;
        MeterScene.Measured measured = Assert.Single(meters.Read(), one => one.Name == Duration);
        Assert.Equal("s", measured.Unit);
        Assert.InRange(measured.Value, 0.03, 20); // The timer of the delay may be a tick early.
        Assert.Equal(
            ["db.system.name=fastcache", "db.operation.name=get", "server.address=127.0.0.1", $"server.port={node.EndPoint.Port}"],
            measured.Tags);

        Task<CacheValue> range = client.GetRangeAsync([1], 5).AsTask();
        await connection.ReplyAsync((await connection.ReadAsync())!, Status.RangeOutOfValue);
        await Assert.ThrowsAsync<CacheRequestException>(() => range);
        measured = Assert.Single(meters.Read(), one => one.Name == Duration);
        Assert.Equal(
            ["db.operation.name=get_range", "error.type=FastCache.Client.CacheRequestException", "db.response.status_code=RangeOutOfValue"],
            measured.Tags.Where((_, i) => i is 1 or > 3));
    }

    [Fact]
    public async Task Requests_that_are_refused_or_given_up_are_measured_too()
    {
        using MeterScene meters = new();
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options with { MeterFactory = meters, MaxOutstanding = 1 });
        using ScriptedConnection connection = await node.ConnectedAsync();
        using CancellationTokenSource cancellation = new();
        Task<CacheValue> get = client.GetAsync([1], cancellation.Token).AsTask();
        await Assert.ThrowsAsync<CacheLimitException>(() => client.DeleteAsync([1]).AsTask());
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => get);
        Assert.Equal(
            [("db.operation.name=delete", "error.type=FastCache.Client.CacheLimitException"),
                ("db.operation.name=get", "error.type=System.OperationCanceledException")],
            meters.Read().Where(one => one.Name == Duration).Select(one => (one.Tags[1], one.Tags[4])));
    }

    [Fact]
    public async Task Each_node_has_its_counters_and_they_go_on_when_it_was_lost()
    {
        using MeterScene meters = new();
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options with { MeterFactory = meters });
        ScriptedConnection connection = await node.ConnectedAsync();
        Task<CacheValue> first = client.GetAsync([1]).AsTask();
        await connection.ReplyAsync((await connection.ReadAsync())!, Status.Ok, new byte[100]);
        (await first).Dispose();
        Task<WriteResult> lost = client.SetAsync([1], [1, 2, 3]).AsTask();
        await connection.ReadAsync();
        string port = $"server.port={node.EndPoint.Port}";
        Assert.Equal(2, meters.Value("fastcache.client.requests", port));
        Assert.Equal(1, meters.Value("fastcache.client.replies", port));
        Assert.Equal(
            FcpLimits.HeaderBytes + 1 + FcpLimits.HeaderBytes + 1 + 3, meters.Value("fastcache.client.io", port, "network.io.direction=transmit"));
        Assert.Equal(FcpLimits.HeaderBytes + 100, meters.Value("fastcache.client.io", port, "network.io.direction=receive"));
        Assert.Equal(1, meters.Value("fastcache.client.outstanding", port));
        Assert.Equal(1, meters.Value("fastcache.client.connections", port, "fastcache.connection.state=connected"));
        Assert.Equal(0, meters.Value("fastcache.client.connections", port, "fastcache.connection.state=disconnected"));
        Assert.Equal(1, meters.Value("fastcache.client.nodes", "fastcache.node.state=connected"));
        Assert.Equal(0, meters.Value("fastcache.client.reconnects", port));

        node.Stop();
        connection.Dispose();
        await Assert.ThrowsAsync<CacheConnectionException>(() => lost);
        Assert.Equal(0, meters.Value("fastcache.client.nodes", "fastcache.node.state=connected"));
        Assert.Equal(1, meters.Value("fastcache.client.connections", port, "fastcache.connection.state=disconnected"));
        await using ScriptedNode again = node.Restart();
        using ScriptedConnection second = await again.ConnectedAsync();
        Eventually.Is(() => client.Nodes[0].IsConnected, () => "it does not connect again");
        Assert.Equal(1, meters.Value("fastcache.client.reconnects", port));
        Assert.Equal(0, meters.Value("fastcache.client.outstanding", port));
        Assert.Equal(2, meters.Value("fastcache.client.requests", port));
    }

    [Fact]
    public async Task A_node_with_other_shards_than_before_keeps_its_counters()
    {
        using MeterScene meters = new();
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options with { MeterFactory = meters });
        ScriptedConnection connection = await node.ConnectedAsync();
        Task<bool> delete = client.DeleteAsync([1]).AsTask();
        await connection.ReplyAsync((await connection.ReadAsync())!, Status.Ok);
        await delete;
        node.Stop();
        connection.Dispose();
        await using ScriptedNode again = node.Restart(shardCount: 2);
        Eventually.Is(() => client.Nodes[0] is { Shards: 2, IsConnected: true }, () => "the shards are not learnt");
        Eventually.Is(
            () => meters.Value("fastcache.client.connections", "fastcache.connection.state=connected") == 2
                && meters.Value("fastcache.client.connections", "fastcache.connection.state=disconnected") == 0,
            () => "the old connection is still told of");
        Assert.Equal(1, meters.Value("fastcache.client.replies", $"server.port={node.EndPoint.Port}"));
        Assert.Equal(1, meters.Value("fastcache.client.nodes", "fastcache.node.state=connected"));
    }

    [Fact]
    public async Task Requests_without_a_reply_in_time_are_counted()
    {
        using MeterScene meters = new();
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(
            node.Options with { MeterFactory = meters, RequestTimeout = TimeSpan.FromMilliseconds(50) });
        using ScriptedConnection connection = await node.ConnectedAsync();
        await Assert.ThrowsAsync<CacheTimeoutException>(() => client.PingAsync().AsTask());
        Eventually.Is(() => meters.Value("fastcache.client.timeouts") == 1, () => "it is not counted");
    }

    [Fact]
    public async Task Hits_misses_and_drops_of_the_near_cache_are_counted()
    {
        using MeterScene meters = new();
        await using ScriptedNode node = new();
        await using (NearScene scene = await NearScene.StartAsync(node, NearScene.Endless with { MeterFactory = meters }))
        {
            await scene.ReadAsync([1], [5]);
            (await scene.Client.GetAsync([1])).Dispose();
            (await scene.Client.GetAsync([1])).Dispose();
            Assert.Equal(2, meters.Value("fastcache.client.near.reads", "fastcache.near.result=hit"));
            Assert.Equal(1, meters.Value("fastcache.client.near.reads", "fastcache.near.result=miss"));
            Assert.Equal(1, meters.Value("fastcache.client.near.entries"));
            Assert.Equal(0, meters.Value("fastcache.client.near.drops"));
            scene.Tracking.Dispose();
            Eventually.Is(() => meters.Value("fastcache.client.near.drops") == 1, () => "the drop is not counted");
        }

        Assert.Empty(meters.Read());
    }

    [Fact]
    public async Task Without_a_near_cache_nothing_is_told_of_one()
    {
        using MeterScene meters = new();
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options with { MeterFactory = meters });
        MeterScene.Measured[] measured = meters.Read();
        Assert.NotEmpty(measured);
        Assert.DoesNotContain(measured, one => one.Name.Contains("near", StringComparison.Ordinal));
        Assert.DoesNotContain(measured, one => one.Name is "fastcache.client.topology.epoch" or "fastcache.client.copies.written");
    }

    [Fact]
    public async Task Calls_of_sources_and_what_became_of_their_answers_are_counted()
    {
        using MeterScene meters = new();
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options with { MeterFactory = meters });
        using ScriptedConnection connection = await node.ConnectedAsync();
        Task<FilledValue> fill = client.GetOrFillAsync<int>(
            [1], 0, static (_, _, _, _) => throw new InvalidDataException("no such row")).AsTask();
        await connection.ReplyAsync((await connection.ReadAsync())!, Status.Ok, new byte[8], (uint)LeaseResult.Fill);
        await Assert.ThrowsAsync<InvalidDataException>(() => fill);
        Assert.Equal(1, meters.Value("fastcache.client.fill.source_calls"));
        Assert.Equal(1, meters.Value("fastcache.client.fill.source_failures"));
        Assert.Equal(0, meters.Value("fastcache.client.fill.answers", "fastcache.fill.result=stored"));
    }

    [Fact]
    public async Task Clients_of_one_factory_are_summed_up_and_those_that_are_closed_are_told_of_no_more()
    {
        using MeterScene meters = new();
        await using ScriptedNode node = new();
        FastCacheClient[] clients = [await ConnectAsync(), await ConnectAsync()];
        string port = $"server.port={node.EndPoint.Port}";
        Assert.Equal(2, meters.Value("fastcache.client.requests", port));
        Assert.Equal(2, meters.Value("fastcache.client.connections", port, "fastcache.connection.state=connected"));
        await clients[0].DisposeAsync();

        // A counter does not fall.
        Assert.Equal(2, meters.Value("fastcache.client.requests", port));
        Assert.Equal(1, meters.Value("fastcache.client.connections", port, "fastcache.connection.state=connected"));
        Assert.Equal(1, meters.Value("fastcache.client.nodes", "fastcache.node.state=connected"));
        await clients[1].DisposeAsync();
        Assert.Empty(meters.Read());

        async Task<FastCacheClient> ConnectAsync()
        {
            FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options with { MeterFactory = meters });
            ScriptedConnection connection = await node.ConnectedAsync();
            ValueTask ping = client.PingAsync();
            await connection.ReplyAsync((await connection.ReadAsync())!, Status.Ok);
            await ping;
            meters.Read();
            return client;
        }
    }

    [Fact]
    public async Task A_closed_client_is_not_kept_by_the_meter_of_a_factory()
    {
        using MeterScene meters = new();
        await using ScriptedNode node = new();
        WeakReference client = await UseAsync(node, meters);
        Eventually.Is(
            () =>
            {
                GC.Collect();
                return !client.IsAlive;
            },
            () => "it is still there");
        Assert.Empty(meters.Read());
    }

    [Fact]
    public async Task Without_a_factory_a_client_has_a_meter_of_its_own_that_ends_with_it()
    {
        await using ScriptedNode node = new();
        List<int> ports = [];
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (instrument is { Meter.Name: "FastCache.Client", Name: "fastcache.client.requests" })
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => ports.Add((int)tags[1].Value!));
        listener.Start();
        FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        listener.RecordObservableInstruments();
        Assert.Contains(node.EndPoint.Port, ports);
        await client.DisposeAsync();
        ports.Clear();
        listener.RecordObservableInstruments();
        Assert.DoesNotContain(node.EndPoint.Port, ports);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> UseAsync(ScriptedNode node, MeterScene meters)
    {
        FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options with { MeterFactory = meters });
        Assert.NotEmpty(meters.Read());
        await client.DisposeAsync();
        return new(client);
    }
}
