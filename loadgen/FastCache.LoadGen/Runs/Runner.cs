using System.Net;
using System.Runtime.InteropServices;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;

namespace FastCache.LoadGen.Runs;

/// <summary>Executes <c>run</c>: machine, mode, report, exit code.</summary>
internal static class Runner
{
    private const int Success = 0;
    private const int Failure = 1;
    private const int Interrupted = 130;

    public static int Execute(RunOptions options)
    {
        StopSignal stop = new();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            RunReport report = Measure(options, stop);
            ReportTable.Write(report, Console.Out);
            if (options.JsonPath is not null)
            {
                JsonReport.Write(report, options.JsonPath);
            }

            return Success;
        }
        catch (Exception) when (stop.IsRequested)
        {
            Console.Error.WriteLine("Interrupted; nothing is reported.");
            return Interrupted;
        }
        catch (Exception exception) when (exception is LoadFailedException or IOException)
        {
            Console.Error.WriteLine($"error: {exception.Message}");
            return Failure;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Request();
        }
    }

    private static RunReport Measure(RunOptions options, StopSignal stop)
    {
        CpuList available = CpuAffinity.OfCallingThread();
        MachineDescription machine = MachineDescription.Read(available);
        CpuPlan cpus = CpuPlan.Make(options.NodeCpus, options.LoadCpus, available);
        Console.WriteLine($"  {machine}");
        if (cpus.Note.Length > 0)
        {
            Console.WriteLine($"  {cpus.Note}");
        }

        CpuAffinity.PinProcess(cpus.Load);
        int[] probed = IsLocal(options.Connect) ? [.. cpus.Node.Cpus, .. cpus.Load.Cpus] : [.. cpus.Load.Cpus];
        Stall[] before = StallProbe.Measure(probed, "before");
        RunContext context = new(options, cpus, Console.Out, !Console.IsOutputRedirected, stop);
        RunReport report = Execute(context, machine);
        return report with { Stalls = [.. before, .. StallProbe.Measure(probed, "after")] };
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

    private static bool IsLocal(DnsEndPoint? connect) =>
        connect is null
        || connect.Host == "localhost"
        || (IPAddress.TryParse(connect.Host, out IPAddress? address) && IPAddress.IsLoopback(address));
}
