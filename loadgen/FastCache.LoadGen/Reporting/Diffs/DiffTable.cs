using FastCache.LoadGen.Reporting.Records;

namespace FastCache.LoadGen.Reporting.Diffs;

/// <summary>Prints a comparison of two records.</summary>
internal static class DiffTable
{
    public static void Write(RunRecord first, RunRecord second, IReadOnlyList<FigureDiff> figures, TextWriter output)
    {
        output.WriteLine($"  {first.Kind} {first.Name}: {Moment(first)} | {Moment(second)}");
        foreach (string line in RecordDiff.Circumstances(first, second))
        {
            output.WriteLine($"  differs: {line}");
        }

        output.WriteLine();
        TextTable table = new("", "", "first", "second", "difference", "noise", "", "medians of");
        table.Right(2, 3, 4, 5);
        string last = "";
        foreach (FigureDiff figure in figures)
        {
            table.Add(
                figure.Subject == last ? "" : figure.Subject, figure.Figure.Name, figure.Figure.Format(figure.First),
                figure.Figure.Format(figure.Second), Share(figure.Second - figure.First, figure.First, "+0.0%;-0.0%;0.0%"),
                Share(figure.Allowed, figure.First, "0.0%"), figure.Word, figure.Values);
            last = figure.Subject;
        }

        table.WriteTo(output);
        output.WriteLine();
        output.WriteLine($"  {RecordDiff.Rule}");
    }

    private static string Moment(RunRecord record) => Format.Invariant(
        $"{record.Started.UtcDateTime:yyyy-MM-dd HH:mm}, commit {(record.Commit.Length == 0 ? "unknown" : record.Commit)}");

    private static string Share(double part, double whole, string format) => whole == 0
        ? "-"
        : (part / Math.Abs(whole)).ToString(format, System.Globalization.CultureInfo.InvariantCulture);
}
