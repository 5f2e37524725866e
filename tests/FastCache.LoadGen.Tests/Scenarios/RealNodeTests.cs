using System.CommandLine;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Runs;
using FastCache.LoadGen.Scenarios;

namespace FastCache.LoadGen.Tests.Scenarios;

/// <summary>Every scenario for a moment against a node of its own; times are not judged.</summary>
public sealed class RealNodeTests
{
    public static TheoryData<string> Names => ScenarioPlayerTests.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void Scenario_comes_to_its_end_against_a_real_node(string name)
    {
        ScenarioOptions options = Read(
            name, "--keys", "300", "--rate", "3K", "--duration", "500ms", "--warmup", "0s", "--memory", "64MiB",
            "--connections", "4", "--quiet-connections", name == "idle-herd" ? "100" : "0");
        CpuList available = CpuAffinity.OfCallingThread();
        RunContext context = new(options.Run, new(available, available, ""), TextWriter.Null, isTerminal: false, new StopSignal());
        ScenarioResult result = ScenarioRun.Play(
            context, options.Scenario!, LoadShape.Of(ShapeKind.Spikes, options.Rate, options.Run.Duration));
        Assert.True(result.Counts.Flows > 0);
        Assert.Equal(result.Shape.Count, result.Counts.Flows + result.Phase.Unsent); // How many depends on the machine.
        Assert.True(result.Phase.Operations >= result.Counts.Flows);
        Assert.InRange(result[Figure.MemoryBeyondBudget]!.Value, 0, 200 << 20);
        Assert.True(result[Figure.NodeAllocation] * result.Phase.Operations < 64 << 10);
        Assert.Equal(name == "idle-herd" ? 100 : null, result.Herd?.Connections);
    }

    [Fact]
    public void Streams_for_a_node_of_several_shards_are_refused_before_anything_is_sent()
    {
        ScenarioOptions options = Read("cdn-objects", "--keys", "10", "--duration", "500ms", "--memory", "64MiB");
        CpuList available = CpuAffinity.OfCallingThread();
        RunContext context = new(
            options.Run with { Shards = 2 }, new(available, available, ""), TextWriter.Null, isTerminal: false, new StopSignal());
        LoadFailedException refusal = Assert.Throws<LoadFailedException>(() => ScenarioRun.Play(
            context, options.Scenario!, LoadShape.Of(ShapeKind.Constant, 10, options.Run.Duration)));
        Assert.Contains("the node has 2 shards; allowed: a node with --shards 1", refusal.Message, StringComparison.Ordinal);
    }

    private static ScenarioOptions Read(params string[] words)
    {
        ScenarioOptions? options = null;
        Command command = ScenarioCommand.Create(given =>
        {
            options = given;
            return 0;
        });
        Assert.Equal(0, command.Parse(words).Invoke());
        return options!;
    }
}
