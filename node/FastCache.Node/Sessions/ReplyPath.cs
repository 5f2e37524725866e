using FastCache.Io;
using FastCache.Node.Doors.Resp.Waiting;
using FastCache.Node.Limits;

namespace FastCache.Node.Sessions;

/// <summary>Decides who may be answered now, and keeps the backend, the outbox and the blocked sessions in step.</summary>
/// <param name="io">The backend.</param>
/// <param name="outbox">Where replies are collected.</param>
/// <param name="counters">What is counted.</param>
/// <param name="parkLimitBytes">Most bytes that one blocked peer may have waiting here.</param>
/// <param name="maxPipelined">Most requests of one session in one pass; the others wait for the next.</param>
/// <param name="maxBacklogBytes">Most bytes of replies that the backend holds for peers that do not read.</param>
/// <param name="patienceMillis">How long a session waits for connection memory before it is refused.</param>
/// <param name="waits">Nothing is taken for a peer that is disconnected.</param>
/// <param name="log">Who was disconnected, and why.</param>
internal sealed class ReplyPath(
    IShardIo io, Outbox outbox, NodeCounters counters, int parkLimitBytes, int maxPipelined, long maxBacklogBytes, long patienceMillis,
    Waits waits, NodeLog log)
{
    /// <summary>Of what a blocked peer may have waiting here, a peer that waits for a call has an eighth before it is paused.</summary>
    private const int WaitingShare = 8;

    private readonly List<Session> _blocked = [];
    private readonly List<Session> _draining = [];
    private readonly List<Session> _postponed = [];
    private readonly List<Session> _finished = [];
    private long _pass;

    /// <summary>The loop's time in milliseconds; only differences count.</summary>
    public long NowMillis { get; set; }

    /// <summary>Whether peers that were told to wait because connection memory is scarce still have to.</summary>
    public bool IsMemoryScarce { get; set; }

    /// <summary>Whether so much waits for peers that do not read that nobody is answered.</summary>
    public bool IsBacklogFull { get; private set; }

    /// <summary>Whether the next pass has work although nothing new may arrive.</summary>
    public bool HasWork => _postponed.Count != 0 || _finished.Count != 0;

    public Span<byte> Room => outbox.Room;

    public void Stage(Session session, int bytes) => outbox.Stage(session, bytes);

    /// <summary>How many bytes of replies may be staged for this session before this is asked again.</summary>
    /// <remarks>A reply may begin below the limit and end beyond it: <see cref="Room"/> holds one more of any size.</remarks>
    /// <returns>0 or less when no request of it may be executed now.</returns>
    public int Allowance(Session session)
    {
        if (outbox.RoomBytes <= 0)
        {
            outbox.Send();
            io.Flush();
            Settle();
        }

        // What was counted in an earlier pass holds up nothing: not the late replies of other shards either.
        bool hadItsTurn = session.CountedPass == _pass && session.RequestsInPass > maxPipelined;
        return session.MayExecute && !hadItsTurn && !IsBacklogFull
            ? Math.Min(outbox.RoomBytes, outbox.SessionWatermark - session.StagedBytes)
            : 0;
    }

    /// <summary>Counts requests of a session towards the most that one pass executes of it.</summary>
    public void Count(Session session, int requests)
    {
        if (session.CountedPass != _pass)
        {
            session.CountedPass = _pass;
            session.RequestsInPass = 0;
        }

        session.RequestsInPass += requests;
    }

    /// <summary>Remembers a session whose requests wait for the next pass.</summary>
    public void Postpone(Session session)
    {
        session.IsPostponed = true;
        _postponed.Add(session);
    }

    /// <summary>Hands the postponed sessions that may go on to <paramref name="ready"/>.</summary>
    public void TakePostponed(Action<Session> ready)
    {
        foreach (Session session in _postponed)
        {
            session.IsPostponed = false;
            session.WasPostponed = true;
            ready(session);
        }

        _postponed.Clear();
    }

    /// <summary>Remembers a session whose peer has ended its input and been answered: it closes when the replies are out.</summary>
    public void Finish(Session session) => _finished.Add(session);

    /// <summary>To be called after a submission: closes the finished sessions whose replies the kernel has taken.</summary>
    public void CloseFinished()
    {
        foreach (Session session in _finished)
        {
            // One that is blocked comes back when its peer has read.
            if (session.State == SessionState.Closed || session.IsBlocked)
            {
                continue;
            }

            if (session.IsToDrain)
            {
                session.IsToDrain = session.IsInputOver = false; // Until the peer ends it.
                session.State = SessionState.Draining;
                StartDraining(session);
                continue;
            }

            Close(session);
        }

        _finished.Clear();
    }

    /// <summary>After a submission: finds out whose replies could not be sent whole, and frees the outbox.</summary>
    public void Settle()
    {
        foreach (Session session in outbox.Sent)
        {
            if (session.State == SessionState.Closed)
            {
                continue;
            }

            if (io.IsBlocked(session.Connection))
            {
                session.IsBlocked = true;
                session.StateSinceMillis = NowMillis;
                _blocked.Add(session);
                session.IsPaused = true;
                io.PauseReceiving(session.Connection);
            }
            else if (session.State == SessionState.Draining)
            {
                StartDraining(session);
            }
        }

        // No request is executed whose reply might not be held: the heaviest peers go first, see HeaviestPeers.
        IsBacklogFull = MemoryPressure.IsFull(io.BacklogBytes, maxBacklogBytes);
        counters.BytesSent += outbox.StagedBytes;
        outbox.Settle();
    }

    /// <summary>Begins a pass of the loop.</summary>
    public void BeginPass() => _pass++;

    /// <summary>Takes in what a blocked or draining peer still sends.</summary>
    public void Receive(Session session)
    {
        if (session.State == SessionState.Draining)
        {
            session.Input.Clear();
        }
        else if (!session.Input.TryPark(parkLimitBytes))
        {
            CloseOverloaded(session);
        }
    }

    /// <summary>Takes in what a peer sends that waits for a call which is held back; its end must be noticed, so it is read from on and on.</summary>
    /// <remarks>But for one that sends much all the same: it is paused, and its end is noticed when it is answered.</remarks>
    public void ReceiveWaiting(Session session)
    {
        Receive(session);
        if (session.Input.CarriedBytes < parkLimitBytes / WaitingShare)
        {
            Resume(session);
        }
        else if (!session.IsPaused)
        {
            counters.ReceivePauses++;
            session.IsPaused = true;
            io.PauseReceiving(session.Connection);
        }
    }

    /// <summary>Whether a session for which memory was refused may wait for it; it waits for the next pass then, and sends nothing more.</summary>
    public bool MayAwaitMemory(Session session)
    {
        session.StarvedSinceMillis ??= NowMillis;
        if (NowMillis - session.StarvedSinceMillis >= patienceMillis)
        {
            return false;
        }

        if (!session.IsPaused)
        {
            counters.ReceivePauses++;
            session.IsPaused = true;
            io.PauseReceiving(session.Connection);
        }

        return true;
    }

    /// <summary>Disconnects a peer for whose bytes there is no memory.</summary>
    public void CloseOverloaded(Session session)
    {
        TellOverloaded(session);
        Close(session);
    }

    /// <summary>Disconnects a peer that does not read what it is sent unasked.</summary>
    public void CloseTooSlow(Session session)
    {
        counters.OverloadedDisconnects++;
        log.Write($"{session.Peer} disconnected: it does not read what it has subscribed to, and no more may wait for it (--connection-memory)");
        Close(session);
    }

    /// <summary>Ends a connection, whatever its peer is still to be sent.</summary>
    public void Close(Session session)
    {
        waits.TakeNothingFor(session);
        io.Close(session.Connection);
    }

    /// <summary>Counts and tells the end of a peer for whose bytes there is no memory.</summary>
    public void TellOverloaded(Session session)
    {
        counters.OverloadedDisconnects++;
        log.Write($"{session.Peer} disconnected: no connection memory is left for its bytes (--connection-memory)");
    }

    /// <summary>The peer has read everything: goes on with the conversation, or ends it.</summary>
    public void Drained(Session session)
    {
        if (!session.IsBlocked)
        {
            return; // Blocked and drained in one poll: nothing was held back here.
        }

        session.IsBlocked = false;
        session.PartialFrameSinceMillis = null; // A frame that the pause has cut has its whole time again.
        _blocked.Remove(session);
        if (session.State == SessionState.Draining)
        {
            StartDraining(session);
            session.IsPaused = false;
            io.ResumeReceiving(session.Connection); // Unread input would turn the close into a reset.
        }
    }

    /// <summary>To be called when everything that a session has received was executed.</summary>
    /// <remarks>Not before: a peer that reads, but slowly, would add to what is parked with every drain.</remarks>
    public void Resume(Session session)
    {
        if (session.IsPaused && session.MayExecute && !IsMemoryScarce)
        {
            session.IsPaused = false;
            io.ResumeReceiving(session.Connection);
        }
    }

    /// <summary>Forgets a closed session.</summary>
    public void Closed(Session session)
    {
        _blocked.Remove(session);
        _draining.Remove(session);
    }

    /// <summary>Closes peers that have not read for too long, or have not hung up after a fatal error.</summary>
    public void CloseOverdue(long writeTimeoutMillis, long drainTimeoutMillis)
    {
        foreach (Session session in _blocked)
        {
            if (NowMillis - session.StateSinceMillis >= writeTimeoutMillis)
            {
                counters.WriteTimeouts++;
                log.Write($"{session.Peer} disconnected: it did not read its replies (--write-timeout)");
                session.StateSinceMillis = NowMillis;
                Close(session);
            }
        }

        foreach (Session session in _draining)
        {
            if (NowMillis - session.StateSinceMillis >= drainTimeoutMillis)
            {
                session.StateSinceMillis = NowMillis;
                Close(session);
            }
        }
    }

    private void StartDraining(Session session)
    {
        session.StateSinceMillis = NowMillis;
        session.Input.Clear();
        io.ShutdownSend(session.Connection);
        _draining.Add(session);
    }
}
