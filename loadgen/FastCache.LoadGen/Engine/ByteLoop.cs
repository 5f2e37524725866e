using FastCache.Io;

namespace FastCache.LoadGen.Engine;

/// <summary>The closed loop against the byte-moving program: as many bytes out and in, and no look at them.</summary>
internal sealed class ByteLoop(
    IShardIo io,
    LoadConnection[] connections,
    int depth,
    int requestBytes,
    int replyBytes,
    LatencyRecorder recorder,
    StopSignal stop) : BatchLoop(io, connections, stop), IDisposable
{
    private readonly FrameBuffer _requests = new(1, depth * requestBytes);
    private readonly int[] _partialReply = new int[connections.Length];

    public void Dispose() => _requests.Dispose();

    protected override int Count(LoadConnection connection, ReadOnlySpan<byte> bytes, long now)
    {
        ref int partial = ref _partialReply[connection.Id.Slot];
        (int count, partial) = Math.DivRem(partial + bytes.Length, replyBytes);
        if (count > connection.Outstanding)
        {
            throw new LoadFailedException(
                $"the byte-moving program sent {count} replies where {connection.Outstanding} were due");
        }

        recorder.Live.Add(ReplyKind.Hit, now - connection.SentAt, count);
        return count;
    }

    protected override ReadOnlySpan<byte> NextBatch(LoadConnection connection, out int count)
    {
        count = depth;
        return _requests.Of(0);
    }
}
