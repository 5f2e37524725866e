using FastCache.Client.Tests.Fakes;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Examples;

/// <summary>What callers see of a lost connection, and what is repeated.</summary>
public sealed class OutageTests
{
    [Fact]
    public async Task What_was_sent_fails_and_is_not_repeated_and_what_was_not_is_sent_on_the_next_connection()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        ScriptedConnection first = await node.ConnectedAsync();
        Task<WriteResult> sent = client.SetAsync([1], [1]).AsTask();
        await first.ReadAsync(1);
        node.Stop();
        first.Dispose();
        CacheConnectionException failure = await Assert.ThrowsAsync<CacheConnectionException>(() => sent);
        Assert.True(failure.MayHaveExecuted);

        // There is no connection now: these wait, and of the one that is given up nothing is ever sent.
        using CancellationTokenSource cancellation = new();
        Task<WriteResult> givenUp = client.SetAsync([2], [2], cancellationToken: cancellation.Token).AsTask();
        Task<WriteResult> waiting = client.SetAsync([3], [3]).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);
        await using ScriptedNode again = node.Restart();
        using ScriptedConnection second = await again.ConnectedAsync();
        ScriptedRequest request = (await second.ReadAsync())!;
        Assert.Equal([3, 3], request.Body);
        await second.ReplyAsync(request, Status.Ok);
        Assert.True((await waiting).IsDone);
    }

    [Fact]
    public async Task A_node_that_shuts_down_has_executed_nothing_that_it_did_not_answer()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        ScriptedConnection connection = await node.ConnectedAsync();
        Task<WriteResult> set = client.SetAsync([1], [1]).AsTask();
        await connection.ReadAsync(1);
        await connection.EndAsync(Status.ShuttingDown, "the node stops");
        CacheConnectionException failure = await Assert.ThrowsAsync<CacheConnectionException>(() => set);
        Assert.False(failure.MayHaveExecuted);
        Assert.Contains("the node stops", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(200)]
    public async Task Requests_fail_when_the_outage_lasts_longer_than_they_wait(int outageWaitMillis)
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(
            node.Options with { OutageWait = TimeSpan.FromMilliseconds(outageWaitMillis), RequestTimeout = TimeSpan.FromSeconds(2) });
        ScriptedConnection connection = await node.ConnectedAsync();
        Task<CacheValue> sent = client.GetAsync([1]).AsTask();
        await connection.ReadAsync(1);
        node.Stop();
        connection.Dispose();
        await Assert.ThrowsAsync<CacheConnectionException>(() => sent);
        CacheConnectionException failure = await Assert.ThrowsAsync<CacheConnectionException>(
            async () => await client.SetAsync([2], [2]));
        Assert.False(failure.MayHaveExecuted);

        // The outage is known now: the next one does not wait.
        Task<bool> next = client.DeleteAsync([3]).AsTask();
        Assert.True(next.IsFaulted);
        await Assert.ThrowsAsync<CacheConnectionException>(() => next);
    }

    [Fact]
    public async Task Requests_beyond_a_limit_fail_at_once()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(
            node.Options with { MaxOutstanding = 2, MaxSendBytes = 65_536 });
        using ScriptedConnection connection = await node.ConnectedAsync();
        CacheLimitException tooLong = await Assert.ThrowsAsync<CacheLimitException>(
            async () => await client.SetAsync([1], new byte[65_536]));
        Assert.Contains("MaxSendBytes allows 65536", tooLong.Message, StringComparison.Ordinal);
        Task<CacheValue>[] gets = [client.GetAsync([1]).AsTask(), client.GetAsync([2]).AsTask()];
        CacheLimitException tooMany = await Assert.ThrowsAsync<CacheLimitException>(async () => await client.GetAsync([3]));
        Assert.Contains("MaxOutstanding", tooMany.Message, StringComparison.Ordinal);
        foreach (ScriptedRequest request in await connection.ReadAsync(2))
        {
            await connection.ReplyAsync(request, Status.NotFound);
        }

        await Task.WhenAll(gets);
        Task<CacheValue> last = client.GetAsync([4]).AsTask();
        await connection.ReplyAsync((await connection.ReadAsync())!, Status.NotFound);
        Assert.False((await last).IsFound);
    }

    [Fact]
    public async Task Closing_the_client_fails_what_is_outstanding()
    {
        await using ScriptedNode node = new();
        FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        Task<CacheValue> get = client.GetAsync([1]).AsTask();
        await connection.ReadAsync(1);
        await client.DisposeAsync();
        await Assert.ThrowsAsync<CacheConnectionException>(() => get);
        await Assert.ThrowsAsync<CacheConnectionException>(async () => await client.GetAsync([1]));
        await client.DisposeAsync();
    }

    [Fact]
    public async Task A_key_that_this_node_does_not_take_is_refused_before_it_is_sent()
    {
        await using ScriptedNode node = new() { MaxKeyBytes = 10 };
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        using ScriptedConnection connection = await node.ConnectedAsync();
        ArgumentException failure = await Assert.ThrowsAsync<ArgumentException>(() => client.GetAsync(new byte[11]).AsTask());
        Assert.Contains("takes keys of 1 to 10", failure.Message, StringComparison.Ordinal);
        await Assert.ThrowsAnyAsync<ArgumentException>(() => client.GetAsync(default).AsTask());
        ValueTask ping = client.PingAsync();
        ScriptedRequest request = (await connection.ReadAsync())!;
        Assert.Equal(Opcode.Ping, request.Opcode);
        await connection.ReplyAsync(request, Status.Ok);
        await ping;
    }

    [Fact]
    public async Task A_seed_that_does_not_answer_is_passed_over_and_none_is_an_error_that_names_them()
    {
        await using ScriptedNode dead = new();
        dead.Stop();
        await using ScriptedNode node = new();
        FastCacheClientOptions options = node.Options with { Seeds = [dead.EndPoint, node.EndPoint] };
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(options);
        CacheConnectionException failure = await Assert.ThrowsAsync<CacheConnectionException>(
            () => FastCacheClient.ConnectAsync(options with { Seeds = [dead.EndPoint] }));
        Assert.Contains(dead.EndPoint.ToString(), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_comes_back_with_more_shards_is_learned_anew()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options);
        ScriptedConnection first = await node.ConnectedAsync();
        await using ScriptedNode again = node.Restart(shardCount: 2);
        first.Dispose();

        // The old connection comes back, finds the other number of shards, and is closed when there is one to each of them.
        ScriptedConnection old = await again.ConnectedAsync();
        ScriptedConnection[] connections = [await again.ConnectedAsync(), await again.ConnectedAsync()];
        Array.Sort(connections, (one, other) => one.Shard.CompareTo(other.Shard));
        Assert.Equal([0, 1], connections.Select(connection => connection.Shard));
        Assert.Null(await old.ReadAsync());
        byte[][] keys = [.. Enumerable.Range(0, 40).Select(i => new[] { (byte)i })];
        int[] counts = [.. Enumerable.Range(0, 2).Select(shard => keys.Count(key => KeySlot.Of(key) * 2 / KeySlot.Count == shard))];
        Task<bool>[] deletes = [.. keys.Select(key => client.DeleteAsync(key).AsTask())];
        for (int shard = 0; shard < 2; shard++)
        {
            foreach (ScriptedRequest request in await connections[shard].ReadAsync(counts[shard]))
            {
                Assert.Equal(shard, KeySlot.Of(request.Key) * 2 / KeySlot.Count);
                await connections[shard].ReplyAsync(request, Status.Ok);
            }
        }

        Assert.All(await Task.WhenAll(deletes), Assert.True);
    }

    [Fact]
    public async Task Each_shard_gets_as_many_connections_as_are_asked_for()
    {
        await using ScriptedNode node = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(node.Options with { ConnectionsPerShard = 3 });
        for (int i = 0; i < 3; i++)
        {
            using ScriptedConnection connection = await node.ConnectedAsync();
            Assert.Equal(0, connection.Shard);
        }
    }

    [Fact]
    public async Task A_peer_that_takes_connections_and_says_nothing_is_given_up_in_time()
    {
        using System.Net.Sockets.TcpListener mute = new(System.Net.IPAddress.Loopback, 0);
        mute.Start();
        FastCacheClientOptions options = new()
        {
            Seeds = [mute.LocalEndpoint],
            ConnectTimeout = TimeSpan.FromMilliseconds(200),
            RequestTimeout = TimeSpan.FromMinutes(5),
        };
        await Assert.ThrowsAsync<CacheConnectionException>(
            () => FastCacheClient.ConnectAsync(options).WaitAsync(TimeSpan.FromSeconds(20)));
        await Assert.ThrowsAsync<CacheConnectionException>(
            () => Task.Run(() => FastCacheBatch.Connect(options)).WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task A_batch_that_is_not_answered_times_out()
    {
        await using ScriptedNode node = new();
        using FastCacheBatch batch = await Task.Run(
            () => FastCacheBatch.Connect(node.Options with { RequestTimeout = TimeSpan.FromMilliseconds(200), MaxOutstanding = 2 }));
        using ScriptedConnection connection = await node.ConnectedAsync();
        batch.Get([1]);
        batch.Get([2]);
        Assert.Throws<CacheLimitException>(() => batch.Get([3]));
        CacheTimeoutException failure = await Assert.ThrowsAsync<CacheTimeoutException>(() => Task.Run(batch.Execute));
        Assert.True(failure.MayHaveExecuted);
    }
}
