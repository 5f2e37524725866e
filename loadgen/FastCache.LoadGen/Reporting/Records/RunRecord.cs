using FastCache.LoadGen.Engine;

namespace FastCache.LoadGen.Reporting.Records;

/// <summary>One run for programs and for later: what was run, where, and all that was measured.</summary>
/// <remarks>
/// <code>
///   RunRecord ── Subject "fastcache, depth 128" ── Round ── Latency by kind, with its whole histogram
///             │                                 │       └ Second, one for each second of the measured phase
///             │                                 └ Round ...
///             ├ Subject "redis, depth 128" ...
///             └ Verdict ...
/// </code>
/// Latencies are in microseconds, CPU in nanoseconds, memory in bytes. What is unknown is left out.
/// </remarks>
internal sealed record RunRecord
{
    /// <summary>What this program writes; it reads no other.</summary>
    public const int CurrentSchema = 1;

    public int Schema { get; init; } = CurrentSchema;

    /// <summary>The command: <c>run</c>, <c>scenario</c>, <c>check</c>, <c>compare</c>, <c>micro</c> or <c>nbomber</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>What was run, such as <c>session-store</c>; records with the same kind and name can be compared.</summary>
    public required string Name { get; init; }

    /// <summary>The words that run it again.</summary>
    public required string Command { get; init; }

    public required DateTimeOffset Started { get; init; }

    /// <summary>Hash of the commit; empty: unknown. A plus sign at the end: with changes that are not committed.</summary>
    public required string Commit { get; init; }

    public required MachineRecord Machine { get; init; }

    /// <summary>Every option with its value, defaults too.</summary>
    public required IReadOnlyDictionary<string, string> Options { get; init; }

    public CalibrationRecord? Calibration { get; init; }

    public required IReadOnlyList<SubjectRecord> Subjects { get; init; }

    public IReadOnlyList<VerdictRecord> Verdicts { get; init; } = [];
}

/// <summary>Where it ran.</summary>
internal sealed record MachineRecord(string Cpu, int Cpus, string Kernel, string Runtime);

/// <summary>What the machine could do in the same minutes without a cache.</summary>
/// <param name="FloorOperationsPerSecond">Requests and replies of the same bytes, moved by a program that does nothing else.</param>
/// <param name="FloorCpuNanos">CPU of that program per operation.</param>
/// <param name="FloorP999Micros">99.9% of its replies came within this.</param>
/// <param name="Stalls">How long the machine took processors away from a thread that only reads the clock.</param>
internal sealed record CalibrationRecord(
    double? FloorOperationsPerSecond, double? FloorCpuNanos, double? FloorP999Micros, IReadOnlyList<StallRecord> Stalls);

/// <inheritdoc cref="Machine.Stall"/>
internal sealed record StallRecord(int Cpu, string When, long Gaps, double P999Micros, double MaxMicros, double LostShare);

/// <summary>What was measured: a server under one load.</summary>
/// <param name="Name">The server, such as <c>fastcache</c> or <c>redis 7.0.15</c>.</param>
/// <param name="Variant">The load, such as <c>depth 128, 100 B</c>; empty where there is but one.</param>
/// <param name="Rounds">In the order in which they ran; the spread among them is the noise.</param>
internal sealed record SubjectRecord(string Name, string Variant, IReadOnlyList<RoundRecord> Rounds);

/// <summary>One measured phase.</summary>
internal sealed record RoundRecord
{
    public required long Operations { get; init; }

    public required double Seconds { get; init; }

    /// <summary>The rate that was asked for; null: as fast as it goes.</summary>
    public double? Rate { get; init; }

    public double? ServerCpuNanos { get; init; }

    public double? LoadCpuNanos { get; init; }

    /// <summary>Share of its processor that the load generator used, 0 to 1.</summary>
    public double? LoadBusyShare { get; init; }

    public double? ServerAllocatedBytes { get; init; }

    public double? LoadAllocatedBytes { get; init; }

    /// <summary>Resident memory of the server at the end.</summary>
    public long? ServerResidentBytes { get; init; }

    /// <summary>Hits among reads, 0 to 1; null: no reads.</summary>
    public double? HitRatio { get; init; }

    /// <summary>By kind of operation, such as <c>hit</c>, <c>miss</c>, <c>write</c>.</summary>
    public required IReadOnlyDictionary<string, LatencyRecord> Latencies { get; init; }

    public IReadOnlyList<SecondRecord> Timeline { get; init; } = [];

    public double OperationsPerSecond => Seconds > 0 ? Operations / Seconds : 0;
}

/// <summary>Latencies of one kind.</summary>
/// <param name="Histogram">HdrHistogram's compressed form in base 64, nanoseconds; empty: not kept.</param>
internal sealed record LatencyRecord(
    long Count, double P50, double P90, double P99, double P999, double P9999, double Max, string Histogram)
{
    public static LatencyRecord Of(Percentiles of, string histogram) =>
        new(of.Count, of.P50, of.P90, of.P99, of.P999, of.P9999, of.Max, histogram);
}

/// <summary>One second of a phase, by a clock that is not the phase's own: what it shared with another is left out.</summary>
/// <param name="At">When it ended, in seconds since the first of them began.</param>
/// <param name="Operations">Replies a second.</param>
/// <param name="P50">To 6%, as are the other percentiles.</param>
internal sealed record SecondRecord(
    double At, long Operations, double P50, double P99, double P999, double? ServerCpuShare, long? ServerResidentBytes, double? HitRatio);

/// <summary>One target and what became of it.</summary>
/// <param name="Outcome"><c>met</c>, <c>missed</c>, or <c>cannot tell</c>.</param>
/// <param name="Why">The reason, where it is not plain.</param>
internal sealed record VerdictRecord(string Name, string Target, string Measured, string Outcome, string Why);
