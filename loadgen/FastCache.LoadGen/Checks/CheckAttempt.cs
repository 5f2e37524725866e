using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;

namespace FastCache.LoadGen.Checks;

/// <summary>What one attempt of <c>check</c> measured, within a quarter of a minute.</summary>
/// <param name="Node">The node at full speed.</param>
/// <param name="NodeAtRate">The node at the specification's rate.</param>
/// <param name="Floor">The program that moves the same bytes, at full speed.</param>
/// <param name="FloorAtRate">That program at the same rate; its replies count as hits.</param>
/// <param name="Stalls">How long the machine took the processors away, before and after.</param>
internal sealed record CheckAttempt(
    PhaseResult Node, PhaseResult NodeAtRate, PhaseResult Floor, PhaseResult FloorAtRate, IReadOnlyList<Stall> Stalls)
{
    /// <summary>Whether node and load generator had to share a processor.</summary>
    public bool IsShared { get; init; }

    /// <summary>CPU per operation of the node over that of the byte-moving program; null: unknown.</summary>
    public double? CpuRatio => Node.NodeCpuNanosPerOperation / Floor.NodeCpuNanosPerOperation;

    /// <summary>The largest share of its time that a processor was away.</summary>
    public double LostShare => Stalls.Max(stall => stall.LostShare);

    /// <summary>The longest that a processor was away.</summary>
    public double LongestStallMicros => Stalls.Max(stall => stall.MaxMicros);
}
