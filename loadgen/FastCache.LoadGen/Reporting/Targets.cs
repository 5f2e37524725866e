using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;

namespace FastCache.LoadGen.Reporting;

/// <summary>Whether a target was reached.</summary>
internal enum Outcome
{
    /// <summary>The run cannot tell; the note says why.</summary>
    NotJudged,

    /// <summary>It was.</summary>
    Met,

    /// <summary>It was not.</summary>
    Missed,
}

/// <summary>One target, what was measured, and what follows.</summary>
internal sealed record Verdict(string Name, string Target, string Measured, Outcome Outcome, string Note = "")
{
    public string Word => Outcome switch
    {
        Outcome.Met => "met",
        Outcome.Missed => "missed",
        _ => "-",
    };
}

/// <summary>The targets of the specification, and the judgement of a measured phase by them.</summary>
internal static class Targets
{
    public const double OperationsPerSecond = 2_300_000;

    /// <summary>Requests in flight on each connection for which the throughput target is meant.</summary>
    public const int ThroughputDepth = 128;

    /// <summary>A rate counts as held when this share of what was due has been answered.</summary>
    private const double HeldShare = 0.99;

    /// <summary>What counts as no allocation per operation: the odd bytes of statistics and timers.</summary>
    private const double NoBytesPerOperation = 0.05;

    /// <summary>The same for a phase of few operations, in all.</summary>
    private const double NoBytes = 4096;

    private const string UseRate = "closed loop at full speed measures queueing; use --rate";

    /// <summary>99.9% of a kind stay below this, in microseconds.</summary>
    public static double P999Micros(ReplyKind kind) => kind switch
    {
        ReplyKind.Hit => 1_000,
        ReplyKind.Miss => 10_000,
        _ => 5_000,
    };

    public static bool IsHeld(PhaseResult result) =>
        result.Operations >= HeldShare * result.Due
        && result.OperationsPerSecond >= HeldShare * result.Rate;

    public static IReadOnlyList<Verdict> Judge(PhaseResult result, int depth) =>
    [
        JudgeThroughput(result, depth),
        .. ReplyKinds.All.Select(kind => JudgeLatency(result, kind)),
        JudgeAllocation("node allocation", result.NodeAllocatedBytesPerOperation, result.Operations),
        JudgeAllocation("load generator allocation", result.LoadAllocatedBytesPerOperation, result.Operations),
    ];

    private static Verdict JudgeThroughput(PhaseResult result, int depth)
    {
        string measured = Quantity.FormatCount(result.OperationsPerSecond) + "/s";
        if (result.IsOpenLoop)
        {
            string rate = Quantity.FormatCount(result.Rate) + "/s held";
            string note = result.Unsent > 0 ? $"{result.Unsent:N0} requests were due and could not be sent" : "";
            return new("rate", rate, measured, Of(IsHeld(result)), note);
        }

        string target = $">= {Quantity.FormatCount(OperationsPerSecond)}/s";
        return depth >= ThroughputDepth
            ? new("throughput", target, measured, Of(result.OperationsPerSecond >= OperationsPerSecond))
            : new("throughput", target, measured, Outcome.NotJudged, $"meant for --depth {ThroughputDepth}");
    }

    private static Verdict JudgeLatency(PhaseResult result, ReplyKind kind)
    {
        string name = $"{kind.Name()} p99.9";
        double target = P999Micros(kind);
        string limit = $"< {target / 1_000:0} ms";
        if (result[kind].Count == 0)
        {
            return new(name, limit, "none", Outcome.NotJudged, "the load has none");
        }

        string measured = Format.Micros(result[kind].P999);
        return result.IsOpenLoop
            ? new(name, limit, measured, Of(result[kind].P999 < target))
            : new(name, limit, measured, Outcome.NotJudged, UseRate);
    }

    public static Verdict JudgeAllocation(string name, double? bytesPerOperation, long operations)
    {
        Outcome outcome = bytesPerOperation is double known
            ? Of(known < NoBytesPerOperation || known * operations < NoBytes)
            : Outcome.NotJudged;
        string note = bytesPerOperation is null ? "the node does not tell" : "";
        return new(name, "0 B/op", $"{Format.Bytes(bytesPerOperation)}/op", outcome, note);
    }

    private static Outcome Of(bool isMet) => isMet ? Outcome.Met : Outcome.Missed;
}
