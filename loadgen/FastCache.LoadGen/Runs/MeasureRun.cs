using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Runs;

/// <summary>One measured phase against one node.</summary>
internal static class MeasureRun
{
    public static PhaseResult Execute(RunContext context)
    {
        using RequestStreams requests = context.Requests();
        using Target target = Target.Open(context);
        return context.OnLoadThread(() =>
        {
            using LoadSession session = new(target.Address, true, context.Options, context.Recorder, context.Stop);
            using INodeMeter meter = target.OpenMeter();
            context.Preload(session);
            return session.Measure(
                requests, context.Options.Rate, context.Options.WarmUp, context.Options.Duration, meter);
        });
    }
}
