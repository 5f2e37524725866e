using System.Diagnostics;
using FastCache.Io;

namespace FastCache.Node.Sessions;

/// <summary>Collects the replies of one pass, all connections behind one another, and sends them.</summary>
/// <remarks>
/// One block of memory serves every pass: it stays in the cache, where a buffer per connection would not, and one
/// submission sends for all connections (16% less CPU than a flush per connection in the prototype, see DESIGN.md).
/// <para>Invariant: a session's staged replies are contiguous, because its requests are executed one after another.</para>
/// </remarks>
internal sealed class Outbox(IShardIo io, int maxReplyBytes) : IDisposable
{
    /// <summary>A session with this many staged bytes waits for the next pass: no peer fills the block alone.</summary>
    public const int SessionWatermark = 256 << 10;

    private const int BlockBytes = 4 << 20;

    private readonly NativeBuffer _block = new(BlockBytes + maxReplyBytes);
    private readonly List<Session> _staged = new(64);
    private int _used;

    /// <summary>Sessions whose replies were sent since the last <see cref="Settle"/>.</summary>
    public List<Session> Sent => _staged;

    /// <summary>Bytes of all replies staged since the last <see cref="Settle"/>.</summary>
    public int StagedBytes => _used;

    /// <summary>Whether the largest possible reply fits.</summary>
    public bool HasRoom => _used <= BlockBytes;

    /// <summary>Where the next reply goes; at least as long as the largest one when <see cref="HasRoom"/>.</summary>
    public Span<byte> Room => _block.Span[_used..];

    /// <summary>Takes the first <paramref name="bytes"/> bytes of <see cref="Room"/> as a reply to a session.</summary>
    public void Stage(Session session, int bytes)
    {
        if (session.StagedBytes == 0)
        {
            session.StagedStart = _used;
            _staged.Add(session);
        }

        Debug.Assert(session.StagedStart + session.StagedBytes == _used);
        session.StagedBytes += bytes;
        _used += bytes;
    }

    /// <summary>Queues every staged reply; the backend sends them with its next submission.</summary>
    public void Send()
    {
        foreach (Session session in _staged)
        {
            if (session.State != SessionState.Closed)
            {
                io.Send(session.Connection, _block.Span.Slice(session.StagedStart, session.StagedBytes));
            }
        }
    }

    /// <summary>Makes the block free again, once the backend has submitted what <see cref="Send"/> queued.</summary>
    public void Settle()
    {
        foreach (Session session in _staged)
        {
            session.StagedBytes = 0;
        }

        _staged.Clear();
        _used = 0;
    }

    public void Dispose() => _block.Dispose();
}
