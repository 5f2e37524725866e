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
    public void Descriptors_that_run_out_and_come_back_disturb_nobody_who_is_there()
    {
        const int room = 20;
        int needed;
        using (RunningNode plain = RunningNode.Start(backend))
        {
            needed = plain.Descriptors;
        }

        using RunningNode node = RunningNode.StartWithin(needed + room, backend, "--handshake-timeout", "60");
        using TestClient other = node.Connect();
        List<TestClient> clients = [.. Enumerable.Range(0, 5 * room).Select(_ => new TestClient(node.EndPoint, hello: false))];
        foreach (TestClient client in clients)
        {
            client.Tell((f, id) => RequestWriter.Hello(f, id));
            other.CheckServed();
        }

        // The kernel has accepted all of them, the node as many as it could. As these leave, the others come in.
        Assert.InRange(other.Stats()["connections"], 2, 2 * room);
        while (clients.Count > 0)
        {
            Eventually.Is(() => clients.Any(HasAnswer), () => $"{clients.Count} connections are never answered");
            foreach (TestClient client in clients.Where(HasAnswer).ToArray())
            {
                Assert.Equal(Status.Ok, client.Read().Status);
                client.CheckServed();
                client.Dispose();
                clients.Remove(client);
            }

            other.CheckServed();
        }

        Eventually.Is(() => other.Stats()["connections"] == 1, () => "the connections are still counted");
        Assert.Equal(0, node.Stop());
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

    private static bool HasAnswer(TestClient client) => client.Socket.Poll(0, SelectMode.SelectRead);
}
