using System.Diagnostics;
using System.Net.Sockets;
using FastCache.Io;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>Peers that misbehave over time, against a node with tight limits.</summary>
public abstract class BadPeerTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly RunningNode _node;
    private readonly TestClient _other;

    protected BadPeerTests(IoBackend backend)
    {
        _node = RunningNode.Start(
            backend, "--write-timeout", "1", "--frame-timeout", "1", "--connection-memory", "16MiB");
        _other = _node.Connect();
    }

    public void Dispose()
    {
        _other.Dispose();
        Assert.Equal(0, _node.Stop());
        _node.Dispose();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    public void Peers_that_never_read_cost_bounded_memory_and_are_disconnected(int peers)
    {
        const long slack = 24L << 20;
        _other.Set("big", TestClient.Bytes(200_000, 1));
        long before = _node.ResidentBytes;
        using MemoryStream gets = new();
        for (uint i = 0; i < 10_000; i++)
        {
            gets.Write(_other.Frame(frame => RequestWriter.Get(frame, i, TestClient.Key("big"))));
        }

        Background[] senders = [.. Enumerable.Range(0, peers).Select(_ => new Background(() => SendUntilDisconnected(gets.ToArray())))];
        long most = 0;
        Stopwatch clock = Stopwatch.StartNew();
        foreach (Background sender in senders)
        {
            while (!sender.Ends(within: TimeSpan.FromMilliseconds(20)))
            {
                most = Math.Max(most, _node.ResidentBytes);
                _other.CheckServed();
                Assert.True(clock.Elapsed < Deadline, "a peer that never reads is still connected");
            }
        }

        Assert.True(most - before <= (16L << 20) + slack, $"memory grew by {(most - before) >> 20} MiB");
        Dictionary<string, long> stats = _other.Stats();
        Assert.True(peers > 1 || stats["write_timeouts"] == 1, $"{stats["write_timeouts"]} write timeouts");
        Assert.True(stats["write_timeouts"] >= 1);
        PollUntil(() => _other.Stats()["connections"] == 1, "the connections are still counted");
    }

    [Fact]
    public void Peers_that_never_end_a_frame_shut_nobody_out_and_are_disconnected()
    {
        byte[] frame = _other.Frame(frame => RequestWriter.Set(frame, 1, TestClient.Key("endless"), new byte[1_000_000]));
        byte[] hello = _other.Frame(frame => RequestWriter.Hello(frame, 1));
        List<TestClient> peers = [];
        for (int i = 0; i < 20; i++)
        {
            TestClient peer = new(_node.EndPoint, hello: false);
            peers.Add(peer);
            peer.Send([.. hello, .. frame.AsSpan(0, frame.Length - 1)]);
        }

        // A frame in two segments needs memory too, if little.
        byte[] ping = _other.Frame(frame => RequestWriter.Ping(frame, 1, "anybody there?"u8));
        _other.Send(ping.AsSpan(0, 20));
        PollUntil(() => _node.ResidentBytes > 0, "the node is gone");
        _other.Send(ping.AsSpan(20));
        Assert.Equal("anybody there?"u8, _other.Read().Value);
        PollUntil(() => _other.Stats()["connections"] == 1, "a peer that never ends its frame is still connected");
        Assert.True(_other.Stats()["frame_timeouts"] >= 1);
        peers.ForEach(peer => peer.Dispose());
    }

    [Fact]
    public void A_thousand_connections_dropped_inside_a_frame_leave_nothing_behind()
    {
        byte[] frame = _other.Frame(frame => RequestWriter.Set(frame, 1, TestClient.Key("dropped"), new byte[50_000]));
        byte[] hello = _other.Frame(frame => RequestWriter.Hello(frame, 1));
        for (int i = 0; i < 1_000; i++)
        {
            using TestClient client = new(_node.EndPoint, hello: false);
            client.Send([.. hello, .. frame.AsSpan(0, 1 + (i * 49 % (frame.Length - 1)))]);
            if (i % 2 == 0)
            {
                client.Socket.LingerState = new LingerOption(true, 0);
            }

            if (i % 100 == 0)
            {
                _other.CheckServed();
            }
        }

        PollUntil(() => _other.Stats()["connections"] == 1, "the connections are still counted");
        Assert.Equal(1_001, _other.Stats()["connections_accepted"]);
        Assert.Equal(Status.NotFound, _other.Get("dropped").Status);
        // All that was lent for their frames is there again: frames that need it are served, many times over.
        Assert.Equal(Status.Ok, _other.Set("whole", TestClient.Bytes(TestClient.MaxValueBytes, 2)).Status);
        _other.CheckServed();
    }

    [Fact]
    public void A_thousand_connections_open_at_once_inside_a_frame_disturb_nobody()
    {
        byte[] frame = _other.Frame(frame => RequestWriter.Set(frame, 1, TestClient.Key("dropped"), new byte[500]));
        byte[] hello = _other.Frame(frame => RequestWriter.Hello(frame, 1));
        List<TestClient> clients = [];
        for (int i = 0; i < 1_000; i++)
        {
            clients.Add(new TestClient(_node.EndPoint, hello: false));
            clients[i].Send([.. hello, .. frame.AsSpan(0, 1 + (i % (frame.Length - 1)))]);
        }

        _other.CheckServed();
        clients.ForEach(client => client.Dispose());
        PollUntil(() => _other.Stats()["connections"] == 1, "the connections are still counted");
        _other.CheckServed();
    }

    [Fact]
    public void Half_a_frame_costs_what_was_sent_of_it_and_not_what_it_claims()
    {
        byte[] frame = _other.Frame(frame => RequestWriter.Set(frame, 1, TestClient.Key("k"), new byte[1 << 20]));
        BitConverter.TryWriteBytes(frame.AsSpan(4), 1_000_000);
        List<TestClient> clients = [.. Enumerable.Range(0, 300).Select(_ => _node.Connect())];
        clients.ForEach(client => client.Send(frame.AsSpan(0, 30)));
        using TestClient next = _node.Connect();
        byte[] ping = _other.Frame(frame => RequestWriter.Ping(frame, 9, new byte[16]));
        _other.Send(ping.AsSpan(0, 7));
        next.CheckServed();
        _other.Send(ping.AsSpan(7));
        Assert.Equal(9u, _other.Read().Id);
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public void Frames_of_other_sizes_are_served_after_large_ones()
    {
        // Each leaves a buffer of another size; together they exceed what the node may carry.
        for (int kibibytes = 8; kibibytes <= 1_000; kibibytes *= 2)
        {
            TestClient[] clients = [.. Enumerable.Range(0, 4).Select(_ => _node.Connect())];
            byte[] frame = _other.Frame(frame => RequestWriter.Set(frame, 1, TestClient.Key("sizes"), new byte[kibibytes << 10]));
            foreach (TestClient client in clients)
            {
                client.Send(frame.AsSpan(0, 20));
            }

            _other.CheckServed();
            foreach (TestClient client in clients)
            {
                client.Send(frame.AsSpan(20));
                Assert.Equal(Status.Ok, client.Read().Status);
                client.Dispose();
            }
        }

        for (int cut = 1; cut < 30; cut++)
        {
            byte[] ping = _other.Frame(frame => RequestWriter.Ping(frame, 9, new byte[16]));
            _other.Send(ping.AsSpan(0, cut));
            using TestClient next = _node.Connect();
            _other.Send(ping.AsSpan(cut));
            Assert.Equal(9u, _other.Read().Id);
        }
    }

    private static void PollUntil(Func<bool> condition, string otherwise)
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(clock.Elapsed < Deadline, otherwise);
        }
    }

    private void SendUntilDisconnected(byte[] requests)
    {
        using TestClient client = _node.Connect();
        client.Socket.ReceiveBufferSize = 64 << 10;
        try
        {
            while (true)
            {
                client.Send(requests);
            }
        }
        catch (SocketException)
        {
            // Reset, broken pipe, or timed out: the kernel's word depends on what was under way. No limit of ours is set.
        }
    }
}
