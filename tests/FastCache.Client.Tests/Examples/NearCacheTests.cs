using FastCache.Client.Tests.Fakes;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Examples;

/// <summary>What is served from the near cache, and when it is not, against a node whose words a test writes.</summary>
public sealed class NearCacheTests
{
    private static readonly byte[] Key = [1];

    [Fact]
    public async Task A_value_that_was_read_is_served_until_the_node_tells_of_a_change()
    {
        await using ScriptedNode node = new();
        await using NearScene scene = await NearScene.StartAsync(node);
        await scene.ReadAsync(Key, [10]);
        await scene.ServedAsync(Key, [10]);
        byte[] destination = new byte[3];
        Assert.Equal(new CopiedValue(true, 1, NearScene.Version), await scene.Client.GetAsync(Key, destination));
        Assert.Equal([10, 0, 0], destination);
        CacheValue[] values = new CacheValue[1];
        Assert.Equal(1, await scene.Client.GetManyAsync(new ReadOnlyMemory<byte>[] { Key }, values));
        Assert.Equal([10], values[0].Memory.ToArray());

        await scene.TellAsync([2], Key, [3]);
        await scene.ReadAsync(Key, [11]);
        await scene.ServedAsync(Key, [11]);
        NearCacheStatistics statistics = scene.Client.NearCacheStatistics;
        Assert.Equal((4, 2, 3, 0, 1, 1), (statistics.Hits, statistics.Misses, statistics.Invalidations, statistics.Drops, statistics.Shards, statistics.TrackedShards));
        Assert.Equal(1, statistics.Entries);
        Assert.InRange(statistics.Bytes, 1, 16 << 20);
    }

    [Fact]
    public async Task Everything_is_dropped_when_the_node_says_so()
    {
        await using ScriptedNode node = new();
        await using NearScene scene = await NearScene.StartAsync(node);
        await scene.ReadAsync(Key, [10]);
        await scene.ReadAsync([2], [20]);
        await scene.TellAsync();
        await scene.ReadAsync(Key, [11]);
        await scene.ReadAsync([2], [21]);
        await scene.ServedAsync([2], [21]);
        Assert.Equal(1, scene.Client.NearCacheStatistics.Drops);
    }

    [Fact]
    public async Task What_was_asked_for_before_a_change_is_not_kept_when_it_comes_after_it()
    {
        await using ScriptedNode node = new();
        await using NearScene scene = await NearScene.StartAsync(node);
        Task<CacheValue> get = scene.Client.GetAsync(Key).AsTask();
        ScriptedRequest request = (await scene.Requests.ReadAsync())!;
        await scene.TellAsync(Key);
        await scene.AnswerAsync(request, [10]);
        (await get).Dispose();
        await scene.ReadAsync(Key, [11]);
    }

    [Fact]
    public async Task Everything_is_dropped_when_the_tracking_connection_is_lost_and_kept_again_on_the_next_one()
    {
        await using ScriptedNode node = new();
        await using NearScene scene = await NearScene.StartAsync(node);
        await scene.ReadAsync(Key, [10]);
        scene.Tracking.Dispose();
        Eventually.Is(() => scene.Client.NearCacheStatistics is { Drops: 1 }, () => "the loss is not noticed");

        // The next connection shakes hands, but nobody says yet that changes are told.
        using ScriptedConnection next = await node.ConnectedAsync();
        ScriptedRequest track = (await next.ReadAsync())!;
        Assert.Equal(Opcode.Track, track.Opcode);
        await scene.ReadAsync(Key, [11]);
        await scene.ReadAsync(Key, [11]);
        await next.ReplyAsync(track, Status.Ok);
        Eventually.Is(() => scene.Client.NearCacheStatistics.TrackedShards == 1, () => "nothing is tracked");
        await scene.ReadAsync(Key, [12]);
        await scene.ServedAsync(Key, [12]);
    }

    [Fact]
    public async Task A_node_that_is_silent_is_not_trusted_for_longer_than_the_staleness_and_then_again_when_it_answers()
    {
        await using ScriptedNode node = new();
        await using NearScene scene = await NearScene.StartAsync(
            node, new() { Seeds = [], NearCacheMaxStaleness = TimeSpan.FromSeconds(2), NearCacheMaxAge = TimeSpan.FromHours(1) });
        await scene.ReadAsync(Key, [10]);
        await scene.ReadAsync([2], [20]);
        await scene.ServedAsync(Key, [10]);
        Eventually.Is(() => scene.Client.NearCacheStatistics.TrackedShards == 0, () => "a silent node is trusted");
        Task<CacheValue> get = scene.Client.GetAsync(Key).AsTask();
        ScriptedRequest request = (await scene.Requests.ReadAsync())!;
        await scene.AnswerAsync(request, [11]);
        (await get).Dispose();

        // A late answer, to a question that was asked long ago, does not make up for anything; one to a new question does.
        await Task.Delay(1_000);
        ScriptedRequest early = (await scene.Tracking.ReadAsync())!;
        await scene.Tracking.ReplyAsync(early, Status.Ok, early.Body);
        await scene.ReadAsync(Key, [12]);
        ScriptedRequest latest = early;
        Eventually.Is(
            () =>
            {
                latest = scene.Tracking.ReadAsync().GetAwaiter().GetResult()!;
                scene.Tracking.ReplyAsync(latest, Status.Ok, latest.Body).GetAwaiter().GetResult();
                return scene.Client.NearCacheStatistics.TrackedShards == 1;
            },
            () => "an answer changes nothing");

        // Nothing was missed: what was kept before, and read meanwhile, is served.
        await scene.ServedAsync(Key, [12]);
        await scene.ServedAsync([2], [20]);
        Assert.Equal(0, scene.Client.NearCacheStatistics.Drops);
    }

