using System.Net;
using System.Runtime.InteropServices;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;

namespace FastCache.LoadGen.Runs;

/// <summary>What all commands that make load have around them: signals, failures, processors, exit codes.</summary>
internal static class CommandFrame
{
    public const int Success = 0;
    public const int Failure = 1;
    public const int Missed = 2;
    public const int Interrupted = 130;

    /// <summary>Runs work that a signal may stop; says what went wrong; returns the exit code.</summary>
    public static int Run(Func<StopSignal, int> work)
    {
        StopSignal stop = new();
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            return work(stop);
        }
        catch (Exception) when (stop.IsRequested)
        {
            Console.Error.WriteLine("Interrupted; nothing is reported.");
            return Interrupted;
        }
        catch (Exception exception) when (exception is LoadFailedException or IOException or UnauthorizedAccessException)
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

    /// <summary>Describes the machine, divides its processors, and binds this process to its own.</summary>
    public static RunContext Prepare(RunOptions options, StopSignal stop, out MachineDescription machine)
    {
        CpuList available = CpuAffinity.OfCallingThread();
        machine = MachineDescription.Read(available);
        CpuPlan cpus = CpuPlan.Make(options.NodeCpus, options.LoadCpus, available);
        Console.WriteLine($"  {machine}");
        if (cpus.Note.Length > 0)
        {
            Console.WriteLine($"  {cpus.Note}");
        }

        CpuAffinity.PinProcess(cpus.Load);
        return new(options, cpus, Console.Out, !Console.IsOutputRedirected, stop);
    }

    /// <summary>Measures how long the machine takes the processors of a run away.</summary>
    public static Stall[] MeasureStalls(RunContext context, string when)
    {
        int[] probed = IsLocal(context.Options.Connect)
            ? [.. context.Cpus.Node.Cpus, .. context.Cpus.Load.Cpus]
            : [.. context.Cpus.Load.Cpus];
        return StallProbe.Measure(probed, when);
    }

    private static bool IsLocal(DnsEndPoint? connect) =>
        connect is null
        || connect.Host == "localhost"
        || (IPAddress.TryParse(connect.Host, out IPAddress? address) && IPAddress.IsLoopback(address));
}
