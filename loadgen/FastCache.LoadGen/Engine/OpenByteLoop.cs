using FastCache.Io;

namespace FastCache.LoadGen.Engine;

/// <summary>The open loop against the byte-moving program: as many bytes out and in, and no look at them.</summary>
internal sealed class OpenByteLoop(
    IShardIo io,
    LoadConnection[] connections,
    int depth,
    int requestBytes,
    int replyBytes,
    double rate,
    TimeSpan duration,
    LatencyRecorder recorder,
    StopSignal stop) : OpenLoop(io, connections, depth, rate, duration, recorder, stop), IDisposable
{
    private readonly FrameBuffer _requests = new(1, depth * requestBytes);
    private readonly int[] _partialReply = new int[connections.Length];

    public void Dispose() => _requests.Dispose();

    protected override int Available(LoadConnection connection) => int.MaxValue;

    protected override ReadOnlySpan<byte> Next(LoadConnection connection, int count) =>
        _requests.Of(0)[..(count * requestBytes)];

    protected override void Count(LoadConnection connection, ReadOnlySpan<byte> bytes, ref Lateness lateness)
    {
        ref int partial = ref _partialReply[connection.Id.Slot];
        (int count, partial) = Math.DivRem(partial + bytes.Length, replyBytes);
        for (int i = 0; i < count; i++)
        {
            lateness.Accept(ReplyKind.Hit);
        }
    }
}
