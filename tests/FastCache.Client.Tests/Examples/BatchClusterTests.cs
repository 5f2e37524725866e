using FastCache.Client.Tests.Fakes;
using FastCache.Cluster;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Examples;

/// <summary>Batches and several nodes: who is asked, and what becomes of requests of a node that moves slots or is lost.</summary>
public sealed class BatchClusterTests
{
    private const int Half = KeySlot.Count / 2;

    [Fact]
    public async Task Each_request_goes_to_the_node_of_its_slot_and_replies_keep_their_order()
    {
        await using Pair pair = new();
        using FastCacheBatch batch = await pair.ConnectAsync();
        using ScriptedConnection toA = await pair.A.ConnectedAsync();
        using ScriptedConnection toB = await pair.B.ConnectedAsync();
        foreach (int half in (int[])[1, 0, 0, 1])
        {
            batch.Get(Pair.Key(half));
        }

        Task execute = Task.Run(batch.Execute);
        foreach ((ScriptedConnection connection, int half) in new[] { (toB, 1), (toA, 0) })
        {
            ScriptedRequest[] requests = await connection.ReadAsync(2);
            Assert.All(requests, request => Assert.Equal(Pair.Key(half), request.Body));
            await connection.ReplyAsync(requests[1], Status.Ok, [(byte)half, 1]);
            await connection.ReplyAsync(requests[0], Status.Ok, [(byte)half, 0]);
        }

        await execute;
        Assert.Equal([1, 0, 0, 0, 0, 1, 1, 1], (byte[])[.. batch[0].Value, .. batch[1].Value, .. batch[2].Value, .. batch[3].Value]);
        Assert.All(Enumerable.Range(0, 4), i => Assert.Null(batch.FailureOf(i)));
    }

    [Fact]
    public async Task After_a_higher_epoch_the_topology_is_learnt_and_only_what_moved_is_sent_again()
    {
        await using Pair pair = new(lastOfA: KeySlot.Count - 1);
        using FastCacheBatch batch = await pair.ConnectAsync();
        using ScriptedConnection toA = await pair.A.ConnectedAsync();
        using ScriptedConnection toB = await pair.B.ConnectedAsync();
        batch.Set(Pair.Key(0), [4]);
        batch.Set(Pair.Key(1), [5]);
        batch.Delete(Pair.Key(1));
        Task execute = Task.Run(batch.Execute);
        pair.Load(2, Half);
        ScriptedRequest[] first = await toA.ReadAsync(3);
        await toA.ReplyAsync(first[0], Status.Ok);
        await toA.ReplyAsync(first[1], Status.Moved, [], 2);
        await toA.ReplyAsync(first[2], Status.Moved, [], 2);
        ScriptedRequest[] again = await toB.ReadAsync(2);
        Assert.Equal([.. Pair.Key(1), 5], again[0].Body);
        Assert.Equal(Opcode.Delete, again[1].Opcode);
        await toB.ReplyAsync(again[0], Status.Ok);
        await toB.ReplyAsync(again[1], Status.NotFound);
        await execute;
        Assert.Equal([Status.Ok, Status.Ok, Status.NotFound], (Status[])[batch[0].Status, batch[1].Status, batch[2].Status]);

        // From now on they are sent there at once.
        batch.Clear();
        batch.Get(Pair.Key(1));
        execute = Task.Run(batch.Execute);
        await toB.ReplyAsync((await toB.ReadAsync())!, Status.Ok, [6]);
        await execute;
        Assert.Equal([6], batch[0].Value.ToArray());
    }

    [Fact]
    public async Task A_node_that_is_late_is_asked_again_until_it_has_the_slot()
    {
        await using Pair pair = new(epoch: 5);
        using FastCacheBatch batch = await pair.ConnectAsync();
        using ScriptedConnection toA = await pair.A.ConnectedAsync();
        batch.Delete(Pair.Key(0));
        Task execute = Task.Run(batch.Execute);
        for (int i = 0; i < 5; i++)
        {
            await toA.ReplyAsync((await toA.ReadAsync())!, Status.Moved, [], 4);
        }

        await toA.ReplyAsync((await toA.ReadAsync())!, Status.Ok);
        await execute;
        Assert.Equal(Status.Ok, batch[0].Status);
    }

