using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Runs;

/// <summary>Searches the highest open-loop rate at which hits hold their latency target, against one node.</summary>
internal static class FindRateRun
{
    private static readonly TimeSpan LongestStep = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan LongestWarmUp = TimeSpan.FromSeconds(1);

    public static RateFinding Execute(RunContext context)
    {
        using RequestStreams requests = context.Requests();
        using Target target = Target.Open(context);
        return context.OnLoadThread(() =>
        {
            using LoadSession session = new(target.Address, true, context.Options, context.Recorder, context.Stop);
            using INodeMeter meter = target.OpenMeter();
            context.Preload(session);
            return Search(context, session, requests, meter);
        });
    }

    private static RateFinding Search(
        RunContext context, LoadSession session, RequestStreams requests, INodeMeter meter)
    {
        TimeSpan step = Shorter(context.Options.Duration, LongestStep);
        TimeSpan warmUp = Shorter(context.Options.WarmUp, LongestWarmUp);
        RateSearch search = new();
        List<RateStep> steps = [];
        while (!search.IsDone && !context.Stop.IsRequested)
        {
            // The machine's own stalls fail a rate, too: a failure counts when it is repeated.
            bool holds = TryRate() || TryRate();
            search.Report(holds);
        }

        return new(search.Highest, steps);

        bool TryRate()
        {
            PhaseResult result = session.Measure(requests, search.Next, warmUp, step, meter);
            bool holds = Targets.IsHeld(result) && result[ReplyKind.Hit].P999 < Targets.P999Micros(ReplyKind.Hit);
            steps.Add(new(search.Next, result, holds));
            context.Say(ReportTable.Line(steps[^1]));
            return holds;
        }
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;
}
