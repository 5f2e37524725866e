using FastCache.Io;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Runs;

/// <summary>The node over each of its backends in turn, fresh in every round, at each depth.</summary>
internal static class IoRun
{
    /// <summary>Requests of one connection that are sent together: from nearly no system calls a request to one or more.</summary>
    public static readonly int[] Depths = [128, 16, 1];

    private static readonly IoBackend[] Backends = [IoBackend.Uring, IoBackend.Epoll, IoBackend.Sockets];

    public static IoComparison Execute(RunContext context)
    {
        using RequestStream stream = context.EncodeRequests();
        List<IoSample> samples = [];
        for (int round = 0; round < context.Options.Rounds; round++)
        {
            context.Say($"  round {round + 1} of {context.Options.Rounds}");
            for (int i = 0; i < Backends.Length; i++)
            {
                // Each is first in its turn: whatever drifts within a round favours none of them.
                samples.AddRange(Measure(context, stream, round, Backends[(round + i) % Backends.Length]));
            }
        }

        return new(samples);
    }

    private static List<IoSample> Measure(RunContext context, RequestStream stream, int round, IoBackend backend)
    {
        List<IoSample> samples = [];
        using Target node = Target.Start(context, backend);
        for (int i = 0; i < Depths.Length; i++)
        {
            RunOptions options = context.Options with { Depth = Depths[i] };
            bool isFirst = i == 0;
            PhaseResult result = context.OnLoadThread(() =>
            {
                using LoadSession session = new(node.Address, true, options, context.Recorder, context.Stop);
                using INodeMeter meter = node.OpenMeter();
                if (isFirst)
                {
                    context.Preload(session);
                }

                return session.Measure(stream, 0, options.WarmUp, options.Duration, meter);
            });
            context.Say(ReportTable.Line($"{IoBackendNames.Of(backend)}, depth {options.Depth}", result));
            samples.Add(new(round, backend, options.Depth, result));
        }

        return samples;
    }
}
