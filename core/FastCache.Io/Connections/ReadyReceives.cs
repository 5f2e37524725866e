using FastCache.Io.Linux;

namespace FastCache.Io.Connections;

/// <summary>Receives: one call for each connection that has bytes, in turns, as long as there are buffers.</summary>
/// <remarks>
/// <code>
///            an edge, wanted                   less than the buffer
///   Drained ─────────────────► Waiting (queue) ─────────────────────► Drained
///      │                         │   ▲
///      │ an edge, paused         │   │ Resume
///      └──────► Readable ◄───────┘   │
///                  └─────────────────┘  Pause
/// </code>
/// A receive that filled less than its buffer has taken everything, so it needs no second one to see that: what comes
/// later makes another edge. Only a peer that has hung up is read to the end, because its edge may have come before.
/// </remarks>
internal sealed unsafe class ReadyReceives(
    IReadySockets sockets, BufferMemory memory, BufferPool pool, ConnectionTable table, ConnectionEnds ends)
{
    private bool _isStarved;

    /// <summary>Whether bytes wait that nothing will tell of any more, and there is a buffer for them.</summary>
    public bool HasWork => !ends.WaitingReceives.IsEmpty && !pool.IsEmpty;

    /// <summary>Times that bytes had to wait for a buffer.</summary>
    public long Starvations { get; private set; }

    /// <summary>System calls that were made to receive.</summary>
    public long Calls { get; private set; }

    /// <summary>The operating system tells that there is something to receive.</summary>
    public void MarkReadable(Connection* connection, bool isHungUp)
    {
        connection->IsReadable = true;
        connection->IsHungUp |= isHungUp;
        WaitIfReadable(connection);
    }

    public void Pause(Connection* connection)
    {
        connection->WantsReceive = false;
        if (connection->Queue == QueueKind.Receive)
        {
            ends.WaitingReceives.Remove(connection);
        }
    }

    public void Resume(Connection* connection)
    {
        connection->WantsReceive = true;
        WaitIfReadable(connection);
    }

    /// <summary>Receives from all that wait, as far as there are buffers and room for reports.</summary>
    public int Receive(Span<IoEvent> events)
    {
        int count = 0;
        while (count < events.Length && !ends.WaitingReceives.IsEmpty)
        {
            if (pool.IsEmpty)
            {
                Starvations += _isStarved ? 0 : 1;
                _isStarved = true;
                break;
            }

            _isStarved = false;
            Connection* connection = ends.WaitingReceives.First;
            ends.WaitingReceives.Remove(connection);
            Calls++;
            int result = sockets.Receive(connection, memory.At(pool.Next), memory.BufferBytes);
            if (Handle(connection, result, out events[count]))
            {
                count++;
            }
        }

        return count;
    }

    private bool Handle(Connection* connection, int result, out IoEvent report)
    {
        switch (result)
        {
            case > 0:
                report = new(IoEventKind.Received, table.IdOf(connection), pool.Take(), result, 0);
                GoOn(connection, mayHaveMore: result == memory.BufferBytes || connection->IsHungUp);
                return true;
            case 0:
                connection->IsReadable = false;
                connection->Phase = ConnectionPhase.PeerClosed;
                report = new(IoEventKind.EndOfInput, table.IdOf(connection), 0, 0, 0);
                return true;
            case -Errno.TryAgain:
                GoOn(connection, mayHaveMore: false);
                break;
            case -Errno.Interrupted:
                GoOn(connection, mayHaveMore: true);
                break;
            default:
                ends.End(connection, -result);
                break;
        }

        report = default;
        return false;
    }

    private void GoOn(Connection* connection, bool mayHaveMore)
    {
        connection->IsReadable = mayHaveMore || sockets.AwaitBytes(connection);
        WaitIfReadable(connection);
    }

    private void WaitIfReadable(Connection* connection)
    {
        bool isWanted = connection->Phase == ConnectionPhase.Open && connection->WantsReceive;
        if (isWanted && connection->IsReadable && connection->Queue == QueueKind.None)
        {
            ends.WaitingReceives.Append(connection);
        }
    }
}
