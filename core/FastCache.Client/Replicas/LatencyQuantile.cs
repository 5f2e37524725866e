using System.Diagnostics;

namespace FastCache.Client.Replicas;

/// <summary>Follows a percentile of latencies without keeping them: each sample above it raises it, each below lowers it, in
/// such proportion that it rests where the wanted share is below.</summary>
/// <remarks>From any number of threads, without a lock: a sample that is lost to another one changes nothing.</remarks>
/// <param name="share">Of the samples that are to be below, 0.5 to 0.999.</param>
internal sealed class LatencyQuantile(double share)
{
    private const double Step = 0.05; // Of its value, for a sample above.

    private long _ticks = Stopwatch.Frequency / 1000;

    /// <summary>It now, in ticks of <see cref="Stopwatch"/>.</summary>
    public long Ticks => Volatile.Read(ref _ticks);

    /// <summary>Takes a sample in.</summary>
    public void Add(long latency)
    {
        long before = Volatile.Read(ref _ticks);
        double change = latency > before ? Step * share : -Step * (1 - share);

        // Rounded away from zero, so that small values move as well.
        double after = before * (1 + change);
        Volatile.Write(ref _ticks, (long)(change > 0 ? Math.Ceiling(after) : Math.Max(1, Math.Floor(after))));
    }
}
