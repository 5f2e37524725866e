using System.Diagnostics;
using FastCache.LoadGen.Machine;

namespace FastCache.LoadGen.Engine;

/// <summary>Watches a recorder from another thread: what has happened since the last look.</summary>
internal sealed class LiveSeconds
{
    private readonly LatencyRecorder _recorder;
    private readonly long[] _seen = new long[LiveCounts.Buckets];
    private readonly long[] _now = new long[LiveCounts.Buckets];
    private Look _last;

    /// <summary>Starts from what is recorded already.</summary>
    public LiveSeconds(LatencyRecorder recorder)
    {
        _recorder = recorder;
        recorder.Live.CopyTo(_seen);
        _last = LookNow();
    }

    /// <summary>What happened since the last call; goes to the recorder's timeline as well.</summary>
    public Second Next()
    {
        _recorder.Live.CopyTo(_now);
        Look look = LookNow();
        long count = 0;
        for (int i = 0; i < _now.Length; i++)
        {
            (_now[i], _seen[i]) = (_now[i] - _seen[i], _now[i]);
            count += _now[i];
        }

        TimeSpan length = Stopwatch.GetElapsedTime(_last.At, look.At);
        long hits = look.Hits - _last.Hits;
        long reads = hits + look.Misses - _last.Misses;
        bool isSameServer = look.Server == _last.Server;
        Second second = new(
            length, count, Percentile(count, 0.5), Percentile(count, 0.99), Percentile(count, 0.999),
            isSameServer ? (look.CpuNanos - _last.CpuNanos) / length.TotalNanoseconds : null,
            look.ResidentBytes,
            reads == 0 ? null : hits / (double)reads);
        if (look.Phase == _last.Phase)
        {
            _recorder.Timeline.Add(look.Phase, second);
        }

        _last = look;
        return second;
    }

    private double Percentile(long count, double share)
    {
        long rest = (long)Math.Ceiling(count * share);
        int bucket = -1;
        while (rest > 0 && bucket + 1 < _now.Length)
        {
            rest -= _now[++bucket];
        }

        return LiveCounts.Floor(Math.Max(0, bucket)) / 1_000.0;
    }

    private Look LookNow()
    {
        int? server = _recorder.Timeline.Server;
        long? cpu = null;
        long? resident = null;
        if (server is int process)
        {
            try
            {
                cpu = ProcessCpu.Nanos(process);
                resident = ProcessMemory.ResidentBytes(process);
            }
            catch (Exception gone) when (gone is IOException or InvalidDataException)
            {
                // It has ended, or ends: its memory is not told any more.
            }
        }

        return new(
            Stopwatch.GetTimestamp(), _recorder.Timeline.Phase, server, cpu, resident,
            _recorder.Live.Of(ReplyKind.Hit), _recorder.Live.Of(ReplyKind.Miss));
    }

    private readonly record struct Look(
        long At, int Phase, int? Server, long? CpuNanos, long? ResidentBytes, long Hits, long Misses);
}
