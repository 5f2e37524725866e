using FastCache.LoadGen.Checks;
using FastCache.LoadGen.Children;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;
using FastCache.LoadGen.Reporting.Records;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Runs;

/// <summary>Executes <c>check</c>: attempts until each target was met once, or the tries are used up.</summary>
internal static class CheckRun
{
    public static int Execute(CheckOptions options) => CommandFrame.Run(stop =>
    {
        RunContext context = CommandFrame.Prepare(options.Run, stop, out MachineDescription machine);
        using RequestStreams requests = context.Requests();
        List<CheckAttempt> attempts = [];
        List<Verdict[]> judged = [];
        Verdict[] verdicts;
        do
        {
            context.Say($"  attempt {attempts.Count + 1} of at most {options.Tries}");
            attempts.Add(Measure(context, requests));
            judged.Add(CheckPolicy.Judge(attempts[^1]));
            verdicts = CheckPolicy.Combine(judged);
        }
        while (attempts.Count < options.Tries && verdicts.Any(verdict => verdict.Outcome != Outcome.Met));

        CheckTable.Write(attempts, verdicts, Console.Out);
        RunOutputs.Write(RunRecords.Of(options, machine, attempts, verdicts), options.RecordPath, options.Run.PagePath);
        return verdicts.Any(verdict => verdict.Outcome == Outcome.Missed) ? CommandFrame.Missed : CommandFrame.Success;
    });

    private static CheckAttempt Measure(RunContext context, RequestStreams requests)
    {
        RunOptions options = context.Options;
        RequestMix mix = RequestMix.Of(options);
        int requestBytes = (int)Math.Round(mix.AverageRequestBytes);
        int replyBytes = (int)Math.Round(mix.AverageReplyBytes);
        Stall[] before = CommandFrame.MeasureStalls(context, "before");

        // Both stand side by side, so that what is compared lies seconds apart; who is not measured only sleeps.
        using Target node = Target.Start(context);
        using ChildProcess floor = ChildProcess.Start(
            ChildProgram.Floor(requestBytes, replyBytes, options.NodeIo), context.Cpus.Node);
        (PhaseResult Node, PhaseResult Floor, PhaseResult FloorAtRate, PhaseResult NodeAtRate, double Waits) measured = context.OnLoadThread(() =>
        {
            using LoadSession toNode = new(node.Address, true, options, context.Recorder, context.Stop);
            using LoadSession toFloor = new(floor.Address, false, options, context.Recorder, context.Stop);
            using INodeMeter nodeMeter = node.OpenMeter();
            using ProcessMeter floorMeter = new(floor.Id);
            context.Preload(toNode);
            RunQueue queue = new(node.ProcessId!.Value, floor.Id);
            PhaseResult[] results =
            [
                MeasureNode(0), MeasureFloor(0), MeasureFloor(Targets.OperationsPerSecond), MeasureNode(Targets.OperationsPerSecond),
            ];
            return (results[0], results[1], results[2], results[3], queue.WaitShare());

            PhaseResult MeasureNode(double rate) =>
                Said("node", toNode.Measure(requests, rate, options.WarmUp, options.Duration, nodeMeter));

            PhaseResult MeasureFloor(double rate) => Said(
                "byte-moving program",
                toFloor.MeasureFloor(requestBytes, replyBytes, rate, options.WarmUp, options.Duration, floorMeter));
        });
        Stall[] after = CommandFrame.MeasureStalls(context, "after");
        return new(measured.Node, measured.NodeAtRate, measured.Floor, measured.FloorAtRate, [.. before, .. after])
        {
            IsShared = context.Cpus.IsShared,
            WaitShare = measured.Waits,
        };

        PhaseResult Said(string name, PhaseResult result)
        {
            string tail = result.IsOpenLoop ? $"   p99.9 {Format.Micros(result[ReplyKind.Hit].P999)}" : "";
            context.Say(ReportTable.Line(name, result) + tail);
            return result;
        }
    }
}
