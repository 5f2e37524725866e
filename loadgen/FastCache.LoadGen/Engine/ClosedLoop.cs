using FastCache.Io;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Engine;

/// <summary>The measured load at full speed; a reply's latency counts from when its batch was sent.</summary>
/// <typeparam name="TWalker">What looks at replies.</typeparam>
/// <param name="io">The connections' backend.</param>
/// <param name="connections">Connections, indexed by slot.</param>
/// <param name="streams">What each of them sends, in a circle.</param>
/// <param name="depth">Requests of a batch.</param>
/// <param name="recorder">Takes the latencies.</param>
/// <param name="stop">Ends it early.</param>
internal sealed class ClosedLoop<TWalker>(
    IShardIo io,
    LoadConnection<TWalker>[] connections,
    RequestStream[] streams,
    int depth,
    LatencyRecorder recorder,
    StopSignal stop) : BatchLoop(io, connections, stop)
    where TWalker : struct, IReplyWalker
{
    protected override int Count(LoadConnection connection, ReadOnlySpan<byte> bytes, long now)
    {
        KindCounts counts = default;
        connections[connection.Id.Slot].Walker.Walk(bytes, ref counts);
        counts.RecordTo(recorder, now - connection.SentAt);
        return counts.Total;
    }

    protected override ReadOnlySpan<byte> NextBatch(LoadConnection connection, out int count)
    {
        int slot = connection.Id.Slot;
        RequestStream stream = streams[slot];
        int start = connection.NextRequest;
        count = Math.Min(depth, stream.Count - start);
        connection.NextRequest = start + count == stream.Count ? 0 : start + count;
        connections[slot].Walker.Sent(start, count);
        return stream.Range(start, count);
    }
}