    [Theory]
    [InlineData(4, "has a newer one")]
    [InlineData(5, "another topology of the same epoch")]
    [InlineData(6, "could not learn it")]
    public async Task Moved_for_ever_is_the_failure_of_that_request_in_time(int epoch, string why)
    {
        await using Pair pair = new(epoch: 5);
        using FastCacheBatch batch = await pair.ConnectAsync();
        using ScriptedConnection toA = await pair.A.ConnectedAsync();
        using ScriptedConnection toB = await pair.B.ConnectedAsync();
        pair.A.Cluster = (6, [1, 2, 3]);
        batch.Get(Pair.Key(0));
        batch.Get(Pair.Key(1));
        Task execute = Task.Run(batch.Execute);
        await toB.ReplyAsync((await toB.ReadAsync())!, Status.Ok, [7]);
        for (int i = 0; i < 16; i++)
        {
            await toA.ReplyAsync((await toA.ReadAsync())!, Status.Moved, [], (uint)epoch);
        }

        CacheRequestException failure = await Assert.ThrowsAsync<CacheRequestException>(
            () => execute.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(Status.Moved, failure.Status);
        Assert.False(failure.MayHaveExecuted);
        Assert.Contains(why, failure.Message, StringComparison.Ordinal);
        Assert.Same(failure, batch.FailureOf(0));
        Assert.Equal([7], batch[1].Value.ToArray());
    }

    [Fact]
    public async Task What_keeps_moving_ends_with_the_time_out()
    {
        await using Pair pair = new(epoch: 5);
        using FastCacheBatch batch = await pair.ConnectAsync(requestTimeout: TimeSpan.FromMilliseconds(300));
        using ScriptedConnection toA = await pair.A.ConnectedAsync();
        batch.Get(Pair.Key(0));
        Task execute = Task.Run(batch.Execute);
        while (!execute.IsCompleted)
        {
            Task<ScriptedRequest?> next = toA.ReadAsync();
            if (await Task.WhenAny(next, execute) == next)
            {
                await toA.ReplyAsync((await next)!, Status.Moved, [], 4);
            }
        }

        CacheTimeoutException failure = await Assert.ThrowsAsync<CacheTimeoutException>(() => execute);
        Assert.False(failure.MayHaveExecuted);
        Assert.Contains("has a newer one", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_node_fails_what_it_had_and_is_connected_again_by_the_next_batch()
    {
        await using Pair pair = new();
        using FastCacheBatch batch = await pair.ConnectAsync();
        using ScriptedConnection toA = await pair.A.ConnectedAsync();
        ScriptedConnection toB = await pair.B.ConnectedAsync();
        batch.Set(Pair.Key(1), [1]);
        batch.Get(Pair.Key(0));
        batch.Set(Pair.Key(1), new byte[100_000]); // In a part of its own, which is never sent.
        Task execute = Task.Run(batch.Execute);
        await toB.ReadAsync();
        toB.Dispose();
        await toA.ReplyAsync((await toA.ReadAsync())!, Status.Ok, [9]);
        CacheConnectionException failure = await Assert.ThrowsAsync<CacheConnectionException>(() => execute);
        Assert.Same(failure, batch.FailureOf(0));
        Assert.True(failure.MayHaveExecuted);
        Assert.Same(failure, Assert.Throws<CacheConnectionException>(() => batch[0].Status));
        Assert.Equal([9], batch[1].Value.ToArray());
        Assert.False(batch.FailureOf(2)!.MayHaveExecuted);

        batch.Clear();
        batch.Get(Pair.Key(1));
        execute = Task.Run(batch.Execute);
        using ScriptedConnection again = await pair.B.ConnectedAsync();
        await again.ReplyAsync((await again.ReadAsync())!, Status.Ok, [3]);
        await execute;
        Assert.Equal([3], batch[0].Value.ToArray());
    }

    [Fact]
    public async Task A_batch_goes_on_behind_a_failure_without_being_cleared()
    {
        await using ScriptedNode node = new();
        using FastCacheBatch batch = await Task.Run(() => FastCacheBatch.Connect(node.Options));
        ScriptedConnection connection = await node.ConnectedAsync();
        batch.Get([1]);
        Task execute = Task.Run(batch.Execute);
        await connection.ReadAsync();
        connection.Dispose();
        await Assert.ThrowsAsync<CacheConnectionException>(() => execute);
        Assert.Equal(1, batch.Get([2]));
        execute = Task.Run(batch.Execute);
        using ScriptedConnection again = await node.ConnectedAsync();
        await again.ReplyAsync((await again.ReadAsync())!, Status.Ok, [2]);
        await execute;
        Assert.NotNull(batch.FailureOf(0));
        Assert.Equal([2], batch[1].Value.ToArray());
    }

    [Fact]
    public async Task Requests_for_a_lost_node_go_to_the_one_that_has_its_slots_by_a_new_topology()
    {
        await using Pair pair = new();
        using FastCacheBatch batch = await pair.ConnectAsync();
        using ScriptedConnection toA = await pair.A.ConnectedAsync();
        ScriptedConnection toB = await pair.B.ConnectedAsync();
        pair.B.Stop();
        toB.Dispose();
        batch.Get(Pair.Key(1));
        await Assert.ThrowsAsync<CacheConnectionException>(() => Task.Run(batch.Execute));
        pair.A.Cluster = pair.Document(2, KeySlot.Count - 1);
        batch.Clear();
        batch.Get(Pair.Key(1));
        Task execute = Task.Run(batch.Execute);
        await toA.ReplyAsync((await toA.ReadAsync())!, Status.Ok, [8]);
        await execute;
        Assert.Equal([8], batch[0].Value.ToArray());
    }

    [Fact]
    public async Task A_node_that_is_down_fails_its_requests_at_once_between_attempts()
    {
        await using Pair pair = new();
        pair.B.Stop();
        using FastCacheBatch batch = await pair.ConnectAsync(maxReconnectPause: TimeSpan.FromMinutes(1));
        using ScriptedConnection toA = await pair.A.ConnectedAsync();
        for (int i = 0; i < 3; i++)
        {
            batch.Clear();
            batch.Get(Pair.Key(1));
            batch.Get(Pair.Key(0));
            Task execute = Task.Run(batch.Execute);
            await toA.ReplyAsync((await toA.ReadAsync())!, Status.Ok, [9]);
            CacheConnectionException failure = await Assert.ThrowsAsync<CacheConnectionException>(() => execute);
            Assert.False(failure.MayHaveExecuted);
            Assert.Contains("Node b is not connected", failure.Message, StringComparison.Ordinal);
            Assert.Equal([9], batch[1].Value.ToArray());
        }
    }

    [Fact]
    public async Task A_node_that_comes_back_with_other_shards_is_known_by_the_next_batch()
    {
        await using ScriptedNode before = new();
        using FastCacheBatch batch = await Task.Run(() => FastCacheBatch.Connect(before.Options));
        ScriptedConnection first = await before.ConnectedAsync();
        first.Dispose();
        await using ScriptedNode node = before.Restart(shardCount: 2);
        batch.Get(Pair.Key(1));
        await Assert.ThrowsAsync<CacheConnectionException>(() => Task.Run(batch.Execute));
        batch.Clear();
        batch.Get(Pair.Key(1));
        Task execute = Task.Run(batch.Execute);
        ScriptedConnection old = await node.ConnectedAsync();
        Assert.Equal(Opcode.Topology, await AnswerTopologyAsync(old, node));
        await old.ReplyAsync((await old.ReadAsync())!, Status.Ok, [1]);
        await execute;
        batch.Clear();
        batch.Get(Pair.Key(1));
        batch.Get(Pair.Key(0));
        execute = Task.Run(batch.Execute);
        ScriptedConnection[] shards = [await node.ConnectedAsync(), await node.ConnectedAsync()];
        Assert.Equal([0, 1], shards.Select(shard => shard.Shard));
        for (int half = 0; half < 2; half++)
        {
            ScriptedRequest request = (await shards[half].ReadAsync())!;
            Assert.Equal(Pair.Key(half), request.Body);
            await shards[half].ReplyAsync(request, Status.Ok, [(byte)half]);
        }

        await execute;
        Array.ForEach(shards, shard => shard.Dispose());
        old.Dispose();
    }

    [Fact]
    public async Task A_batch_without_any_node_of_the_cluster_is_not_connected()
    {
        await using Pair pair = new();
        await using ScriptedNode outsider = new();
        outsider.Cluster = pair.A.Cluster;
        pair.A.Stop();
        pair.B.Stop();
        await Assert.ThrowsAsync<CacheConnectionException>(
            () => Task.Run(() => FastCacheBatch.Connect(outsider.Options)).WaitAsync(TimeSpan.FromSeconds(20)));
    }

    private static async Task<Opcode> AnswerTopologyAsync(ScriptedConnection connection, ScriptedNode node)
    {
        ScriptedRequest request = (await connection.ReadAsync())!;
        await connection.ReplyAsync(request, Status.Ok, node.Topology());
        return request.Opcode;
    }

    /// <summary>Two nodes: the first has the slots up to one, the second the others.</summary>
    private sealed class Pair : IAsyncDisposable
    {
        public Pair(uint epoch = 1, int lastOfA = Half) => Load(epoch, lastOfA);

        public ScriptedNode A { get; } = new();

        public ScriptedNode B { get; } = new();

        /// <summary>A key of the lower or the upper half of the slots.</summary>
        public static byte[] Key(int half) => Enumerable.Range(0, 255).Select(i => new[] { (byte)i })
            .First(key => KeySlot.Of(key) / Half == half);

        public Task<FastCacheBatch> ConnectAsync(TimeSpan? requestTimeout = null, TimeSpan? maxReconnectPause = null)
        {
            FastCacheClientOptions options = A.Options;
            return Task.Run(() => FastCacheBatch.Connect(options with
            {
                RequestTimeout = requestTimeout ?? options.RequestTimeout,
                MaxReconnectPause = maxReconnectPause ?? options.MaxReconnectPause,
            }));
        }

        public void Load(uint epoch, int lastOfA) => A.Cluster = B.Cluster = Document(epoch, lastOfA);

        public (uint Epoch, byte[] Document) Document(uint epoch, int lastOfA)
        {
            ClusterNode[] nodes = [new("a", "127.0.0.1", A.EndPoint.Port), new("b", "127.0.0.1", B.EndPoint.Port)];
            SlotRange[] ranges = [new(0, lastOfA - 1, [0]), new(lastOfA, KeySlot.Count - 1, [1])];
            return (epoch, TopologyDocument.Write(new(epoch, nodes, ranges)));
        }

        public async ValueTask DisposeAsync()
        {
            await A.DisposeAsync();
            await B.DisposeAsync();
        }
    }
}
