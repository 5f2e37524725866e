using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Threading.Channels;
using FastCache.Client.Replicas;
using FastCache.Client.Tests.Fakes;
using FastCache.Cluster;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Examples;

/// <summary>What a client says to a primary and a replica of which a test writes the answers.</summary>
public sealed class ReplicaTests
{
    private static readonly byte[] Key = "key"u8.ToArray();

    [Fact]
    public async Task What_a_replica_does_not_have_is_read_at_the_primary_and_written_to_the_replica_under_its_grant()
    {
        await using Scene scene = await Scene.StartAsync();
        (Task<string?> read, ScriptedRequest asked) = await scene.ReadAtReplicaAsync();
        Assert.Equal((Opcode.LeaseGet, RequestFlags.Copy | RequestFlags.ReturnVersion), (asked.Opcode, asked.Flags));
        Assert.Equal(CopyTraffic.FillMillis, asked.Argument);
        await scene.Replica.ReplyAsync(asked, Status.Ok, BitConverter.GetBytes(77UL), (uint)LeaseResult.Fill);
        ScriptedRequest atPrimary = await scene.Primary.ReadNextAsync();
        Assert.Equal((Opcode.Get, RequestFlags.ReturnVersion, 0u), (atPrimary.Opcode, atPrimary.Flags, atPrimary.Argument));
        await scene.Primary.AnswerAsync(atPrimary, 5, "value");
        Assert.Equal("value", await read);
        ScriptedRequest fill = await scene.Replica.ReadNextAsync();
        SetExtras extras = SetExtras.Sliding | SetExtras.HasSlidingLimit | SetExtras.HasLeaseToken | SetExtras.IfNewer;
        Assert.Equal((Opcode.Set, RequestFlags.Copy | RequestFlags.HasTimeToLive, (uint)extras), (fill.Opcode, fill.Flags, fill.Argument));
        byte[] fields = [.. new ulong[] { 10_000, 5, 10_000, 77 }.SelectMany(BitConverter.GetBytes)];
        Assert.Equal([.. fields, .. Key, .. "value"u8], fill.Body);
        await scene.Replica.ReplyAsync(fill, Status.OutOfMemory); // Nobody is told.
        (read, asked) = await scene.ReadAtReplicaAsync();
        await scene.Replica.AnswerLeaseAsync(asked, LeaseResult.Hit, 0, 5, "value");
        Assert.Equal("value", await read);
    }

    [Fact]
    public async Task What_a_replica_has_near_its_end_is_given_out_and_renewed()
    {
        await using Scene scene = await Scene.StartAsync();
        (Task<string?> read, ScriptedRequest asked) = await scene.ReadAtReplicaAsync();
        await scene.Replica.AnswerLeaseAsync(asked, LeaseResult.HitRefresh, 78, 5, "value");
        Assert.Equal("value", await read);
        await scene.Primary.AnswerAsync(await scene.Primary.ReadNextAsync(), 6, "newer");
        ScriptedRequest fill = await scene.Replica.ReadNextAsync();
        Assert.Equal(Opcode.Set, fill.Opcode);
        Assert.Equal("newer"u8, fill.Body.AsSpan(fill.Body.Length - 5));
    }

    [Theory]
    [InlineData(Status.Ok)]
    [InlineData(Status.VersionMismatch)]
    [InlineData(Status.OutOfMemory)]
    public async Task Every_answer_to_a_write_deletes_the_copies_before_the_caller_goes_on(Status status)
    {
        await using Scene scene = await Scene.StartAsync();
        Task write = scene.Client.SetAsync(Key, "new"u8, new SetTerms(0, SetMode.IfVersion, 4)).AsTask();
        await scene.Primary.ReplyAsync(await scene.Primary.ReadNextAsync(), status);
        await (status == Status.OutOfMemory ? Assert.ThrowsAsync<CacheRequestException>(() => write) : write);
        (_, ScriptedRequest delete) = await scene.ReadAtReplicaAsync(); // Before every read there.
        Assert.Equal((Opcode.Delete, RequestFlags.Copy), (delete.Opcode, delete.Flags));
        Assert.Equal(Key, delete.Key);
    }

