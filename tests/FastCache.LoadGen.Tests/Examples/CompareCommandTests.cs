using System.CommandLine;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Peers;

namespace FastCache.LoadGen.Tests.Examples;

public sealed class CompareCommandTests
{
    [Fact]
    public void Defaults_are_the_loads_of_the_table()
    {
        CompareOptions options = Accept();
        Assert.Null(options.With);
        Assert.Equal([1, 16, 128], options.Depths);
        Assert.Equal([32, 100, 1_000], options.ValueSizes);
        Assert.Equal((1_000_000, 16), (options.Load.Keys, options.Load.KeySize));
        Assert.Equal((0.9, 0.05), (options.Load.Reads, options.Load.Misses));
        Assert.Equal((32, 3), (options.Load.Connections, options.Load.Rounds));
        Assert.Equal((TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(0.5)), (options.Load.Duration, options.Load.WarmUp));
        Assert.Equal(("0", "1", "2GiB"), (options.Load.NodeCpus.ToString(), options.Load.LoadCpus.ToString(), options.Load.Memory));
        Assert.False(options.Load.IsOpenLoop);
    }

    [Fact]
    public void Reads_lists()
    {
        CompareOptions options = Accept("--with", "redis,Memcached, garnet", "--depths", "1,64", "--value-sizes", "10,1KiB");
        Assert.Equal(["redis", "memcached", "garnet"], options.With!.Select(peer => peer.Name));
        Assert.Equal([1, 64], options.Depths);
        Assert.Equal([10, 1024], options.ValueSizes);
    }

    [Theory]
    [InlineData("--with", "")]
    [InlineData("--with", "mysql")]
    [InlineData("--with", "redis,redis")]
    [InlineData("--depths", "0")]
    [InlineData("--depths", "1,,2")]
    [InlineData("--depths", "16,16")]
    [InlineData("--value-sizes", "0")]
    [InlineData("--value-sizes", "1MiB")]
    [InlineData("--rounds", "0")]
    [InlineData("--duration", "1")]
    [InlineData("--chart", "/no/such/directory/chart.svg")]
    public void Refuses_a_value_and_names_it_and_what_is_allowed(string option, string value)
    {
        string error = Assert.Single(Refuse(option, value));
        Assert.Contains($"{option} is '{value}'; allowed: ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--key-size is 9", "--key-size", "9")]
    [InlineData("--connections 10000", "--connections", "10K", "--value-sizes", "1000000")]
    public void Refuses_combinations(string expected, params string[] args) =>
        Assert.Contains(expected, Assert.Single(Refuse(args)), StringComparison.Ordinal);

    [Fact]
    public void A_named_peer_that_is_not_there_is_an_error_that_names_the_script()
    {
        Peer absent = Peer.All[0] with { Name = "absent", Program = "absent-server", Find = () => null };
        string message = Assert.Throws<LoadFailedException>(() => FoundPeer.Of([absent])).Message;
        Assert.Contains("--with names absent, but absent-server is not on this machine", message, StringComparison.Ordinal);
        Assert.Contains("loadgen/install-peers.sh", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("memcached 1.6.18\n", "memcached 1.6.18")]
    [InlineData("garnet 2.2.8\n", "garnet 2.2.8")]
    [InlineData("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", "redis 7.0.15")]
    [InlineData("Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", "valkey 8.0.1")]
    public void Names_of_peers_are_their_own(string printed, string expected) =>
        Assert.Equal(expected, PeerProgram.NameIn(printed));

    [Fact]
    public void Every_peer_is_told_port_memory_and_no_more_than_one_thread_or_file()
    {
        PeerSettings settings = new(Port: 7007, MemoryBytes: 2L << 30, Keys: 1_000_000, Connections: 32, Depth: 128);
        string[] lines = [.. Peer.All.Select(peer => string.Join(' ', peer.Arguments(settings)))];
        Assert.Equal(6, lines.Length);
        Assert.Equal(lines[0], lines[1]);
        Assert.Contains("--port 7007", lines[0], StringComparison.Ordinal);
        Assert.Contains("--save  --appendonly no --io-threads 1 --maxmemory 2147483648", lines[0], StringComparison.Ordinal);
        Assert.Contains("-p 7007", lines[2], StringComparison.Ordinal);
        Assert.Contains("-t 1 -m 2048", lines[2], StringComparison.Ordinal);
        Assert.Contains("--port 7007 --memory 2147483648 --index 32000000", lines[3], StringComparison.Ordinal);
        Assert.Contains("resp://127.0.0.1:7007 --shards 1 --memory 2147483648", lines[4], StringComparison.Ordinal);
        Assert.Contains("memcached://127.0.0.1:7007 --shards 1 --memory 2147483648", lines[5], StringComparison.Ordinal);
        Assert.All(lines, line => Assert.Contains("127.0.0.1", line, StringComparison.Ordinal));
    }

    private static RootCommand Root(Func<CompareOptions, int> run) => new("test") { CompareCommand.Create(run) };

    private static CompareOptions Accept(params string[] args)
    {
        CompareOptions? options = null;
        ParseResult parsed = Root(read =>
        {
            options = read;
            return 0;
        }).Parse(["compare", .. args]);
        Assert.Empty(parsed.Errors.Select(error => error.Message));
        Assert.Equal(0, parsed.Invoke());
        return Assert.IsType<CompareOptions>(options);
    }

    private static IEnumerable<string> Refuse(params string[] args) =>
        Root(_ => 0).Parse(["compare", .. args]).Errors.Select(error => error.Message);
}
