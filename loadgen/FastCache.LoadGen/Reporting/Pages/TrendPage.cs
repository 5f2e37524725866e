using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting.Micro;
using FastCache.LoadGen.Reporting.Records;

namespace FastCache.LoadGen.Reporting.Pages;

/// <summary>The records of a directory, in order of time, and what became of their figures from commit to commit.</summary>
/// <remarks>The same records give the same page, byte by byte.</remarks>
internal static class TrendPage
{
    private const string Records = "records";

    /// <summary>Its name.</summary>
    public const string Page = "index.html";

    /// <summary>Writes index.html into a directory, from the *.json in its folder records.</summary>
    /// <returns>How many records there are.</returns>
    /// <exception cref="InvalidDataException">One of them cannot be read; the message names it.</exception>
    /// <exception cref="IOException">There is no such folder, or a file cannot be read or written.</exception>
    public static int Write(string directory)
    {
        string folder = Path.Combine(directory, Records);
        (string File, RunRecord Record)[] found =
        [
            .. Directory.EnumerateFiles(folder, "*.json")
                .Select(path => (File: Path.GetFileName(path), Record: RecordFile.Read(path)))
                .OrderBy(found => found.Record.Started)
                .ThenBy(found => found.File, StringComparer.Ordinal),
        ];
        Build(found).Save(Path.Combine(directory, Page));
        return found.Length;
    }

    internal static HtmlText Build(IReadOnlyList<(string File, RunRecord Record)> records)
    {
        HtmlText page = new("FastCache performance records");
        page.Soft(
            "Every record kept, oldest first, and the medians of its rounds. Machines differ and drift: compare figures of one " +
            "machine, and see the record's own calibration.");
        foreach (IGrouping<(string Kind, string Name), (string File, RunRecord Record)> runs in records
            .GroupBy(found => (found.Record.Kind, found.Record.Name))
            .OrderBy(runs => runs.Key.Kind, StringComparer.Ordinal)
            .ThenBy(runs => runs.Key.Name, StringComparer.Ordinal))
        {
            Add(page, $"{runs.Key.Kind}: {runs.Key.Name}", [.. runs]);
        }

        return page;
    }

    private static void Add(HtmlText page, string title, (string File, RunRecord Record)[] runs)
    {
        bool isMicro = runs[0].Record.Kind == MicroRecord.Kind;
        page.Heading(title);
        page.Raw("<div class=\"wide\"><table>\n<tr><th class=\"n\"></th><th>started</th><th>commit</th><th>machine</th><th>targets</th><th>record</th></tr>\n");
        for (int i = 0; i < runs.Length; i++)
        {
            RunRecord record = runs[i].Record;
            page.Raw($"<tr><td class=\"n\">{i + 1}</td><td>")
                .Text(Format.Invariant($"{record.Started.UtcDateTime:yyyy-MM-dd HH:mm}")).Raw("</td><td>")
                .Text(Short(record.Commit)).Raw("</td><td>").Text(record.Machine.Cpu).Raw("</td><td>").Text(Targets(record))
                .Raw($"</td><td><a href=\"{Records}/{Uri.EscapeDataString(runs[i].File)}\">").Text(runs[i].File).Raw("</a></td></tr>\n");
        }

        page.Raw("</table></div>\n");
        if (runs.Length < 2)
        {
            return; // One dot is no trend; the record's own page has its figures.
        }

        page.Charts(
        [
            // Of a benchmark, throughput is the reciprocal of what an operation costs.
            .. isMicro
                ? []
                : Trend("Throughput by record", value => Quantity.FormatCount(value) + "/s", runs, subject => subject.OperationsPerSecond),
            .. Trend(
                isMicro ? "Time per operation by record" : "Server cpu per operation by record",
                value => Format.Invariant($"{value:0.##} ns"), runs, subject => subject.ServerCpuNanos),
            .. Trend("p99.9 of the most frequent kind by record", Format.Micros, runs, subject => subject.P999),
        ]);
    }

    private static IEnumerable<Chart> Trend(
        string title, Func<double, string> label, (string File, RunRecord Record)[] runs, Func<SubjectFigures, double?> figure)
    {
        var points =
            from run in runs.Select((run, i) => (Number: i + 1, run.Record))
            from subject in run.Record.Subjects
            let value = figure(new SubjectFigures(subject))
            where value is double known && double.IsFinite(known)
            group (X: (double)run.Number, Y: value.Value) by (subject.Variant, subject.Name);

        // Servers under the same load share a chart; loads of one server do, as far as they fit.
        bool isComparison = runs.Any(run => run.Record.Subjects.CountBy(subject => subject.Variant).Any(load => load.Value > 1));
        return points
            .OrderBy(line => line.Key.Variant, StringComparer.Ordinal)
            .ThenBy(line => line.Key.Name, StringComparer.Ordinal)
            .GroupBy(line => isComparison ? line.Key.Variant : "")
            .SelectMany(load => load
                .Select(line => new ChartLine(
                    isComparison || line.Key.Variant.Length == 0 ? line.Key.Name : $"{line.Key.Name}, {line.Key.Variant}", [.. line]))
                .Chunk(Chart.MostLines)
                .Select(few => Chart.OfRecords(load.Key.Length == 0 ? title : $"{title}, {load.Key}", label, few)));
    }

    private static string Short(string commit) => commit.Length <= 12 ? commit : commit[..12] + (commit.EndsWith('+') ? "+" : "");

    private static string Targets(RunRecord record) => string.Join(
        ", ", record.Verdicts
            .GroupBy(verdict => verdict.Outcome)
            .OrderBy(outcome => outcome.Key, StringComparer.Ordinal)
            .Select(outcome => $"{outcome.Count()} {outcome.Key}"));
}
