using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Reporting;
using FastCache.LoadGen.Scenarios;

namespace FastCache.LoadGen.Tests.Scenarios;

public sealed class VerdictTests
{
    private static readonly Stall Calm = new(0, "before", 10, P999Micros: 20, MaxMicros: 50, LostShare: 0.0001);
    private static readonly Stall Restless = new(1, "after", 900, P999Micros: 900, MaxMicros: 4_000, LostShare: 0.02);

    [Fact]
    public void A_figure_at_its_limit_is_met_and_one_beyond_it_missed()
    {
        Assert.Equal(Outcome.Met, Judge(new(Figure.HitP999, 1_000), Result(hitP999: 1_000), Calm).Outcome);
        Assert.Equal(Outcome.Missed, Judge(new(Figure.HitP999, 1_000), Result(hitP999: 1_001), Calm).Outcome);
        Assert.Equal(Outcome.Met, Judge(new(Figure.HitRatio, 0.75), Result(), Calm).Outcome);
        Assert.Equal(Outcome.Missed, Judge(new(Figure.HitRatio, 0.76), Result(), Calm).Outcome);
    }

    [Fact]
    public void A_tail_is_not_judged_on_a_machine_that_stands_still_for_as_long()
    {
        Verdict verdict = Judge(new(Figure.HitP999, 1_000), Result(hitP999: 3_000), Calm, Restless);
        Assert.Equal(Outcome.NotJudged, verdict.Outcome);
        Assert.Contains("stood still for up to 4.00 ms", verdict.Note, StringComparison.Ordinal);
        Assert.Equal(Outcome.Missed, Judge(new(Figure.WriteP999, 10_000), Result(writeP999: 30_000), Restless).Outcome);
    }

    [Fact]
    public void A_tail_is_not_judged_where_node_and_generator_share_a_processor() => Assert.Equal(
        "this machine cannot tell: node and load generator share a processor",
        Judge(new(Figure.HitP999, 1_000), Result(hitP999: 3_000) with { IsShared = true }, Calm).Note);

    [Fact]
    public void A_tail_is_not_judged_if_a_neighbour_had_the_processors_meanwhile()
    {
        ScenarioResult disturbed = Result(hitP999: 3_000, flows: 9_000) with { WaitShare = 0.02 };
        Assert.Equal(Outcome.NotJudged, Judge(new(Figure.HitP999, 1_000), disturbed, Calm).Outcome);
        Assert.Equal(Outcome.Missed, Judge(new(Figure.Held, 0.99), disturbed, Calm).Outcome);
        Assert.Equal(Outcome.NotJudged, Judge(new(Figure.Held, 0.99), disturbed with { WaitShare = 0.2 }, Calm).Outcome);
    }

    [Fact]
    public void What_has_nothing_to_do_with_time_is_judged_on_any_machine() =>
        Assert.Equal(Outcome.Missed, Judge(new(Figure.HitRatio, 0.9), Result(), Restless).Outcome);

    [Fact]
    public void What_a_run_does_not_tell_is_not_judged()
    {
        Assert.Equal(Outcome.NotJudged, Judge(new(Figure.MissP999, 1_000), Result(), Calm).Outcome);
        Assert.Equal(Outcome.NotJudged, Judge(new(Figure.MemoryBeyondBudget, 1), Result(), Calm).Outcome);
        Assert.Equal(Outcome.NotJudged, Judge(new(Figure.HerdMemory, 1), Result(), Calm).Outcome);
    }

    [Fact]
    public void A_rate_is_held_when_the_flows_that_were_due_are_done_in_time()
    {
        ScenarioTarget held = new(Figure.Held, 0.99);
        Assert.Equal(Outcome.Met, Judge(held, Result(), Calm).Outcome);
        Assert.Equal(Outcome.Missed, Judge(held, Result(flows: 9_800), Calm).Outcome);
        Assert.Equal(Outcome.Missed, Judge(held, Result(seconds: 10.5), Calm).Outcome);
        Assert.Equal(Outcome.NotJudged, Judge(held, Result(seconds: 10.5), Calm with { LostShare = 0.3 }).Outcome);
    }

    [Fact]
    public void Who_cannot_begin_every_flow_of_the_shape_says_what_was_due()
    {
        ScenarioTarget held = new(Figure.Held, 0.99);
        Assert.Equal(Outcome.Met, Judge(held, Result(flows: 9_000) with { Due = 9_050 }, Calm).Outcome);
        Assert.Equal(Outcome.Missed, Judge(held, Result(flows: 9_000) with { Due = 9_500 }, Calm).Outcome);
    }

    [Fact]
    public void Odd_bytes_of_a_short_run_are_no_allocation()
    {
        ScenarioTarget nothing = new(Figure.NodeAllocation, 0.05);
        Assert.Equal(Outcome.Met, Judge(nothing, Result(allocated: 0.3), Calm).Outcome);
        Assert.Equal(Outcome.Missed, Judge(nothing, Result(allocated: 0.5), Calm).Outcome);
    }

    [Fact]
    public void Every_scenario_has_a_name_a_use_and_targets_of_its_own()
    {
        Assert.Equal(9, ScenarioCatalog.All.Select(scenario => scenario.Name).Distinct().Count());
        Assert.All(ScenarioCatalog.All, scenario =>
        {
            Assert.NotEmpty(scenario.Use);
            Assert.Contains(scenario.Targets, target => target.Figure == Figure.Held);
            Assert.Equal(scenario.Targets.Count, scenario.Targets.DistinctBy(target => target.Figure).Count());
        });
    }

    private static Verdict Judge(ScenarioTarget target, ScenarioResult result, params Stall[] stalls) =>
        Assert.Single(Verdicts.Judge([target], result, stalls));

    private static ScenarioResult Result(
        double hitP999 = 100, double writeP999 = 100, long flows = 10_000, double seconds = 10, double allocated = 0)
    {
        PhaseResult phase = new()
        {
            Operations = 10_000,
            Elapsed = TimeSpan.FromSeconds(seconds),
            Latencies = [new(7_500, 1, 1, 1, hitP999, 1, 1), default, new(2_500, 1, 1, 1, writeP999, 1, 1)],
            LoadCpuNanosPerOperation = 1,
            LoadAllocatedBytesPerOperation = 0,
            NodeAllocatedBytesPerOperation = allocated,
        };
        FlowCounts counts = new() { Flows = flows, Lookups = 8_000, Hits = 6_000 };
        return new(phase, counts, LoadShape.Of(ShapeKind.Constant, 1_000, TimeSpan.FromSeconds(10)));
    }
}
