using System.Runtime.InteropServices;
using FastCache.Io;

namespace FastCache.Node.Sessions;

/// <summary>Frames that one session is still to be sent, which nobody has asked for on its connection.</summary>
/// <remarks>
/// <code>
///   +--------+------------+-------+------------+-------+--
///   | sent   | length i32 | frame | length i32 | frame | ...
///   +--------+------------+-------+------------+-------+--
///            ^ Start                                    ^ End
/// </code>
/// </remarks>
internal sealed class PushQueue
{
    /// <summary>Where they lie; null while there are none.</summary>
    public NativeBuffer? Buffer { get; set; }

    public int Start { get; set; }

    public int End { get; set; }

    /// <summary>The session's place among those for which something waits.</summary>
    public int Place { get; set; }

    /// <summary>Whether the connection was closed because of them.</summary>
    public bool IsClosing { get; set; }
}

/// <summary>What the sessions of a shard are sent unasked because of others' requests: kept until a pass in which their peers can take it.</summary>
/// <remarks>
/// A peer that does not read what it is sent is disconnected when more waits for it than <see cref="MostBytes"/>, when there is no connection
/// memory for more, or by --write-timeout: nothing is left out for one that stays.
/// </remarks>
/// <param name="carries">The memory.</param>
/// <param name="tooSlow">Closes a connection for which more would wait than may.</param>
internal sealed class Pushes(CarryPool carries, Action<Session> tooSlow)
{
    private const int MostBytesOfAny = 8 << 20;
    private const int MemoryShare = 4;

    private readonly List<Session> _waiting = [];

    /// <summary>Most bytes that wait for one session: 8 MiB, or a quarter of the memory for what connections send and are sent.</summary>
    public int MostBytes { get; } = (int)Math.Min(MostBytesOfAny, carries.BudgetBytes / MemoryShare);

    /// <summary>Whether a session that can be sent something is to be sent something.</summary>
    public bool HasWork
    {
        get
        {
            foreach (Session session in _waiting)
            {
                if (session is { MayExecute: true, IsHeld: false })
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Whether something waits for a session, and it is not in the middle of the replies to one request.</summary>
    public static bool IsDue(Session session) => session.Pushed is { Buffer: not null } && session.Input.Position.BatchKeys == 0;

    /// <summary>Lets a session be sent a frame in its turn, or ends its connection.</summary>
    /// <param name="session">An open one of this shard.</param>
    /// <param name="frame">At most <see cref="RequestExecutor.MaxReplyBytes"/>; it is copied.</param>
    public void Add(Session session, ReadOnlySpan<byte> frame)
    {
        PushQueue queue = session.Pushed ??= new PushQueue();
        if (queue.IsClosing || session.State != SessionState.Open)
        {
            return;
        }

        if (!TryMakeRoom(session, queue, sizeof(int) + frame.Length))
        {
            queue.IsClosing = true;
            Drop(session);
            tooSlow(session);
            return;
        }

        Span<byte> place = queue.Buffer!.Span[queue.End..];
        MemoryMarshal.Write(place, frame.Length);
        frame.CopyTo(place[sizeof(int)..]);
        queue.End += sizeof(int) + frame.Length;
    }

    /// <summary>Hands the sessions that are to be sent something to <paramref name="ready"/>.</summary>
    public void TakeReady(Action<Session> ready)
    {
        foreach (Session session in _waiting)
        {
            if (session is { MayExecute: true, IsHeld: false })
            {
                ready(session);
            }
        }
    }

    /// <summary>Writes the next frames of a session.</summary>
    /// <param name="session">One for which <see cref="IsDue"/> holds.</param>
    /// <param name="room">At least <see cref="RequestExecutor.MaxReplyBytes"/>.</param>
    /// <param name="mostBytes">No frame begins beyond so many bytes.</param>
    public int Write(Session session, Span<byte> room, int mostBytes)
    {
        if (session.Pushed is not { Buffer: NativeBuffer buffer } queue)
        {
            return 0;
        }

        int bytes = 0;
        while (queue.Start < queue.End && bytes < mostBytes)
        {
            ReadOnlySpan<byte> next = buffer.Span[queue.Start..queue.End];
            int length = MemoryMarshal.Read<int>(next);
            if (bytes + length > room.Length)
            {
                break;
            }

            next.Slice(sizeof(int), length).CopyTo(room[bytes..]);
            bytes += length;
            queue.Start += sizeof(int) + length;
        }

        if (queue.Start == queue.End)
        {
            Drop(session);
        }

        return bytes;
    }

    /// <summary>Forgets what was to be sent on a connection that has ended.</summary>
    public void Closed(Session session)
    {
        Drop(session);
        session.Pushed = null;
    }

    private bool TryMakeRoom(Session session, PushQueue queue, int bytes)
    {
        int waiting = queue.End - queue.Start;
        if (waiting + bytes > Math.Max(MostBytes, sizeof(int) + RequestExecutor.MaxReplyBytes))
        {
            return false;
        }

        if (queue.Buffer is not null && queue.End + bytes <= queue.Buffer.Length)
        {
            return true;
        }

        if (queue.Buffer is not null && queue.Start >= waiting && waiting + bytes <= queue.Buffer.Length)
        {
            queue.Buffer.Span[queue.Start..queue.End].CopyTo(queue.Buffer.Span);
            (queue.Start, queue.End) = (0, waiting);
            return true;
        }

        if (carries.Borrow(Math.Max(waiting + bytes, 2 * waiting)) is not NativeBuffer larger)
        {
            return false;
        }

        if (queue.Buffer is null)
        {
            queue.Place = _waiting.Count;
            _waiting.Add(session);
        }
        else
        {
            queue.Buffer.Span[queue.Start..queue.End].CopyTo(larger.Span);
            carries.GiveBack(queue.Buffer);
        }

        (queue.Buffer, queue.Start, queue.End) = (larger, 0, waiting);
        return true;
    }

    private void Drop(Session session)
    {
        if (session.Pushed is { Buffer: NativeBuffer buffer } queue)
        {
            carries.GiveBack(buffer);
            (queue.Buffer, queue.Start, queue.End) = (null, 0, 0);
            Session last = _waiting[^1];
            _waiting[queue.Place] = last;
            last.Pushed!.Place = queue.Place;
            _waiting.RemoveAt(_waiting.Count - 1);
        }
    }
}
