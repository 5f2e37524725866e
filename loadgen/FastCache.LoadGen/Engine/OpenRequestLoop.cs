using FastCache.Io;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Engine;

/// <summary>The open loop against a node: the requests of a stream for each connection, every reply checked.</summary>
/// <typeparam name="TWalker">What looks at replies, which come in the order of the requests.</typeparam>
/// <param name="io">The connections' backend.</param>
/// <param name="connections">Connections, indexed by slot.</param>
/// <param name="streams">What each of them sends, in a circle.</param>
/// <param name="depth">Most requests that are sent at once.</param>
/// <param name="rate">Requests a second.</param>
/// <param name="duration">Length of the phase.</param>
/// <param name="recorder">Takes the latencies.</param>
/// <param name="stop">Ends it early.</param>
internal sealed class OpenRequestLoop<TWalker>(
    IShardIo io,
    LoadConnection<TWalker>[] connections,
    RequestStream[] streams,
    int depth,
    double rate,
    TimeSpan duration,
    LatencyRecorder recorder,
    StopSignal stop) : OpenLoop(io, connections, depth, rate, duration, recorder, stop)
    where TWalker : struct, IReplyWalker
{
    private readonly LoadConnection<TWalker>[] _connections = connections;

    protected override int Available(LoadConnection connection) =>
        streams[connection.Id.Slot].Count - connection.NextRequest;

    protected override ReadOnlySpan<byte> Next(LoadConnection connection, int count)
    {
        RequestStream stream = streams[connection.Id.Slot];
        int start = connection.NextRequest;
        connection.NextRequest = start + count == stream.Count ? 0 : start + count;
        return stream.Range(start, count);
    }

    protected override void Count(LoadConnection connection, ReadOnlySpan<byte> bytes, ref Lateness lateness) =>
        _connections[connection.Id.Slot].Walker.Walk(bytes, ref lateness);
}
