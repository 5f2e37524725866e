using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Reporting;
using FastCache.LoadGen.Reporting.Records;

namespace FastCache.LoadGen.Peers;

/// <summary>One measured phase of one server.</summary>
/// <param name="Round">From 0.</param>
/// <param name="Server">Name and version.</param>
/// <param name="ValueBytes">Bytes of a value.</param>
/// <param name="Depth">Requests that a connection sent at once.</param>
/// <param name="Result">What was measured.</param>
/// <param name="ItemBytes">Resident bytes that an item takes above key and value, see <see cref="Machine.ProcessMemory"/>.</param>
/// <param name="ResidentBytes">Resident memory at the end of the phase.</param>
internal sealed record ServerSample(
    int Round, string Server, int ValueBytes, int Depth, PhaseResult Result, double ItemBytes, long ResidentBytes);

/// <summary>One line of the table: a server's medians over the rounds.</summary>
/// <param name="Throughput">Operations a second.</param>
/// <param name="ThroughputRatio">Median over the rounds of the server's part of FastCache's in the same round.</param>
/// <param name="CpuNanos">CPU of the server per operation.</param>
/// <param name="CpuRatio">As <paramref name="ThroughputRatio"/>.</param>
/// <param name="P50">Of hits, in microseconds, as the following.</param>
/// <param name="HitRatio">Hits among reads.</param>
/// <param name="ItemBytes">Resident bytes of an item above key and value.</param>
/// <param name="LoadBusyShare">Share of its processor that the load generator used.</param>
internal sealed record ServerLine(
    int ValueBytes,
    int Depth,
    string Server,
    double Throughput,
    double ThroughputRatio,
    double CpuNanos,
    double CpuRatio,
    double P50,
    double P99,
    double P999,
    double P9999,
    double HitRatio,
    double ItemBytes,
    double LoadBusyShare);

/// <summary>FastCache and its peers under the same loads.</summary>
/// <param name="Samples">Of every round, server, value size and depth one.</param>
internal sealed record ServerComparison(IReadOnlyList<ServerSample> Samples)
{
    /// <summary>FastCache first.</summary>
    public IReadOnlyList<string> Servers { get; } = [.. Samples.Select(sample => sample.Server).Distinct()];

    public IReadOnlyList<int> ValueSizes { get; } = [.. Samples.Select(sample => sample.ValueBytes).Distinct()];

    public IReadOnlyList<int> Depths { get; } = [.. Samples.Select(sample => sample.Depth).Distinct()];

    /// <summary>By value size, depth and server.</summary>
    public IEnumerable<ServerLine> Lines =>
        from valueBytes in ValueSizes
        from depth in Depths
        from server in Servers
        select Line(server, valueBytes, depth);

    public ServerLine Line(string server, int valueBytes, int depth)
    {
        ServerSample[] own = [.. Of(server, valueBytes, depth)];
        Dictionary<int, PhaseResult> reference =
            Of(RunRecords.Node, valueBytes, depth).ToDictionary(sample => sample.Round, sample => sample.Result);
        return new(
            valueBytes,
            depth,
            server,
            Median(sample => sample.Result.OperationsPerSecond),
            Median(sample => sample.Result.OperationsPerSecond / reference[sample.Round].OperationsPerSecond),
            Median(sample => Cpu(sample.Result)),
            Median(sample => Cpu(sample.Result) / Cpu(reference[sample.Round])),
            Median(sample => sample.Result[ReplyKind.Hit].P50),
            Median(sample => sample.Result[ReplyKind.Hit].P99),
            Median(sample => sample.Result[ReplyKind.Hit].P999),
            Median(sample => sample.Result[ReplyKind.Hit].P9999),
            Median(sample => sample.Result.HitRatio),
            Median(sample => sample.ItemBytes),
            Median(sample => sample.Result.LoadBusyShare));

        double Median(Func<ServerSample, double> figure) => FloorComparison.Median(own.Select(figure));
    }

    private static double Cpu(PhaseResult result) => result.NodeCpuNanosPerOperation ?? double.NaN;

    private IEnumerable<ServerSample> Of(string server, int valueBytes, int depth) => Samples.Where(
        sample => sample.Server == server && sample.ValueBytes == valueBytes && sample.Depth == depth);
}
