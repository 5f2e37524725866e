using FastCache.Client.Tests.Fakes;
using FastCache.Cluster;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Examples;

/// <summary>Several nodes: who is asked, and what follows when a node says that a slot is not its own.</summary>
public sealed class ClusterTests
{
    private const int Half = KeySlot.Count / 2;

    [Fact]
    public async Task Each_key_goes_to_the_node_that_has_its_slot_by_any_seed()
    {
        await using ScriptedNode a = new();
        await using ScriptedNode b = new() { PieceBytes = 7 };
        await using ScriptedNode outsider = new();
        a.Cluster = b.Cluster = outsider.Cluster = Document(1, a, b, Half);
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(b.Options with { Seeds = [outsider.EndPoint] });
        Assert.Equal(1u, client.Topology!.Epoch);
        Assert.Equal(["a", "b"], client.Nodes.Select(node => node.Name));
        Assert.All(client.Nodes, node => Assert.True(node.IsConnected));
        using ScriptedConnection toA = await a.ConnectedAsync();
        using ScriptedConnection toB = await b.ConnectedAsync();
        foreach ((ScriptedConnection connection, byte[] key) in new[] { (toA, Key(0)), (toB, Key(1)), (toA, Key(0)) })
        {
            Task<bool> delete = client.DeleteAsync(key).AsTask();
            ScriptedRequest request = (await connection.ReadAsync())!;
            Assert.Equal(key, request.Body);
            await connection.ReplyAsync(request, Status.Ok);
            Assert.True(await delete);
        }

        ValueTask ping = client.PingAsync("b");
        await toB.ReplyAsync((await toB.ReadAsync())!, Status.Ok);
        await ping;
        await Assert.ThrowsAsync<ArgumentException>(() => client.PingAsync("c").AsTask());
    }

    [Fact]
    public async Task After_a_higher_epoch_the_topology_is_learnt_and_the_request_is_sent_to_the_new_node_once()
    {
        await using ScriptedNode a = new();
        await using ScriptedNode b = new();
        a.Cluster = b.Cluster = Document(1, a, b, KeySlot.Count - 1);
        using MeterScene meters = new();
        using CollectedLog log = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(
            a.Options with { MeterFactory = meters, LoggerFactory = log });
        using ScriptedConnection toA = await a.ConnectedAsync();
        using ScriptedConnection toB = await b.ConnectedAsync();
        Assert.Equal(1, meters.Value("fastcache.client.topology.epoch", $"server.port={a.EndPoint.Port}"));
        Task<WriteResult> set = client.SetAsync(Key(1), [5]).AsTask();
        a.Cluster = Document(2, a, b, Half);
        await toA.ReplyAsync((await toA.ReadAsync())!, Status.Moved, [], 2);
        ScriptedRequest again = (await toB.ReadAsync())!;
        Assert.Equal([.. Key(1), 5], again.Body);
        await toB.ReplyAsync(again, Status.Ok);
        Assert.True((await set).IsDone);
        Assert.Equal(2u, client.Topology!.Epoch);
        Assert.Equal(2, meters.Value("fastcache.client.topology.epoch", $"server.port={b.EndPoint.Port}"));
        Assert.Equal(1, meters.Value("fastcache.client.moved", $"server.port={a.EndPoint.Port}"));
        Assert.Equal(0, meters.Value("fastcache.client.moved", $"server.port={b.EndPoint.Port}"));
        Eventually.Is(() => log.Of(4).Length == 2, () => "the new topology is not logged");
        Assert.Equal("Information: The topology is of epoch 2 with 2 nodes now; before it was of epoch 1.", log.Of(4)[1]);

        // From now on it is sent there at once.
        Task<bool> delete = client.DeleteAsync(Key(1)).AsTask();
        await toB.ReplyAsync((await toB.ReadAsync())!, Status.Ok);
        Assert.True(await delete);
    }

    [Fact]
    public async Task A_node_that_is_late_is_asked_again_until_it_has_the_slot()
    {
        await using ScriptedNode a = new();
        await using ScriptedNode b = new();
        a.Cluster = b.Cluster = Document(5, a, b, Half);
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(a.Options);
        using ScriptedConnection toA = await a.ConnectedAsync();
        Task<bool> delete = client.DeleteAsync(Key(0)).AsTask();
        for (int i = 0; i < 5; i++)
        {
            await toA.ReplyAsync((await toA.ReadAsync())!, Status.Moved, [], 4);
        }

        await toA.ReplyAsync((await toA.ReadAsync())!, Status.Ok);
        Assert.True(await delete);
        Assert.Equal(5u, client.Topology!.Epoch);
    }

    [Theory]
    [InlineData(4, "has a newer one")]
    [InlineData(5, "another topology of the same epoch")]
    [InlineData(6, "could not learn it")]
    public async Task Moved_for_ever_is_an_error_in_time(int epoch, string why)
    {
        await using ScriptedNode a = new();
        await using ScriptedNode b = new();
        a.Cluster = b.Cluster = Document(5, a, b, Half);
        using CollectedLog log = new();
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(a.Options with { LoggerFactory = log });
        using ScriptedConnection toA = await a.ConnectedAsync();
        a.Cluster = (6, [1, 2, 3]);
        Task<bool> delete = client.DeleteAsync(Key(0)).AsTask();
        Task answering = Task.Run(async () =>
        {
            while (await toA.ReadAsync() is ScriptedRequest request)
            {
                await toA.ReplyAsync(request, Status.Moved, [], (uint)epoch);
            }
        });
        CacheRequestException failure = await Assert.ThrowsAsync<CacheRequestException>(() => delete.WaitAsync(TimeSpan.FromSeconds(15)));
        Assert.Equal(Status.Moved, failure.Status);
        Assert.False(failure.MayHaveExecuted);
        Assert.Contains(why, failure.Message, StringComparison.Ordinal);
        Assert.Contains(why, log.First(5), StringComparison.Ordinal);
        Assert.Equal(5u, client.Topology!.Epoch);
        await client.DisposeAsync();
        await answering;
    }

