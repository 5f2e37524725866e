using System.CommandLine;
using FastCache.LoadGen.Options;

namespace FastCache.LoadGen.Tests.Examples;

public sealed class RunCommandTests
{
    [Fact]
    public void Defaults_are_the_standard_workload()
    {
        RunOptions options = Accept();
        Assert.Null(options.Connect);
        Assert.Equal(1_000_000, options.Keys);
        Assert.Equal((16, 100), (options.KeySize, options.ValueSize));
        Assert.Equal((0.9, 0.05), (options.Reads, options.Misses));
        Assert.Equal(KeyDistribution.Uniform, options.Distribution);
        Assert.Equal((32, 128), (options.Connections, options.Depth));
        Assert.Equal(TimeSpan.FromSeconds(10), options.Duration);
        Assert.Equal(TimeSpan.FromSeconds(2), options.WarmUp);
        Assert.False(options.IsOpenLoop);
        Assert.Equal(("0", "1"), (options.NodeCpus.ToString(), options.LoadCpus.ToString()));
        Assert.Equal("1GiB", options.Memory);
        Assert.Equal((ClientKind.Aware, null), (options.Clients, options.Shards));
        Assert.Equal(RunMode.Measure, options.Mode);
    }

    [Fact]
    public void Reads_every_option()
    {
        RunOptions options = Accept(
            "--connect", "cache.example:7600", "--keys", "10M", "--key-size", "20", "--value-size", "1KiB",
            "--reads", "0.5", "--misses", "0", "--distribution", "zipf", "--zipf-exponent", "1.2",
            "--connections", "4", "--depth", "16", "--duration", "3s", "--warmup", "0s", "--rate", "2.3M",
            "--node-cpus", "0-1", "--load-cpus", "2", "--seed", "7", "--json", "report.json");
        Assert.Equal("cache.example", options.Connect?.Host);
        Assert.Equal(7600, options.Connect?.Port);
        Assert.Equal(10_000_000, options.Keys);
        Assert.Equal((20, 1024), (options.KeySize, options.ValueSize));
        Assert.Equal((0.5, 0.0), (options.Reads, options.Misses));
        Assert.Equal((KeyDistribution.Zipf, 1.2), (options.Distribution, options.ZipfExponent));
        Assert.Equal((4, 16), (options.Connections, options.Depth));
        Assert.Equal((TimeSpan.FromSeconds(3), TimeSpan.Zero), (options.Duration, options.WarmUp));
        Assert.Equal(2_300_000, options.Rate);
        Assert.Equal("0,1", options.NodeCpus.ToString());
        Assert.Equal((7UL, "report.json"), (options.Seed, options.RecordPath));
    }

    [Fact]
    public void Reads_modes()
    {
        RunOptions floor = Accept("--floor", "--rounds", "5");
        Assert.Equal((RunMode.Floor, 5), (floor.Mode, floor.Rounds));
        Assert.Equal(RunMode.FindRate, Accept("--find-rate").Mode);
    }

    [Fact]
    public void Reads_shards_and_what_clients_know_of_them()
    {
        RunOptions options = Accept("--shards", "2", "--clients", "unordered");
        Assert.Equal((2, ClientKind.Unordered), (options.Shards, options.Clients));
        Assert.Equal(ClientKind.Unaware, Accept("--clients", "unaware", "--connect", "localhost:1").Clients);
        Assert.Equal(2, Accept("--shards", "2", "--connections", "1", "--clients", "unaware").Shards);
    }

