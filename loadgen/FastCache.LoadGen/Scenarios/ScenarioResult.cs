using FastCache.LoadGen.Engine;

namespace FastCache.LoadGen.Scenarios;

/// <summary>What a scenario's run came to.</summary>
/// <param name="Phase">The measured phase; its due and unsent are flows.</param>
/// <param name="Counts">What the actors met with.</param>
/// <param name="Shape">The load.</param>
internal sealed record ScenarioResult(PhaseResult Phase, FlowCounts Counts, LoadShape Shape)
{
    /// <summary>The last reply may come so much after the end, as a share of the run's length.</summary>
    private const double Grace = 0.02;

    /// <summary>The same for short runs, in seconds: the last flows have pauses, too.</summary>
    private const double LeastGrace = 0.05;

    /// <summary>Flows that were due; all of the shape, unless who plays it could not begin each.</summary>
    public long Due { get; init; } = Shape.Count;

    /// <summary>The node's resident memory at the end; null: unknown.</summary>
    public long? ResidentBytes { get; init; }

    /// <summary>The node's own budget; null: unknown.</summary>
    public long? BudgetBytes { get; init; }

    public HerdResult? Herd { get; init; }

    /// <summary>Share of the measured time that node and generator waited for a processor that somebody else had.</summary>
    public double WaitShare { get; init; }

    /// <summary>Whether node and load generator had to share a processor.</summary>
    public bool IsShared { get; init; }

    /// <summary>A figure's value; null: this run does not tell.</summary>
    public double? this[Figure figure] => figure switch
    {
        Figure.Held => Counts.Flows / (double)Due * Math.Min(1, LatestSeconds / Phase.Elapsed.TotalSeconds),
        Figure.HitP999 => P999(ReplyKind.Hit),
        Figure.MissP999 => P999(ReplyKind.Miss),
        Figure.WriteP999 => P999(ReplyKind.Write),
        Figure.HitRatio => Counts.HitRatio,
        Figure.WastedFetches => Counts.Fetches == 0 ? null : Counts.Refusals / (double)Counts.Fetches,
        Figure.NodeCpu => Phase.NodeCpuNanosPerOperation,
        Figure.MemoryBeyondBudget => ResidentBytes - BudgetBytes,
        Figure.NodeAllocation => Phase.NodeAllocatedBytesPerOperation,
        Figure.LoadAllocation => Phase.LoadAllocatedBytesPerOperation,
        Figure.HerdMemory => Herd?.MemoryBytes,
        _ => Herd?.CpuShare,
    };

    private double LatestSeconds => Shape.Seconds + Math.Max(Grace * Shape.Seconds, LeastGrace);

    private double? P999(ReplyKind kind) => Phase[kind].Count == 0 ? null : Phase[kind].P999;
}

/// <summary>What many quiet connections cost.</summary>
/// <param name="Connections">How many.</param>
/// <param name="MemoryBytes">What they added to the node's resident memory; null: unknown.</param>
/// <param name="CpuShare">What the node used of a processor while they and everybody else were quiet; null: unknown.</param>
internal sealed record HerdResult(int Connections, double? MemoryBytes, double? CpuShare);
