using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting.Records;

namespace FastCache.LoadGen.Reporting.Pages;

/// <summary>A record as a page to look at: one file that needs no other.</summary>
internal static class RunPage
{
    private const double BytesPerMebibyte = 1 << 20;

    /// <summary>More subjects than this are shown one beside the other only.</summary>
    private const int MostAlone = 6;

    /// <exception cref="InvalidDataException">A histogram of the record cannot be read.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static void Write(RunRecord record, string path) => Write([record], path);

    /// <summary>Several records, one below the other.</summary>
    /// <inheritdoc cref="Write(RunRecord, string)"/>
    public static void Write(IReadOnlyList<RunRecord> records, string path) => Build(records).Save(path);

    internal static HtmlText Build(IReadOnlyList<RunRecord> records)
    {
        HtmlText page = new(string.Join("; ", records.Select(Title).Distinct()));
        foreach (RunRecord record in records)
        {
            if (records.Count > 1)
            {
                page.Heading(Title(record));
            }

            Add(page, record);
        }

        return page;
    }

    /// <summary>When it ran, at which commit.</summary>
    internal static string Moment(RunRecord record) => Format.Invariant(
        $"{record.Started.UtcDateTime:yyyy-MM-dd HH:mm} UTC, commit {(record.Commit.Length == 0 ? "unknown" : record.Commit)}");

    internal static string Title(RunRecord record) => $"FastCache {record.Kind}: {record.Name}";

    internal static string Of(MachineRecord machine) =>
        $"{machine.Cpu}, {machine.Cpus} processors, {machine.Kernel}, {machine.Runtime}";

    private static void Add(HtmlText page, RunRecord record)
    {
        page.Soft(Moment(record)).Soft(Of(record.Machine));
        page.Raw("<p><code>").Text(record.Command).Raw("</code></p>\n");
        if (record.Verdicts.Count > 0)
        {
            page.Heading("Targets").Table(
                ["", "target", "measured", "verdict", ""],
                record.Verdicts.Select(verdict => (string[])
                    [verdict.Name, verdict.Target, verdict.Measured, verdict.Outcome, verdict.Why]));
        }

        SubjectFigures[] subjects = [.. record.Subjects.Select(subject => new SubjectFigures(subject))];
        page.Heading("Figures").Table(SubjectFigures.Heads, subjects.Select(subject => subject.Row));
        page.Heading("Latency").Table(SubjectFigures.LatencyHeads, subjects.SelectMany(subject => subject.LatencyRows));
        AddSideBySide(page, subjects);
        foreach (SubjectFigures subject in subjects.Length <= MostAlone ? subjects : [])
        {
            Chart[] charts = [.. ChartsOf(subject).Where(chart => !chart.IsEmpty)];
            if (charts.Length > 0)
            {
                page.Heading(subject.Name).Charts(charts);
            }
        }

        page.Heading("Options").Table(
            ["option", "value"], record.Options.OrderBy(option => option.Key, StringComparer.Ordinal)
                .Select(option => (string[])[option.Key, option.Value]));
        if (record.Calibration is not null)
        {
            Add(page, record.Calibration);
        }
    }

    /// <summary>Latencies of servers under the same load in one chart, where there are several.</summary>
    private static void AddSideBySide(HtmlText page, SubjectFigures[] subjects)
    {
        Chart[] charts =
        [
            .. subjects.GroupBy(subject => subject.Variant).Where(load => load.Count() > 1)
                .Select(load => Chart.OfPercentiles(load.Key, [.. load.Select(subject => subject.MainCurve()).OfType<ChartLine>()]))
                .Where(chart => !chart.IsEmpty),
        ];
        if (charts.Length > 0)
        {
            page.Heading("Latency by percentile, one beside the other").Charts(charts);
        }
    }

    private static IEnumerable<Chart> ChartsOf(SubjectFigures subject) =>
    [
        Chart.OfPercentiles("Latency by percentile", [.. subject.Curves()]),
        Chart.OfSeconds(
            "Throughput over time", label: value => Quantity.FormatCount(value) + "/s",
            [subject.OverTime("", second => second.Operations)]),
        Chart.OfLatencies(
            "Latency over time",
            [
                subject.OverTime("p50", second => Positive(second.P50)),
                subject.OverTime("p99", second => Positive(second.P99)),
                subject.OverTime("p99.9", second => Positive(second.P999)),
            ]),
        Chart.OfSeconds(
            "Server cpu over time, share of one processor", label: value => Format.Invariant($"{100 * value:0}%"),
            [subject.OverTime("", second => second.ServerCpuShare)]),
        Chart.OfSeconds(
            "Server memory over time", label: value => Format.Invariant($"{value:0.#} MiB"),
            [subject.OverTime("", second => second.ServerResidentBytes / BytesPerMebibyte)]),
        Chart.OfSeconds(
            "Hits among reads over time", label: value => Format.Invariant($"{100 * value:0.#}%"),
            [subject.OverTime("", second => second.HitRatio)]),
    ];

    /// <summary>Logarithms want more than nothing.</summary>
    private static double? Positive(double micros) => micros > 0 ? micros : null;

    private static void Add(HtmlText page, CalibrationRecord calibration)
    {
        page.Heading("The machine by itself");
        page.Soft("What it could do in the same minutes without a cache, and how long it took processors away from a thread that only reads the clock.");
        if (calibration.FloorOperationsPerSecond is double rate)
        {
            page.Table(
                ["", "#throughput", "#cpu/op", "#p99.9"],
                [[
                    "byte-moving program", Quantity.FormatCount(rate) + "/s", Format.Nanos(calibration.FloorCpuNanos),
                    calibration.FloorP999Micros is double tail ? Format.Micros(tail) : "",
                ]]);
        }

        page.Table(
            ["processor", "#gaps > 1 us", "#p99.9", "#longest", "#time lost"],
            calibration.Stalls.Select(stall => (string[])
            [
                $"{stall.Cpu}, {stall.When} the run", Format.Invariant($"{stall.Gaps:N0}"), Format.Micros(stall.P999Micros),
                Format.Micros(stall.MaxMicros), Format.Percent(stall.LostShare),
            ]));
    }
}
