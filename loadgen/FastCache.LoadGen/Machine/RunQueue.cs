using System.Globalization;

namespace FastCache.LoadGen.Machine;

/// <summary>How long threads that could have run waited for a processor that somebody else had.</summary>
internal static class RunQueue
{
    /// <summary>Of all threads of a process that live now, since they began, in nanoseconds; 0 where the kernel does not count it.</summary>
    public static long WaitNanos(int processId)
    {
        long nanos = 0;
        foreach (string thread in Directory.EnumerateDirectories($"/proc/{processId}/task"))
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

    /// <summary>Three numbers: nanoseconds run, nanoseconds waited, times that it ran.</summary>
    internal static long Parse(string schedstat) => long.Parse(schedstat.Split(' ')[1], CultureInfo.InvariantCulture);
}
