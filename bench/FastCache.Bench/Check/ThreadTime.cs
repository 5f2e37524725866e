using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FastCache.Bench.Check;

/// <summary>The time that the calling thread has spent on a processor.</summary>
/// <remarks>
/// On a machine that does other things as well, a thread waits for its processor for milliseconds at a time, and which
/// side of a comparison waits is chance. Garbage collections count: they run on the thread that allocates. Outside Linux
/// it is the time on the wall.
/// </remarks>
internal static partial class ThreadTime
{
    private const int ThreadCpuClock = 3;
    private const long NanosPerSecond = 1_000_000_000;
    private static readonly bool IsLinux = OperatingSystem.IsLinux();

    /// <summary>Nanoseconds since some moment.</summary>
    public static long NowNanos()
    {
        if (!IsLinux)
        {
            return (long)(Stopwatch.GetTimestamp() * ((double)NanosPerSecond / Stopwatch.Frequency));
        }

        int result = ClockGetTime(ThreadCpuClock, out TimeSpec time);
        Debug.Assert(result == 0);
        return (time.Seconds * NanosPerSecond) + time.Nanos;
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, out TimeSpec time);

    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanos;
    }
}
