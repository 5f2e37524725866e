using FastCache.Io;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Engine;

/// <summary>The open loop against a node: the requests of a stream for each connection, every reply checked.</summary>
internal sealed class OpenRequestLoop(
    IShardIo io,
    LoadConnection<InOrder>[] connections,
    RequestStream[] streams,
    int depth,
    double rate,
    TimeSpan duration,
    LatencyRecorder recorder,
    StopSignal stop) : OpenLoop(io, connections, depth, rate, duration, recorder, stop)
{
    private readonly LoadConnection<InOrder>[] _connections = connections;

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
