using System.Diagnostics;
using FastCache.Bench.Micro.Operations;

namespace FastCache.Bench.Check;

/// <summary>What two operations cost, measured in turn.</summary>
/// <param name="Nanos">Nanoseconds of processor time an operation, median of the rounds.</param>
/// <param name="BaselineNanos">The same of the baseline.</param>
/// <param name="Ratio">Median of the ratios of the rounds.</param>
/// <param name="AllocatedBytes">Managed bytes that the operation allocated, over all rounds.</param>
/// <param name="Operations">How many operations that was.</param>
internal sealed record Measured(double Nanos, double BaselineNanos, double Ratio, long AllocatedBytes, long Operations);

/// <summary>Measures an operation and its baseline in alternation, in this process.</summary>
/// <remarks>
/// The machine's speed drifts by tens of percent within minutes, with what its other guests do to the memory. Both sides
/// of a ratio are therefore run in turn, some milliseconds each, and the ratio is taken round by round before the median
/// is.
/// </remarks>
internal static class AlternatingRounds
{
    private const int WarmUps = 3;
    private static readonly TimeSpan RoundLength = TimeSpan.FromMilliseconds(60);

    /// <exception cref="InvalidOperationException">An operation did not do what it measures.</exception>
    public static Measured Measure(Operation operation, Operation baseline, int rounds)
    {
        for (int i = 0; i < WarmUps; i++)
        {
            _ = Run(operation);
            _ = Run(baseline);
        }

        double[] nanos = new double[rounds];
        double[] baselineNanos = new double[rounds];
        double[] ratios = new double[rounds];
        long allocated = 0;
        long operations = 0;
        for (int round = 0; round < rounds; round++)
        {
            Side measured = default;
            Side compared = default;
            long start = Stopwatch.GetTimestamp();
            do
            {
                measured += Run(operation);
                compared += Run(baseline);
            }
            while (Stopwatch.GetElapsedTime(start) < RoundLength);

            nanos[round] = measured.NanosPerOperation;
            baselineNanos[round] = compared.NanosPerOperation;
            ratios[round] = nanos[round] / baselineNanos[round];
            allocated += measured.AllocatedBytes;
            operations += measured.Operations;
        }

        return new Measured(Median(nanos), Median(baselineNanos), Median(ratios), allocated, operations);
    }

    private static Side Run(Operation operation)
    {
        operation.Reset();
        long allocatedBefore = GC.GetAllocatedBytesForCurrentThread();
        long start = ThreadTime.NowNanos();
        operation.RunChecked();
        long nanos = ThreadTime.NowNanos() - start;
        return new Side(nanos, operation.Count, GC.GetAllocatedBytesForCurrentThread() - allocatedBefore);
    }

    private static double Median(double[] values)
    {
        Array.Sort(values);
        int middle = values.Length / 2;
        return values.Length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }

    private readonly record struct Side(long Nanos, long Operations, long AllocatedBytes)
    {
        public double NanosPerOperation => Nanos / (double)Operations;

        public static Side operator +(Side a, Side b) =>
            new(a.Nanos + b.Nanos, a.Operations + b.Operations, a.AllocatedBytes + b.AllocatedBytes);
    }
}