    [Fact]
    public async Task What_waits_for_a_lost_node_goes_to_the_one_that_has_its_slots_by_a_new_topology()
    {
        await using ScriptedNode a = new();
        await using ScriptedNode b = new();
        a.Cluster = b.Cluster = Document(1, a, b, Half);
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(a.Options);
        using ScriptedConnection toA = await a.ConnectedAsync();
        ScriptedConnection toB = await b.ConnectedAsync();
        b.Stop();
        toB.Dispose();
        Eventually.Is(() => !client.Nodes[1].IsConnected, () => "the loss is not noticed");
        Task<bool> delete = client.DeleteAsync(Key(1)).AsTask();
        a.Cluster = Document(2, a, b, KeySlot.Count - 1);
        ScriptedRequest request = (await toA.ReadAsync())!;
        Assert.Equal(Key(1), request.Body);
        await toA.ReplyAsync(request, Status.Ok);
        Assert.True(await delete);
    }

    [Fact]
    public async Task A_node_that_is_down_at_start_concerns_only_its_slots()
    {
        await using ScriptedNode a = new();
        await using ScriptedNode gone = new();
        gone.Stop();
        a.Cluster = Document(1, a, gone, Half);
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(a.Options);
        using ScriptedConnection toA = await a.ConnectedAsync();
        Task<bool> waiting = client.DeleteAsync(Key(1)).AsTask();
        Task<bool> other = client.DeleteAsync(Key(0)).AsTask();
        await toA.ReplyAsync((await toA.ReadAsync())!, Status.Ok);
        Assert.True(await other);
        Assert.False(client.Nodes[1].IsConnected);
        Assert.False(waiting.IsCompleted);
    }

    [Fact]
    public async Task A_silent_node_holds_up_its_own_slots_only()
    {
        await using ScriptedNode a = new();
        await using ScriptedNode b = new();
        a.Cluster = b.Cluster = Document(1, a, b, Half);
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(
            a.Options with { RequestTimeout = TimeSpan.FromMilliseconds(500) });
        using ScriptedConnection toA = await a.ConnectedAsync();
        using ScriptedConnection toB = await b.ConnectedAsync();
        Task<bool> silent = client.DeleteAsync(Key(1)).AsTask();
        for (int i = 0; i < 100; i++)
        {
            Task<bool> delete = client.DeleteAsync(Key(0)).AsTask();
            await toA.ReplyAsync((await toA.ReadAsync())!, Status.Ok);
            Assert.True(await delete);
        }

        CacheTimeoutException failure = await Assert.ThrowsAsync<CacheTimeoutException>(() => silent);
        Assert.True(failure.MayHaveExecuted);
    }

    [Fact]
    public async Task A_moved_request_that_is_cancelled_is_not_sent_again()
    {
        await using ScriptedNode a = new();
        await using ScriptedNode b = new();
        a.Cluster = b.Cluster = Document(5, a, b, Half);
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(a.Options);
        using ScriptedConnection toA = await a.ConnectedAsync();
        using CancellationTokenSource cancellation = new();
        Task<bool> cancelled = client.DeleteAsync(Key(0), cancellation.Token).AsTask();
        ScriptedRequest request = (await toA.ReadAsync())!;
        for (int i = 0; i < 9; i++)
        {
            await toA.ReplyAsync(request, Status.Moved, [], 4);
            request = (await toA.ReadAsync())!;
        }

        // The next pause is 256 ms.
        await toA.ReplyAsync(request, Status.Moved, [], 4);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Task<WriteResult> next = client.SetAsync(Key(0), [1]).AsTask();
        request = (await toA.ReadAsync())!;
        Assert.Equal(Opcode.Set, request.Opcode);
        await toA.ReplyAsync(request, Status.Ok);
        Assert.True((await next).IsDone);
        await Task.Delay(400);
        ValueTask ping = client.PingAsync("a");
        request = (await toA.ReadAsync())!;
        Assert.Equal(Opcode.Ping, request.Opcode);
        await toA.ReplyAsync(request, Status.Ok);
        await ping;
    }

    private static byte[] Key(int half) => Enumerable.Range(0, 255).Select(i => new[] { (byte)i })
        .First(key => KeySlot.Of(key) / Half == half);

    /// <summary>The first node has the slots up to one, the second the others.</summary>
    private static (uint Epoch, byte[] Document) Document(uint epoch, ScriptedNode a, ScriptedNode b, int lastOfA)
    {
        ClusterNode[] nodes = [new("a", "127.0.0.1", a.EndPoint.Port), new("b", "127.0.0.1", b.EndPoint.Port)];
        SlotRange[] ranges = [new(0, lastOfA - 1, [0]), new(lastOfA, KeySlot.Count - 1, [1])];
        return (epoch, TopologyDocument.Write(new(epoch, nodes, ranges)));
    }
}
