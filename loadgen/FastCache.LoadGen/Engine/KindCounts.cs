namespace FastCache.LoadGen.Engine;

/// <summary>Counts the replies of one received chunk by kind.</summary>
internal struct KindCounts : IReplySink
{
    public int Hits { get; private set; }

    public int Misses { get; private set; }

    public int Writes { get; private set; }

    public readonly int Total => Hits + Misses + Writes;

    public void Accept(ReplyKind kind)
    {
        switch (kind)
        {
            case ReplyKind.Hit:
                Hits++;
                break;
            case ReplyKind.Miss:
                Misses++;
                break;
            default:
                Writes++;
                break;
        }
    }

    /// <summary>Records all of them with one latency.</summary>
    public readonly void RecordTo(LatencyRecorder recorder, long nanos)
    {
        if (Hits > 0)
        {
            recorder.Record(ReplyKind.Hit, nanos, Hits);
        }

        if (Misses > 0)
        {
            recorder.Record(ReplyKind.Miss, nanos, Misses);
        }

        if (Writes > 0)
        {
            recorder.Record(ReplyKind.Write, nanos, Writes);
        }
    }
}
