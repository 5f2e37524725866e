using FastCache.Io;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;

namespace FastCache.LoadGen.Reporting;

/// <summary>Prints a report for people.</summary>
internal static class ReportTable
{
    /// <summary>How far below the expected share of hits chance alone may bring a run.</summary>
    private const double HitRatioTolerance = 0.01;

    public static void Write(RunReport report, TextWriter output)
    {
        output.WriteLine();
        if (report.Finding is not null)
        {
            WriteFinding(report.Finding, output);
        }

        if (report.Floor is not null)
        {
            WriteFloor(report.Floor, output);
        }

        if (report.Io is not null)
        {
            WriteIo(report.Io, report.Options, output);
        }

        if (report.Phase is not null)
        {
            WriteVerdicts(report.Verdicts, output);
            WriteFigures(report.Phase, 1 - report.Options.Misses, output);
            WriteLatencies(report.Phase, output);
        }

        WriteStalls(report.Stalls, output);
    }

    public static string Line(RateStep step) =>
        $"  {Quantity.FormatCount(step.Rate),8}/s" +
        $"   measured {Quantity.FormatCount(step.Result.OperationsPerSecond),8}/s" +
        $"   hit p99.9 {Format.Micros(step.Result[ReplyKind.Hit].P999),9}   {(step.Holds ? "held" : "not held")}";

    public static string Line(string name, PhaseResult result) =>
        $"  {name,-20} {Format.Nanos(result.NodeCpuNanosPerOperation),10}/op   " +
        $"{Quantity.FormatCount(result.OperationsPerSecond),8}/s";

    public static void WriteVerdicts(IReadOnlyList<Verdict> verdicts, TextWriter output)
    {
        TextTable table = new("", "target", "measured", "verdict", "");
        foreach (Verdict verdict in verdicts)
        {
            table.Add(verdict.Name, verdict.Target, verdict.Measured, verdict.Word, verdict.Note);
        }

        table.WriteTo(output);
        output.WriteLine();
    }

    private static void WriteFigures(PhaseResult result, double expectedHitRatio, TextWriter output)
    {
        string evicted = result.HitRatio < expectedHitRatio - HitRatioTolerance
            ? $", expected were {Format.Percent(expectedHitRatio)}: the node has evicted keys; give it more --memory, or load fewer --keys"
            : "";
        string spins = result.IsOpenLoop ? " (it spins while nothing is due)" : "";
        output.WriteLine($"  node cpu            {Format.Nanos(result.NodeCpuNanosPerOperation)}/op");
        output.WriteLine($"  load generator cpu  {Format.Nanos(result.LoadCpuNanosPerOperation)}/op{spins}");
        output.WriteLine($"  hit ratio           {Format.Percent(result.HitRatio)} of reads{evicted}");
        output.WriteLine(Format.Invariant(
            $"  operations          {result.Operations:N0} in {result.Elapsed.TotalSeconds:0.000} s"));
        output.WriteLine();
    }

    public static void WriteLatencies(PhaseResult result, TextWriter output)
    {
        TextTable table = new("latency", "count", "p50", "p90", "p99", "p99.9", "p99.99", "max");
        table.Right(1, 2, 3, 4, 5, 6, 7);
        foreach (ReplyKind kind in ReplyKinds.All.Where(kind => result[kind].Count > 0))
        {
            Percentiles of = result[kind];
            double[] figures = [of.P50, of.P90, of.P99, of.P999, of.P9999, of.Max];
            table.Add([kind.Name(), Format.Invariant($"{of.Count:N0}"), .. figures.Select(Format.Micros)]);
        }

        table.WriteTo(output);
        output.WriteLine();
    }

    public static void WriteStalls(IReadOnlyList<Stall> stalls, TextWriter output)
    {
        TextTable table = new("machine's own stall", "gaps > 1 us", "p99.9", "max", "time lost");
        table.Right(1, 2, 3, 4);
        foreach (Stall stall in stalls)
        {
            table.Add(
                $"cpu {stall.Cpu}, {stall.When} the run", Format.Invariant($"{stall.Gaps:N0}"),
                Format.Micros(stall.P999Micros), Format.Micros(stall.MaxMicros), Format.Percent(stall.LostShare));
        }

        table.WriteTo(output);
        if (stalls.Any(stall => stall.MaxMicros > Targets.P999Micros(ReplyKind.Hit)))
        {
            output.WriteLine(
                "  The machine itself stands still for longer than the latency targets: a tail beyond them may be its own.");
        }
    }

    private static void WriteFinding(RateFinding finding, TextWriter output)
    {
        output.WriteLine(finding.Highest > 0
            ? $"  highest rate with hit p99.9 < 1 ms: {Quantity.FormatCount(finding.Highest)}/s"
            : "  no rate was found at which hit p99.9 stays under 1 ms");
        output.WriteLine();
    }

    private static void WriteFloor(FloorComparison floor, TextWriter output)
    {
        output.WriteLine(
            $"  medians of {floor.Rounds.Count} rounds; the byte-moving program answers {floor.RequestBytes} bytes " +
            $"with {floor.ReplyBytes}");
        TextTable table = new("", "cpu per op", "throughput");
        table.Right(1, 2);
        table.Add("node", Format.Nanos(floor.NodeCpuNanos), Quantity.FormatCount(floor.NodeOperationsPerSecond) + "/s");
        table.Add(
            "byte-moving program", Format.Nanos(floor.FloorCpuNanos),
            Quantity.FormatCount(floor.FloorOperationsPerSecond) + "/s");
        table.Add("difference of a round", Format.Nanos(floor.DifferenceNanos), "");
        table.Add("ratio of a round", Format.Invariant($"{floor.Ratio:0.00}"), "");
        table.WriteTo(output);
        output.WriteLine();
    }

    private static void WriteIo(IoComparison io, RunOptions options, TextWriter output)
    {
        output.WriteLine($"  node cpu per operation, {options.Connections} connections, medians of {options.Rounds} rounds");
        TextTable table = new("depth", "backend", "cpu per op", "to io_uring", "throughput");
        table.Right(0, 2, 3, 4);
        foreach (int depth in io.Depths)
        {
            foreach (IoBackend backend in io.Backends)
            {
                table.Add(
                    $"{depth}", IoBackendNames.Of(backend), Format.Nanos(io.CpuNanos(backend, depth)),
                    Format.Invariant($"{io.Ratio(backend, depth):0.00}"),
                    Quantity.FormatCount(io.OperationsPerSecond(backend, depth)) + "/s");
            }
        }

        table.WriteTo(output);
        output.WriteLine();
    }
}
