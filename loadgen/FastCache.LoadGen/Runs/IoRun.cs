using FastCache.Io;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Runs;

/// <summary>Nodes over each of the backends, fresh in every round, measured in turn at each depth.</summary>
/// <remarks>
/// The nodes of a round stand side by side, so that the phases that are compared lie seconds apart: machines drift
/// within a minute. One that is not being measured only sleeps.
/// </remarks>
internal static class IoRun
{
    /// <summary>Requests of one connection that are sent together: from nearly no system calls a request to one or more.</summary>
    public static readonly int[] Depths = [128, 16, 1];

    private static readonly IoBackend[] Backends = [IoBackend.Uring, IoBackend.Epoll, IoBackend.Sockets];

    public static IoComparison Execute(RunContext context)
    {
        using RequestStreams requests = context.Requests();
        List<IoSample> samples = [];
        for (int round = 0; round < context.Options.Rounds; round++)
        {
            context.Say($"  round {round + 1} of {context.Options.Rounds}");
            samples.AddRange(MeasureRound(context, requests, round));
        }

        return new(samples);
    }

    private static List<IoSample> MeasureRound(RunContext context, RequestStreams requests, int round)
    {
        List<IoSample> samples = [];
        List<Target> nodes = [];
        try
        {
            foreach (IoBackend backend in Backends)
            {
                nodes.Add(Target.Start(context, backend));
                Preload(context, nodes[^1]);
            }

            foreach (int depth in Depths)
            {
                for (int i = 0; i < Backends.Length; i++)
                {
                    int turn = (round + i) % Backends.Length; // Each is first in its turn.
                    PhaseResult result = Measure(context, requests, nodes[turn], depth);
                    context.Say(ReportTable.Line($"{IoBackendNames.Of(Backends[turn])}, depth {depth}", result));
                    samples.Add(new(round, Backends[turn], depth, result));
                }
            }

            return samples;
        }
        finally
        {
            nodes.ForEach(node => node.Dispose());
        }
    }

    private static void Preload(RunContext context, Target node) => context.OnLoadThread(() =>
    {
        using LoadSession session = new(node.Address, true, context.Options, context.Recorder, context.Stop);
        context.Preload(session);
        return true;
    });

    private static PhaseResult Measure(RunContext context, RequestStreams requests, Target node, int depth)
    {
        RunOptions options = context.Options with { Depth = depth };
        return context.OnLoadThread(() =>
        {
            using LoadSession session = new(node.Address, true, options, context.Recorder, context.Stop);
            using INodeMeter meter = node.OpenMeter();
            return session.Measure(requests, 0, options.WarmUp, options.Duration, meter);
        });
    }
}
