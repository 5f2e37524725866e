using FastCache.Node.Sessions;

namespace FastCache.Node.Limits;

/// <summary>Which silence is too long: before the Hello, in the middle of a frame, between requests.</summary>
/// <param name="handshakeMillis">From the connection to the Hello.</param>
/// <param name="frameMillis">From the first byte of a frame to its last.</param>
/// <param name="idleMillis">From one request to the next, of a peer that is not there to be told; 0: any time.</param>
internal sealed class Deadlines(long handshakeMillis, long frameMillis, long idleMillis)
{
    /// <summary>Whether a conversation has been silent for too long.</summary>
    /// <param name="session">One that may execute requests: while replies wait for the peer, or requests for other
    /// shards, its silence is not the peer's.</param>
    /// <param name="nowMillis">The loop's time.</param>
    /// <param name="counters">Where the reason is counted.</param>
    /// <returns>Null, or the reason.</returns>
    public string? Overdue(Session session, long nowMillis, NodeCounters counters)
    {
        if (nowMillis - session.PartialFrameSinceMillis >= frameMillis)
        {
            counters.FrameTimeouts++;
            return "a frame that it began did not arrive whole (--frame-timeout)";
        }

        if (!session.IsIntroduced && nowMillis - session.OpenedMillis >= handshakeMillis)
        {
            counters.HandshakeTimeouts++;
            return "it said no Hello (--handshake-timeout)";
        }

        if (idleMillis > 0 && !session.IsListening && nowMillis - session.LastReceivedMillis >= idleMillis)
        {
            counters.IdleTimeouts++;
            return "it was idle (--idle-timeout)";
        }

        return null;
    }
}
