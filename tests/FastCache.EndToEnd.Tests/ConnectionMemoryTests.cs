using System.Diagnostics;
using System.Net.Sockets;
using FastCache.Io;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>Peers that fill connection memory: it stays within its budget, the heaviest go, and the others are served.</summary>
public abstract class ConnectionMemoryTests(IoBackend backend)
{
    private const long Budget = 16L << 20;

    /// <summary>What the process may grow by beyond its connection memory: the managed heap's own pace, stacks, kernel buffers that were mapped late.</summary>
    private const long Allowance = 24L << 20;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Frames_that_are_begun_and_not_ended(int shards) => Fill(shards, (node, number) =>
    {
        using TestClient peer = node.Connect();
        byte[] frame = peer.Frame(frame => RequestWriter.Set(frame, 1, TestClient.Key("begun"), new byte[900_000]));
        peer.Send(frame.AsSpan(0, frame.Length - 1 - number));
        peer.Socket.Receive(new byte[1]);
    });

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Replies_that_are_not_read(int shards) => Fill(shards, (node, _) =>
    {
        using TestClient peer = node.Connect();
        peer.Socket.ReceiveBufferSize = 64 << 10;
        byte[] get = peer.Frame(frame => RequestWriter.Get(frame, 1, TestClient.Key("big")));
        byte[] gets = [.. Enumerable.Repeat(get, 100).SelectMany(bytes => bytes)];
        while (true)
        {
            peer.Send(gets);
        }
    });

    private void Fill(int shards, Action<RunningNode, int> fill)
    {
        const int peers = 40;
        using RunningNode node = RunningNode.Start(
            backend, "--shards", $"{shards}", "--connection-memory", $"{shards * 16}MiB", "--frame-timeout", "600", "--write-timeout", "600",
            "--shutdown-timeout", "0.5");
        using TestClient other = node.Connect();
        byte[] big = TestClient.Bytes(700_000, 1);
        byte[] mine = TestClient.Bytes(40_000, 2);
        Assert.Equal(Status.Ok, other.Set("big", big).Status);
        long before = node.ResidentBytes;
        long most = before;
        for (int i = 0; i < peers; i++)
        {
            int number = i;
            _ = new Background(() => Disconnected(() => fill(node, number)));
        }

        Stopwatch clock = Stopwatch.StartNew();
        Dictionary<string, long> stats;
        do
        {
            // A client that holds less than they do is served all the time, with frames of several receive buffers too.
            other.CheckServed();
            Assert.Equal(Status.Ok, other.Set("mine", mine).Status);
            Assert.True(other.Get("mine").Value.AsSpan().SequenceEqual(mine));
            most = Math.Max(most, node.ResidentBytes);
            stats = other.Stats();
            Assert.True(clock.Elapsed < Patience, $"{stats["overloaded_disconnects"]} disconnects, {stats["connection_memory_bytes"]} bytes in use");
            Assert.InRange(stats["connection_memory_bytes"], 0, shards * Budget);
        }
        while (stats["overloaded_disconnects"] == 0 || clock.Elapsed < TimeSpan.FromSeconds(1.5));
        Assert.True(most - before <= (shards * Budget) + Allowance, $"memory grew by {(most - before) >> 20} MiB");
        node.AwaitLine("127.0.0.1:", " disconnected: ", "connection memory", "--connection-memory");
        Assert.Equal(0, node.Stop());
    }

    private static void Disconnected(Action conversation)
    {
        try
        {
            conversation();
        }
        catch (SocketException)
        {
            // Reset or broken pipe: the kernel's word depends on what was under way.
        }
    }
}
