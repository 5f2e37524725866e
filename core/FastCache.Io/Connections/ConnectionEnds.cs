using System.Diagnostics;

namespace FastCache.Io.Connections;

/// <summary>Brings connections to their end (see <see cref="ConnectionPhase"/>) and reports it.</summary>
/// <remarks>
/// Invariant: a descriptor is closed or given away only by <see cref="TryTakeEnd"/>, in a pass, after its submission; so
/// no queued operation ever names a descriptor that is not ours any more.
/// </remarks>
internal sealed unsafe class ConnectionEnds(ConnectionTable table, ISockets sockets, BacklogBudget backlogs)
{
    private readonly SlotQueue _ended = new(table, QueueKind.Ended);

    /// <summary>The connections whose receive waits for a buffer or its turn: the backend's, as long as they live.</summary>
    public SlotQueue WaitingReceives { get; } = new(table, QueueKind.Receive);

    /// <summary>Counts the submissions of Poll and Flush.</summary>
    public uint Pass { get; private set; }

    /// <summary>Whether a pass has an end to report even if nothing else happens.</summary>
    public bool HasEnds => !_ended.IsEmpty;

    /// <summary>A submission follows.</summary>
    public void BeginPass() => Pass++;

    /// <summary>Shuts a living connection down; its end is reported when the kernel holds nothing of it any more.</summary>
    public void End(Connection* connection, int error)
    {
        Debug.Assert(connection->IsAlive && error >= 0);
        LeaveWaiting(connection);

        // Fails what is queued and ends what is in flight, before it can touch bytes that the caller takes back.
        sockets.Abort(connection);
        connection->Error = error;
        connection->Phase = ConnectionPhase.Ending;
        EndIfQuiet(connection);
    }

    /// <summary>Begins to give a living connection away; its receive must be on its end.</summary>
    public void Detach(Connection* connection)
    {
        Debug.Assert(connection->Phase is ConnectionPhase.Open or ConnectionPhase.PeerClosed);
        LeaveWaiting(connection);
        connection->Phase = ConnectionPhase.Detaching;
        EndIfQuiet(connection);
    }

    /// <summary>Closes or gives away the connection that ended first, and frees its slot.</summary>
    public bool TryTakeEnd(out IoEvent report)
    {
        if (_ended.IsEmpty)
        {
            report = default;
            return false;
        }

        Connection* connection = _ended.First;
        _ended.Remove(connection);
        if (connection->Phase == ConnectionPhase.Detached)
        {
            report = new(IoEventKind.Detached, table.IdOf(connection), 0, sockets.Release(connection), 0);
        }
        else
        {
            sockets.Close(connection);
            report = new(IoEventKind.Closed, table.IdOf(connection), 0, 0, connection->Error);
        }

        backlogs.Free(connection);
        table.Free(connection);
        return true;
    }

    /// <summary>Tells all peers that it is over.</summary>
    public void AbortAll()
    {
        for (int slot = 0; slot < table.HighWater; slot++)
        {
            if (table.At(slot)->IsAlive)
            {
                sockets.Abort(table.At(slot));
            }
        }
    }

    /// <summary>Closes all descriptors and frees what is blocked; nothing may be in flight any more.</summary>
    public void CloseAll()
    {
        for (int slot = 0; slot < table.HighWater; slot++)
        {
            Connection* connection = table.At(slot);
            if (connection->Phase != ConnectionPhase.Free)
            {
                sockets.Close(connection);
                backlogs.Free(connection);
            }
        }

        Debug.Assert(backlogs.UsedBytes == 0);
    }

    /// <summary>To be called when an operation of an ending or detaching connection has completed.</summary>
    public void EndIfQuiet(Connection* connection)
    {
        Debug.Assert(connection->Phase is ConnectionPhase.Ending or ConnectionPhase.Detaching);
        if (connection->IsQuiet)
        {
            connection->Phase = connection->Phase == ConnectionPhase.Ending
                ? ConnectionPhase.Ended
                : ConnectionPhase.Detached;
            _ended.Append(connection);
        }
    }

    private void LeaveWaiting(Connection* connection)
    {
        if (connection->Queue == QueueKind.Receive)
        {
            WaitingReceives.Remove(connection);
        }
    }
}
