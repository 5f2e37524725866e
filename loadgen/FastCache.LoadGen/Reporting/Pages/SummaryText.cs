using FastCache.LoadGen.Reporting.Records;

namespace FastCache.LoadGen.Reporting.Pages;

/// <summary>A record in Markdown, for reports and change descriptions.</summary>
internal static class SummaryText
{
    public static void Write(RunRecord record, TextWriter output)
    {
        output.WriteLine($"### {RunPage.Title(record)}");
        output.WriteLine();
        output.WriteLine($"{RunPage.Moment(record)}; {RunPage.Of(record.Machine)}.");
        output.WriteLine();
        output.WriteLine("```");
        output.WriteLine(record.Command);
        output.WriteLine("```");
        SubjectFigures[] subjects = [.. record.Subjects.Select(subject => new SubjectFigures(subject))];
        Table(
            ["target", "limit", "measured", "verdict", "why"],
            [.. record.Verdicts.Select(verdict => (string[])
                [verdict.Name, verdict.Target, verdict.Measured, verdict.Outcome, verdict.Why])]);
        Table(SubjectFigures.Heads, [.. subjects.Select(subject => subject.Row)]);
        Table(SubjectFigures.LatencyHeads, [.. subjects.SelectMany(subject => subject.LatencyRows)]);

        void Table(string[] heads, string[][] rows)
        {
            if (rows.Length > 0)
            {
                output.WriteLine();
                output.WriteLine(Row(heads.Select(head => head.TrimStart('#'))));
                output.WriteLine(Row(heads.Select(head => head.StartsWith('#') ? "---:" : "---")));
                foreach (string[] row in rows)
                {
                    output.WriteLine(Row(row.Select(Escape)));
                }
            }
        }
    }

    private static string Row(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";

    private static string Escape(string cell) => cell
        .Replace("|", "\\|", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal);
}
