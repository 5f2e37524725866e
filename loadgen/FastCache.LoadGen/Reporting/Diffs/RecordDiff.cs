using FastCache.LoadGen.Reporting.Records;

namespace FastCache.LoadGen.Reporting.Diffs;

/// <summary>What became of a figure from one record to another.</summary>
internal enum Change
{
    /// <summary>The two differ by less than the values of each among themselves.</summary>
    WithinNoise,

    /// <summary>The second is better.</summary>
    Faster,

    /// <summary>The second is worse.</summary>
    Slower,
}

/// <summary>One figure of one subject in two records.</summary>
/// <param name="Subject">Server and load.</param>
/// <param name="Figure">What was compared.</param>
/// <param name="First">Median of the first record.</param>
/// <param name="Second">Median of the second.</param>
/// <param name="Allowed">What the noise allows them to differ by.</param>
/// <param name="Values">What the medians are of, such as <c>3 and 3 rounds</c>.</param>
internal sealed record FigureDiff(string Subject, DiffFigure Figure, double First, double Second, double Allowed, string Values)
{
    public Change Change =>
        Math.Abs(Second - First) <= Allowed ? Change.WithinNoise
        : Second > First == Figure.MoreIsBetter ? Change.Faster
        : Change.Slower;

    public string Word => Change switch
    {
        Change.Faster => "faster",
        Change.Slower => "slower",
        _ => "within the noise",
    };
}

/// <summary>Compares two records of the same run, figure by figure. The rule is that of <see cref="Noise"/>.</summary>
internal static class RecordDiff
{
    public const string Rule =
        "A difference counts when the medians lie further apart than three times the spread of the values (median absolute " +
        "deviation x 1.4826, both records together) and 2%, or 7% for latencies of seconds, which are that coarse. Values are " +
        "rounds, or the seconds of fewer than three rounds; seconds do not know how machines drift from run to run.";

    /// <exception cref="InvalidDataException">They are not of the same run, or have nothing in common; the message says what.</exception>
    public static IReadOnlyList<FigureDiff> Of(RunRecord first, RunRecord second)
    {
        RefuseOther("kind", first.Kind, second.Kind);
        RefuseOther("name", first.Name, second.Name);
        FigureDiff[] found =
        [
            .. from a in first.Subjects
               join b in second.Subjects on (a.Name, a.Variant) equals (b.Name, b.Variant)
               from figure in OfSubject(a, b)
               select figure,
        ];
        return found.Length > 0
            ? found
            : throw new InvalidDataException(
                "the records have no subject in common of which both have three rounds or three seconds: the first has " +
                $"{Names(first)}; the second {Names(second)}");
    }

    /// <summary>What differs between the two besides the figures: machine, subjects and options, a line each.</summary>
    public static IEnumerable<string> Circumstances(RunRecord first, RunRecord second)
    {
        if (first.Machine != second.Machine)
        {
            yield return $"machine: {Describe(first.Machine)} | {Describe(second.Machine)}";
        }

        foreach (string name in OnlyIn(first, second))
        {
            yield return $"only the first has: {name}";
        }

        foreach (string name in OnlyIn(second, first))
        {
            yield return $"only the second has: {name}";
        }

        foreach (string name in first.Options.Keys.Union(second.Options.Keys).Order(StringComparer.Ordinal))
        {
            string a = first.Options.GetValueOrDefault(name, "not there");
            string b = second.Options.GetValueOrDefault(name, "not there");
            if (a != b)
            {
                yield return $"{name}: {a} | {b}";
            }
        }
    }

    private static IEnumerable<FigureDiff> OfSubject(SubjectRecord first, SubjectRecord second)
    {
        bool byRound = Math.Min(first.Rounds.Count, second.Rounds.Count) >= Noise.LeastValues;
        string name = first.Variant.Length == 0 ? first.Name : $"{first.Name}, {first.Variant}";
        foreach (DiffFigure figure in DiffFigure.Of([.. first.Rounds, .. second.Rounds]))
        {
            double[] a = figure.Values(first, byRound);
            double[] b = figure.Values(second, byRound);
            if (Math.Min(a.Length, b.Length) >= Noise.LeastValues)
            {
                yield return new(
                    name, figure, FloorComparison.Median(a), FloorComparison.Median(b), figure.Allowed(a, b, byRound),
                    $"{a.Length} and {b.Length} {(byRound ? "rounds" : "seconds")}");
            }
        }
    }

    private static void RefuseOther(string what, string first, string second)
    {
        if (first != second)
        {
            throw new InvalidDataException(
                $"the records cannot be compared: the first has {what} '{first}', the second '{second}'");
        }
    }

    private static string Describe(MachineRecord machine) =>
        $"{machine.Cpu}, {machine.Cpus} processors, {machine.Kernel}, {machine.Runtime}";

    private static IEnumerable<string> OnlyIn(RunRecord one, RunRecord other) => one.Subjects
        .ExceptBy(other.Subjects.Select(subject => (subject.Name, subject.Variant)), subject => (subject.Name, subject.Variant))
        .Select(subject => $"{subject.Name} {subject.Variant}".TrimEnd());

    private static string Names(RunRecord record) => record.Subjects.Count == 0
        ? "none"
        : string.Join("; ", record.Subjects.Select(subject => $"{subject.Name} {subject.Variant}".TrimEnd()));
}
