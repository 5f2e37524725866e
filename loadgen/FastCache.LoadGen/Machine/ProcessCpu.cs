using System.Globalization;

namespace FastCache.LoadGen.Machine;

/// <summary>User and system time of processes.</summary>
internal static class ProcessCpu
{
    /// <summary>/proc tells times in hundredths of a second (USER_HZ is 100 on every Linux).</summary>
    private const long NanosPerTick = 10_000_000;

    private const int FieldsAfterName = 11;

    /// <summary>Of this process.</summary>
    public static long OwnNanos() => (long)Environment.CpuUsage.TotalTime.TotalNanoseconds;

    /// <summary>Of a process on this machine, as exact as /proc tells it.</summary>
    public static long Nanos(int processId) => Parse(File.ReadAllText($"/proc/{processId}/stat"));

    /// <summary>Reads fields 14 and 15, counted from the last parenthesis: the name before it may contain anything.</summary>
    internal static long Parse(string stat)
    {
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        long user = long.Parse(fields[FieldsAfterName], CultureInfo.InvariantCulture);
        long system = long.Parse(fields[FieldsAfterName + 1], CultureInfo.InvariantCulture);
        return (user + system) * NanosPerTick;
    }
}
