using System.Diagnostics;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;
using FastCache.LoadGen.Reporting.Records;
using FastCache.LoadGen.Scenarios;

namespace FastCache.LoadGen.Runs;

/// <summary>Executes <c>scenario</c>: fills, lets the quiet ones come, plays, judges.</summary>
internal static class ScenarioRun
{
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    /// <summary>
    /// A node that polls does so in each of them; the runtime compiles what the arrivals have used for a second or two after them
    /// (0.8 to 1.0% of a processor in the first two seconds, 0.2% in a later one).
    /// </summary>
    private const int QuietTimes = 4;

    public static int Execute(ScenarioOptions options)
    {
        if (options.Scenario is not Scenario scenario)
        {
            ScenarioTable.WriteList(ScenarioCatalog.All, Console.Out);
            return CommandFrame.Success;
        }

        return CommandFrame.Run(stop =>
        {
            Console.WriteLine($"  {scenario.Name}: {scenario.Use}");
            RunContext context = CommandFrame.Prepare(options.Run, stop, out MachineDescription machine);
            Stall[] before = CommandFrame.MeasureStalls(context, "before");
            ScenarioResult result = Play(context, scenario, LoadShape.Of(options.Shape, options.Rate, options.Run.Duration));
            Stall[] stalls = [.. before, .. CommandFrame.MeasureStalls(context, "after")];
            Verdict[] verdicts = Verdicts.Judge(scenario.Targets, result, stalls);
            ScenarioTable.Write(result, verdicts, stalls, Console.Out);
            RunOutputs.Write(
                RunRecords.Of(scenario, options.Run, machine, result, verdicts, stalls), options.RecordPath, options.Run.PagePath);
            return verdicts.Any(verdict => verdict.Outcome == Outcome.Missed) ? CommandFrame.Missed : CommandFrame.Success;
        });
    }

    /// <summary>Plays a scenario against the node that the options name, or a child.</summary>
    internal static ScenarioResult Play(RunContext context, Scenario scenario, LoadShape shape)
    {
        RunOptions options = context.Options;
        using Target target = Target.Open(context);
        RefuseForeignStreams(target, scenario);
        return context.OnLoadThread(() =>
        {
            using LoadSession session = new(target.Address, true, options, context.Recorder, context.Stop);
            using INodeMeter meter = target.OpenMeter();
            ScenarioPlayer[] players = scenario.CreatePlayers(
                options.Keys, options.Connections, options.Seed, _ => context.Recorder);
            context.Recorder.Phase = "fill";
            PhaseCost fill = session.Fill(players, options.Keys);
            context.Say(Format.Invariant($"  stored {options.Keys:N0} keys in {fill.Elapsed.TotalSeconds:0.0} s"));
            using Herd? herd = Gather(context, target, meter, out HerdResult? cost);
            LoadShape? warmUp = options.WarmUp > TimeSpan.Zero
                ? LoadShape.Of(ShapeKind.Constant, shape.Count / shape.Seconds, options.WarmUp)
                : null;
            RunQueue queue = target.ProcessId is int node ? new(node) : new();
            PhaseResult phase = session.Measure(players, warmUp, shape, meter);
            double waits = queue.WaitShare();
            FlowCounts counts = default;
            foreach (ScenarioPlayer player in players)
            {
                counts.Add(player.Counts);
            }

            return new ScenarioResult(phase, counts, shape)
            {
                ResidentBytes = ResidentBytes(target),
                BudgetBytes = BudgetBytes(target, options),
                Herd = cost,
                WaitShare = waits,
                IsShared = context.Cpus.IsShared,
            };
        });
    }

    /// <summary>Lets the quiet connections come, and measures what they cost while nothing happens.</summary>
    public static Herd? Gather(RunContext context, Target target, INodeMeter meter, out HerdResult? cost)
    {
        cost = null;
        if (context.Options.QuietConnections == 0)
        {
            return null;
        }

        context.Recorder.Phase = "herd";
        Thread.Sleep(Settling);
        long? before = ResidentBytes(target);
        long start = Stopwatch.GetTimestamp();
        Herd herd = Herd.Gather(target.Address, context.Options.QuietConnections, context.Stop);
        context.Say(Format.Invariant(
            $"  {herd.Count:N0} quiet connections came in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s"));
        Thread.Sleep(Settling);
        cost = new(
            herd.Count, ResidentBytes(target) - before, Enumerable.Range(0, QuietTimes).Min(_ => QuietCpu(meter)));
        return herd;
    }

    /// <summary>What the node uses of a processor, 0 to 1, while nothing is asked of it; null: it does not tell.</summary>
    private static double? QuietCpu(INodeMeter meter)
    {
        long? before = meter.Read().CpuNanos;
        long start = Stopwatch.GetTimestamp();
        Thread.Sleep(Quiet);
        return (meter.Read().CpuNanos - before) / Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }

    /// <exception cref="LoadFailedException">The scenario's streams would go to shards that do not have their keys.</exception>
    private static void RefuseForeignStreams(Target target, Scenario scenario)
    {
        if (!scenario.Streams)
        {
            return;
        }

        using NodeSocket connection = NodeSocket.Connect(target.Address);
        connection.Greet();
        int shards = connection.ReadTopology().Count;
        if (shards > 1)
        {
            throw new LoadFailedException(
                $"{scenario.Name} sends values in streams, which only the shard of their key answers, and the node has {shards} " +
                "shards; allowed: a node with --shards 1");
        }
    }

    /// <summary>Memory that the node was given; null: it runs elsewhere.</summary>
    public static long? BudgetBytes(Target target, RunOptions options) =>
        target.ProcessId is not null && Quantity.TryParseBytes(options.Memory, out long budget) ? budget : null;

    /// <summary>Of the node; null: it runs elsewhere.</summary>
    public static long? ResidentBytes(Target target) =>
        target.ProcessId is int process ? ProcessMemory.ResidentBytes(process) : null;
}