    [Fact]
    public async Task A_tracking_connection_without_any_answer_is_given_up()
    {
        await using ScriptedNode node = new();
        await using NearScene scene = await NearScene.StartAsync(node, new() { Seeds = [], NearCacheMaxStaleness = TimeSpan.FromMilliseconds(100) });
        using ScriptedConnection next = await node.ConnectedAsync();
        Assert.True(next.IsTracking);
        Assert.Equal(1, scene.Client.NearCacheStatistics.Drops);
    }

    [Theory]
    [InlineData(Opcode.Invalidate, 2, "\u0001a\u0002b")]
    [InlineData(Opcode.Invalidate, 1, "\u0001ab")]
    [InlineData(Opcode.Invalidate, 1, "\u0000")]
    [InlineData(Opcode.Ping, 0, "abc")]
    [InlineData(Opcode.Get, 0, "")]
    public async Task A_push_that_makes_no_sense_ends_the_connection_and_everything_that_is_kept(Opcode opcode, uint argument, string body)
    {
        await using ScriptedNode node = new();
        await using NearScene scene = await NearScene.StartAsync(node);
        await scene.ReadAsync(Key, [10]);
        byte[] frame = ScriptedConnection.Frame(opcode, Status.Ok, 0, System.Text.Encoding.ASCII.GetBytes(body));
        BitConverter.GetBytes(argument).CopyTo(frame, 12);
        await scene.Tracking.SendAsync(frame);
        using ScriptedConnection next = await node.ConnectedAsync();
        Assert.True(next.IsTracking);
        await scene.ReadAsync(Key, [11]);
    }

    [Fact]
    public async Task A_value_is_kept_no_longer_than_its_age_allows()
    {
        await using ScriptedNode node = new();
        await using NearScene scene = await NearScene.StartAsync(node, new() { Seeds = [], NearCacheMaxAge = TimeSpan.FromMilliseconds(300) });
        await scene.ReadAsync(Key, [10]);
        await scene.ServedAsync(Key, [10]);
        await Task.Delay(320);
        await scene.ReadAsync(Key, [11]);
    }

    [Fact]
    public async Task A_value_that_is_too_long_is_not_kept()
    {
        await using ScriptedNode node = new();
        await using NearScene scene = await NearScene.StartAsync(node, new() { Seeds = [], NearCacheMaxValueBytes = 5_000 });
        await scene.ReadAsync(Key, new byte[5_001]);
        await scene.ReadAsync(Key, new byte[5_000]);
        await scene.ServedAsync(Key, new byte[5_000]);
        await scene.ReadAsync([2], []);
        await scene.ServedAsync([2], []);
    }

    [Fact]
    public async Task Own_changes_are_not_behind_what_is_kept_even_if_they_are_given_up()
    {
        await using ScriptedNode node = new();
        await using NearScene scene = await NearScene.StartAsync(node);
        await scene.ReadAsync(Key, [10]);
        using CancellationTokenSource cancellation = new();
        Task<WriteResult> set = scene.Client.SetAsync(Key, [11], cancellationToken: cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => set);
        ScriptedRequest request = (await scene.Requests.ReadAsync())!;
        Assert.Equal(Opcode.Set, request.Opcode);
        await scene.ReadAsync(Key, [10]);
        await scene.ServedAsync(Key, [10]);

        // Only now it is executed, and the node tells of it.
        await scene.TellAsync(Key);
        await scene.Requests.ReplyAsync(request, Status.Ok);
        await scene.ReadAsync(Key, [11]);
    }

    [Fact]
    public async Task Nothing_is_kept_from_a_node_that_does_not_tell_of_changes()
    {
        await using ScriptedNode node = new() { Features = Features.None };
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options with { NearCacheBytes = 16 << 20 });
        ScriptedConnection[] connections = [await node.ConnectedAsync(), await node.ConnectedAsync()];
        ScriptedConnection requests = connections.Single(connection => !connection.IsTracking);
        for (int i = 0; i < 3; i++)
        {
            Task<CacheValue> get = client.GetAsync(Key).AsTask();
            await requests.ReplyAsync((await requests.ReadAsync())!, Status.Ok, [10]);
            (await get).Dispose();
        }

        Assert.Equal(new() { Misses = 3, Shards = 1, Bytes = client.NearCacheStatistics.Bytes }, client.NearCacheStatistics);
    }

    [Fact]
    public async Task It_is_off_by_default()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection requests = await node.ConnectedAsync();
        Assert.False(requests.IsTracking);
        for (int i = 0; i < 2; i++)
        {
            Task<CacheValue> get = client.GetAsync(Key).AsTask();
            await requests.ReplyAsync((await requests.ReadAsync())!, Status.Ok, [10]);
            (await get).Dispose();
        }

        Assert.Equal(default, client.NearCacheStatistics);
    }
}
