namespace FastCache.LoadGen.Engine;

/// <summary>What one measured phase came to.</summary>
internal sealed record PhaseResult
{
    /// <summary>Requests that were answered.</summary>
    public required long Operations { get; init; }

    /// <summary>From the start to the last reply.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Indexed by <see cref="ReplyKind"/>.</summary>
    public required Percentiles[] Latencies { get; init; }

    /// <summary>The whole histograms, indexed alike, in HdrHistogram's compressed form, base 64; empty: not kept.</summary>
    public IReadOnlyList<string> Histograms { get; init; } = [];

    /// <summary>The whole seconds of the phase, in order.</summary>
    public IReadOnlyList<Second> Timeline { get; init; } = [];

    /// <summary>Resident memory of the node's process at the end; null: unknown.</summary>
    public long? NodeResidentBytes { get; init; }

    /// <summary>The rate that was asked for; 0 in a closed loop.</summary>
    public double Rate { get; init; }

    /// <summary>Open loop: requests that were due.</summary>
    public long Due { get; init; }

    /// <summary>Open loop: requests that were due, and not sent when the time was over.</summary>
    public long Unsent { get; init; }

    public required double LoadCpuNanosPerOperation { get; init; }

    /// <summary>Share of its processor that the load generator used, 0 to 1; in an open loop it spins, and uses all of it.</summary>
    public double LoadBusyShare => Math.Min(1, LoadCpuNanosPerOperation * Operations / Elapsed.TotalNanoseconds);

    public required double LoadAllocatedBytesPerOperation { get; init; }

    /// <summary>User and system time of the node; null: unknown.</summary>
    public double? NodeCpuNanosPerOperation { get; init; }

    /// <summary>Managed allocation of the node; null: unknown.</summary>
    public double? NodeAllocatedBytesPerOperation { get; init; }

    public bool IsOpenLoop => Rate > 0;

    public double OperationsPerSecond => Operations / Elapsed.TotalSeconds;

    /// <summary>Hits among reads; 0 without reads.</summary>
    public double HitRatio
    {
        get
        {
            long reads = this[ReplyKind.Hit].Count + this[ReplyKind.Miss].Count;
            return reads == 0 ? 0 : this[ReplyKind.Hit].Count / (double)reads;
        }
    }

    public Percentiles this[ReplyKind kind] => Latencies[(int)kind];

    public static PhaseResult Of(
        PhaseCost cost, NodeReading before, NodeReading after, LatencyRecorder recorder, IDueCount? open, double rate)
    {
        double operations = Math.Max(1, cost.Operations);
        return new()
        {
            Operations = cost.Operations,
            Elapsed = cost.Elapsed,
            Latencies = [.. ReplyKinds.All.Select(recorder.Summarize)],
            Histograms = [.. ReplyKinds.All.Select(recorder.Encode)],
            Timeline = recorder.Timeline.Take(),
            Rate = rate,
            Due = open?.Due ?? 0,
            Unsent = open is null ? 0 : open.Due - open.Sent,
            LoadCpuNanosPerOperation = cost.CpuNanos / operations,
            LoadAllocatedBytesPerOperation = cost.AllocatedBytes / operations,
            NodeCpuNanosPerOperation = (after.CpuNanos - before.CpuNanos) / operations,
            NodeAllocatedBytesPerOperation = (after.AllocatedBytes - before.AllocatedBytes) / operations,
        };
    }
}
