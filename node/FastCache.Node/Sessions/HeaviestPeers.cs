using FastCache.Io;
using FastCache.Node.Limits;

namespace FastCache.Node.Sessions;

/// <summary>Sees to it that connection memory suffices: the peers that hold most of it are the first to wait, and to go.</summary>
internal sealed class HeaviestPeers(
    IShardIo io, SessionTable sessions, ReplyPath replies, CarryPool carries, NodeCounters counters, NodeLog log, long budgetBytes,
    long patienceMillis)
{
    /// <summary>Between two looks at all sessions.</summary>
    private readonly long _restMillis = Math.Min(10, patienceMillis);

    private readonly PriorityQueue<Session, long> _byWeight = new();
    private long _nextMillis;
    private long _scarceSinceMillis;

    /// <summary>To be called once a pass; nearly always a comparison.</summary>
    public void Relieve()
    {
        long used = carries.LentBytes + io.BacklogBytes;
        bool isPatient = !replies.IsMemoryScarce || replies.NowMillis - _scarceSinceMillis < patienceMillis;
        PressureStep step = MemoryPressure.StepFor(used, budgetBytes, isPatient);
        if (step == PressureStep.None)
        {
            if (replies.IsMemoryScarce)
            {
                replies.IsMemoryScarce = false;
                ResumeAll();
            }

            return;
        }

        if (replies.NowMillis < _nextMillis)
        {
            return;
        }

        if (!replies.IsMemoryScarce || !isPatient)
        {
            replies.IsMemoryScarce = true;
            _scarceSinceMillis = replies.NowMillis;
        }


        _nextMillis = replies.NowMillis + _restMillis;
        foreach (Session? session in sessions.All)
        {
            if (session is not null && WeightOf(session) is long weight and > 0)
            {
                _byWeight.Enqueue(session, -weight);
            }
        }

        long excess = MemoryPressure.ExcessBytes(used, budgetBytes);
        while (excess > 0 && _byWeight.TryDequeue(out Session? heaviest, out long weight))
        {
            excess += weight;
            if (step == PressureStep.Disconnect)
            {
                counters.OverloadedDisconnects++;
                log.Write(
                    $"{heaviest.Peer} disconnected: it holds {ByteSize.Format(-weight)} of connection memory, and "
                    + $"{ByteSize.Format(used)} of {ByteSize.Format(budgetBytes)} are in use (--connection-memory)");
                io.Close(heaviest.Connection);
            }
            else if (!heaviest.IsPaused)
            {
                counters.ReceivePauses++;
                heaviest.IsPaused = true;
                io.PauseReceiving(heaviest.Connection);
            }
        }

        _byWeight.Clear();
    }

    private void ResumeAll()
    {
        foreach (Session? session in sessions.All)
        {
            if (session is { IsPaused: true, IsAnswered: true, IsHeld: false })
            {
                replies.Resume(session);
            }
        }
    }

    private long WeightOf(Session session) => session.State == SessionState.Closed
        ? 0
        : io.BacklogOf(session.Connection) + session.Input.HeldBytes + (session.LateReplies?.Length ?? 0)
            + (session.Streams?.HeldBytes ?? 0);
}
