using FastCache.LoadGen.Children;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Runs;

/// <summary>Node and byte-moving program in turn, each fresh in every round, both measured the same way.</summary>
internal static class FloorRun
{
    public static FloorComparison Execute(RunContext context)
    {
        RequestMix mix = RequestMix.Of(context.Options);
        int requestBytes = (int)Math.Round(mix.AverageRequestBytes);
        int replyBytes = (int)Math.Round(mix.AverageReplyBytes);
        using RequestStreams requests = context.Requests();
        List<FloorRound> rounds = [];
        for (int round = 1; round <= context.Options.Rounds; round++)
        {
            context.Say($"  round {round} of {context.Options.Rounds}");
            PhaseResult node = MeasureNode(context, requests);
            context.Say(ReportTable.Line("node", node));
            PhaseResult floor = MeasureFloor(context, requestBytes, replyBytes);
            context.Say(ReportTable.Line("byte-moving program", floor));
            rounds.Add(new(node, floor));
        }

        return new(requestBytes, replyBytes, rounds);
    }

    private static PhaseResult MeasureNode(RunContext context, RequestStreams requests)
    {
        RunOptions options = context.Options;
        using Target node = Target.Start(context);
        return context.OnLoadThread(() =>
        {
            using LoadSession session = new(node.Address, true, options, context.Recorder, context.Stop);
            using INodeMeter meter = node.OpenMeter();
            context.Preload(session);
            return session.Measure(requests, 0, options.WarmUp, options.Duration, meter);
        });
    }

    private static PhaseResult MeasureFloor(RunContext context, int requestBytes, int replyBytes)
    {
        ChildProgram program = ChildProgram.Floor(requestBytes, replyBytes, context.Options.NodeIo);
        using ChildProcess floor = ChildProcess.Start(program, context.Cpus.Node);
        return context.OnLoadThread(() =>
        {
            using LoadSession session = new(floor.Address, false, context.Options, context.Recorder, context.Stop);
            using ProcessMeter meter = new(floor.Id);
            RunOptions options = context.Options;
            return session.MeasureFloor(requestBytes, replyBytes, 0, options.WarmUp, options.Duration, meter);
        });
    }
}