    [Fact]
    public async Task A_write_that_was_moved_deletes_nothing()
    {
        await using Scene scene = await Scene.StartAsync();
        Task write = scene.Client.SetAsync(Key, "new"u8).AsTask();
        ScriptedRequest first = await scene.Primary.ReadNextAsync();
        await scene.Primary.ReplyAsync(first, Status.Moved, [], 1);
        ScriptedRequest again = await scene.Primary.ReadNextAsync(); // After a pause: the node has another topology of this epoch.
        (_, ScriptedRequest lease) = await scene.ReadAtReplicaAsync();
        Assert.Equal(Opcode.LeaseGet, lease.Opcode);
        await scene.Primary.ReplyAsync(again, Status.Ok);
        await write;
        Assert.Equal(Opcode.Delete, (await scene.Replica.ReadNextAsync()).Opcode);
    }

    [Fact]
    public async Task After_a_deletion_is_lost_with_its_connection_nothing_is_read_there()
    {
        await using Scene scene = await Scene.StartAsync();
        Task write = scene.Client.DeleteAsync(Key).AsTask();
        await scene.Primary.ReplyAsync(await scene.Primary.ReadNextAsync(), Status.Ok);
        await write;
        Assert.Equal(Opcode.Delete, (await scene.Replica.ReadNextAsync()).Opcode);
        scene.Replica.Connection.Dispose();
        await scene.Replica.ReconnectedAsync(scene.Client);
        for (int i = 0; i < 20; i++)
        {
            Task<string?> read = scene.ReadAsync();
            await scene.Primary.AnswerAsync(await scene.Primary.ReadNextAsync(), 6, "new");
            Assert.Equal("new", await read);
        }
    }

