using System.Diagnostics;
using FastCache.Cli.Shell;
using FastCache.Client;
using FastCache.LoadGen.Engine;
using HdrHistogram;
using HdrHistogram.Iteration;

namespace FastCache.Cli.Latency;

/// <summary>Latencies of one kind of request to one node, in nanoseconds up to a minute with three digits.</summary>
/// <param name="node">The node.</param>
/// <param name="kind">What is asked.</param>
internal sealed class Probe(NodeName node, string kind)
{
    private static readonly long MostNanos = (long)TimeSpan.FromMinutes(1).TotalNanoseconds;

    private readonly LongHistogram _nanos = new(1, MostNanos, 3);
    private readonly Lock _lock = new();

    public NodeName Node => node;

    public string Kind => kind;

    /// <summary>Requests that had no answer.</summary>
    public long Failures { get; private set; }

    /// <summary>Measures one request.</summary>
    public async Task MeasureAsync(Func<ValueTask> ask)
    {
        long start = Stopwatch.GetTimestamp();
        bool isAnswered = true;
        try
        {
            await ask();
        }
        catch (CacheException)
        {
            isAnswered = false;
        }

        long nanos = (long)Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        lock (_lock)
        {
            if (isAnswered)
            {
                _nanos.RecordValue(Math.Clamp(nanos, 1, MostNanos));
            }
            else
            {
                Failures++;
            }
        }
    }

    public Percentiles Percentiles()
    {
        lock (_lock)
        {
            return LoadGen.Engine.Percentiles.Of(_nanos);
        }
    }

    /// <summary>How many latencies lie in each power of two of microseconds: entry i counts those from 2^i (0: from 0) to below 2^(i+1).</summary>
    public long[] CountsByPower()
    {
        long[] counts = new long[64];
        lock (_lock)
        {
            foreach (HistogramIterationValue value in _nanos.RecordedValues())
            {
                counts[(int)Math.Log2(Math.Max(1, value.ValueIteratedTo / 1_000))] += value.CountAddedInThisIterationStep;
            }
        }

        return counts;
    }
}
