using System.Net.Sockets;
using System.Runtime.InteropServices;
using FastCache.Io;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

public sealed class ProcessTests
{
    public static TheoryData<IoBackend, PosixSignal> BackendsAndSignals => new()
    {
        { IoBackend.Uring, PosixSignal.SIGTERM },
        { IoBackend.Uring, PosixSignal.SIGINT },
        { IoBackend.Epoll, PosixSignal.SIGTERM },
        { IoBackend.Epoll, PosixSignal.SIGINT },
        { IoBackend.Sockets, PosixSignal.SIGTERM },
        { IoBackend.Sockets, PosixSignal.SIGINT },
    };

    [Fact]
    public void Help_exits_with_0_and_names_the_options()
    {
        (int exitCode, string output, _) = RunningNode.RunToEnd("--help");
        Assert.Equal(0, exitCode);
        Assert.All(
            ["--memory", "--listen", "--max-connections", "--connection-memory", "--write-timeout", "--frame-timeout", "--prefault", "--io", "--io-info", "--stop-with-input"],
            option => Assert.Contains(option, output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--memory", "1MiB", "8MiB")]
    [InlineData("--listen", "somewhere", "127.0.0.1:7600")]
    [InlineData("--max-connections", "0", "1000000")]
    [InlineData("--prefault", "perhaps", "true")]
    [InlineData("--io", "kqueue", "auto, uring, epoll or sockets")]
    public void A_bad_option_exits_with_an_error_that_says_what_is_allowed(string option, string value, string allowed)
    {
        (int exitCode, _, string errors) = RunningNode.RunToEnd(option, value);
        Assert.NotEqual(0, exitCode);
        Assert.Contains($"'{value}'", errors, StringComparison.Ordinal);
        Assert.Contains(allowed, errors, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_option_exits_with_an_error()
    {
        (int exitCode, _, string errors) = RunningNode.RunToEnd("--replicas", "3");
        Assert.NotEqual(0, exitCode);
        Assert.Contains("--replicas", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_in_use_exits_with_an_error_that_names_it()
    {
        using RunningNode first = RunningNode.Start();
        (int exitCode, string output, string errors) =
            RunningNode.RunToEnd("--memory", "8MiB", "--listen", first.EndPoint.ToString());
        Assert.NotEqual(0, exitCode);
        Assert.DoesNotContain("listening on", output, StringComparison.Ordinal);
        Assert.Contains(first.EndPoint.ToString(), errors, StringComparison.Ordinal);
        using (TestClient client = first.Connect())
        {
            client.CheckServed();
        }

        Assert.Equal(0, first.Stop());
    }

    [Fact]
    public void Io_info_says_of_every_backend_and_feature_whether_it_works()
    {
        (int exitCode, string output, _) = RunningNode.RunToEnd("--io-info");
        Assert.Equal(0, exitCode);
        Assert.All(
            ["kernel", "--io uring", "--io epoll", "--io sockets", "--io auto     chooses", "DEFER_TASKRUN", "RECV_MULTISHOT"],
            part => Assert.Contains(part, output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("uring", "io_uring, because it was asked for")]
    [InlineData("epoll", "epoll, because it was asked for")]
    [InlineData("sockets", "sockets, because it was asked for")]
    [InlineData("auto", ", because ")]
    public void A_node_says_which_backend_it_has_and_why(string name, string expected)
    {
        using RunningNode node = RunningNode.Start("--io", name);
        Assert.Equal(0, node.Stop());
        Assert.Contains("backend: ", node.Errors, StringComparison.Ordinal);
        Assert.Contains(expected, node.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BackendsAndSignals))]
    public void A_signal_ends_an_idle_node_with_0(IoBackend backend, PosixSignal signal)
    {
        using RunningNode node = RunningNode.Start(backend);
        Assert.Equal(0, node.Stop(signal));
    }

    [Theory]
    [MemberData(nameof(BackendsAndSignals))]
    public void A_signal_ends_a_node_with_open_connections_with_0(IoBackend backend, PosixSignal signal)
    {
        using RunningNode node = RunningNode.Start(backend);
        TestClient[] clients = [.. Enumerable.Range(0, 20).Select(_ => node.Connect())];
        clients[0].CheckServed();
        clients[1].Send([FcpLimits.RequestMagic]);
        Assert.Equal(0, node.Stop(signal));
        Array.ForEach(clients, client => client.Dispose());
    }

    [Theory]
    [MemberData(nameof(BackendsAndSignals))]
    public void A_signal_ends_a_node_under_load_with_0_and_no_reply_is_cut(IoBackend backend, PosixSignal signal)
    {
        using RunningNode node = RunningNode.Start(backend);
        using CountdownEvent warm = new(4);
        Background[] loads = [.. Enumerable.Range(0, 4).Select(i => new Background(() => Load(node, i, warm)))];
        Assert.True(warm.Wait(TimeSpan.FromSeconds(10)));
        Assert.Equal(0, node.Stop(signal));
        Assert.All(loads, load => Assert.True(load.Ends(TimeSpan.FromSeconds(10))));
        Assert.DoesNotContain("Unhandled", node.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_signals_are_as_good_as_one()
    {
        using RunningNode node = RunningNode.Start();
        node.Signal(PosixSignal.SIGTERM);
        Assert.Equal(0, node.Stop(PosixSignal.SIGINT));
    }

    [Fact]
    public void A_node_that_was_told_so_stops_when_its_input_ends()
    {
        using RunningNode node = RunningNode.Start("--stop-with-input");
        using TestClient client = node.Connect();
        client.CheckServed();
        Assert.Equal(0, node.EndInput());
    }

    [Fact]
    public void The_smallest_node_serves()
    {
        using RunningNode node = RunningNode.Start("--memory", "8MiB", "--connection-memory", "16MiB", "--max-connections", "1", "--prefault", "false");
        using (TestClient client = node.Connect())
        {
            client.CheckServed();
            Assert.Equal(8L << 20, client.Stats()["memory_budget_bytes"]);
        }

        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void A_node_that_compresses_gives_out_what_was_stored_and_keeps_less()
    {
        using RunningNode node = RunningNode.Start("--compress-from", "1KiB");
        using TestClient client = node.Connect();
        byte[] text = [.. Enumerable.Range(0, 20_000).Select(i => (byte)('a' + (i / 100 % 7)))];
        byte[] noise = TestClient.Bytes(20_000, 7);
        for (int i = 0; i < 50; i++)
        {
            Assert.Equal(Status.Ok, client.Set($"text {i}", text).Status);
            Assert.Equal(Status.Ok, client.Set($"noise {i}", noise).Status);
        }

        for (int i = 0; i < 50; i++)
        {
            Assert.True(client.Get($"text {i}").Value.AsSpan().SequenceEqual(text));
            Assert.True(client.Get($"noise {i}", returnVersion: true).Value.AsSpan().SequenceEqual(noise));
        }

        Assert.Equal(50, client.Stats()["compressed_sets"]);
        Assert.InRange(client.Stats()["payload_bytes"], 50 * 20_000, 60 * 20_000);
    }

    /// <summary>Pipelines until the node is gone; what arrives is right as long as it arrives.</summary>
    private static void Load(RunningNode node, int number, CountdownEvent warm)
    {
        using TestClient client = node.Connect();
        byte[] value = TestClient.Bytes(5_000, number);
        byte[] key = TestClient.Key($"load {number}");
        byte[] set = client.Frame(frame => RequestWriter.Set(frame, 1, key, value));
        byte[] get = client.Frame(frame => RequestWriter.Get(frame, 2, key));
        byte[] pipeline = [.. Enumerable.Repeat<byte[]>([.. set, .. get], 20).SelectMany(pair => pair)];
        try
        {
            for (int round = 0; ; round++)
            {
                client.Send(pipeline);
                for (int i = 0; i < 40; i++)
                {
                    if (client.ReadOrEnd() is not ReceivedReply reply)
                    {
                        return;
                    }

                    if (reply.Status == Status.ShuttingDown)
                    {
                        Assert.Null(client.ReadOrEnd());
                        return;
                    }

                    Assert.Equal(Status.Ok, reply.Status);
                    Assert.True(i % 2 == 0 || reply.Value.AsSpan().SequenceEqual(value));
                }

                if (round == 20)
                {
                    warm.Signal();
                }
            }
        }
        catch (SocketException ended) when (ended.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
        }
    }
}
