using System.Collections.Concurrent;
using System.Diagnostics;
using FastCache.Client.Tests.Fakes;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Examples;

/// <summary>The activities of calls. Those of other tests, which run meanwhile, are told apart by the node's port.</summary>
public sealed class ActivityTests : IDisposable
{
    private readonly ConcurrentQueue<Activity> _stopped = [];
    private readonly ActivityListener _listener;

    public ActivityTests()
    {
        _listener = new()
        {
            ShouldListenTo = source => source.Name is "FastCache.Client" or nameof(ActivityTests),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _stopped.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_call_is_an_activity_below_its_callers_which_stays_the_current_one()
    {
        using ActivitySource callers = new(nameof(ActivityTests));
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        using Activity caller = callers.StartActivity("caller")!;
        Task<CacheValue> get = client.GetAsync("secret"u8).AsTask();
        Assert.Same(caller, Activity.Current);
        ScriptedRequest request = (await connection.ReadAsync())!;
        await Task.Delay(50);
        await connection.ReplyAsync(request, Status.Ok, "hidden"u8.ToArray());
        (await get).Dispose();
        Assert.Same(caller, Activity.Current);
        Activity call = Assert.Single(Of(node));
        Assert.Equal("get", call.DisplayName);
        Assert.Equal(ActivityKind.Client, call.Kind);
        Assert.Equal(caller.TraceId, call.TraceId);
        Assert.Equal(caller.SpanId, call.ParentSpanId);
        Assert.Equal(ActivityStatusCode.Unset, call.Status);
        Assert.InRange(call.Duration, TimeSpan.FromMilliseconds(49), TimeSpan.FromSeconds(20));
        Assert.InRange(call.StartTimeUtc, caller.StartTimeUtc, DateTime.UtcNow);
        Assert.Equal(
            ["db.system.name=fastcache", "db.operation.name=get", "server.address=127.0.0.1", $"server.port={node.EndPoint.Port}"],
            call.TagObjects.Select(tag => $"{tag.Key}={tag.Value}"));
    }

    [Fact]
    public async Task A_call_that_fails_says_by_what()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options with { MaxOutstanding = 1 });
        using ScriptedConnection connection = await node.ConnectedAsync();
        Task<WriteResult> set = client.SetAsync([1], [1]).AsTask();
        await Assert.ThrowsAsync<CacheLimitException>(() => client.GetAsync([1]).AsTask());
        await connection.ReplyAsync((await connection.ReadAsync())!, Status.OutOfMemory, "full"u8.ToArray());
        await Assert.ThrowsAsync<CacheRequestException>(() => set);
        Assert.Null(Activity.Current);
        Activity[] calls = Of(node);
        Assert.Equal(["get", "set"], calls.Select(call => call.DisplayName));
        Assert.All(calls, call => Assert.Equal(ActivityStatusCode.Error, call.Status));
        Assert.All(calls, call => Assert.Equal(default, call.ParentSpanId));
        Assert.Equal("CacheRequestException", calls[1].StatusDescription);
        Assert.Equal("FastCache.Client.CacheRequestException", calls[1].GetTagItem("error.type"));
        Assert.Equal("OutOfMemory", calls[1].GetTagItem("db.response.status_code"));
        Assert.Null(calls[0].GetTagItem("db.response.status_code"));
    }

    [Fact]
    public async Task A_client_that_was_connected_within_an_activity_does_not_put_its_calls_below_that_one()
    {
        using ActivitySource callers = new(nameof(ActivityTests));
        await using ScriptedNode node = new();
        FastCacheClient client;
        using (callers.StartActivity("connects"))
        {
            client = await FastCacheClient.ConnectAsync(node.Options);
        }

        await using (client)
        {
            using ScriptedConnection connection = await node.ConnectedAsync();
            Task<bool> delete = client.DeleteAsync([1]).AsTask();
            await connection.ReplyAsync((await connection.ReadAsync())!, Status.Ok);
            await delete;
            Assert.Equal(default, Assert.Single(Of(node)).ParentSpanId);
        }
    }

    private Activity[] Of(ScriptedNode node) =>
        [.. _stopped.Where(one => one.Source.Name == "FastCache.Client" && one.GetTagItem("server.port") is int port && port == node.EndPoint.Port)];
}
