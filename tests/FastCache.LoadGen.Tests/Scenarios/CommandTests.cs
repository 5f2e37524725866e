using System.CommandLine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Scenarios;

namespace FastCache.LoadGen.Tests.Scenarios;

public sealed class CommandTests
{
    [Fact]
    public void What_is_not_given_is_the_scenarios_own()
    {
        ScenarioOptions options = Accept("idle-herd");
        Scenario scenario = ScenarioCatalog.Find("idle-herd")!;
        Assert.Equal(scenario, options.Scenario);
        Assert.Equal((ShapeKind.Constant, scenario.Rate), (options.Shape, options.Rate));
        Assert.Equal((scenario.Keys, scenario.Connections, 10_000), (options.Run.Keys, options.Run.Connections, options.Run.QuietConnections));
        Assert.Contains("12000", options.Run.NodeArguments);
        Assert.Equal(TimeSpan.FromSeconds(10), options.Run.Duration);
        Assert.Equal("constant", options.Run.Texts["shape"]);
    }

    [Fact]
    public void Reads_every_option()
    {
        ScenarioOptions options = Accept(
            "database-cache", "--shape", "spikes", "--rate", "5K", "--duration", "3s", "--warmup", "0s", "--keys", "1K",
            "--connections", "3", "--quiet-connections", "7", "--memory", "99MiB", "--node-cpus", "2", "--load-cpus", "3",
            "--io", "epoll", "--seed", "9", "--record", "r.json");
        Assert.Equal((ShapeKind.Spikes, 5_000.0), (options.Shape, options.Rate));
        Assert.Equal((TimeSpan.FromSeconds(3), TimeSpan.Zero), (options.Run.Duration, options.Run.WarmUp));
        Assert.Equal((1_000, 3, 7), (options.Run.Keys, options.Run.Connections, options.Run.QuietConnections));
        Assert.Equal(("99MiB", "2", "3"), (options.Run.Memory, options.Run.NodeCpus.ToString(), options.Run.LoadCpus.ToString()));
        Assert.Equal(("r.json", 9UL), (options.RecordPath, options.Run.Seed));
        Assert.Contains("--stale-time", options.Run.NodeArguments);
    }

    [Theory]
    [InlineData("Name one", "")]
    [InlineData("no scenario 'sessions'; allowed: standard, session-store", "sessions")]
    [InlineData("leave the name out", "scan --list")]
    [InlineData("--shape is 'square'; allowed: constant, ramp, steps or spikes", "scan --shape square")]
    [InlineData("--shape is '1'", "scan --shape 1")]
    [InlineData("--shape is 'constant,ramp'", "scan --shape constant,ramp")]
    [InlineData("--rate is '9'; allowed: 10 to 10M", "scan --rate 9")]
    [InlineData("--duration is '1'", "scan --duration 1")]
    [InlineData("--keys is '0'", "scan --keys 0")]
    [InlineData("--connections is '1001'", "scan --connections 1001")]
    [InlineData("--memory is for the node that is started", "scan --connect a:1 --memory 1GiB")]
    [InlineData("--io is for the node that is started", "scan --connect a:1 --io epoll")]
    public void Refuses_with_what_is_allowed(string message, string words)
    {
        Command command = ScenarioCommand.Create(_ => 0);
        ParseResult result = command.Parse(words.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(result.Errors, error => error.Message.Contains(message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--tries is '0'; allowed: 1 to 10", "--tries 0")]
    [InlineData("--duration is '2m'", "--duration 2m")]
    [InlineData("--record is", "--record /")]
    public void Check_refuses_with_what_is_allowed(string message, string words)
    {
        ParseResult result = CheckCommand.Create(_ => 0).Parse(words.Split(' '));
        Assert.Contains(result.Errors, error => error.Message.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void Check_is_the_standard_workload()
    {
        CheckOptions? options = null;
        Command command = CheckCommand.Create(given =>
        {
            options = given;
            return 0;
        });
        Assert.Equal(0, command.Parse(["--tries", "2", "--duration", "1s"]).Invoke());
        Assert.Equal((2, TimeSpan.FromSeconds(1)), (options!.Tries, options.Run.Duration));
        Assert.Equal((1_000_000, 16, 100, 0.9, 0.05), (options.Run.Keys, options.Run.KeySize, options.Run.ValueSize, options.Run.Reads, options.Run.Misses));
        Assert.Equal((32, 128), (options.Run.Connections, options.Run.Depth));
    }

    private static ScenarioOptions Accept(params string[] words)
    {
        ScenarioOptions? options = null;
        Command command = ScenarioCommand.Create(given =>
        {
            options = given;
            return 0;
        });
        ParseResult result = command.Parse(words);
        Assert.Empty(result.Errors);
        Assert.Equal(0, result.Invoke());
        return options!;
    }
}
