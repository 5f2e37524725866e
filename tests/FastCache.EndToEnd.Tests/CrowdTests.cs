using System.Net.Sockets;
using FastCache.Io;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>More connections than usual, and more than the machine has descriptors for.</summary>
public abstract class CrowdTests(IoBackend backend)
{
    /// <summary>Two crowds would need more descriptors than most machines give one process.</summary>
    public const string OneAtATime = "crowds";

    private const int Crowd = 10_000;

    [Fact]
    public void Peers_cannot_take_the_last_descriptors()
    {
        const int room = 130;
        int needed;
        using (RunningNode plain = RunningNode.Start(backend))
        {
            needed = plain.Descriptors;
        }

        using RunningNode node = RunningNode.StartWithin(needed + room, backend, "--handshake-timeout", "60");
        node.AwaitLine("connections: at most ", $"only {needed + room} descriptors");
        using TestClient other = node.Connect();
        List<TestClient> served = [];
        while (TryEnter(node) is TestClient client)
        {
            served.Add(client);
            Assert.InRange(served.Count, 1, room);
            other.CheckServed();
        }

        Assert.NotEmpty(served);

        // Many more, which the kernel accepts, and which the node turns away.
        TestClient[] crowd = [.. Enumerable.Range(0, 3 * room).Select(_ => new TestClient(node.EndPoint, hello: false))];
        other.CheckServed();
        Assert.All(served, client => client.CheckServed());
        Array.ForEach(crowd, client => client.Dispose());

        // As one leaves, another comes in.
        served[0].Dispose();
        served.RemoveAt(0);
        Eventually.Is(() => other.Stats()["connections"] == served.Count + 1, () => "those who left are still counted");
        TestClient? next = TryEnter(node);
        Assert.NotNull(next);
        served.Add(next);
        Assert.Null(TryEnter(node));

        // The runtime starts a thread to tell of the signal, which takes descriptors, too.
        Assert.Equal(0, node.Stop());
        served.ForEach(client => client.Dispose());
    }

    [DescriptorsFact(Crowd + 500)]
    public async Task Ten_thousand_connections_at_once_are_all_served()
    {
        using RunningNode node = RunningNode.Start(backend, "--max-connections", $"{Crowd + 1}", "--handshake-timeout", "60");
        using TestClient other = node.Connect();
        Socket[] crowd = new Socket[Crowd];
        byte[] hello = other.Frame(frame => RequestWriter.Hello(frame, 1));
        byte[] ping = other.Frame(frame => RequestWriter.Ping(frame, 2, "are you there?"u8));
        byte[] pong = new byte[FcpLimits.HeaderBytes + "are you there?"u8.Length];
        try
        {
            // All that the listen queue holds at once, and again: the kernel drops what is beyond it and tries again a second later.
            const int chunk = 1_000;
            for (int from = 0; from < Crowd; from += chunk)
            {
                Task[] connects = new Task[chunk];
                for (int i = 0; i < chunk; i++)
                {
                    crowd[from + i] = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 30_000 };
                    connects[i] = crowd[from + i].ConnectAsync(node.EndPoint);
                }

                await Task.WhenAll(connects).WaitAsync(TimeSpan.FromSeconds(30));
                other.CheckServed();
            }

            Eventually.Is(() => other.Stats()["connections"] == Crowd + 1, () => $"{other.Stats()["connections"]} connections");
            Array.ForEach(crowd, socket => socket.Send([.. hello, .. ping]));
            other.CheckServed();
            byte[] input = new byte[1 << 10];
            foreach (Socket socket in crowd)
            {
                int received = 0;
                while (received < pong.Length || !input.AsSpan(0, received).EndsWith("are you there?"u8))
                {
                    int more = socket.Receive(input.AsSpan(received));
                    Assert.True(more > 0, "a connection was closed");
                    received += more;
                }
            }
        }
        finally
        {
            Array.ForEach(crowd, socket => socket?.Dispose());
        }

        Eventually.Is(() => other.Stats()["connections"] == 1, () => "the connections are still counted");
        other.CheckServed();
        Assert.Equal(0, node.Stop());
    }

    /// <summary>A client that is served, or null when the node says that it takes no more.</summary>
    private static TestClient? TryEnter(RunningNode node)
    {
        TestClient client = new(node.EndPoint, hello: false);
        client.Tell((frame, id) => RequestWriter.Hello(frame, id));
        ReceivedReply reply = client.Read();
        if (reply.Status == Status.Ok)
        {
            return client;
        }

        Assert.Equal(Status.Overloaded, reply.Status);
        client.Dispose();
        return null;
    }
}
