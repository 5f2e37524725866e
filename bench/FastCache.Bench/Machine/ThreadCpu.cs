using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FastCache.Bench.Machine;

/// <summary>Processor time of the calling thread: stands still while the machine gives the processor to somebody else.</summary>
/// <remarks>A system call, of some 200 ns. Where there is none the wall clock stands in.</remarks>
internal static unsafe partial class ThreadCpu
{
    private const int ThreadClock = 3;
    private const long NanosPerSecond = 1_000_000_000;
    private static readonly double NanosPerTick = 1e9 / Stopwatch.Frequency;

    /// <summary>Nanoseconds of user and system time since the thread began.</summary>
    public static long Nanos()
    {
        if (!OperatingSystem.IsLinux())
        {
            return (long)(Stopwatch.GetTimestamp() * NanosPerTick);
        }

        Time time;
        int result = GetTime(ThreadClock, &time);
        Debug.Assert(result == 0);
        return (time.Seconds * NanosPerSecond) + time.Nanos;
    }

    [SuppressGCTransition]
    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, Time* time);

    private struct Time
    {
        public long Seconds;
        public long Nanos;
    }
}
