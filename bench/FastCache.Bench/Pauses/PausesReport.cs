using FastCache.Bench.Machine;
using FastCache.LoadGen.Reporting;

namespace FastCache.Bench.Pauses;

/// <summary>Runs the events of <c>pauses</c> and prints how long single calls took.</summary>
internal static class PausesReport
{
    private const int CompilingOperations = 20_000;

    /// <summary>Leaves values of 16 MiB and a shard of 64 MiB.</summary>
    private const int CompilingDivisor = 32;

    public static void Run(int operations, string? only, TextWriter output)
    {
        PauseEvent[] events = [.. PauseEvents.All.Where(one => only is null || one.Name.Contains(only, StringComparison.OrdinalIgnoreCase))];
        foreach (PauseEvent one in events)
        {
            // Once in small, so that nothing is compiled while it is timed.
            using PauseLoop compiled = Measure(one.Ordinary, one.Prepare, one.Happen, CompilingOperations, CompilingDivisor);
        }

        foreach (PauseEvent one in events)
        {
            output.WriteLine($"{one.Name}:");
            PauseLoop without = Measure(one.Ordinary, one.Baseline ?? one.Prepare, happen: null, operations, divisor: 1);
            without.Dispose();
            using PauseLoop with = Measure(one.Ordinary, one.Prepare, one.Happen, operations, divisor: 1);
            TextTable table = new("", "calls", "p50", "p99.9", "p99.99", "max", "wall p99.99", "max");
            table.Right(1, 2, 3, 4, 5, 6, 7);
            Add(table, "operations without it", without.Operations);
            Add(table, "operations with it", with.Operations);
            Add(table, "Maintain without it", without.Maintenance);
            Add(table, "Maintain with it", with.Maintenance);
            if (with.Event.Count > 0)
            {
                Add(table, "the calls that do it", with.Event);
            }

            table.WriteTo(output);
            output.WriteLine(with.Took is TimeSpan took
                ? $"  over, with all that follows in the background, after {Format.Micros(took.TotalMicroseconds)}"
                : "  it has not ended");
            output.WriteLine();
        }
    }

    private static PauseLoop Measure(
        OrdinaryOperations ordinary, Action<PauseLoop> prepare, Func<PauseLoop, bool>? happen, int operations, int divisor)
    {
        PauseLoop loop = new(ordinary, divisor);
        prepare(loop);
        loop.Run(operations, happen);
        return loop;
    }

    private static void Add(TextTable table, string name, LatencyLog log) => table.Add(
        name,
        $"{log.Count:N0}",
        Format.Micros(log.CpuMicros(50)),
        Format.Micros(log.CpuMicros(99.9)),
        Format.Micros(log.CpuMicros(99.99)),
        Format.Micros(log.MaxCpuNanos / 1e3),
        Format.Micros(log.WallMicros(99.99)),
        Format.Micros(log.MaxWallNanos / 1e3));
}
