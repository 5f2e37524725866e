using System.Diagnostics;
using HdrHistogram;

namespace FastCache.Bench.Client;

/// <summary>What a client's load came to.</summary>
/// <param name="PerSecond">Requests answered a second.</param>
/// <param name="MedianMicros">Half took no longer.</param>
/// <param name="P99Micros">99% took no longer.</param>
/// <param name="CpuNanos">Processor time of the client's process for each.</param>
/// <param name="AllocatedBytes">Managed bytes for each.</param>
internal sealed record ClientFigures(
    double PerSecond, double MedianMicros, double P99Micros, double CpuNanos, double AllocatedBytes);

/// <summary>Tasks that await one request after the other.</summary>
internal sealed class AwaitLoad
{
    private static readonly double NanosPerTick = 1e9 / Stopwatch.Frequency;

    private volatile bool _isOn = true;

    public bool IsOn => _isOn;

    /// <summary>Loads a client.</summary>
    public static async Task<ClientFigures> RunAsync(ClientSubject subject, int tasks, TimeSpan duration)
    {
        AwaitLoad load = new();
        Caller[] callers = [.. Enumerable.Range(0, tasks).Select(i => new Caller(subject.StartOf(i, tasks)))];
        Task[] loops = [.. callers.Select(caller => Task.Run(() => subject.LoopAsync(load, caller)))];
        await Task.Delay(duration / 4);
        long firstCount = callers.Sum(caller => caller.Count);
        long allocated = GC.GetTotalAllocatedBytes();
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        foreach (Caller caller in callers)
        {
            caller.IsMeasured = true;
        }

        await Task.Delay(duration);
        long count = callers.Sum(caller => caller.Count) - firstCount;
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        cpu = Environment.CpuUsage.TotalTime - cpu;
        allocated = GC.GetTotalAllocatedBytes() - allocated;
        load._isOn = false;
        await Task.WhenAll(loops);
        LongHistogram all = Caller.NewHistogram();
        foreach (Caller caller in callers)
        {
            all.Add(caller.Latencies);
        }

        return new(
            count / elapsed.TotalSeconds,
            all.GetValueAtPercentile(50) / 1e3,
            all.GetValueAtPercentile(99) / 1e3,
            cpu.TotalNanoseconds / count,
            (double)allocated / count);
    }

    /// <summary>One task's part.</summary>
    internal sealed class Caller(int start)
    {
        private const long MaxNanos = 60_000_000_000;

        /// <summary>The request that comes next.</summary>
        public int Request { get; set; } = start;

        public LongHistogram Latencies { get; } = NewHistogram();

        public long Count { get; private set; }

        public bool IsMeasured { get; set; }

        public static LongHistogram NewHistogram() => new(1, MaxNanos, 2);

        public void Record(long start)
        {
            Count++;
            if (IsMeasured)
            {
                long nanos = (long)((Stopwatch.GetTimestamp() - start) * NanosPerTick);
                Latencies.RecordValue(Math.Clamp(nanos, 1, MaxNanos));
            }
        }
    }
}
