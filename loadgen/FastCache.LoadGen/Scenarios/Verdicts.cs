using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Reporting;

namespace FastCache.LoadGen.Scenarios;

/// <summary>Judges a scenario's figures by its targets.</summary>
internal static class Verdicts
{
    /// <summary>A machine that is away for this share of the time can be the cause of a tail at p99.9.</summary>
    private const double TailShare = 0.001;

    /// <summary>Who waits for a processor for this share of the time can have a tail at p99.9 from it.</summary>
    private const double TailWaits = 0.01;

    /// <summary>A machine that is away for this share of the time can be the cause of a rate that was not held.</summary>
    private const double RateShare = 0.1;

    /// <summary>What allocates less in all, over the whole phase, allocates nothing per operation: statistics and timers.</summary>
    private const double NoBytes = 4096;

    public static Verdict[] Judge(
        IReadOnlyList<ScenarioTarget> targets, ScenarioResult result, IReadOnlyList<Stall> stalls) =>
        [.. targets.Select(target => Judge(target, result, stalls))];

    private static Verdict Judge(ScenarioTarget target, ScenarioResult result, IReadOnlyList<Stall> stalls)
    {
        string name = target.Figure.Name();
        if (result[target.Figure] is not double value)
        {
            return new(name, $"{target}", "unknown", Outcome.NotJudged, "this run has none, or the node does not tell");
        }

        string measured = target.Figure.Show(value);
        bool isNothing = target.Figure is Figure.NodeAllocation or Figure.LoadAllocation
            && value * result.Phase.Operations < NoBytes;
        if (target.IsMetBy(value) || isNothing)
        {
            return new(name, $"{target}", measured, Outcome.Met);
        }

        return WhyMachine(target, result, stalls) is string why
            ? new(name, $"{target}", measured, Outcome.NotJudged, $"this machine cannot tell: {why}")
            : new(name, $"{target}", measured, Outcome.Missed);
    }

    /// <summary>Why the machine may be the cause; null: it is not.</summary>
    private static string? WhyMachine(ScenarioTarget target, ScenarioResult result, IReadOnlyList<Stall> stalls)
    {
        if (!target.Figure.IsOfTime())
        {
            return null;
        }

        if (result.IsShared)
        {
            return "node and load generator share a processor";
        }

        if (result.WaitShare >= (target.Figure == Figure.Held ? RateShare : TailWaits))
        {
            return $"node and load generator waited for a processor for {Format.Percent(result.WaitShare)} of the time";
        }

        Stall? worst = stalls.MaxBy(stall => stall.LostShare);
        bool canBe = target.Figure == Figure.Held
            ? worst?.LostShare >= RateShare
            : stalls.Any(stall => stall.LostShare >= TailShare && stall.MaxMicros >= target.Limit / 2);
        return canBe
            ? $"it stood still for up to {Format.Micros(stalls.Max(stall => stall.MaxMicros))}, " +
              $"{Format.Percent(worst!.LostShare)} of the time"
            : null;
    }
}
