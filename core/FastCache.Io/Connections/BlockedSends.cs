using System.Diagnostics;
using FastCache.Io.Linux;

namespace FastCache.Io.Connections;

/// <summary>Where a backlog stands after a part of it was sent.</summary>
internal enum BacklogStep : byte
{
    /// <summary>A rest waits for the peer.</summary>
    Waits,

    /// <summary>The peer has taken everything.</summary>
    Drained,

    /// <summary>It failed, and the connection ends.</summary>
    Failed,
}

/// <summary>What becomes of a send: done, or copied aside until the peer reads, or the end of the connection.</summary>
/// <remarks>Results are what the system calls return: bytes taken, or a negated errno.</remarks>
internal sealed unsafe class BlockedSends(ConnectionEnds ends, BacklogBudget backlogs)
{
    /// <summary>Settles a send that did not wait.</summary>
    /// <returns>Whether a rest is held now and is to be sent when the peer reads.</returns>
    public bool Settle(Connection* connection, int result)
    {
        Debug.Assert(connection->IsAlive && !connection->IsBlocked);
        int taken = IsHarmless(result) ? 0 : result;
        if (taken < 0)
        {
            ends.End(connection, -taken);
            return false;
        }

        int rest = connection->SendLength - taken;
        Debug.Assert(rest >= 0);
        if (rest == 0)
        {
            return false;
        }

        if (!backlogs.TryHold(connection, rest))
        {
            ends.End(connection, Errno.NoBuffers);
            return false;
        }

        return true;
    }

    /// <summary>Takes the result of sending what is held for a living connection.</summary>
    public BacklogStep Advance(Connection* connection, int result)
    {
        Debug.Assert(connection->IsAlive && connection->IsBlocked);
        if (!IsHarmless(result) && result <= 0)
        {
            ends.End(connection, result == 0 ? Errno.BrokenPipe : -result);
            return BacklogStep.Failed;
        }

        connection->BacklogSent += Math.Max(0, result);
        Debug.Assert(connection->BacklogSent <= connection->BacklogLength);
        if (connection->BacklogSent < connection->BacklogLength)
        {
            return BacklogStep.Waits;
        }

        backlogs.Free(connection);
        return BacklogStep.Drained;
    }

    private static bool IsHarmless(int result) => result is -Errno.TryAgain or -Errno.Interrupted;
}
