using System.Globalization;
using FastCache.Bench.Simulate.Policies;
using FastCache.LoadGen.Reporting;

namespace FastCache.Bench.Simulate.Reference;

/// <summary>A comparison as text: every row, what the differences come to, and the verdict.</summary>
internal static class ReferenceReport
{
    private const string Difference = "+/-";

    /// <returns>Whether the conditions hold that LRU, the classic rule and the recorded traces set; what is beyond them is only told.</returns>
    public static bool Write(ReferenceComparison comparison, TextWriter output)
    {
        output.WriteLine("Hit ratio in percent as measured here, and its difference from the reference in points");
        WriteRows(comparison, output);
        output.WriteLine();
        output.WriteLine("Differences in points");
        WriteSummary(comparison, output);
        output.WriteLine(
            $"  Below a capacity of 100 the {PolicyCatalog.WTinyLfu} of libCacheSim has an empty window and admits nothing.");
        output.WriteLine();
        bool isLruRight = WriteVerdict(
            $"{PolicyCatalog.Lru} within {ReferenceComparison.LruTolerance} of the reference on all rows",
            comparison.LruFailures, row => ReferenceComparison.DifferenceOf(row, PolicyCatalog.Lru), output);
        bool isClockProNear = WriteVerdict(
            $"{PolicyCatalog.ClockPro} at most {ReferenceComparison.EngineTolerance} below the reference on the recorded traces",
            comparison.ClockProFailures, row => ReferenceComparison.DifferenceOf(row, PolicyCatalog.ClockPro), output);
        _ = WriteVerdict(
            $"{PolicyCatalog.ClockPro} at most {ReferenceComparison.EngineTolerance} above it there",
            comparison.ClockProSurpluses, row => ReferenceComparison.DifferenceOf(row, PolicyCatalog.ClockPro), output);
        bool isFastCacheNear = WriteVerdict(
            $"{PolicyCatalog.FastCache} at most {ReferenceComparison.EngineTolerance} below the best column on the recorded traces",
            comparison.FastCacheFailures.Where(row => row.IsRecorded), row => row.LeadOverBest, output);
        _ = WriteVerdict(
            $"{PolicyCatalog.FastCache} at most {ReferenceComparison.EngineTolerance} below the best column on the others",
            comparison.FastCacheFailures.Where(row => !row.IsRecorded), row => row.LeadOverBest, output);
        return isLruRight && isClockProNear && isFastCacheNear;
    }

    private static void WriteRows(ReferenceComparison comparison, TextWriter output)
    {
        TextTable table = new([
            "trace", "size", .. ReferenceComparison.Policies.SelectMany(policy => new[] { policy, Difference }),
            "best column", "has", PolicyCatalog.FastCache, Difference,
        ]);
        int numbers = (2 * ReferenceComparison.Policies.Count) + 1;
        table.Right([.. Enumerable.Range(1, numbers), numbers + 2, numbers + 3, numbers + 4]);
        foreach (ComparedRow row in comparison.Rows)
        {
            table.Add([
                row.Trace, row.Capacity.ToString(CultureInfo.InvariantCulture),
                .. row.Percent.SelectMany((percent, policy) => new[] { Ratio(percent), Points(row.Difference[policy]) }),
                row.BestColumn, Ratio(row.BestPercent),
                Ratio(row.FastCachePercent), Points(row.LeadOverBest),
            ]);
        }

        table.WriteTo(output);
    }

    private static void WriteSummary(ReferenceComparison comparison, TextWriter output)
    {
        TextTable table = new("", "recorded: mean", "absolute", "worst", "", "others: mean", "absolute", "worst", "");
        table.Right(1, 2, 3, 5, 6, 7);
        foreach (string policy in ReferenceComparison.Policies)
        {
            Add(policy, row => ReferenceComparison.DifferenceOf(row, policy));
        }

        Add($"{PolicyCatalog.FastCache} - best column", row => row.LeadOverBest);
        table.WriteTo(output);

        void Add(string name, Func<ComparedRow, double> differenceOf) => table.Add([
            name,
            .. Extent([.. comparison.Rows.Where(row => row.IsRecorded)], differenceOf),
            .. Extent([.. comparison.Rows.Where(row => !row.IsRecorded)], differenceOf),
        ]);
    }

    /// <summary>Mean, mean of absolute values, the worst, and where that is.</summary>
    private static string[] Extent(ComparedRow[] rows, Func<ComparedRow, double> differenceOf)
    {
        if (rows.Length == 0)
        {
            return ["", "", "", ""];
        }

        ComparedRow worst = rows.MaxBy(row => Math.Abs(differenceOf(row)))!;
        return
        [
            Points(rows.Average(differenceOf)), Ratio(rows.Average(row => Math.Abs(differenceOf(row)))),
            Points(differenceOf(worst)), Place(worst),
        ];
    }

    private static bool WriteVerdict(
        string condition, IEnumerable<ComparedRow> failures, Func<ComparedRow, double> differenceOf, TextWriter output)
    {
        string[] places = [.. failures.Select(row => $"{Place(row)} ({Points(differenceOf(row))})")];
        output.WriteLine($"{condition}: {(places.Length == 0 ? "yes" : $"no: {string.Join(", ", places)}")}");
        return places.Length == 0;
    }

    private static string Place(ComparedRow row) => $"{row.Trace} {row.Capacity}";

    private static string Ratio(double percent) => HitCounts.Rounded(percent).ToString("F2", CultureInfo.InvariantCulture);

    private static string Points(double difference)
    {
        // Adding 0 turns a rounded -0 into 0.
        double rounded = HitCounts.Rounded(difference) + 0.0;
        return rounded.ToString("+0.00;-0.00;0.00", CultureInfo.InvariantCulture);
    }
}
