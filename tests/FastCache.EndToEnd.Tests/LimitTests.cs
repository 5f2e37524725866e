using System.Net;
using System.Net.Sockets;
using FastCache.Io;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>What a peer may have of the node, and what it is told when it wants more.</summary>
public abstract class LimitTests(IoBackend backend)
{
    [Theory]
    [InlineData("--max-connections", "the node has 4 connections")]
    [InlineData("--max-connections-per-address", "your address has 4 connections")]
    public void Connections_beyond_the_most_are_told_why_and_the_others_live_on(string option, string text)
    {
        using RunningNode node = RunningNode.Start(backend, option, "4");
        TestClient[] clients = [.. Enumerable.Range(0, 4).Select(_ => node.Connect())];
        for (int i = 0; i < 10; i++)
        {
            CheckRefused(node, saysHello: i % 2 == 0, text, option);
            Assert.All(clients, client => client.CheckServed());
        }

        Assert.Equal(10, clients[1].Stats()["connections_refused"]);
        clients[0].Dispose();
        Eventually.Is(() => clients[1].Stats()["connections"] == 3, () => "the slot does not come back");
        using (TestClient accepted = node.Connect())
        {
            accepted.CheckServed();
            CheckRefused(node, saysHello: true, text, option);
        }

        Array.ForEach(clients, client => client.Dispose());
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Connections_of_another_address_are_counted_by_themselves()
    {
        using RunningNode node = RunningNode.Start(backend, "--max-connections-per-address", "1", "--max-connections", "3");
        using TestClient first = node.Connect();
        using TestClient second = new(node.EndPoint, from: IPAddress.Parse("127.0.0.2"));
        using TestClient third = new(node.EndPoint, from: IPAddress.Parse("127.0.0.3"));
        third.CheckServed();
        CheckRefused(node, saysHello: true, "the node has 3 connections");
        second.Dispose();
        Eventually.Is(() => first.Stats()["connections"] == 2, () => "the slot does not come back");
        CheckRefused(node, saysHello: true, "your address has 1 connections");
        first.CheckServed();
    }

    [Fact]
    public void Peers_that_say_no_hello_are_disconnected_counted_and_logged()
    {
        using RunningNode node = RunningNode.Start(backend, "--handshake-timeout", "1");
        using TestClient other = node.Connect();
        TestClient[] silent = [.. Enumerable.Range(0, 20).Select(_ => new TestClient(node.EndPoint, hello: false))];
        silent[0].Send([FcpLimits.RequestMagic]); // A Hello that was begun is none.
        foreach (TestClient peer in silent)
        {
            CheckDisconnected(peer);
            node.AwaitLine($"{peer.Socket.LocalEndPoint} disconnected", "--handshake-timeout");
            other.CheckServed();
        }

        Dictionary<string, long> stats = other.Stats();
        Assert.Equal((20L, 1L, 0L), (stats["handshake_timeouts"], stats["connections"], stats["idle_timeouts"]));
        Array.ForEach(silent, peer => peer.Dispose());
    }

    [Fact]
    public void Idle_peers_are_disconnected_counted_and_logged_and_busy_ones_are_not()
    {
        using RunningNode node = RunningNode.Start(backend, "--idle-timeout", "2");
        using TestClient busy = node.Connect();
        using TestClient idle = node.Connect();
        idle.CheckServed();
        Eventually.Is(() => busy.Stats()["idle_timeouts"] == 1, () => "the idle peer is still connected");
        CheckDisconnected(idle);
        node.AwaitLine($"{idle.Socket.LocalEndPoint} disconnected", "--idle-timeout");
        busy.CheckServed();
        Assert.Equal(1, busy.Stats()["connections"]);
    }

    [Fact]
    public void Keys_and_values_over_the_limits_are_refused_and_the_hello_says_which()
    {
        using RunningNode node = RunningNode.Start(backend, "--max-key", "10", "--max-value", "2KiB");
        using TestClient client = new(node.EndPoint, hello: false);
        HelloReply hello = HelloReply.Read(client.Ask((f, id) => RequestWriter.Hello(f, id)).Value);
        Assert.Equal((10u, 2_048u), (hello.MaxKeyBytes, hello.MaxValueBytes));
        Assert.Equal(Status.Ok, client.Set("0123456789", new byte[2_048]).Status);
        Assert.Equal(2_048, client.Get("0123456789").Value.Length);

        ReceivedReply tooLarge = client.Set("k", new byte[2_049]);
        Assert.Equal(Status.ValueTooLarge, tooLarge.Status);
        Assert.Contains("2048", tooLarge.Text.Replace(",", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Equal(Status.ValueTooLarge, client.Set("k", new byte[100_000]).Status);
        Assert.Equal(Status.NotFound, client.Get("k").Status);
        Assert.Equal(2, client.Stats()["values_refused"]);

        byte[] longKey = TestClient.Key("0123456789a");
        client.Tell((f, id) => RequestWriter.Get(f, id, longKey));
        ReceivedReply refusal = client.Read();
        Assert.Equal((Opcode.Error, Status.BadKeyLength), (refusal.Opcode, refusal.Status));
        Assert.Contains("10", refusal.Text, StringComparison.Ordinal);
        Assert.Null(client.ReadOrEnd());
        using TestClient next = node.Connect();
        next.Set("served", [1]);
        Assert.Equal([1], next.Get("served").Value);
    }

    [Fact]
    public void A_pipeline_longer_than_the_limit_is_answered_whole_and_in_order()
    {
        using RunningNode node = RunningNode.Start(backend, "--max-pipelined", "64");
        using TestClient eager = node.Connect();
        using TestClient other = node.Connect();
        byte[] key = TestClient.Key("pipelined");
        using MemoryStream requests = new();
        for (uint i = 0; i < 5_000; i++)
        {
            requests.Write(eager.Frame(frame => i % 2 == 0
                ? RequestWriter.Set(frame, i, key, BitConverter.GetBytes(i))
                : RequestWriter.Get(frame, i, key)));
        }

        eager.Send(requests.ToArray());
        other.CheckServed();
        for (uint i = 0; i < 5_000; i++)
        {
            ReceivedReply reply = eager.Read();
            Assert.Equal((Status.Ok, i), (reply.Status, reply.Id));
            Assert.True(i % 2 == 0 || BitConverter.ToUInt32(reply.Value) == i - 1);
        }
    }

    private static void CheckRefused(RunningNode node, bool saysHello, params string[] texts)
    {
        using TestClient refused = new(node.EndPoint, hello: false);
        if (saysHello)
        {
            refused.Tell((f, id) => RequestWriter.Hello(f, id));
        }

        ReceivedReply reply = refused.Read();
        Assert.Equal((Opcode.Error, Status.Overloaded, 0u), (reply.Opcode, reply.Status, reply.Id));
        Assert.All(texts, text => Assert.Contains(text, reply.Text, StringComparison.Ordinal));
        Assert.Null(refused.ReadOrEnd());
    }

    private static void CheckDisconnected(TestClient peer)
    {
        try
        {
            Assert.Equal(0, peer.Socket.Receive(new byte[1]));
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
        }
    }
}
