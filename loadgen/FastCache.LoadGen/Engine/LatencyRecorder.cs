using System.Runtime.CompilerServices;
using HdrHistogram;

namespace FastCache.LoadGen.Engine;

/// <summary>The latencies of one phase by kind, in nanoseconds, 1 ns to 60 s with three digits.</summary>
internal sealed class LatencyRecorder
{
    private const long MaxNanos = 60_000_000_000;
    private const int Digits = 3;

    private readonly LongHistogram[] _byKind =
        [new(1, MaxNanos, Digits), new(1, MaxNanos, Digits), new(1, MaxNanos, Digits)];

    /// <summary>Name of the phase, for the live line.</summary>
    public string Phase { get; set; } = "";

    /// <summary>For the live line; never reset.</summary>
    public LiveCounts Live { get; } = new();

    /// <summary>Adds replies of one latency; a latency above 60 s counts as 60 s.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Record(ReplyKind kind, long nanos, long count)
    {
        nanos = Math.Clamp(nanos, 1, MaxNanos);
        _byKind[(int)kind].RecordValueWithCount(nanos, count);
        Live.Add(nanos, count);
    }

    /// <summary>Adds what another has recorded; the live counts stay.</summary>
    public void Add(LatencyRecorder other)
    {
        for (int kind = 0; kind < _byKind.Length; kind++)
        {
            _byKind[kind].Add(other._byKind[kind]);
        }
    }

    /// <summary>Forgets all but the live counts.</summary>
    public void Reset()
    {
        foreach (LongHistogram histogram in _byKind)
        {
            histogram.Reset();
        }
    }

    public Percentiles Summarize(ReplyKind kind) => Percentiles.Of(_byKind[(int)kind]);
}
