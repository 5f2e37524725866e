using FastCache.Io;
using FastCache.Node.Limits;

namespace FastCache.Node.Sessions;

/// <summary>Sees to it that connection memory suffices: the peers that hold most of it are the first to wait, and to go.</summary>
/// <remarks>
/// <code>
///          input or replies beyond 3/4, or memory refused         beyond 7/8, refused again, or patience over
///   Ample -----------------------------------------------> Scarce -------------------------------------------> Scarce
///     ^         pause the heaviest                           |           disconnect the heaviest
///     +------------------------------------------------------+
///               both below 3/4: resume all
/// </code>
/// </remarks>
internal sealed class HeaviestPeers(
    IShardIo io, SessionTable sessions, ReplyPath replies, CarryPool carries, NodeCounters counters, NodeLog log, long maxBacklogBytes,
    long patienceMillis)
{
    /// <summary>Between two looks at all sessions.</summary>
    private readonly long _restMillis = Math.Min(10, patienceMillis);

    private readonly PriorityQueue<Session, (long NegativeWeight, long Since)> _byWeight = new();
    private long _nextMillis;
    private long _scarceSinceMillis;
    private bool _wasRefused;

    /// <summary>To be called once a pass; nearly always two comparisons.</summary>
    public void Relieve()
    {
        _wasRefused |= carries.TakeRefusal();
        bool isPatient = !replies.IsMemoryScarce || replies.NowMillis - _scarceSinceMillis < patienceMillis;
        PressureStep input = _wasRefused
            ? PressureStep.Disconnect
            : MemoryPressure.StepFor(carries.LentBytes, carries.BudgetBytes, isPatient);
        PressureStep output = MemoryPressure.StepFor(io.BacklogBytes, maxBacklogBytes, isPatient);
        if ((input, output) == (PressureStep.None, PressureStep.None))
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

        // The first step is always the mild one; memory that is refused is asked for again until the next.
        bool isFirst = !replies.IsMemoryScarce && patienceMillis > 0;
        if (!replies.IsMemoryScarce || !isPatient)
        {
            replies.IsMemoryScarce = true;
            _scarceSinceMillis = replies.NowMillis;
        }

        _nextMillis = replies.NowMillis + _restMillis;
        _wasRefused = false;
        Relieve(isFirst ? Milder(input) : input, InputOf, carries.LentBytes, carries.BudgetBytes, "for its input");
        Relieve(isFirst ? Milder(output) : output, RepliesOf, io.BacklogBytes, maxBacklogBytes, "for replies that it does not read");
    }

    private static PressureStep Milder(PressureStep step) => step == PressureStep.Disconnect ? PressureStep.Pause : step;

    private void Relieve(PressureStep step, Func<Session, long> weightOf, long used, long budget, string what)
    {
        if (step == PressureStep.None)
        {
            return;
        }

        foreach (Session? session in sessions.All)
        {
            if (session is { State: not SessionState.Closed } && weightOf(session) is long weight and > 0)
            {
                // Of peers that hold the same, the one goes first that has held it longest.
                _byWeight.Enqueue(session, (-weight, session.PartialFrameSinceMillis ?? session.StateSinceMillis));
            }
        }

        long excess = Math.Max(1, MemoryPressure.ExcessBytes(used, budget));
        while (excess > 0 && _byWeight.TryDequeue(out Session? heaviest, out (long NegativeWeight, long Since) rank))
        {
            excess += rank.NegativeWeight;
            if (step == PressureStep.Disconnect)
            {
                counters.OverloadedDisconnects++;
                log.Write(
                    $"{heaviest.Peer} disconnected: it holds {ByteSize.Format(-rank.NegativeWeight)} of connection memory {what}, and "
                    + $"{ByteSize.Format(used)} of {ByteSize.Format(budget)} are in use (--connection-memory)");
                replies.Close(heaviest);
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
            if (session is { IsPaused: true, IsAnswered: true, IsHeld: false } or { IsPaused: true, IsParked: true })
            {
                replies.Resume(session);
            }
        }
    }

    private static long InputOf(Session session) => session.HeldBytes;

    private long RepliesOf(Session session) => io.BacklogOf(session.Connection);
}
