using System.Diagnostics;
using System.Globalization;

namespace FastCache.LoadGen.Machine;

/// <summary>Watches how long threads of some processes wait for a processor that somebody else has.</summary>
/// <param name="processes">Their ids.</param>
internal sealed class RunQueue(params int[] processes)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly long _waitedBefore = processes.Sum(WaitNanos);

    /// <summary>All waits since the watch began, as a share of the time; 0 where the kernel does not count them.</summary>
    public double WaitShare() =>
        (processes.Sum(WaitNanos) - _waitedBefore) / Stopwatch.GetElapsedTime(_start).TotalNanoseconds;

    /// <summary>Three numbers: nanoseconds run, nanoseconds waited, times that it ran.</summary>
    internal static long Parse(string schedstat) => long.Parse(schedstat.Split(' ')[1], CultureInfo.InvariantCulture);

    private static long WaitNanos(int process)
    {
        long nanos = 0;
        foreach (string thread in Directory.EnumerateDirectories($"/proc/{process}/task"))
        {
            try
            {
                nanos += Parse(File.ReadAllText(Path.Combine(thread, "schedstat")));
            }
            catch (IOException)
            {
                // The thread has ended meanwhile, or the kernel does not count.
            }
        }

        return nanos;
    }
}
