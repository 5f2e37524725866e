using System.Diagnostics;
using FastCache.Io.Linux;

namespace FastCache.Io.Uring;

/// <summary>Brings connections to their end (see <see cref="ConnectionPhase"/>) and reports it.</summary>
/// <remarks>
/// Invariant: a descriptor is closed or given away only by <see cref="TryTakeEnd"/>, in a pass, after its submission; so
/// no queued operation ever names a descriptor that is not ours any more.
/// </remarks>
internal sealed unsafe class ConnectionEnds(ConnectionTable table)
{
    private readonly SlotQueue _ended = new(table, QueueKind.Ended);

    /// <summary>The connections whose receive waits for buffers: those of <see cref="ReceivePath"/>, as long as they live.</summary>
    public SlotQueue Starved { get; } = new(table, QueueKind.Starved);

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
        LeaveStarved(connection);

        // Fails what is queued and ends what is in flight, before it can touch bytes that the caller takes back.
        _ = LibC.Shutdown(connection->Descriptor, LibC.ShutdownBoth);
        connection->Error = error;
        connection->Phase = ConnectionPhase.Ending;
        EndIfQuiet(connection);
    }

    /// <summary>Begins to give a living connection away; its receive must be on its end.</summary>
    public void Detach(Connection* connection)
    {
        Debug.Assert(connection->Phase is ConnectionPhase.Open or ConnectionPhase.PeerClosed);
        LeaveStarved(connection);
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
            report = new(IoEventKind.Detached, table.IdOf(connection), 0, connection->Descriptor, 0);
        }
        else
        {
            _ = LibC.Close(connection->Descriptor);
            report = new(IoEventKind.Closed, table.IdOf(connection), 0, 0, connection->Error);
        }

        table.Free(connection);
        return true;
    }

    /// <summary>Tells all peers that it is over.</summary>
    public void ShutdownAll()
    {
        for (int slot = 0; slot < table.HighWater; slot++)
        {
            if (table.At(slot)->Phase != ConnectionPhase.Free)
            {
                _ = LibC.Shutdown(table.At(slot)->Descriptor, LibC.ShutdownBoth);
            }
        }
    }

    /// <summary>Closes all descriptors; the ring must be closed before.</summary>
    public void CloseAll()
    {
        for (int slot = 0; slot < table.HighWater; slot++)
        {
            Connection* connection = table.At(slot);
            if (connection->Phase != ConnectionPhase.Free)
            {
                _ = LibC.Close(connection->Descriptor);
            }
        }
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

    private void LeaveStarved(Connection* connection)
    {
        if (connection->Queue == QueueKind.Starved)
        {
            Starved.Remove(connection);
        }
    }
}
