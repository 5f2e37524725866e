using System.Diagnostics;
using System.Globalization;

namespace FastCache.LoadGen.Machine;

/// <summary>Watches how long the calling thread, and all threads of some processes, wait for a processor that somebody else has.</summary>
/// <remarks>Of this process only the one thread: the others wait for it, and do nothing that is measured.</remarks>
/// <param name="processes">Ids of the other processes.</param>
internal sealed class RunQueue(params int[] processes)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly long _ownBefore = OwnNanos();
    private readonly long _othersBefore = OthersNanos(processes);

    /// <summary>
    /// The waits since the watch began, of the same calling thread or of the others together, whichever are longer, as a
    /// share of the time; 0 where the kernel does not count them.
    /// </summary>
    public double WaitShare()
    {
        long waits = Math.Max(OwnNanos() - _ownBefore, OthersNanos(processes) - _othersBefore);
        return Math.Clamp(waits / Stopwatch.GetElapsedTime(_start).TotalNanoseconds, 0, 1);
    }

    /// <summary>Three numbers: nanoseconds run, nanoseconds waited, times that it ran.</summary>
    internal static long Parse(string schedstat) => long.Parse(schedstat.Split(' ')[1], CultureInfo.InvariantCulture);

    private static long OwnNanos() => ThreadNanos("/proc/thread-self");

    private static long OthersNanos(int[] processes) =>
        processes.SelectMany(process => Directory.EnumerateDirectories($"/proc/{process}/task")).Sum(ThreadNanos);

    private static long ThreadNanos(string directory)
    {
        try
        {
            return Parse(File.ReadAllText(Path.Combine(directory, "schedstat")));
        }
        catch (IOException)
        {
            return 0; // The thread has ended meanwhile, or the kernel does not count.
        }
    }
}
