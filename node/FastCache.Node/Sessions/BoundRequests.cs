using System.Diagnostics;
using FastCache.Protocol;

namespace FastCache.Node.Sessions;

/// <summary>What a connection holds (streams, being told of changes, or of what others publish): its requests, and the frames that it is sent unasked.</summary>
/// <remarks>
/// A session with such frames is served in every pass, also when nothing arrives: first comes the frame of changes, then what
/// others have pushed, then at most one piece of each stream, then its requests are executed. So a request waits for one piece of each stream, and
/// when the pieces leave no room for requests, the next pass sends requests only.
/// </remarks>
/// <param name="streams">The shard's streams.</param>
/// <param name="tracking">The shard's tracking sessions.</param>
/// <param name="pushes">What others push to the shard's sessions.</param>
/// <param name="counters">What is counted.</param>
/// <param name="pieceLimitBytes">No piece of a session begins beyond so many bytes in one pass.</param>
internal sealed class BoundRequests(
    StreamService streams, Tracking tracking, Pushes pushes, NodeCounters counters, int pieceLimitBytes)
{
    private readonly List<Session> _sending = [];

    /// <summary>Whether the next pass has something to send although nothing new may arrive.</summary>
    public bool HasWork =>
        _sending.Exists(session => session.MayExecute) || (tracking.Count > 0 && tracking.HasWork) || pushes.HasWork;

    /// <summary>Whether an opcode needs what its connection holds.</summary>
    public static bool IsBound(Opcode opcode) => opcode is >= Opcode.SetBegin and <= Opcode.Track;

    /// <summary>The loop's time.</summary>
    public long NowMillis { set => streams.NowMillis = value; }

    /// <summary>Executes a request for which <see cref="IsBound"/> holds.</summary>
    /// <returns>Bytes of the reply; 0 if there is none.</returns>
    public int Execute(Session session, in Request request, Span<byte> room)
    {
        counters.Requests++;
        switch (request.Opcode)
        {
            case Opcode.SetBegin:
                return streams.Begin(session, request, room);
            case Opcode.SetPiece:
                return streams.Piece(session, request, room);
            case Opcode.SetCommit:
                return streams.Commit(session, request, room);
            case Opcode.SetAbort:
                return streams.Abort(session, request, room);
            case Opcode.GetStream:
                int bytes = streams.Open(session, request, room);
                NoteSending(session);
                return bytes;
            case Opcode.Credit:
                StreamService.AddCredit(session, request);
                NoteSending(session);
                return 0;
            case Opcode.StreamCancel:
                return streams.Cancel(session, request, room);
            default:
                Debug.Assert(request.Opcode == Opcode.Track);
                return tracking.Execute(session, request, room);
        }
    }

    /// <summary>Hands the sessions that are to be sent something unasked to <paramref name="ready"/>.</summary>
    public void TakeReady(Action<Session> ready)
    {
        foreach (Session session in _sending)
        {
            if (session.MayExecute)
            {
                ready(session);
            }
        }

        if (tracking.Count > 0)
        {
            tracking.TakeReady(ready);
        }

        pushes.TakeReady(ready);
    }

    /// <summary>Adds what a session is to be sent unasked to the group, before its requests of this pass.</summary>
    public void AddTo(RequestGroup group, Session session)
    {
        bool hasPieces = session.IsSending || Pushes.IsDue(session);
        if (!hasPieces && !session.IsTracking)
        {
            return;
        }

        session.SendsPieces = hasPieces && !(session.SendsPieces && session.WasPostponed);
        session.WasPostponed = false;
        if (session.SendsPieces || tracking.IsDue(session))
        {
            if (group.IsFull)
            {
                group.Execute();
            }

            group.AddUnasked(session);
        }
    }

    /// <summary>Writes what a session is sent unasked in this pass.</summary>
    /// <param name="session">It may be answered now.</param>
    /// <param name="room">At least <see cref="RequestExecutor.MaxReplyBytes"/>.</param>
    public int Write(Session session, Span<byte> room)
    {
        int bytes = tracking.Write(session, room);
        if (session.SendsPieces)
        {
            bytes += pushes.Write(session, room[bytes..], pieceLimitBytes);
        }

        if (session is { SendsPieces: true, IsSending: true })
        {
            int mostBytes = Math.Min(pieceLimitBytes, RequestExecutor.MaxReplyBytes - bytes - FcpLimits.HeaderBytes - FcpLimits.MaxPieceBytes);
            bytes += streams.Send(session, room[bytes..], mostBytes);
            if (!session.Streams!.CanSend)
            {
                session.IsSending = false;
                _sending.Remove(session);
            }
        }

        return bytes;
    }

    /// <summary>To be called when a pass has executed everything.</summary>
    /// <param name="replies">Where goes what can be sent to sessions that execute nothing.</param>
    public void EndPass(ReplyPath replies)
    {
        tracking.EndPass();
        pushes.EndPass(replies);
    }

    /// <summary>Ends the streams of a session that wait for its client for too long.</summary>
    public void EndOverdue(Session session)
    {
        streams.EndOverdue(session);
        NoteSending(session);
    }

    /// <summary>Frees what a closed connection held.</summary>
    public void Closed(Session session)
    {
        streams.CloseAll(session);
        tracking.Remove(session);
        pushes.Closed(session);
        if (session.IsSending)
        {
            session.IsSending = false;
            _sending.Remove(session);
        }
    }

    private void NoteSending(Session session)
    {
        if (!session.IsSending && session.Streams is { CanSend: true })
        {
            session.IsSending = true;
            session.SendsPieces = false;
            _sending.Add(session);
        }
    }
}
