using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting.Records;
using HdrHistogram;

namespace FastCache.LoadGen.Reporting.Pages;

/// <summary>A subject as pages and summaries tell it: medians of its rounds, its histograms added up, its seconds in a row.</summary>
internal sealed class SubjectFigures(SubjectRecord subject)
{
    /// <summary>Columns of <see cref="Row"/>; those with # are numbers.</summary>
    public static readonly string[] Heads = ["", "#rounds", "#throughput", "#server cpu/op", "#hit ratio", "#memory", "#generator busy"];

    /// <summary>Columns of <see cref="LatencyRows"/>.</summary>
    public static readonly string[] LatencyHeads = ["", "", "#count", "#p50", "#p90", "#p99", "#p99.9", "#p99.99", "#max"];

    /// <summary>Fewer seconds show no course.</summary>
    private const int LeastPoints = 3;

    private readonly IReadOnlyList<RoundRecord> _rounds = subject.Rounds;

    public string Name => subject.Variant.Length == 0 ? subject.Name : $"{subject.Name}, {subject.Variant}";

    /// <summary>The load; subjects of the same one can be laid one over the other.</summary>
    public string Variant => subject.Variant;

    public double? OperationsPerSecond => Median(round => round.OperationsPerSecond);

    public double? ServerCpuNanos => Median(round => round.ServerCpuNanos);

    /// <summary>Of the kind with the most operations, in microseconds.</summary>
    public double? P999 => MainKind is string most ? Median(round => round.Latencies.GetValueOrDefault(most)?.P999) : null;

    /// <summary>The kind with the most operations; null: there is none.</summary>
    public string? MainKind => Kinds.MaxBy(kind => _rounds.Sum(round => round.Latencies.GetValueOrDefault(kind)?.Count ?? 0));

    public string[] Row =>
    [
        Name,
        $"{_rounds.Count}",
        OperationsPerSecond is double rate ? Quantity.FormatCount(rate) + "/s" : "",
        ServerCpuNanos is double nanos ? Format.Nanos(nanos) : "",
        Median(round => round.HitRatio) is double ratio ? Format.Percent(ratio) : "",
        Median(round => round.ServerResidentBytes) is double bytes ? Mebibytes(bytes) : "",
        Median(round => round.LoadBusyShare) is double share ? Format.Percent(share) : "",
    ];

    /// <summary>By kind, medians of the rounds.</summary>
    public IEnumerable<string[]> LatencyRows =>
        from kind in Kinds
        let found = _rounds.Select(round => round.Latencies.GetValueOrDefault(kind)).OfType<LatencyRecord>().ToArray()
        select (string[])
        [
            Name, kind, Format.Invariant($"{found.Sum(latency => latency.Count):N0}"),
            Micros(found, latency => latency.P50), Micros(found, latency => latency.P90), Micros(found, latency => latency.P99),
            Micros(found, latency => latency.P999), Micros(found, latency => latency.P9999), Micros(found, latency => latency.Max),
        ];

    /// <summary>Latency by percentile, a line for each kind of which histograms were kept.</summary>
    /// <exception cref="InvalidDataException">A histogram cannot be read.</exception>
    public IEnumerable<ChartLine> Curves()
    {
        foreach (string kind in Kinds)
        {
            HistogramBase? sum = null;
            foreach (HistogramBase read in _rounds
                .Select(round => StoredHistogram.Read(round.Latencies.GetValueOrDefault(kind)?.Histogram ?? ""))
                .OfType<HistogramBase>())
            {
                sum ??= new LongHistogram(1, read.HighestTrackableValue, read.NumberOfSignificantValueDigits);
                sum.Add(read);
            }

            if (sum is { TotalCount: > 0 })
            {
                yield return new(
                    kind, [.. StoredHistogram.Curve(sum).Select(point => (Chart.Nines(point.Share), Math.Max(point.Micros, 0.001)))]);
            }
        }
    }

    /// <summary>The curve of <see cref="MainKind"/> under the server's name, to be laid beside those of other servers.</summary>
    public ChartLine? MainCurve() =>
        Curves().FirstOrDefault(line => line.Name == MainKind) is ChartLine curve ? curve with { Name = subject.Name } : null;

    /// <summary>The timelines of the rounds, one after the other.</summary>
    public ChartLine OverTime(string name, Func<SecondRecord, double?> figure)
    {
        List<(double At, double Value)> points = [];
        double before = 0;
        foreach (RoundRecord round in _rounds.Where(round => round.Timeline.Count > 0))
        {
            foreach (SecondRecord second in round.Timeline)
            {
                if (figure(second) is double value)
                {
                    points.Add((before + second.At, value));
                }
            }

            before += round.Timeline[^1].At;
        }

        return new(name, points.Count < LeastPoints ? [] : points);
    }

    public static string Mebibytes(double bytes) => Format.Invariant($"{bytes / (1 << 20):0.#} MiB");

    private IEnumerable<string> Kinds => _rounds.SelectMany(round => round.Latencies.Keys).Distinct().Order(StringComparer.Ordinal);

    private static string Micros(LatencyRecord[] found, Func<LatencyRecord, double> figure) =>
        Format.Micros(FloorComparison.Median(found.Select(figure)));

    private double? Median(Func<RoundRecord, double?> figure)
    {
        double[] known = [.. _rounds.Select(figure).OfType<double>()];
        return known.Length == 0 ? null : FloorComparison.Median(known);
    }
}
