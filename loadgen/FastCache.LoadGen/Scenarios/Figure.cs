using FastCache.LoadGen.Reporting;

namespace FastCache.LoadGen.Scenarios;

/// <summary>What a scenario can be held to.</summary>
internal enum Figure
{
    /// <summary>Flows that were done of those that were due, 0 to 1; less, in proportion, if the last came late.</summary>
    Held,

    /// <summary>99.9% of hits, microseconds.</summary>
    HitP999,

    /// <summary>99.9% of misses, microseconds.</summary>
    MissP999,

    /// <summary>99.9% of writes, microseconds.</summary>
    WriteP999,

    /// <summary>Lookups that found a value, 0 to 1.</summary>
    HitRatio,

    /// <summary>Fetches from the slow source whose value was refused, 0 to 1.</summary>
    WastedFetches,

    /// <summary>User and system time of the node, nanoseconds per operation.</summary>
    NodeCpu,

    /// <summary>Resident memory of the node beyond its budget, bytes.</summary>
    MemoryBeyondBudget,

    /// <summary>Managed allocation of the node, bytes per operation.</summary>
    NodeAllocation,

    /// <summary>Managed allocation of the load thread, bytes per operation.</summary>
    LoadAllocation,

    /// <summary>What the quiet connections added to the node's resident memory, bytes.</summary>
    HerdMemory,

    /// <summary>What the node used of a processor while all of them were quiet, 0 to 1: the least of some seconds.</summary>
    HerdCpu,
}

/// <summary>Their names, directions and units, in one table.</summary>
internal static class Figures
{
    public static string Name(this Figure figure) => figure switch
    {
        Figure.Held => "rate held",
        Figure.HitP999 => "hit p99.9",
        Figure.MissP999 => "miss p99.9",
        Figure.WriteP999 => "write p99.9",
        Figure.HitRatio => "hit ratio",
        Figure.WastedFetches => "wasted fetches",
        Figure.NodeCpu => "node cpu",
        Figure.MemoryBeyondBudget => "memory beyond budget",
        Figure.NodeAllocation => "node allocation",
        Figure.LoadAllocation => "load allocation",
        Figure.HerdMemory => "quiet connections' memory",
        _ => "cpu while all are quiet",
    };

    /// <summary>Whether more is better.</summary>
    public static bool IsFloor(this Figure figure) => figure is Figure.Held or Figure.HitRatio;

    /// <summary>Whether a machine that stands still makes it worse.</summary>
    public static bool IsOfTime(this Figure figure) =>
        figure is Figure.Held or Figure.HitP999 or Figure.MissP999 or Figure.WriteP999;

    public static string Show(this Figure figure, double value) => figure switch
    {
        Figure.Held or Figure.HitRatio or Figure.WastedFetches or Figure.HerdCpu => Format.Percent(value),
        Figure.HitP999 or Figure.MissP999 or Figure.WriteP999 => Format.Micros(value),
        Figure.NodeCpu => Format.Nanos(value) + "/op",
        Figure.NodeAllocation or Figure.LoadAllocation => Format.Bytes(value) + "/op",
        _ => Format.Invariant($"{value / (1 << 20):0.0} MiB"),
    };
}

/// <summary>A limit that a scenario's figure must keep.</summary>
internal sealed record ScenarioTarget(Figure Figure, double Limit)
{
    public bool IsMetBy(double value) => Figure.IsFloor() ? value >= Limit : value <= Limit;

    public override string ToString() => $"{(Figure.IsFloor() ? ">=" : "<=")} {Figure.Show(Limit)}";
}
