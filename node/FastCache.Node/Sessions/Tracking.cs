using FastCache.Protocol;

namespace FastCache.Node.Sessions;

/// <summary>The sessions of a shard that are told of keys which others change.</summary>
/// <remarks>
/// <code>
/// pass n      requests are executed: their keys go into the log
/// end of n    the log turns
/// pass n + 1  each tracking session is sent its frame, before its requests are executed
/// end of n+1  who was not sent it (its peer does not read) has missed changes: it is sent "all keys" when it can be
/// </code>
/// So a reply that was executed before a change leaves before the frame that tells of the change, and one that was executed
/// after that frame comes after it.
/// </remarks>
internal sealed class Tracking(ChangeLog log, NodeCounters counters)
{
    private readonly List<Session> _sessions = [];

    public int Count => _sessions.Count;

    /// <summary>Who tells sessions of other protocols; null: nobody.</summary>
    public IChangeListener? Listener { get; set; }

    /// <summary>Whether a session that can be sent a frame is to be sent one.</summary>
    public bool HasWork
    {
        get
        {
            foreach (Session session in _sessions)
            {
                if (session.MayExecute && IsDue(session))
                {
                    return true;
                }
            }

            return false;
        }
    }

    public int Execute(Session session, in Request request, Span<byte> room)
    {
        if ((session.Features & Features.Push) == 0)
        {
            return ReplyForms.Error(room, request, Status.FeatureNotAgreed, SessionFault.PushNotAgreed);
        }

        Remove(session);
        if (request.Argument == 1)
        {
            _sessions.Add(session);
            session.ToldNumber = log.Number;
            session.HasMissedChanges = false;
            log.IsTracked = true;
        }

        return ReplyForms.Answer(room, request, Status.Ok);
    }

    /// <summary>Whether a session is to be sent a frame.</summary>
    public bool IsDue(Session session) =>
        session.IsTracking && (session.HasMissedChanges || session.ToldNumber != log.Number);

    /// <summary>Hands the sessions that are to be sent a frame to <paramref name="ready"/>.</summary>
    public void TakeReady(Action<Session> ready)
    {
        foreach (Session session in _sessions)
        {
            if (session.MayExecute && IsDue(session))
            {
                ready(session);
            }
        }
    }

    /// <summary>Writes the frame of a session, if it has one.</summary>
    /// <returns>Bytes of the frame; at most <see cref="ChangeLog.MaxFrameBytes"/>.</returns>
    public int Write(Session session, Span<byte> room)
    {
        if (!IsDue(session))
        {
            return 0;
        }

        int bytes = session.HasMissedChanges
            ? ChangeLog.WriteAll(room)
            : log.Write(room, session.Connection.Slot);
        session.HasMissedChanges = false;
        session.ToldNumber = log.Number;
        counters.Invalidations += bytes > 0 ? 1 : 0;
        return bytes;
    }

    /// <summary>Tells every session that all keys may have changed.</summary>
    public void TellAll()
    {
        foreach (Session session in _sessions)
        {
            session.HasMissedChanges = true;
        }

        Listener?.AllChanged();
    }

    /// <summary>Ends a pass of the loop.</summary>
    public void EndPass()
    {
        long told = log.Number;
        if (log.TryTurn())
        {
            foreach (Session session in _sessions)
            {
                session.HasMissedChanges |= session.ToldNumber != told;
            }

            Listener?.Changed(log);
        }

        Listener?.EndPass();
    }

    /// <summary>Forgets a session.</summary>
    public void Remove(Session session)
    {
        if (session.IsTracking)
        {
            _sessions.Remove(session);
            session.ToldNumber = Session.TracksNothing;
            log.IsTracked = _sessions.Count > 0;
        }
    }
}
