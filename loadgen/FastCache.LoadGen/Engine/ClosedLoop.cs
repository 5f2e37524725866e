using FastCache.Io;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Engine;

/// <summary>The measured load at full speed; a reply's latency counts from when its batch was sent.</summary>
internal sealed class ClosedLoop(
    IShardIo io,
    LoadConnection[] connections,
    RequestStream stream,
    int depth,
    LatencyRecorder recorder,
    StopSignal stop) : BatchLoop(io, connections, stop)
{
    protected override int Count(LoadConnection connection, ReadOnlySpan<byte> bytes, long now)
    {
        KindCounts counts = default;
        connection.Walker.Walk(bytes, ref counts);
        counts.RecordTo(recorder, now - connection.SentAt);
        return counts.Total;
    }

    protected override ReadOnlySpan<byte> NextBatch(LoadConnection connection, out int count)
    {
        int start = connection.NextRequest;
        count = Math.Min(depth, stream.Count - start);
        connection.NextRequest = start + count == stream.Count ? 0 : start + count;
        return stream.Range(start, count);
    }
}
