using FastCache.Io;
using FastCache.LoadGen.Engine;

namespace FastCache.LoadGen.Reporting;

/// <summary>One phase of a node over one backend.</summary>
internal sealed record IoSample(int Round, IoBackend Backend, int Depth, PhaseResult Result);

/// <summary>The node over its backends, at several depths.</summary>
/// <param name="Samples">Of every round, backend and depth one.</param>
internal sealed record IoComparison(IReadOnlyList<IoSample> Samples)
{
    public IEnumerable<IoBackend> Backends => Samples.Select(sample => sample.Backend).Distinct().Order();

    public IEnumerable<int> Depths => Samples.Select(sample => sample.Depth).Distinct();

    /// <summary>The median over the rounds.</summary>
    public double CpuNanos(IoBackend backend, int depth) => FloorComparison.Median(
        Of(backend, depth).Select(sample => sample.Result.NodeCpuNanosPerOperation ?? double.NaN));

    /// <summary>The median over the rounds.</summary>
    public double OperationsPerSecond(IoBackend backend, int depth) =>
        FloorComparison.Median(Of(backend, depth).Select(sample => sample.Result.OperationsPerSecond));

    /// <summary>What a backend costs in parts of what io_uring costs: the median over the rounds of the ratio in a round.</summary>
    public double Ratio(IoBackend backend, int depth)
    {
        Dictionary<int, double?> uring = Of(IoBackend.Uring, depth)
            .ToDictionary(sample => sample.Round, sample => sample.Result.NodeCpuNanosPerOperation);
        return FloorComparison.Median(Of(backend, depth)
            .Select(sample => sample.Result.NodeCpuNanosPerOperation / uring[sample.Round] ?? double.NaN));
    }

    private IEnumerable<IoSample> Of(IoBackend backend, int depth) =>
        Samples.Where(sample => sample.Backend == backend && sample.Depth == depth);
}