    [Fact]
    public async Task A_read_at_a_replica_that_is_lost_goes_on_at_the_primary()
    {
        await using Scene scene = await Scene.StartAsync();
        (Task<string?> read, _) = await scene.ReadAtReplicaAsync();
        scene.Replica.Connection.Dispose();
        await scene.Primary.AnswerAsync(await scene.Primary.ReadNextAsync(), 6, "value");
        Assert.Equal("value", await read);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_read_that_a_replica_does_not_answer_is_asked_of_the_primary_and_the_first_answer_counts(bool isPrimaryFirst)
    {
        await using Scene scene = await Scene.StartAsync(options => options with { SilenceMillis = 100 });
        (Task<string?> read, ScriptedRequest atReplica) = await scene.ReadAtReplicaAsync();
        ScriptedRequest atPrimary = await scene.Primary.ReadNextAsync();
        Func<Task>[] answers =
        [
            () => scene.Primary.AnswerAsync(atPrimary, 6, "primary's"),
            () => scene.Replica.AnswerLeaseAsync(atReplica, LeaseResult.Hit, 0, 5, "replica's"),
        ];
        await answers[isPrimaryFirst ? 0 : 1]();
        Assert.Equal(isPrimaryFirst ? "primary's" : "replica's", await read);
        await answers[isPrimaryFirst ? 1 : 0]();

        // The ids of both are free again, and the late answer has reached nobody.
        Eventually.Is(() => scene.Client.Nodes.All(node => node.Outstanding <= 1), () => string.Join(", ", scene.Client.Nodes));
        Assert.Equal(1, scene.Client.ReplicaStatistics.Hedges);
    }

    [Fact]
    public async Task What_the_primary_was_asked_for_before_the_grant_is_not_written_under_it()
    {
        await using Scene scene = await Scene.StartAsync(options => options with { SilenceMillis = 100 });
        (Task<string?> read, ScriptedRequest atReplica) = await scene.ReadAtReplicaAsync();
        ScriptedRequest atPrimary = await scene.Primary.ReadNextAsync();
        await scene.Replica.ReplyAsync(atReplica, Status.Ok, BitConverter.GetBytes(77UL), (uint)LeaseResult.Fill);
        Eventually.Is(() => scene.Client.ReplicaStatistics.Misses == 1, () => "the replica's answer has not been taken");
        await Task.Delay(20); // It is counted before it is taken to its end.
        await scene.Primary.AnswerAsync(atPrimary, 6, "from before a write and its deletion of copies");
        await read;
        await scene.Primary.AnswerAsync(await scene.Primary.ReadNextAsync(), 7, "newer");
        ScriptedRequest fill = await scene.Replica.ReadNextAsync();
        Assert.Equal(Opcode.Set, fill.Opcode);
        Assert.Equal("newer"u8, fill.Body.AsSpan(fill.Body.Length - 5));
    }

    [Fact]
    public async Task A_caller_that_gives_up_while_two_nodes_are_asked_is_released_and_neither_answer_reaches_another()
    {
        await using Scene scene = await Scene.StartAsync(options => options with { SilenceMillis = 100 });
        using CancellationTokenSource cancellation = new();
        (Task<string?> read, ScriptedRequest atReplica) = await scene.ReadAtReplicaAsync(cancellation.Token);
        ScriptedRequest atPrimary = await scene.Primary.ReadNextAsync();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
        Task<string?> second = scene.ReadAsync();
        await scene.Replica.ReplyAsync(atReplica, Status.Ok, BitConverter.GetBytes(77UL), (uint)LeaseResult.Fill);
        await scene.Primary.AnswerAsync(atPrimary, 6, "the first's");
        await scene.Primary.AnswerAsync(await scene.Primary.ReadNextAsync(), 7, "the second's"); // At once, or after a silence.
        Assert.Equal("the second's", await second);
    }

    [Fact]
    public async Task A_replica_that_says_moved_is_asked_no_further_and_its_topology_is_learnt()
    {
        await using Scene scene = await Scene.StartAsync();
        (Task<string?> read, ScriptedRequest asked) = await scene.ReadAtReplicaAsync();
        ClusterTopology alone = new(2, scene.Client.Topology!.Nodes, [new SlotRange(0, KeySlot.Count - 1, [0])]);
        scene.Replica.Node.Cluster = (2, TopologyDocument.Write(alone));
        await scene.Replica.ReplyAsync(asked, Status.Moved, [], 2);
        await scene.Primary.AnswerAsync(await scene.Primary.ReadNextAsync(), 6, "value");
        Assert.Equal("value", await read);
        Eventually.Is(() => scene.Client.Topology.Epoch == 2, () => "the topology is not learnt");
    }

    [Fact]
    public async Task With_a_near_cache_what_may_be_kept_is_read_at_the_primary()
    {
        await using Scene scene = await Scene.StartAsync(options => options with { NearCacheBytes = 16 << 20 });
        for (int i = 0; i < 5; i++)
        {
            Task<string?> read = scene.ReadAsync();
            ScriptedRequest asked = await scene.Primary.ReadNextAsync();
            Assert.Equal(Opcode.Get, asked.Opcode);
            await scene.Primary.AnswerAsync(asked, 6, "value");
            Assert.Equal("value", await read);
            await Task.Delay(20);
        }
    }

    [Fact]
    public async Task A_life_is_renewed_at_the_primary()
    {
        await using Scene scene = await Scene.StartAsync();
        for (int i = 0; i < 20; i++)
        {
            Task<CacheValue> renewal = scene.Client.RenewAsync(Key).AsTask();
            ScriptedRequest asked = await scene.Primary.ReadNextAsync();
            Assert.Equal((Opcode.GetRange, 1u), (asked.Opcode, asked.Argument));
            await scene.Primary.AnswerAsync(asked, 5, "\u0009\0\0\0\0\0\0\0v");
            using CacheValue first = await renewal;
            Assert.Equal("v"u8, first.Span);
        }

        Assert.False(scene.Replica.TryReadNext(out _));
    }

    /// <summary>A client whose reads go to the replica as long as it is there: it is in its zone.</summary>
    private sealed class Scene : IAsyncDisposable
    {
        private Scene(FastCacheClient client, Member primary, Member replica) => (Client, Primary, Replica) = (client, primary, replica);

        public FastCacheClient Client { get; }

        public Member Primary { get; }

        public Member Replica { get; }

        public static async Task<Scene> StartAsync(Func<FastCacheClientOptions, FastCacheClientOptions>? change = null)
        {
            ScriptedNode primary = new();
            ScriptedNode replica = new();
            ClusterTopology topology = new(
                1,
                [
                    new("primary", "127.0.0.1", primary.EndPoint.Port, "far"),
                    new("replica", "127.0.0.1", replica.EndPoint.Port, "near"),
                ],
                [new SlotRange(0, KeySlot.Count - 1, [0, 1])]);
            primary.Cluster = replica.Cluster = (1, TopologyDocument.Write(topology));
            FastCacheClientOptions options = primary.Options with { ReadFrom = ReadFrom.BestCopy, Zone = "near", SilenceMillis = 20_000 };
            FastCacheClient client = await FastCacheClient.ConnectAsync(change?.Invoke(options) ?? options);
            return new(client, await Member.OfAsync(primary), await Member.OfAsync(replica));
        }

        public async Task<string?> ReadAsync(CancellationToken cancellationToken = default)
        {
            using CacheValue value = await Client.GetAsync(Key, cancellationToken);
            return value.IsFound ? Encoding.ASCII.GetString(value.Span) : null;
        }

        /// <summary>Reads until a read goes to the replica: on a loaded machine it may seem to be slow.</summary>
        public async Task<(Task<string?> Read, ScriptedRequest AtReplica)> ReadAtReplicaAsync(CancellationToken cancellationToken = default)
        {
            for (int i = 0; i < 1_000; i++)
            {
                Task<string?> read = ReadAsync(cancellationToken);
                ScriptedRequest? atReplica = null;
                ScriptedRequest? atPrimary = null;
                while (!Replica.TryReadNext(out atReplica) && !Primary.TryReadNext(out atPrimary))
                {
                    await Task.Delay(1, CancellationToken.None);
                }

                if (atReplica is not null)
                {
                    return (read, atReplica);
                }

                await Primary.AnswerAsync(atPrimary!, 5, "value");
                await read;
            }

            throw new InvalidOperationException("no read goes to the replica");
        }

        public async ValueTask DisposeAsync()
        {
            await Client.DisposeAsync();
            await Primary.Node.DisposeAsync();
            await Replica.Node.DisposeAsync();
        }
    }

    /// <summary>One of the nodes. Pings are answered by themselves: a node that leaves them is slow.</summary>
    private sealed class Member
    {
        private readonly Channel<ScriptedRequest> _requests = Channel.CreateUnbounded<ScriptedRequest>();

        private Member(ScriptedNode node, ScriptedConnection connection)
        {
            Node = node;
            Connection = connection;
            _ = Task.Run(ReceiveAsync);
        }

        public ScriptedNode Node { get; }

        public ScriptedConnection Connection { get; private set; }

        public static async Task<Member> OfAsync(ScriptedNode node)
        {
            ScriptedConnection connection = await node.ConnectedAsync();
            while (connection.IsTracking)
            {
                connection = await node.ConnectedAsync();
            }

            return new(node, connection);
        }

        public async Task ReconnectedAsync(FastCacheClient client)
        {
            Connection = await Node.ConnectedAsync();
            _ = Task.Run(ReceiveAsync);
            Eventually.Is(() => client.Nodes.All(node => node.IsConnected), () => "not connected again");
        }

        public bool TryReadNext([NotNullWhen(true)] out ScriptedRequest? request) => _requests.Reader.TryRead(out request);

        public async Task<ScriptedRequest> ReadNextAsync() =>
            await _requests.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20));

