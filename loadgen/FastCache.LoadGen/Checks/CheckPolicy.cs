using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;

namespace FastCache.LoadGen.Checks;

/// <summary>Whether the node has met the specification, has missed it, or whether this machine cannot tell.</summary>
/// <remarks>
/// <code>
///                    within the target ──────────────────────────────► met
///   one attempt  ──► beyond it, and the machine explains it ─────────► not judged, with the reason
///                └─► beyond it, and the machine does not explain it ─► missed
///
///   all attempts ──► met once ──► met      missed twice ──► missed      else ──► not judged
/// </code>
/// A machine explains what the program that only moves the same bytes could not do either, or comes near to, and what a
/// thread that only reads the clock saw. It explains no tail of twenty times of what these two saw, unless its processors were away,
/// and never twice the CPU that is allowed.
/// </remarks>
internal static class CheckPolicy
{
    /// <summary>The load asks for 95%; chance moves it by a hundredth of that difference.</summary>
    public const double HitRatio = 0.949;

    /// <summary>CPU per operation of the node may be so many times that of the byte-moving program.</summary>
    public const double MostCpuRatio = 4;

    /// <summary>
    /// No neighbour explains more than this: at processors that were away for three quarters of the time, a sound node was seen at 4.1 to
    /// 4.3 times, one that spins in every request at 27.
    /// </summary>
    private const double MostCpuExcused = 2 * MostCpuRatio;

    /// <summary>A byte-moving program below so many times the target leaves no room for a cache.</summary>
    private const double FloorHeadroom = 2;

    /// <summary>A processor that is away for so much of the time explains everything that has to do with time.</summary>
    private const double MostLostShare = 0.2;

    /// <summary>A processor that is away for so much of the time explains a tail at p99.9.</summary>
    private const double TailShare = 0.001;

    /// <summary>What the machine showed explains a tail of so many times of it.</summary>
    private const double MostExplained = 20;

    /// <summary>Judges one attempt, always by the same targets in the same order.</summary>
    public static Verdict[] Judge(CheckAttempt attempt) =>
    [
        JudgeThroughput(attempt),
        Judge(
            "rate", $"{Quantity.FormatCount(attempt.NodeAtRate.Rate)}/s held",
            $"{Quantity.FormatCount(attempt.NodeAtRate.OperationsPerSecond)}/s",
            Targets.IsHeld(attempt.NodeAtRate), WhyNotHeld(attempt)),
        .. ReplyKinds.All.Select(kind => JudgeTail(attempt, kind)),
        Judge(
            "hit ratio", $">= {Format.Percent(HitRatio)}", Format.Percent(attempt.NodeAtRate.HitRatio),
            attempt.NodeAtRate.HitRatio >= HitRatio, null),
        JudgeCpu(attempt),
        Targets.JudgeAllocation("node allocation", attempt.Node.NodeAllocatedBytesPerOperation, attempt.Node.Operations),
    ];

    /// <summary>What several attempts say together.</summary>
    /// <param name="attempts">At least one; each as <see cref="Judge(CheckAttempt)"/> gives them.</param>
    public static Verdict[] Combine(IReadOnlyList<Verdict[]> attempts) =>
        [.. Enumerable.Range(0, attempts[0].Length).Select(target => Combine([.. attempts.Select(verdicts => verdicts[target])]))];

    private static Verdict Combine(Verdict[] attempts)
    {
        if (attempts.FirstOrDefault(verdict => verdict.Outcome == Outcome.Met) is Verdict met)
        {
            return met;
        }

        Verdict[] missed = [.. attempts.Where(verdict => verdict.Outcome == Outcome.Missed)];
        if (missed.Length >= Math.Min(2, attempts.Length))
        {
            return missed[^1] with { Note = $"missed in {missed.Length} of {attempts.Length} attempts" };
        }

        return attempts.Last(verdict => verdict.Outcome == Outcome.NotJudged);
    }

    private static Verdict Judge(string name, string target, string measured, bool isMet, string? why) => isMet
        ? new(name, target, measured, Outcome.Met)
        : why is null
            ? new(name, target, measured, Outcome.Missed)
            : new(name, target, measured, Outcome.NotJudged, $"this machine cannot tell: {why}");

    private static Verdict JudgeThroughput(CheckAttempt attempt)
    {
        double floor = attempt.Floor.OperationsPerSecond;
        string? why = WhyAway(attempt) ?? (floor < FloorHeadroom * Targets.OperationsPerSecond
            ? $"the byte-moving program did {Quantity.FormatCount(floor)}/s"
            : null);
        return Judge(
            "throughput", $">= {Quantity.FormatCount(Targets.OperationsPerSecond)}/s",
            $"{Quantity.FormatCount(attempt.Node.OperationsPerSecond)}/s",
            attempt.Node.OperationsPerSecond >= Targets.OperationsPerSecond, why);
    }

    private static Verdict JudgeTail(CheckAttempt attempt, ReplyKind kind)
    {
        double limit = Targets.P999Micros(kind);
        double node = attempt.NodeAtRate[kind].P999;
        string measured = attempt.NodeAtRate[kind].Count == 0 ? "none" : Format.Micros(node);
        bool isMet = attempt.NodeAtRate[kind].Count > 0 && node < limit;
        return Judge($"{kind.Name()} p99.9", $"< {limit / 1_000:0} ms", measured, isMet, WhyTail(attempt, limit, node));
    }

    private static Verdict JudgeCpu(CheckAttempt attempt)
    {
        string target = Format.Invariant($"<= {MostCpuRatio:0.0} x byte-moving");
        if (attempt.CpuRatio is not double ratio)
        {
            return new("node cpu", target, "unknown", Outcome.NotJudged, "the node does not tell");
        }

        string measured = Format.Invariant($"{ratio:0.00} x, {Format.Nanos(attempt.Node.NodeCpuNanosPerOperation)}/op");
        string? why = ratio <= MostCpuExcused ? WhyAway(attempt) : null;
        return Judge("node cpu", target, measured, ratio <= MostCpuRatio, why);
    }

    private static string? WhyNotHeld(CheckAttempt attempt) =>
        WhyAway(attempt) ?? (Targets.IsHeld(attempt.FloorAtRate)
            ? null
            : $"the byte-moving program held {Quantity.FormatCount(attempt.FloorAtRate.OperationsPerSecond)}/s");

    private static string? WhyTail(CheckAttempt attempt, double limit, double node)
    {
        double floor = attempt.FloorAtRate[ReplyKind.Hit].P999;
        double stall = attempt.LongestStallMicros;
        if (WhyNotHeld(attempt) is string why)
        {
            return why;
        }

        if (node > MostExplained * Math.Max(floor, stall))
        {
            return null;
        }

        if (floor >= limit / 2)
        {
            return $"p99.9 of the byte-moving program was {Format.Micros(floor)}";
        }

        return attempt.LostShare >= TailShare && stall >= limit / 2
            ? $"it stood still for up to {Format.Micros(stall)}, {Format.Percent(attempt.LostShare)} of the time"
            : null;
    }

    private static string? WhyAway(CheckAttempt attempt)
    {
        if (attempt.IsShared)
        {
            return "node and load generator share a processor";
        }

        return attempt.LostShare >= MostLostShare
            ? $"its processors were away for {Format.Percent(attempt.LostShare)} of the time"
            : null;
    }
}