    [Theory]
    [InlineData("--connect", "localhost")]
    [InlineData("--connect", "localhost:0")]
    [InlineData("--connect", ":7600")]
    [InlineData("--keys", "0")]
    [InlineData("--keys", "500000001")]
    [InlineData("--key-size", "251")]
    [InlineData("--key-size", "3")]
    [InlineData("--value-size", "17MiB")]
    [InlineData("--reads", "1.01")]
    [InlineData("--reads", "-0.1")]
    [InlineData("--misses", "NaN")]
    [InlineData("--distribution", "normal")]
    [InlineData("--distribution", "1")]
    [InlineData("--connections", "0")]
    [InlineData("--clients", "clever")]
    [InlineData("--clients", "aware,unordered")]
    [InlineData("--clients", "1")]
    [InlineData("--clients", "")]
    [InlineData("--shards", "0")]
    [InlineData("--shards", "257")]
    [InlineData("--depth", "16385")]
    [InlineData("--duration", "0s")]
    [InlineData("--duration", "10")]
    [InlineData("--warmup", "2h")]
    [InlineData("--rate", "99")]
    [InlineData("--node-cpus", "x")]
    [InlineData("--load-cpus", "")]
    [InlineData("--memory", "0")]
    [InlineData("--memory", "1 pound")]
    [InlineData("--record", "/no/such/directory/report.json")]
    [InlineData("--seed", "-1")]
    public void Refuses_a_value_and_names_it_and_what_is_allowed(string option, string value)
    {
        string error = Assert.Single(Refuse(option, value));
        Assert.Contains(option, error, StringComparison.Ordinal);
        Assert.Contains($"'{value}'", error, StringComparison.Ordinal);
        Assert.Contains("allowed: ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--floor and --find-rate", "--floor", "--find-rate")]
    [InlineData("--floor and --find-rate", "--floor", "--compare-io")]
    [InlineData("--connect", "--compare-io", "--connect", "localhost:1")]
    [InlineData("--depth", "--compare-io", "--depth", "8")]
    [InlineData("--io", "--compare-io", "--io", "epoll")]
    [InlineData("--io", "--io", "epoll", "--connect", "localhost:1")]
    [InlineData("--connect", "--floor", "--connect", "localhost:1")]
    [InlineData("--rate is 1000", "--find-rate", "--rate", "1K")]
    [InlineData("--rounds", "--rounds", "2")]
    [InlineData("--memory", "--memory", "1GiB", "--connect", "localhost:1")]
    [InlineData("--zipf-exponent", "--zipf-exponent", "1")]
    [InlineData("--shards is for", "--shards", "2", "--connect", "localhost:1")]
    [InlineData("--connections 1", "--shards", "2", "--connections", "1")]
    [InlineData("leave --rate out", "--clients", "unordered", "--rate", "1K")]
    [InlineData("leave --find-rate out", "--clients", "unordered", "--find-rate")]
    [InlineData("allowed: 10 to 250", "--key-size", "9", "--keys", "1M")]
    [InlineData("--value-size", "--value-size", "1MiB", "--reads", "0")]
    public void Refuses_combinations(string expected, params string[] args) =>
        Assert.Contains(expected, Assert.Single(Refuse(args)), StringComparison.Ordinal);

    [Fact]
    public void Help_shows_examples_and_defaults_as_they_are_typed()
    {
        using StringWriter output = new();
        InvocationConfiguration configuration = new() { Output = output };
        Assert.Equal(0, Root(_ => 1).Parse(["run", "--help"]).Invoke(configuration));
        Assert.Contains("run --rate 2.3M", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("[default: 1GiB]", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Exit_code_is_what_the_run_returns_and_not_0_after_a_refusal()
    {
        using StringWriter output = new();
        InvocationConfiguration configuration = new() { Output = output, Error = output };
        Assert.Equal(42, Root(_ => 42).Parse(["run"]).Invoke(configuration));
        Assert.NotEqual(0, Root(_ => 0).Parse(["run", "--keys", "none"]).Invoke(configuration));
    }

    private static RootCommand Root(Func<RunOptions, int> run) => new("test") { RunCommand.Create(run) };

    private static RunOptions Accept(params string[] args)
    {
        RunOptions? options = null;
        ParseResult parsed = Root(read =>
        {
            options = read;
            return 0;
        }).Parse(["run", .. args]);
        Assert.Empty(parsed.Errors.Select(error => error.Message));
        Assert.Equal(0, parsed.Invoke());
        return Assert.IsType<RunOptions>(options);
    }

    private static IEnumerable<string> Refuse(params string[] args) =>
        Root(_ => 0).Parse(["run", .. args]).Errors.Select(error => error.Message);
}
