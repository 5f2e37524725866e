namespace FastCache.Node.Sessions;

/// <summary>What one session is still to be sent, and nobody has asked for on its connection.</summary>
/// <param name="carries">The memory.</param>
internal sealed class PushQueue(CarryPool carries)
{
    public FrameQueue Frames { get; } = new(carries);

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
    private const int LongestFrameBytes = sizeof(int) + RequestExecutor.MaxReplyBytes;

    private readonly List<Session> _waiting = [];

    // No memory is left for replies that are not read, so that nobody is sent anything. The loop may sleep: only a peer that has read, or
    // has gone, gives some back, and that is an event.
    private bool _isHeldUp;

    /// <summary>Most bytes that wait for one session: 8 MiB, or a quarter of the memory for input, but at least the longest frame.</summary>
    public int MostBytes { get; } = (int)Math.Max(LongestFrameBytes, Math.Min(MostBytesOfAny, carries.BudgetBytes / MemoryShare));

    /// <summary>Whether a session that can be sent something is to be sent something.</summary>
    public bool HasWork
    {
        get
        {
            if (_isHeldUp)
            {
                return false;
            }

            foreach (Session session in _waiting)
            {
                if (session is { MayExecute: true, IsHeld: false } or { MayExecute: true, IsOnlyParked: true })
                {
                    return true;
                }
            }

            return false;
        }
    }

    /// <summary>Whether something waits for a session, and it is not in the middle of the replies to one request.</summary>
    public static bool IsDue(Session session) => session.Pushed is { Frames.IsEmpty: false } && session.Input.Position.BatchKeys == 0;

    /// <summary>Lets a session be sent a frame in its turn, or ends its connection.</summary>
    /// <param name="session">One of this shard.</param>
    /// <param name="frame">At most <see cref="RequestExecutor.MaxReplyBytes"/>; it is copied.</param>
    public void Add(Session session, ReadOnlySpan<byte> frame)
    {
        PushQueue queue = session.Pushed ??= new PushQueue(carries);
        if (queue.IsClosing || session.State != SessionState.Open)
        {
            return;
        }

        bool isFirst = queue.Frames.IsEmpty;
        if (!queue.Frames.TryAdd(frame, MostBytes))
        {
            queue.IsClosing = true;
            Drop(session);
            tooSlow(session);
        }
        else if (isFirst)
        {
            queue.Place = _waiting.Count;
            _waiting.Add(session);
        }
    }

    /// <summary>Hands the sessions that are to be sent something to <paramref name="ready"/>.</summary>
    public void TakeReady(Action<Session> ready)
    {
        if (_isHeldUp)
        {
            return; // They would wait for the next pass, and the loop would not sleep for them.
        }

        foreach (Session session in _waiting)
        {
            if (session is { MayExecute: true, IsHeld: false })
            {
                ready(session);
            }
        }
    }

    /// <summary>Sends their frames to sessions that wait for a call which is held back: behind the replies before it, and before its own.</summary>
    /// <remarks>To be called when a pass has executed everything.</remarks>
    /// <param name="replies">Where it goes.</param>
    public void EndPass(ReplyPath replies)
    {
        _isHeldUp = replies.IsBacklogFull;
        if (_isHeldUp)
        {
            return;
        }

        for (int i = _waiting.Count - 1; i >= 0; i--)
        {
            // What a session is sent in one pass lies in one piece: one that was sent anything in this pass has its turn in the next.
            Session session = _waiting[i];
            if (session is { IsOnlyParked: true, StagedBytes: 0 } && replies.Allowance(session) is int most and > 0)
            {
                replies.Stage(session, Write(session, replies.Room, most));
            }
        }
    }

    /// <summary>Writes the next frames of a session, if there are any.</summary>
    /// <param name="session">Whose.</param>
    /// <param name="room">At least <see cref="RequestExecutor.MaxReplyBytes"/>, for a session that is pushed anything.</param>
    /// <param name="mostBytes">No frame begins beyond so many bytes.</param>
    public int Write(Session session, Span<byte> room, int mostBytes)
    {
        if (session.Pushed is not { Frames.IsEmpty: false } queue)
        {
            return 0;
        }

        int bytes = 0;
        while (!queue.Frames.IsEmpty && bytes < mostBytes && bytes + queue.Frames.First.Length <= room.Length)
        {
            queue.Frames.First.CopyTo(room[bytes..]);
            bytes += queue.Frames.First.Length;
            queue.Frames.RemoveFirst();
        }

        if (queue.Frames.IsEmpty)
        {
            Leave(queue);
        }

        return bytes;
    }

    /// <summary>Forgets what was to be sent on a connection that has ended.</summary>
    public void Closed(Session session)
    {
        Drop(session);
        session.Pushed = null;
    }

    private void Drop(Session session)
    {
        if (session.Pushed is { Frames.IsEmpty: false } queue)
        {
            queue.Frames.Clear();
            Leave(queue);
        }
    }

    private void Leave(PushQueue queue)
    {
        Session last = _waiting[^1];
        _waiting[queue.Place] = last;
        last.Pushed!.Place = queue.Place;
        _waiting.RemoveAt(_waiting.Count - 1);
    }
}
