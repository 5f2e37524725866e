using System.Globalization;
using FastCache.Bench.Simulate.Policies;
using FastCache.Bench.Simulate.Traces;
using FastCache.LoadGen.Reporting;

namespace FastCache.Bench.Simulate;

/// <summary>The hit ratios of one trace as text: a row a capacity, a column a policy, and under each a small curve.</summary>
internal static class RatioTable
{
    private const string Bars = "▁▂▃▄▅▆▇█";
    private const string NotRun = "-";

    public static void Write(Simulation simulation, TextWriter output)
    {
        Trace trace = simulation.Trace;
        string bytes = trace.HasSizes ? $" of {trace.Footprint:N0} bytes together" : "";
        output.WriteLine($"{trace.Name}: {trace.Requests.Length:N0} requests for {trace.Objects:N0} objects{bytes}");
        output.WriteLine("hits in percent of requests:");
        Write(simulation, counts => counts.Percent, output);
        if (trace.HasSizes)
        {
            output.WriteLine("hits in percent of bytes:");
            Write(simulation, counts => counts.BytePercent, output);
        }
    }

    private static void Write(Simulation simulation, Func<HitCounts, double> ratioOf, TextWriter output)
    {
        int policies = simulation.Policies.Count;
        TextTable table = new(["trace", "capacity", .. simulation.Policies.Select(name => name + " ")]);
        table.Right([.. Enumerable.Range(1, policies + 1)]);
        double?[][] rows = [.. Enumerable.Range(0, simulation.Capacities.Count).Select(RatiosAt)];
        for (int capacity = 0; capacity < rows.Length; capacity++)
        {
            double best = rows[capacity].Where((_, policy) => IsOnline(policy)).Max() ?? 0;
            table.Add([
                simulation.Trace.Name,
                simulation.Capacities[capacity].ToString(CultureInfo.InvariantCulture),
                .. rows[capacity].Select((ratio, policy) => Cell(ratio, IsOnline(policy) && ratio == best && best > 0)),
            ]);
        }

        double least = rows.SelectMany(row => row).Min() ?? 0;
        double most = rows.SelectMany(row => row).Max() ?? 0;
        table.Add([simulation.Trace.Name, "curve", .. Enumerable.Range(0, policies).Select(Curve)]);
        table.WriteTo(output);
        output.WriteLine(
            $"  * best of its row, {PolicyCatalog.Optimum} aside; curves run from {Format(least)} to {Format(most)}");
        output.WriteLine();

        // Rounded as printed, so that what looks equal is equal.
        double?[] RatiosAt(int capacity) => [.. Enumerable.Range(0, policies).Select(policy =>
            simulation[capacity, policy] is HitCounts counts ? HitCounts.Rounded(ratioOf(counts)) : (double?)null)];

        bool IsOnline(int policy) => simulation.Policies[policy] != PolicyCatalog.Optimum;

        string Curve(int policy) =>
            rows.All(row => row[policy] is null) ? "" : string.Concat(rows.Select(row => Bar(row[policy]))) + " ";

        char Bar(double? ratio)
        {
            double height = ((ratio ?? least) - least) / Math.Max(0.01, most - least);
            return Bars[(int)(height * (Bars.Length - 1))];
        }
    }

    private static string Cell(double? ratio, bool isBest) =>
        (ratio is double value ? Format(value) : NotRun) + (isBest ? '*' : ' ');

    private static string Format(double value) => value.ToString("F2", CultureInfo.InvariantCulture);
}
