using System.Diagnostics;
using System.Runtime.CompilerServices;
using HdrHistogram;

namespace FastCache.Bench.Machine;

/// <summary>How long operations took, by the wall clock and by the processor time of their thread.</summary>
/// <remarks>
/// On a shared machine the wall clock also measures how long somebody else had the processor. An operation never takes less
/// by the wall clock than by processor time, so the two bound what the code itself needs. Recording allocates nothing.
/// </remarks>
internal sealed class LatencyLog
{
    private const long MaxNanos = 60_000_000_000;
    private static readonly double NanosPerTick = 1e9 / Stopwatch.Frequency;

    private readonly LongHistogram _wall = new(1, MaxNanos, 3);
    private readonly LongHistogram _cpu = new(1, MaxNanos, 3);

    /// <summary>Operations recorded.</summary>
    public long Count => _wall.TotalCount;

    /// <summary>Longest by the wall clock in nanoseconds, exact.</summary>
    public long MaxWallNanos { get; private set; }

    /// <summary>Longest by processor time in nanoseconds, exact.</summary>
    public long MaxCpuNanos { get; private set; }

    /// <summary>All together by the wall clock in nanoseconds.</summary>
    public long SumWallNanos { get; private set; }

    /// <summary>All together by processor time in nanoseconds.</summary>
    public long SumCpuNanos { get; private set; }

    /// <summary>Begins to measure an operation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Start Begin() => new(ThreadCpu.Nanos(), Stopwatch.GetTimestamp());

    /// <summary>Ends and records it.</summary>
    /// <returns>Its processor time in nanoseconds.</returns>
    public long End(Start start)
    {
        long wall = Math.Max(1, (long)((Stopwatch.GetTimestamp() - start.Ticks) * NanosPerTick));
        long cpu = Math.Max(1, ThreadCpu.Nanos() - start.CpuNanos);
        _wall.RecordValue(Math.Min(wall, MaxNanos));
        _cpu.RecordValue(Math.Min(cpu, MaxNanos));
        MaxWallNanos = Math.Max(MaxWallNanos, wall);
        MaxCpuNanos = Math.Max(MaxCpuNanos, cpu);
        SumWallNanos += wall;
        SumCpuNanos += cpu;
        return cpu;
    }

    /// <summary>So many percent of the operations took no longer, in microseconds of the wall clock.</summary>
    public double WallMicros(double percentile) => Count == 0 ? 0 : _wall.GetValueAtPercentile(percentile) / 1e3;

    /// <summary>So many percent of the operations took no longer, in microseconds of processor time, reading the clocks included.</summary>
    public double CpuMicros(double percentile) => Count == 0 ? 0 : _cpu.GetValueAtPercentile(percentile) / 1e3;

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        _wall.Reset();
        _cpu.Reset();
        MaxWallNanos = MaxCpuNanos = SumWallNanos = SumCpuNanos = 0;
    }

    /// <summary>When an operation began.</summary>
    internal readonly record struct Start(long CpuNanos, long Ticks);
}
