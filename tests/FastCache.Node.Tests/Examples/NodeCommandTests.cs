using System.CommandLine;
using System.Net;
using FastCache.Io;

namespace FastCache.Node.Tests.Examples;

public sealed class NodeCommandTests
{
    private NodeOptions? _options;

    [Fact]
    public void Has_defaults_for_everything()
    {
        Assert.Equal(0, Run(out _));
        Assert.Equal(1L << 30, _options!.MemoryBytes);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 7600), _options.Listen);
        Assert.Equal(10_000, _options.MaxConnections);
        Assert.Equal(256L << 20, _options.ConnectionMemoryBytes);
        Assert.Equal(TimeSpan.FromSeconds(30), _options.WriteTimeout);
        Assert.True(_options.Prefault);
        Assert.Equal(0, _options.CompressFromBytes);
        Assert.Equal(IoBackend.Auto, _options.Io);
        Assert.False(_options.IoInfo);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    public void Shards_that_share_a_processor_are_neither_bound_to_it_nor_spin(int processors, bool expected)
    {
        Assert.Equal(0, Run(out _, "--shards", "2", "--pin", "true", "--spin", "true"));
        NodeOptions fitted = _options!.On(processors);
        Assert.Equal((expected, expected), (fitted.Pin, fitted.Spin));
        Assert.False((_options with { Spin = false }).On(processors).Spin);
    }

    [Theory]
    [InlineData("auto", IoBackend.Auto)]
    [InlineData("uring", IoBackend.Uring)]
    [InlineData("epoll", IoBackend.Epoll)]
    [InlineData("sockets", IoBackend.Sockets)]
    public void Knows_every_backend_by_its_name(string name, IoBackend backend)
    {
        Assert.Equal(0, Run(out _, "--io", name, "--io-info"));
        Assert.Equal(backend, _options!.Io);
        Assert.True(_options.IoInfo);
    }

    [Fact]
    public void Passes_every_option_on()
    {
        int exitCode = Run(
            out _, "--memory", "64MiB", "--listen", "[::1]:0", "--max-connections", "7", "--connection-memory", "16MiB",
            "--write-timeout", "0.5", "--prefault", "false", "--compress-from", "2KiB");
        Assert.Equal(0, exitCode);
        Assert.Equal(64L << 20, _options!.MemoryBytes);
        Assert.Equal(new IPEndPoint(IPAddress.IPv6Loopback, 0), _options.Listen);
        Assert.Equal(7, _options.MaxConnections);
        Assert.Equal(16L << 20, _options.ConnectionMemoryBytes);
        Assert.Equal(TimeSpan.FromSeconds(0.5), _options.WriteTimeout);
        Assert.False(_options.Prefault);
        Assert.Equal(2048, _options.CompressFromBytes);
    }

    [Fact]
    public void Has_short_names_for_memory_and_listen()
    {
        Assert.Equal(0, Run(out _, "-m", "8MiB", "-l", "0.0.0.0:65535"));
        Assert.Equal(8L << 20, _options!.MemoryBytes);
        Assert.Equal(new IPEndPoint(IPAddress.Any, 65535), _options.Listen);
    }

    [Theory]
    [InlineData("--memory", "4MiB", "8MiB", "32GiB")]
    [InlineData("--memory", "33GiB", "8MiB", "32GiB")]
    [InlineData("--memory", "much", "8MiB", "32GiB")]
    [InlineData("--memory", "1GB", "8MiB", "32GiB")]
    [InlineData("--listen", "localhost:7600", "127.0.0.1:7600", "65535")]
    [InlineData("--listen", "7600", "127.0.0.1:7600", "65535")]
    [InlineData("--listen", "127.0.0.1", "127.0.0.1:7600", "65535")]
    [InlineData("--listen", "127.0.0.1:65536", "127.0.0.1:7600", "65535")]
    [InlineData("--listen", "127.0.0.1:-1", "127.0.0.1:7600", "65535")]
    [InlineData("--listen", "::1:7600", "[::1]:7600", "65535")]
    [InlineData("--listen", "http://127.0.0.1:80", "resp://127.0.0.1:6379", "65535")]
    [InlineData("--listen", "RESP://127.0.0.1:80", "resp://127.0.0.1:6379", "65535")]
    [InlineData("--listen", "resp://", "resp://127.0.0.1:6379", "65535")]
    [InlineData("--compress-from", "63", "0", "256KiB")]
    [InlineData("--compress-from", "1MiB", "0", "256KiB")]
    [InlineData("--compress-from", "text", "0", "256KiB")]
    [InlineData("--max-connections", "0", "1", "1000000")]
    [InlineData("--max-connections", "1000001", "1", "1000000")]
    [InlineData("--max-connections", "2.5", "1", "1000000")]
    [InlineData("--max-connections", "many", "1", "1000000")]
    [InlineData("--connection-memory", "15MiB", "16MiB", "1TiB")]
    [InlineData("--connection-memory", "2TiB", "16MiB", "1TiB")]
    [InlineData("--write-timeout", "0", "0.1", "3600")]
    [InlineData("--write-timeout", "3601", "0.1", "3600")]
    [InlineData("--write-timeout", "NaN", "0.1", "3600")]
    [InlineData("--write-timeout", "soon", "0.1", "3600")]
    [InlineData("--prefault", "maybe", "true", "false")]
    [InlineData("--io", "kqueue", "auto", "uring, epoll or sockets")]
    [InlineData("--io", "0", "auto", "uring, epoll or sockets")]
    public void Refuses_a_bad_value_with_the_value_and_what_is_allowed(string option, string value, string least, string most)
    {
        Assert.NotEqual(0, Run(out string output, option, value));
        Assert.Null(_options);
        string errors = output.Split("Description:")[0];
        Assert.Contains($"'{value}'", errors, StringComparison.Ordinal);
        Assert.Contains(least, errors, StringComparison.Ordinal);
        Assert.Contains(most, errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--port", "7600")]
    [InlineData("serve")]
    [InlineData("--memory")]
    [InlineData("--memory", "1GiB", "--memory", "2GiB")]
    public void Refuses_what_it_does_not_know(params string[] arguments)
    {
        Assert.NotEqual(0, Run(out string errors, arguments));
        Assert.Null(_options);
        Assert.Contains(arguments[0], errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Listens_where_it_is_told_to_and_always_for_fcp()
    {
        Assert.Equal(0, Run(out _, "--listen", "resp://127.0.0.1:6379", "-l", "resp://[::1]:6380"));
        Assert.False(_options!.IsListenGiven);
        Assert.Equal(["127.0.0.1:7600", "resp://127.0.0.1:6379", "resp://[::1]:6380"], _options.Listens.Select(listen => $"{listen}"));
        Assert.Equal(0, Run(out _, "-l", "resp://127.0.0.1:6379", "-l", "fcp://127.0.0.1:1", "-l", "127.0.0.1:2"));
        Assert.True(_options.IsListenGiven);
        Assert.Equal(["127.0.0.1:1", "resp://127.0.0.1:6379", "127.0.0.1:2"], _options.Listens.Select(listen => $"{listen}"));
    }

    [Fact]
    public void Refuses_more_addresses_than_there_are_listeners()
    {
        string[] arguments = [.. Enumerable.Range(1, 8).SelectMany(port => new[] { "--listen", $"resp://127.0.0.1:{port}" })];
        Assert.NotEqual(0, Run(out string errors, arguments));
        Assert.Null(_options);
        Assert.Contains("9 addresses to listen on are too many; allowed are 8", errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Refuses_a_node_of_no_topology()
    {
        Assert.NotEqual(0, Run(out string errors, "--node", "a"));
        Assert.Null(_options);
        Assert.Contains("--topology FILE --node NAME", errors, StringComparison.Ordinal);
        Assert.Equal(0, Run(out _, "--node", "a", "--topology", "cluster.json"));
        Assert.Equal(("a", "cluster.json"), (_options!.NodeName, _options.TopologyPath));
    }

    [Fact]
    public void Help_mentions_every_option_with_its_range()
    {
        Assert.Equal(0, Run(out string help, "--help"));
        Assert.Null(_options);
        RootCommand command = NodeCommand.Create(_ => 0);
        Assert.True(command.Options.Count >= 6);
        foreach (Option option in command.Options)
        {
            Assert.Contains(option.Name, help, StringComparison.Ordinal);
        }

        Assert.All(["8MiB", "32GiB", "16MiB", "1TiB", "127.0.0.1:7600", "3600"], range => Assert.Contains(range, help, StringComparison.Ordinal));
    }

    [Fact]
    public void Help_shows_defaults_as_they_are_typed()
    {
        Assert.Equal(0, Run(out string help, "--help"));
        Assert.All(["[default: 127.0.0.1:7600]", "[default: 1GiB]", "[default: 256MiB]", "[default: 1MiB]"], text => Assert.Contains(text, help, StringComparison.Ordinal));
        Assert.All(["1073741824", "[default: Auto]", "[default: 1000000]"], text => Assert.DoesNotContain(text, help, StringComparison.Ordinal));
    }

    private int Run(out string output, params string[] arguments)
    {
        RootCommand command = NodeCommand.Create(options =>
        {
            _options = options;
            return 0;
        });
        using StringWriter written = new();
        int exitCode = command.Parse(arguments).Invoke(new InvocationConfiguration { Output = written, Error = written });
        output = written.ToString();
        return exitCode;
    }
}
