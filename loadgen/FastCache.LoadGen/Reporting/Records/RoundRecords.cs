using FastCache.LoadGen.Engine;

namespace FastCache.LoadGen.Reporting.Records;

/// <summary>Measured phases as parts of a record.</summary>
internal static class RoundRecords
{
    /// <summary>A phase as a round.</summary>
    public static RoundRecord Of(PhaseResult phase) => new()
    {
        Operations = phase.Operations,
        Seconds = phase.Elapsed.TotalSeconds,
        Rate = phase.IsOpenLoop ? phase.Rate : null,
        ServerCpuNanos = phase.NodeCpuNanosPerOperation,
        LoadCpuNanos = phase.LoadCpuNanosPerOperation,
        LoadBusyShare = phase.LoadBusyShare,
        ServerAllocatedBytes = phase.NodeAllocatedBytesPerOperation,
        LoadAllocatedBytes = phase.LoadAllocatedBytesPerOperation,
        ServerResidentBytes = phase.NodeResidentBytes,
        HitRatio = phase[ReplyKind.Hit].Count + phase[ReplyKind.Miss].Count > 0 ? phase.HitRatio : null,
        Latencies = Latencies(phase),
        Timeline = Seconds(phase.Timeline),
    };

    private static Dictionary<string, LatencyRecord> Latencies(PhaseResult phase) =>
        ReplyKinds.All.Where(kind => phase[kind].Count > 0).ToDictionary(
            kind => kind.Name(),
            kind => LatencyRecord.Of(phase[kind], phase.Histograms.Count > 0 ? phase.Histograms[(int)kind] : ""));

    private static List<SecondRecord> Seconds(IReadOnlyList<Second> timeline)
    {
        List<SecondRecord> seconds = [];
        double at = 0;
        foreach (Second second in timeline)
        {
            at += second.Length.TotalSeconds;
            seconds.Add(new(
                at, (long)(second.Operations / second.Length.TotalSeconds), second.P50, second.P99, second.P999,
                second.ServerCpuShare, second.ServerResidentBytes, second.HitRatio));
        }

        return seconds;
    }
}
