using System.Diagnostics;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;
using HdrHistogram;

namespace FastCache.LoadGen.Machine;

/// <summary>How long the machine itself took a processor away from a thread that only reads the clock.</summary>
/// <param name="Cpu">Which processor.</param>
/// <param name="When">Before or after the run.</param>
/// <param name="Gaps">Gaps between two readings above 1 us.</param>
/// <param name="P999Micros">99.9% of the gaps are not longer, in microseconds.</param>
/// <param name="MaxMicros">The longest, in microseconds.</param>
/// <param name="LostShare">All gaps together, as a share of the time.</param>
internal sealed record Stall(int Cpu, string When, long Gaps, double P999Micros, double MaxMicros, double LostShare);

/// <summary>Measures <see cref="Stall"/> on several processors at once.</summary>
internal static class StallProbe
{
    private const long LeastGapNanos = 1_000;
    private const long MostGapNanos = 60_000_000_000;
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(1);

    /// <summary>Takes a second.</summary>
    public static Stall[] Measure(IEnumerable<int> cpus, string when)
    {
        int[] probed = [.. cpus.Distinct().Order()];
        Stall[] stalls = new Stall[probed.Length];
        Thread[] threads = new Thread[probed.Length];
        for (int i = 0; i < probed.Length; i++)
        {
            int place = i;
            threads[i] = new(() => stalls[place] = MeasureHere(probed[place], when));
            threads[i].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        return stalls;
    }

    private static Stall MeasureHere(int cpu, string when)
    {
        CpuAffinity.PinCallingThread(CpuList.Of(cpu));
        LongHistogram gaps = new(1, MostGapNanos, 3);
        long lost = 0;
        long start = Stopwatch.GetTimestamp();
        long end = start + (long)(Length.TotalSeconds * Stopwatch.Frequency);
        long last = start;
        while (last < end)
        {
            long now = Stopwatch.GetTimestamp();
            long gap = now - last;
            if (gap > LeastGapNanos)
            {
                gaps.RecordValue(Math.Min(gap, MostGapNanos));
                lost += gap;
            }

            last = now;
        }

        Percentiles of = Percentiles.Of(gaps);
        return new(cpu, when, of.Count, of.P999, of.Max, lost / (double)(last - start));
    }
}
