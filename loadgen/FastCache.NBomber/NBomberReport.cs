using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;
using FastCache.LoadGen.Scenarios;
using NBomber.Contracts.Stats;

namespace FastCache.NBomber;

/// <summary>Prints what NBomber counted in iterations, and what was counted in operations beside it.</summary>
internal static class NBomberReport
{
    public static void Write(
        LoadPlan plan,
        ScenarioStats statistics,
        ScenarioResult result,
        IReadOnlyList<Verdict> verdicts,
        IReadOnlyList<Stall> stalls,
        TextWriter output)
    {
        PhaseResult phase = result.Phase;
        FlowCounts counts = result.Counts;
        int iterations = statistics.Ok.Request.Count;
        double cpuNanos = phase.LoadCpuNanosPerOperation * phase.Operations;
        output.WriteLine();
        ReportTable.WriteVerdicts(verdicts, output);
        output.WriteLine(Format.Invariant($"  iterations          {iterations:N0} of {plan.Batch} flows each"));
        output.WriteLine(Format.Invariant($"  flows               {counts.Flows:N0}"));
        output.WriteLine(Format.Invariant(
            $"  operations          {phase.Operations:N0} in {phase.Elapsed.TotalSeconds:0.000} s, {Quantity.FormatCount(phase.OperationsPerSecond)}/s"));
        output.WriteLine($"  node cpu            {Format.Nanos(phase.NodeCpuNanosPerOperation)}/op");
        output.WriteLine(
            $"  load generator cpu  {Format.Nanos(phase.LoadCpuNanosPerOperation)}/op, {Format.Micros(cpuNanos / 1_000 / Math.Max(1, iterations))} an iteration");
        if (counts.HitRatio is double hits)
        {
            output.WriteLine(Format.Invariant($"  hit ratio           {Format.Percent(hits)} of {counts.Lookups:N0} lookups"));
        }

        output.WriteLine();
        WriteIterations(statistics.Ok.Latency, iterations, output);
        ReportTable.WriteLatencies(phase, output);
        ReportTable.WriteStalls(stalls, output);
    }

    /// <summary>NBomber rounds to 0.01 ms.</summary>
    private static void WriteIterations(LatencyStats latency, int count, TextWriter output)
    {
        TextTable table = new("NBomber's latency", "count", "p50", "p75", "p95", "p99", "max");
        table.Right(1, 2, 3, 4, 5, 6);
        double[] millis = [latency.Percent50, latency.Percent75, latency.Percent95, latency.Percent99, latency.MaxMs];
        table.Add(["iteration", Format.Invariant($"{count:N0}"), .. millis.Select(of => Format.Micros(of * 1_000))]);
        table.WriteTo(output);
        output.WriteLine();
    }
}
