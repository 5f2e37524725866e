using System.Runtime.CompilerServices;
using HdrHistogram;
using HdrHistogram.Utilities;

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

    /// <summary>The seconds of the phase so far.</summary>
    public Timeline Timeline { get; } = new();

    /// <summary>Adds replies of one latency; a latency above 60 s counts as 60 s.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Record(ReplyKind kind, long nanos, long count)
    {
        nanos = Math.Clamp(nanos, 1, MaxNanos);
        _byKind[(int)kind].RecordValueWithCount(nanos, count);
        Live.Add(kind, nanos, count);
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

        Timeline.Clear();
    }

    /// <summary>The whole histogram of a kind in HdrHistogram's compressed form, base 64; empty without replies.</summary>
    public string Encode(ReplyKind kind)
    {
        LongHistogram histogram = _byKind[(int)kind];
        if (histogram.TotalCount == 0)
        {
            return "";
        }

        ByteBuffer buffer = ByteBuffer.Allocate(histogram.GetNeededByteBufferCapacity());
        int length = histogram.EncodeIntoCompressedByteBuffer(buffer);
        byte[] bytes = new byte[length];
        buffer.Position = 0;
        for (int i = 0; i < length; i++)
        {
            bytes[i] = buffer.Get(); // The buffer gives its bytes one by one only.
        }

        return Convert.ToBase64String(bytes);
    }

    public Percentiles Summarize(ReplyKind kind) => Percentiles.Of(_byKind[(int)kind]);
}
