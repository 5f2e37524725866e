using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;

namespace FastCache.LoadGen.Reporting;

/// <summary>One round of node against byte-moving program.</summary>
internal sealed record FloorRound(PhaseResult Node, PhaseResult Floor);

/// <summary>Node against byte-moving program, over all rounds.</summary>
/// <param name="RequestBytes">Bytes of a request to the byte-moving program.</param>
/// <param name="ReplyBytes">Bytes of its reply.</param>
/// <param name="Rounds">At least one.</param>
internal sealed record FloorComparison(int RequestBytes, int ReplyBytes, IReadOnlyList<FloorRound> Rounds)
{
    public double NodeCpuNanos => Median(round => round.Node.NodeCpuNanosPerOperation ?? double.NaN);

    public double FloorCpuNanos => Median(round => round.Floor.NodeCpuNanosPerOperation ?? double.NaN);

    /// <summary>What the node costs above the moving of bytes: the median over the rounds, whose two halves share a minute.</summary>
    public double DifferenceNanos => Median(round =>
        (round.Node.NodeCpuNanosPerOperation - round.Floor.NodeCpuNanosPerOperation) ?? double.NaN);

    /// <summary>The median over the rounds of node over byte-moving program.</summary>
    public double Ratio => Median(round =>
        (round.Node.NodeCpuNanosPerOperation / round.Floor.NodeCpuNanosPerOperation) ?? double.NaN);

    public double NodeOperationsPerSecond => Median(round => round.Node.OperationsPerSecond);

    public double FloorOperationsPerSecond => Median(round => round.Floor.OperationsPerSecond);

    /// <summary>The middle value; of an even number of values the mean of the middle two.</summary>
    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private double Median(Func<FloorRound, double> figure) => Median(Rounds.Select(figure));
}

/// <summary>One rate that a search tried.</summary>
internal sealed record RateStep(double Rate, PhaseResult Result, bool Holds);

/// <summary>A search for the highest rate that holds.</summary>
/// <param name="Highest">0: not even the lowest rate held.</param>
/// <param name="Steps">In the order in which they were tried.</param>
internal sealed record RateFinding(double Highest, IReadOnlyList<RateStep> Steps);

/// <summary>Everything that the table and the JSON file tell.</summary>
internal sealed record RunReport
{
    public required RunOptions Options { get; init; }

    public required MachineDescription Machine { get; init; }

    public IReadOnlyList<Stall> Stalls { get; init; } = [];

    /// <summary>The measured phase; the median round of a floor comparison; the best step of a rate search, or its last.</summary>
    public PhaseResult? Phase { get; init; }

    public FloorComparison? Floor { get; init; }

    public IoComparison? Io { get; init; }

    public RateFinding? Finding { get; init; }

    public IReadOnlyList<Verdict> Verdicts => Phase is null ? [] : Targets.Judge(Phase, Options.Depth);
}
