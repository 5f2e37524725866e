using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Scenarios;

namespace FastCache.LoadGen.Reporting;

/// <summary>Prints scenarios and what they came to, for people.</summary>
internal static class ScenarioTable
{
    public static void WriteList(IReadOnlyList<Scenario> scenarios, TextWriter output)
    {
        foreach (Scenario scenario in scenarios)
        {
            output.WriteLine($"  {scenario.Name}: {scenario.Use}");
            string rate = $"{Quantity.FormatCount(scenario.Rate)} flows/s {scenario.Shape.ToString().ToLowerInvariant()}";
            output.WriteLine($"    {rate}, {Quantity.FormatCount(scenario.Keys)} keys, node memory {scenario.Memory}");
            output.WriteLine($"    {string.Join("; ", scenario.Targets.Select(target => $"{target.Figure.Name()} {target}"))}");
        }
    }

    public static void Write(
        ScenarioResult result, IReadOnlyList<Verdict> verdicts, IReadOnlyList<Stall> stalls, TextWriter output)
    {
        output.WriteLine();
        ReportTable.WriteVerdicts(verdicts, output);
        FlowCounts counts = result.Counts;
        string shape = result.Shape.Kind.ToString().ToLowerInvariant();
        output.WriteLine(Format.Invariant(
            $"  flows               {counts.Flows:N0} of {result.Shape.Count:N0} due, {shape}, highest rate {Quantity.FormatCount(result.Shape.Rate)}/s"));
        output.WriteLine(Format.Invariant(
            $"  operations          {result.Phase.Operations:N0} in {result.Phase.Elapsed.TotalSeconds:0.000} s, {Quantity.FormatCount(result.Phase.OperationsPerSecond)}/s"));
        output.WriteLine($"  node cpu            {Format.Nanos(result.Phase.NodeCpuNanosPerOperation)}/op");
        if (counts.HitRatio is double hits)
        {
            output.WriteLine(Format.Invariant($"  hit ratio           {Format.Percent(hits)} of {counts.Lookups:N0} lookups"));
        }

        if (counts.Refusals > 0)
        {
            output.WriteLine(Format.Invariant($"  refused writes      {counts.Refusals:N0}"));
        }

        if (counts.Fetches > 0)
        {
            output.WriteLine(Format.Invariant($"  fetches             {counts.Fetches:N0}"));
        }

        if (result.ResidentBytes is long resident)
        {
            output.WriteLine(Format.Invariant($"  node memory         {resident / 1048576.0:0.0} MiB resident"));
        }

        if (result.Herd is HerdResult herd)
        {
            output.WriteLine(Format.Invariant($"  quiet connections   {herd.Connections:N0}"));
        }

        output.WriteLine();
        ReportTable.WriteLatencies(result.Phase, output);
        ReportTable.WriteStalls(stalls, output);
    }
}
