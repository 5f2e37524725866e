using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting.Records;

namespace FastCache.LoadGen.Reporting.Diffs;

/// <summary>Something that records tell of every subject and that can be better or worse.</summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="MoreIsBetter">Whether a larger value is the better one.</param>
/// <param name="OfRound">Its value in a round; null: unknown.</param>
/// <param name="OfSecond">Its value in a second; null: unknown.</param>
/// <param name="Format">Prints a value.</param>
internal sealed record DiffFigure(
    string Name,
    bool MoreIsBetter,
    Func<RoundRecord, double?> OfRound,
    Func<SecondRecord, double?> OfSecond,
    Func<double, string> Format)
{
    /// <summary>A timeline's latencies are rounded down to buckets of a sixteenth.</summary>
    private const double BucketShare = 0.07;

    /// <summary>What counts as no allocation, in bytes: the odd ones of timers and statistics.</summary>
    private const double NoBytes = 0.05;

    /// <summary>A difference up to this never counts, whatever the noise.</summary>
    public double LeastDifference { get; init; }

    /// <summary>The same for values of seconds, as a share.</summary>
    public double LeastShareOfSeconds { get; init; } = Noise.LeastShare;

    /// <summary>Every figure that one of the records tells, in the order of the table.</summary>
    public static IEnumerable<DiffFigure> Of(IEnumerable<RoundRecord> rounds)
    {
        yield return new(
            "throughput", true, round => round.OperationsPerSecond, second => second.Operations,
            value => Quantity.FormatCount(value) + "/s");
        yield return new(
            "server cpu per operation", false, round => round.ServerCpuNanos,
            second => second.Operations == 0 ? null : second.ServerCpuShare * 1e9 / second.Operations,
            value => Reporting.Format.Nanos(value));
        yield return Latency("latency p50", _ => null, second => second.P50);
        yield return Latency("latency p99", _ => null, second => second.P99);
        yield return Latency("latency p99.9", _ => null, second => second.P999);
        foreach (string kind in rounds.SelectMany(round => round.Latencies.Keys).Distinct().Order(StringComparer.Ordinal))
        {
            yield return Latency($"{kind} p50", round => Find(round, kind)?.P50, _ => null);
            yield return Latency($"{kind} p99", round => Find(round, kind)?.P99, _ => null);
            yield return Latency($"{kind} p99.9", round => Find(round, kind)?.P999, _ => null);
        }

        yield return new(
            "hit ratio", true, round => round.HitRatio, second => second.HitRatio,
            value => Reporting.Format.Percent(value));
        yield return new(
            "resident memory", false, round => round.ServerResidentBytes, second => second.ServerResidentBytes,
            value => Reporting.Format.Invariant($"{value / (1 << 20):0.0} MiB"));
        yield return new(
            "server allocation per operation", false, round => round.ServerAllocatedBytes, _ => null,
            value => Reporting.Format.Bytes(value))
        {
            LeastDifference = NoBytes,
        };
    }

    /// <summary>The figure in every round, or, with fewer rounds than a spread needs, in every second of them.</summary>
    public double[] Values(SubjectRecord subject, bool byRound) => byRound
        ? [.. subject.Rounds.Select(OfRound).OfType<double>()]
        : [.. subject.Rounds.SelectMany(round => round.Timeline).Select(OfSecond).OfType<double>()];

    private static DiffFigure Latency(string name, Func<RoundRecord, double?> ofRound, Func<SecondRecord, double?> ofSecond) =>
        new(name, false, ofRound, second => second.Operations == 0 ? null : ofSecond(second), Reporting.Format.Micros)
        {
            LeastShareOfSeconds = BucketShare,
        };

    /// <summary>How far two medians of such values may differ.</summary>
    public double Allowed(double[] first, double[] second, bool byRound) =>
        Math.Max(LeastDifference, Noise.Allowed(first, second, byRound ? Noise.LeastShare : LeastShareOfSeconds));

    private static LatencyRecord? Find(RoundRecord round, string kind) => round.Latencies.GetValueOrDefault(kind);
}
