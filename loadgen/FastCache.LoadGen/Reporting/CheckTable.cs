using FastCache.LoadGen.Checks;

namespace FastCache.LoadGen.Reporting;

/// <summary>Prints what <c>check</c> found, for people.</summary>
internal static class CheckTable
{
    public static void Write(IReadOnlyList<CheckAttempt> attempts, IReadOnlyList<Verdict> verdicts, TextWriter output)
    {
        output.WriteLine();
        ReportTable.WriteVerdicts(verdicts, output);
        ReportTable.WriteStalls([.. attempts.SelectMany(attempt => attempt.Stalls)], output);
        int unknown = verdicts.Count(verdict => verdict.Outcome == Outcome.NotJudged);
        int missed = verdicts.Count(verdict => verdict.Outcome == Outcome.Missed);
        string tries = attempts.Count == 1 ? "in one attempt" : $"in {attempts.Count} attempts";
        output.WriteLine($"  {verdicts.Count - unknown - missed} met, {missed} missed, {unknown} this machine cannot tell, {tries}");
    }
}
