using System.Diagnostics;

namespace FastCache.Io.Connections;

/// <summary>Connections in the order in which they were added, linked through their table; a connection is in one at most.</summary>
internal sealed unsafe class SlotQueue(ConnectionTable table, QueueKind kind)
{
    private const int None = -1;
    private int _first = None;
    private int _last = None;

    public bool IsEmpty => _first == None;

    /// <summary>The connection that waits longest, or null.</summary>
    public Connection* First => _first == None ? null : table.At(_first);

    public void Append(Connection* connection)
    {
        Debug.Assert(connection->Queue == QueueKind.None);
        int slot = table.SlotOf(connection);
        connection->Queue = kind;
        connection->Previous = _last;
        connection->Next = None;
        if (_last == None)
        {
            _first = slot;
        }
        else
        {
            table.At(_last)->Next = slot;
        }

        _last = slot;
    }

    public void Remove(Connection* connection)
    {
        Debug.Assert(connection->Queue == kind);
        Debug.Assert(!IsEmpty);
        if (connection->Previous == None)
        {
            _first = connection->Next;
        }
        else
        {
            table.At(connection->Previous)->Next = connection->Next;
        }

        if (connection->Next == None)
        {
            _last = connection->Previous;
        }
        else
        {
            table.At(connection->Next)->Previous = connection->Previous;
        }

        connection->Queue = QueueKind.None;
    }
}
