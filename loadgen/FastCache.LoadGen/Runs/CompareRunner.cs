using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Peers;
using FastCache.LoadGen.Reporting;

namespace FastCache.LoadGen.Runs;

/// <summary>Executes <c>compare</c>: machine, comparison, table, chart, record.</summary>
internal static class CompareRunner
{
    public static int Execute(CompareOptions options) => CommandFrame.Run(stop =>
    {
        RunContext context = CommandFrame.Prepare(options.Load, stop, out MachineDescription machine);
        Stall[] before = CommandFrame.MeasureStalls(context, "before");
        ServerComparison comparison = CompareRun.Execute(options, context);
        Stall[] stalls = [.. before, .. CommandFrame.MeasureStalls(context, "after")];
        ServerTable.Write(comparison, options.Load, Console.Out);
        ReportTable.WriteStalls(stalls, Console.Out);
        if (options.ChartPath is not null)
        {
            File.WriteAllText(options.ChartPath, ServerChart.Draw(comparison));
        }

        RunOutputs.Write(CompareRecord.Of(options, comparison, machine, stalls), options.RecordPath, options.Load.PagePath);
        return CommandFrame.Success;
    });
}