        public Task ReplyAsync(ScriptedRequest request, Status status, byte[]? body = null, uint argument = 0) =>
            Connection.ReplyAsync(request, status, body, argument);

        public Task AnswerAsync(ScriptedRequest request, ulong version, string value) =>
            SendAsync(request, [.. BitConverter.GetBytes(version), .. Encoding.ASCII.GetBytes(value)], 0);

        public Task AnswerLeaseAsync(ScriptedRequest request, LeaseResult result, ulong token, ulong version, string value) => SendAsync(
            request, [.. BitConverter.GetBytes(version), .. BitConverter.GetBytes(token), .. Encoding.ASCII.GetBytes(value)], (uint)result);

        private async Task ReceiveAsync()
        {
            ScriptedConnection connection = Connection;
            try
            {
                while (await connection.ReadAsync() is ScriptedRequest request)
                {
                    if (request.Opcode == Opcode.Ping)
                    {
                        await connection.ReplyAsync(request, Status.Ok);
                    }
                    else
                    {
                        await _requests.Writer.WriteAsync(request);
                    }
                }
            }
            catch (Exception ended) when (ended is IOException or ObjectDisposedException or OperationCanceledException)
            {
                // The test, or the client, has closed it.
            }
        }

        private async Task SendAsync(ScriptedRequest request, byte[] body, uint argument)
        {
            byte[] frame = ScriptedConnection.Frame(request.Opcode, Status.Ok, request.Id, body);
            frame[3] |= (byte)ReplyFlags.VersionPresent;
            BitConverter.TryWriteBytes(frame.AsSpan(12), argument);
            await Connection.SendAsync(frame);
        }
    }
}
