using FastCache.LoadGen.Scenarios;
using NBomber.Contracts;
using NBomber.CSharp;

namespace FastCache.NBomber;

/// <summary>Who says when an iteration begins.</summary>
internal enum LoadKind
{
    /// <summary>The clock.</summary>
    Open,

    /// <summary>The replies to the one before.</summary>
    Closed,

    /// <summary>A configuration of NBomber's.</summary>
    Configured,
}

/// <summary>A load in NBomber's terms.</summary>
/// <param name="Simulations">What NBomber runs, one after another.</param>
/// <param name="Batch">Flows of one iteration.</param>
/// <param name="Iterations">Iterations that begin in all; null: as many as the node answers.</param>
internal sealed record LoadPlan(LoadSimulation[] Simulations, int Batch, long? Iterations)
{
    /// <summary>
    /// An iteration costs the same whatever is in it, and what is in one batch waits for each other: so a batch is as large
    /// as this many iterations a second need, and no larger.
    /// </summary>
    public const int MaxIterationsPerSecond = 10_000;

    /// <summary>NBomber takes no shorter simulation.</summary>
    public static readonly TimeSpan LeastPart = TimeSpan.FromSeconds(1);

    /// <summary>From here on, iterations are injected ten times a second; below, once, so that the rate is exact.</summary>
    private const double ManyPerSecond = 1_000;

    private static readonly TimeSpan LongInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ShortInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>How far a rate is from the one that was asked for, as a share of it: NBomber begins whole iterations.</summary>
    public double WorstRounding { get; private init; }

    /// <summary>Whether a part of a shape is shorter than NBomber takes it.</summary>
    /// <param name="shape">The load.</param>
    /// <param name="leastSeconds">How long the whole must be.</param>
    public static bool IsTooShort(LoadShape shape, out double leastSeconds)
    {
        double missing = shape.Parts.Max(part => (part.From == part.To ? 1 : 2) * LeastPart.TotalSeconds / part.Seconds);
        leastSeconds = shape.Seconds * missing;
        return missing > 1 + 1e-9;
    }

    /// <summary>The smallest batch with which NBomber keeps up with a rate.</summary>
    public static int BatchFor(double rate, int most) =>
        (int)Math.Clamp(Math.Ceiling(rate / MaxIterationsPerSecond), 1, most);

    /// <summary>Copies that send their next batch when the last one is answered.</summary>
    public static LoadPlan Closed(int copies, int batch, TimeSpan duration) =>
        new([Simulation.KeepConstant(copies, duration)], batch, null);

    /// <summary>Batches that begin when they are due, whether or not others were answered.</summary>
    /// <param name="shape">One that <see cref="IsTooShort"/> does not refuse.</param>
    /// <param name="batch">Flows of one iteration.</param>
    public static LoadPlan Open(LoadShape shape, int batch)
    {
        TimeSpan interval = shape.Rate / batch >= ManyPerSecond ? ShortInterval : LongInterval;
        List<LoadSimulation> simulations = [];
        long iterations = 0;
        int before = 0;
        double worst = 0;
        foreach ((double seconds, double fromRate, double toRate) in shape.Parts)
        {
            int from = InInterval(fromRate);
            int to = InInterval(toRate);
            TimeSpan duration = TimeSpan.FromSeconds(seconds);
            if (from == to)
            {
                Inject(to, duration);
                continue;
            }

            if (from != before)
            {
                // NBomber ramps from where it is, at first from 0; so it is brought there.
                Inject(from, LeastPart);
                duration -= LeastPart;
            }

            simulations.Add(Simulation.RampingInject(to, interval, duration));
            iterations += Injected(from, to, interval, duration);
            before = to;
        }

        return new([.. simulations], batch, iterations) { WorstRounding = worst };

        int InInterval(double rate)
        {
            double exact = rate / batch * interval.TotalSeconds;
            worst = Math.Max(worst, Math.Abs(Math.Round(exact) - exact) / exact);
            return (int)Math.Round(exact);
        }

        void Inject(int inInterval, TimeSpan duration)
        {
            simulations.Add(Simulation.Inject(inInterval, interval, duration));
            iterations += Injected(inInterval, inInterval, interval, duration);
            before = inInterval;
        }
    }

    /// <summary>What NBomber injects: it knows the progress of a ramp in whole percents, at the start of each interval.</summary>
    private static long Injected(int from, int to, TimeSpan interval, TimeSpan duration)
    {
        long sum = 0;
        for (TimeSpan at = TimeSpan.Zero; at < duration; at += interval)
        {
            double percent = Math.Round(at / duration * 100, MidpointRounding.AwayFromZero);
            sum += (long)Math.Round(((to - from) / 100.0 * percent) + from, MidpointRounding.AwayFromZero);
        }

        return sum;
    }
}
