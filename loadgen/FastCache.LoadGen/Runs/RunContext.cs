using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Runs;

/// <summary>What every mode of a run works with.</summary>
internal sealed class RunContext(RunOptions options, CpuPlan cpus, TextWriter output, bool isTerminal, StopSignal stop)
{
    public RunOptions Options { get; } = options;

    public CpuPlan Cpus { get; } = cpus;

    public StopSignal Stop { get; } = stop;

    public LatencyRecorder Recorder { get; } = new();

    public KeySpace Keys { get; } = new(options.Keys, options.KeySize);

    /// <summary>The same with other options.</summary>
    public RunContext With(RunOptions other) => new(other, Cpus, output, isTerminal, Stop);

    /// <summary>Prints a line, in the place of the live one.</summary>
    public void Say(string line) => output.WriteLine(isTerminal ? LiveLine.TerminalStart + line : line);

    /// <summary>The requests, encoded as soon as a session knows whose keys its connections ask for.</summary>
    public RequestStreams Requests()
    {
        KeyPicker picker = new(Options.Keys, Options.Distribution, Options.ZipfExponent);
        return new(Keys, picker, RequestMix.Of(Options), Options.Seed);
    }

    /// <summary>Runs work on the load thread, with the live line.</summary>
    /// <exception cref="OperationCanceledException">The run was stopped meanwhile.</exception>
    public T OnLoadThread<T>(Func<T> work)
    {
        T result = LoadThread.Run(Cpus.Load, new(Recorder, output, isTerminal), work);
        ThrowIfStopped();
        return result;
    }

    /// <summary>Stores the keys, on the load thread, and says how it went.</summary>
    public void Preload(LoadSession session)
    {
        Recorder.Phase = "preload";
        PhaseCost cost = session.Preload(Keys);
        ThrowIfStopped();
        Say(Format.Invariant($"  stored {cost.Operations:N0} keys in {cost.Elapsed.TotalSeconds:0.0} s"));
    }

    private void ThrowIfStopped()
    {
        if (Stop.IsRequested)
        {
            throw new OperationCanceledException();
        }
    }
}
