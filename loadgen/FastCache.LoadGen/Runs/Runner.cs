using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;
using FastCache.LoadGen.Reporting.Records;

namespace FastCache.LoadGen.Runs;

/// <summary>Executes <c>run</c>: machine, mode, report.</summary>
internal static class Runner
{
    public static int Execute(RunOptions options) => CommandFrame.Run(stop =>
    {
        RunReport report = Measure(options, stop);
        ReportTable.Write(report, Console.Out);
        RunOutputs.Write(RunRecords.Of(report), options.RecordPath, options.PagePath);
        return CommandFrame.Success;
    });

    private static RunReport Measure(RunOptions options, StopSignal stop)
    {
        RunContext context = CommandFrame.Prepare(options, stop, out MachineDescription machine);
        Stall[] before = CommandFrame.MeasureStalls(context, "before");
        RunReport report = Execute(context, machine);
        return report with { Stalls = [.. before, .. CommandFrame.MeasureStalls(context, "after")] };
    }

    private static RunReport Execute(RunContext context, MachineDescription machine)
    {
        RunReport empty = new() { Options = context.Options, Machine = machine };
        switch (context.Options.Mode)
        {
            case RunMode.Floor:
                FloorComparison floor = FloorRun.Execute(context);
                return empty with { Floor = floor, Phase = MiddleRound(floor) };
            case RunMode.FindRate:
                RateFinding finding = FindRateRun.Execute(context);
                RateStep shown = finding.Steps.Where(step => step.Holds).MaxBy(step => step.Rate) ?? finding.Steps[^1];
                return empty with { Finding = finding, Phase = shown.Result };
            case RunMode.CompareIo:
                return empty with { Io = IoRun.Execute(context) };
            default:
                return empty with { Phase = MeasureRun.Execute(context) };
        }
    }

    /// <summary>The node's phase of the round whose cost is in the middle.</summary>
    private static PhaseResult MiddleRound(FloorComparison floor) =>
        floor.Rounds.Select(round => round.Node)
            .OrderBy(node => node.NodeCpuNanosPerOperation)
            .ElementAt((floor.Rounds.Count - 1) / 2);
}
