using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;
using FastCache.LoadGen.Scenarios;
using NBomber.Contracts.Stats;
using Scenario = FastCache.LoadGen.Scenarios.Scenario;

namespace FastCache.NBomber;

/// <summary>Judges a run by what NBomber returns and by the operations that it does not see.</summary>
/// <remarks>NBomber 4.1.2 has no thresholds of its own.</remarks>
internal static class Thresholds
{
    public static IReadOnlyList<Verdict> Judge(
        Scenario scenario, LoadKind kind, LoadPlan plan, ScenarioStats statistics, ScenarioResult result, IReadOnlyList<Stall> stalls)
    {
        IEnumerable<ScenarioTarget> targets = scenario.Targets.Where(target => target.Figure switch
        {
            // NBomber allocates for every iteration.
            Figure.LoadAllocation => false,
            Figure.Held => kind == LoadKind.Open,
            Figure figure => kind != LoadKind.Closed || !figure.IsOfTime(),
        });
        List<Verdict> verdicts = [JudgeFailures(statistics), .. Verdicts.Judge([.. targets], result, stalls)];
        if (kind == LoadKind.Closed)
        {
            verdicts.Insert(1, JudgeThroughput(scenario, plan, statistics));
        }

        return verdicts;
    }

    private static Verdict JudgeFailures(ScenarioStats statistics)
    {
        int failed = statistics.Fail.Request.Count;
        return new("failed iterations", "0", $"{failed}", Of(failed == 0));
    }

    /// <summary>What a closed loop can do is at least what the scenario is about.</summary>
    private static Verdict JudgeThroughput(Scenario scenario, LoadPlan plan, ScenarioStats statistics)
    {
        double flows = statistics.Ok.Request.RPS * plan.Batch;
        return new(
            "flows", $">= {Quantity.FormatCount(scenario.Rate)}/s", $"{Quantity.FormatCount(flows)}/s", Of(flows >= scenario.Rate),
            "closed loop: its latencies are those of a full queue, and are not judged");
    }

    private static Outcome Of(bool isMet) => isMet ? Outcome.Met : Outcome.Missed;
}
