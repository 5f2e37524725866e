using FastCache.Io;

namespace FastCache.Node.Sessions;

/// <summary>What the inputs of all sessions of a shard share: the backend's receive buffers, and where bytes are carried.</summary>
/// <remarks>
/// A receive buffer belongs to at most one session, so the chain of each session is threaded through two arrays with an
/// entry per buffer, and queueing a buffer allocates nothing.
/// </remarks>
internal sealed class ReceivePath(IShardIo io, int receiveBuffers, CarryPool carries)
{
    private readonly int[] _next = new int[receiveBuffers];
    private readonly int[] _length = new int[receiveBuffers];

    public CarryPool Carries { get; } = carries;

    public int LengthOf(int buffer) => _length[buffer];

    public int NextOf(int buffer) => _next[buffer];

    public ReadOnlySpan<byte> BytesOf(int buffer) => io.Received((ushort)buffer, _length[buffer]);

    public void Take(int buffer, int length)
    {
        _length[buffer] = length;
        _next[buffer] = InputPosition.Nowhere;
    }

    public void Link(int buffer, int next) => _next[buffer] = next;

    public void Release(int buffer) => io.Release((ushort)buffer);
}
