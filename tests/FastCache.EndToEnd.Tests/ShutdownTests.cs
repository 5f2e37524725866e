using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using FastCache.EndToEnd.Tests.Resp;
using FastCache.Io;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>SIGTERM: what has been received is answered, clients are told to go elsewhere, and the node ends with 0.</summary>
public abstract class ShutdownTests(IoBackend backend)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_idle_client_is_told_and_may_hang_up(int shards)
    {
        using RunningNode node = RunningNode.Start(backend, "--shards", $"{shards}");
        TestClient[] clients = [.. Enumerable.Range(0, 10).Select(_ => node.Connect())];
        clients[1].Send([FcpLimits.RequestMagic]);
        node.Signal(PosixSignal.SIGTERM);
        foreach (TestClient client in clients)
        {
            CheckFarewell(client.ReadOrEnd());
            Assert.Null(client.ReadOrEnd());
            client.Dispose();
        }

        Assert.Equal(0, node.AwaitExit());
        Assert.Contains("FastCache stopped", node.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Requests_are_answered_whole_or_not_at_all_and_the_farewell_comes_last(int shards)
    {
        using RunningNode node = RunningNode.Start(backend, "--shards", $"{shards}");
        using CountdownEvent warm = new(4);
        Background[] loads = [.. Enumerable.Range(0, 4).Select(i => new Background(() => PipelineUntilFarewell(node, i, warm)))];
        Assert.True(warm.Wait(Patience));
        node.Signal(PosixSignal.SIGTERM);
        Assert.All(loads, load => Assert.True(load.Ends(Patience)));
        Assert.Equal(0, node.AwaitExit());
    }

    [Fact]
    public void New_connections_are_refused_while_the_node_waits_for_a_peer_that_does_not_read()
    {
        using RunningNode node = RunningNode.Start(backend, "--shutdown-timeout", "3");
        using TestClient blocked = Block(node);
        node.Signal(PosixSignal.SIGTERM);
        Eventually.Is(() => IsRefused(node), () => "the node still listens");
        Stopwatch clock = Stopwatch.StartNew();
        Assert.Equal(0, node.AwaitExit());
        Assert.True(clock.Elapsed < Patience / 2, $"it took {clock.Elapsed}");
    }

    [Fact]
    public void A_peer_that_reads_at_last_gets_all_its_replies_and_the_farewell()
    {
        using RunningNode node = RunningNode.Start(backend, "--shutdown-timeout", "60");
        using TestClient slow = Block(node);
        node.Signal(PosixSignal.SIGTERM);
        Eventually.Is(() => IsRefused(node), () => "the node still listens");
        int replies = 0;
        ReceivedReply? reply;
        while ((reply = slow.ReadOrEnd()) is { Opcode: Opcode.Get })
        {
            Assert.Equal(100_000, reply.Value.Length);
            replies++;
        }

        // What was received when the node stopped is answered; what waited in its peer's kernel is not, and was not executed.
        CheckFarewell(reply);
        Assert.InRange(replies, 1, 999);
        slow.Dispose();
        Assert.Equal(0, node.AwaitExit());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task A_client_of_redis_that_still_sends_while_it_reads_gets_every_reply_whole(int shards)
    {
        const int Values = 8;
        const int ValueBytes = 100_000;
        const string End = "\r\n";
        using RunningNode node = RunningNode.StartWithResp(shards, "--io", IoBackendNames.Of(backend));
        using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveBufferSize = 16_384,
            ReceiveTimeout = 20_000,
        };
        client.Connect(node.RespEndPoint);
        client.Send(RespPeer.Encode("SET", "key", new string('v', ValueBytes)));
        string wanted = $"${ValueBytes}{End}{new string('v', ValueBytes)}{End}";
        byte[] received = new byte["+OK\r\n".Length + (Values * wanted.Length)];
        int bytes = 0;
        Read("+OK\r\n".Length);
        client.Send([.. Enumerable.Range(0, Values).SelectMany(_ => RespPeer.Encode("GET", "key"))]);
        Read(wanted.Length);
        Task<int> stopping = Task.Run(() => node.Stop());
        while (bytes < received.Length)
        {
            // Bytes that nobody takes turn an end into a reset.
            Thread.Sleep(5);
            client.Send("PING\r\n"u8);
            Read(Math.Min(received.Length, bytes + 200_000));
        }

        Assert.Equal("+OK\r\n" + string.Concat(Enumerable.Repeat(wanted, Values)), Encoding.Latin1.GetString(received));
        client.Dispose();
        Assert.Equal(0, await stopping);

        void Read(int until)
        {
            while (bytes < until)
            {
                int more = client.Receive(received, bytes, until - bytes, SocketFlags.None);
                Assert.True(more > 0, $"the end comes after {bytes} bytes");
                bytes += more;
            }
        }
    }

    private static void CheckFarewell(ReceivedReply? reply)
    {
        Assert.NotNull(reply);
        Assert.Equal((Opcode.Error, Status.ShuttingDown, 0u), (reply.Opcode, reply.Status, reply.Id));
        Assert.Equal(SessionFault.ShuttingDown, reply.Text);
    }

    private static bool IsRefused(RunningNode node)
    {
        try
        {
            using TestClient late = new(node.EndPoint, hello: false);
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }

    /// <summary>A client that has asked for much more than kernels hold, and read nothing.</summary>
    private static TestClient Block(RunningNode node)
    {
        TestClient client = node.Connect();
        client.Socket.ReceiveBufferSize = 64 << 10;
        client.Set("big", new byte[100_000]);
        byte[] get = client.Frame(frame => RequestWriter.Get(frame, 7, TestClient.Key("big")));
        client.Send([.. Enumerable.Repeat(get, 999).SelectMany(bytes => bytes)]);
        using TestClient other = node.Connect();
        long sent = -1;
        Eventually.Is(
            () =>
            {
                long before = sent;
                Thread.Sleep(50);
                sent = other.Stats()["connection_memory_bytes"];
                return sent > 0 && sent == before;
            },
            () => "the peer is not blocked");
        return client;
    }

    /// <summary>Sends pairs of requests until the farewell; every one before it is answered, in order, and right.</summary>
    private static void PipelineUntilFarewell(RunningNode node, int number, CountdownEvent warm)
    {
        const int pairs = 40;
        using TestClient client = node.Connect();
        byte[] key = TestClient.Key($"farewell {number}");
        for (uint round = 0; ; round++)
        {
            byte[] value = BitConverter.GetBytes(round);
            for (uint i = 0; i < pairs; i++)
            {
                try
                {
                    client.Send(client.Frame(frame => RequestWriter.Set(frame, 2 * i, key, value)));
                    client.Send(client.Frame(frame => RequestWriter.Get(frame, (2 * i) + 1, key)));
                }
                catch (SocketException)
                {
                    // The node has closed its side; its words can still be read.
                }
            }

            for (uint i = 0; i < 2 * pairs; i++)
            {
                ReceivedReply? reply = client.ReadOrEnd();
                if (reply is { Opcode: Opcode.Error })
                {
                    CheckFarewell(reply);
                    Assert.Null(client.ReadOrEnd());
                    return;
                }

                Assert.NotNull(reply);
                Assert.Equal((Status.Ok, i), (reply.Status, reply.Id));
                Assert.True(i % 2 == 0 || reply.Value.AsSpan().SequenceEqual(value));
            }

            if (round == 20)
            {
                warm.Signal();
            }
        }
    }
}
