using FastCache.Io;
using FastCache.LoadGen.Workload;

namespace FastCache.LoadGen.Engine;

/// <summary>The open loop against a node: the requests of a stream, every reply checked.</summary>
internal sealed class OpenRequestLoop(
    IShardIo io,
    LoadConnection[] connections,
    RequestStream stream,
    int depth,
    double rate,
    TimeSpan duration,
    LatencyRecorder recorder,
    StopSignal stop) : OpenLoop(io, connections, depth, rate, duration, recorder, stop)
{
    protected override int Available(LoadConnection connection) => stream.Count - connection.NextRequest;

    protected override ReadOnlySpan<byte> Next(LoadConnection connection, int count)
    {
        int start = connection.NextRequest;
        connection.NextRequest = start + count == stream.Count ? 0 : start + count;
        return stream.Range(start, count);
    }

    protected override void Count(LoadConnection connection, ReadOnlySpan<byte> bytes, ref Lateness lateness) =>
        connection.Walker.Walk(bytes, ref lateness);
}
