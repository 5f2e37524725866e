using FastCache.Bench.Simulate.Policies;
using FastCache.Bench.Simulate.Traces;

namespace FastCache.Bench.Simulate.Reference;

/// <summary>One row of a reference and what this simulator measures there.</summary>
/// <param name="Trace">Name of the trace.</param>
/// <param name="Capacity">In objects.</param>
/// <param name="Percent">Measured, in the order of <see cref="ReferenceComparison.Policies"/>.</param>
/// <param name="Difference">Measured minus reference in points, in the same order.</param>
/// <param name="BestColumn">The column with the highest hit ratio, the optimum aside.</param>
/// <param name="BestPercent">Its hit ratio.</param>
/// <param name="FastCachePercent">What the engine's default policy reaches.</param>
internal sealed record ComparedRow(
    string Trace,
    long Capacity,
    double[] Percent,
    double[] Difference,
    string BestColumn,
    double BestPercent,
    double FastCachePercent)
{
    private static readonly string[] RecordedTraces =
        ["2_pools", "cpp", "cs", "gli", "multi1", "multi2", "multi3", "ps", "sprite"];

    /// <summary>Whether the trace was recorded from programs; the others are made to stress one kind of policy.</summary>
    public bool IsRecorded { get; } = RecordedTraces.Contains(Trace);

    /// <summary>The engine's default policy minus the best column, in points.</summary>
    public double LeadOverBest => Math.Round(FastCachePercent - BestPercent, 6);
}

/// <summary>What this simulator measures, beside what a reference says.</summary>
internal sealed class ReferenceComparison
{
    /// <summary>How far LRU may be off in points: the reference is rounded to two decimals.</summary>
    public const double LruTolerance = 0.01;

    /// <summary>How many points the engine's policies may be below what they are held to, on the recorded traces.</summary>
    public const double EngineTolerance = 1;

    private const string OptimumColumn = "OPT";

    /// <summary>Our policies and the columns that measured the same.</summary>
    private static readonly (string Policy, string Column)[] Pairs =
    [
        (PolicyCatalog.Lru, "LRU"),
        (PolicyCatalog.Clock, "Clock"),
        (PolicyCatalog.S3Fifo, "S3FIFO"),
        (PolicyCatalog.WTinyLfu, "WTinyLFU"),
        (PolicyCatalog.ClockPro, "CLOCK-Pro adaptive"),
        (PolicyCatalog.Optimum, OptimumColumn),
    ];

    private ReferenceComparison(IReadOnlyList<ComparedRow> rows) => Rows = rows;

    /// <summary>The policies that have a column in the reference.</summary>
    public static IReadOnlyList<string> Policies { get; } = [.. Pairs.Select(pair => pair.Policy)];

    public IReadOnlyList<ComparedRow> Rows { get; }

    /// <summary>Rows where LRU is off by more than rounding: then the simulator is wrong, not a policy.</summary>
    public IEnumerable<ComparedRow> LruFailures =>
        Rows.Where(row => Math.Abs(DifferenceOf(row, PolicyCatalog.Lru)) > LruTolerance);

    /// <summary>Rows of recorded traces where the engine's classic CLOCK-Pro hits too much less than its authors'.</summary>
    public IEnumerable<ComparedRow> ClockProFailures =>
        Rows.Where(row => row.IsRecorded && DifferenceOf(row, PolicyCatalog.ClockPro) < -EngineTolerance);

    /// <summary>Rows of recorded traces where it hits as much more: no failure, but not the same either.</summary>
    public IEnumerable<ComparedRow> ClockProSurpluses =>
        Rows.Where(row => row.IsRecorded && DifferenceOf(row, PolicyCatalog.ClockPro) > EngineTolerance);

    /// <summary>Rows where the engine's own policy hits too much less than the best of the reference.</summary>
    public IEnumerable<ComparedRow> FastCacheFailures => Rows.Where(row => row.LeadOverBest < -EngineTolerance);

    /// <summary>Measured minus reference in points.</summary>
    public static double DifferenceOf(ComparedRow row, string policy) =>
        row.Difference[Array.FindIndex(Pairs, pair => pair.Policy == policy)];

    /// <exception cref="BadInputException">A trace or a column is missing.</exception>
    public static ReferenceComparison Run(ReferenceTable table, Progress progress)
    {
        List<ComparedRow> rows = [];
        int[] columns = [.. Pairs.Select(pair => table.ColumnOf(pair.Column))];
        foreach (IGrouping<string, ReferenceRow> group in table.Rows.GroupBy(row => row.Trace))
        {
            Trace trace = TraceReader.Read(table.PathOf(group.Key), progress);
            if (trace.HasSizes)
            {
                throw new BadInputException($"The trace '{group.Key}' has sizes; the capacities of a reference count objects.");
            }

            rows.AddRange(group.Select(row => Compare(trace, row, table, columns, progress)));
        }

        return new ReferenceComparison(rows);
    }

    private static ComparedRow Compare(Trace trace, ReferenceRow row, ReferenceTable table, int[] columns, Progress progress)
    {
        double[] percent = [.. Pairs.Select(pair => Measure(pair.Policy))];
        // Rounded, so that a difference of 0.01 is not more than 0.01.
        double[] difference = [.. percent.Select((measured, pair) => Math.Round(measured - row.Percent[columns[pair]], 6))];
        int best = Enumerable.Range(0, table.Columns.Count)
            .Where(column => table.Columns[column] != OptimumColumn)
            .MaxBy(column => row.Percent[column]);
        double fastCache = Measure(PolicyCatalog.FastCache);
        return new ComparedRow(
            row.Trace, row.Capacity, percent, difference, table.Columns[best], row.Percent[best], fastCache);

        double Measure(string policy) => Simulation.RunOne(trace, row.Capacity, policy, progress).Percent;
    }
}
