using System.Diagnostics;
using FastCache.Io;

namespace FastCache.Node.Sessions;

/// <summary>How much an <see cref="Outbox"/> takes before it sends.</summary>
/// <param name="BlockBytes">Staged bytes of all sessions; the block has room for one more reply behind them.</param>
/// <param name="SessionWatermark">Staged bytes of one session.</param>
internal readonly record struct OutboxSizes(int BlockBytes, int SessionWatermark)
{
    /// <summary>What a node uses; tests make cuts frequent with less.</summary>
    public static OutboxSizes Default => new(4 << 20, 256 << 10);
}

/// <summary>Collects the replies of one pass, all connections behind one another, and sends them.</summary>
/// <remarks>
/// One block of memory serves every pass: it stays in the cache, where a buffer per connection would not, and one
/// submission sends for all connections (16% less CPU than a flush per connection in the prototype, see DESIGN.md).
/// <para>Invariant: a session's staged replies are contiguous, because its requests are executed one after another.</para>
/// </remarks>
internal sealed class Outbox(IShardIo io, int maxReplyBytes, OutboxSizes sizes) : IDisposable
{
    private readonly NativeBuffer _block = new(sizes.BlockBytes + maxReplyBytes);
    private readonly List<Session> _staged = new(64);
    private int _used;

    /// <summary>A session with this many staged bytes waits for the next pass: no peer fills the block alone.</summary>
    public int SessionWatermark => sizes.SessionWatermark;

    /// <summary>Sessions whose replies were sent since the last <see cref="Settle"/>.</summary>
    public List<Session> Sent => _staged;

    /// <summary>Bytes of all replies staged since the last <see cref="Settle"/>.</summary>
    public int StagedBytes => _used;

    /// <summary>Bytes that may be staged before the next <see cref="Send"/>; the last reply may go beyond them.</summary>
    public int RoomBytes => sizes.BlockBytes - _used;

    /// <summary>Where the next reply goes; longer than <see cref="RoomBytes"/> by the largest reply.</summary>
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
