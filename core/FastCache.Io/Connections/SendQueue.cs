using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace FastCache.Io.Connections;

/// <summary>Connections whose send waits for the next submission, linked through their table in the order of the sends.</summary>
/// <remarks>
/// A connection that ends stays in the queue, not alive, until it is taken: slots are freed only after a submission, so
/// a queued slot is never another connection's.
/// </remarks>
internal sealed unsafe class SendQueue(ConnectionTable table)
{
    private const int None = -1;
    private int _first = None;
    private int _last = None;

    public bool IsEmpty => _first == None;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(Connection* connection)
    {
        int slot = table.SlotOf(connection);
        connection->NextSend = None;
        if (_last == None)
        {
            _first = slot;
        }
        else
        {
            Debug.Assert(_last != slot);
            table.At(_last)->NextSend = slot;
        }

        _last = slot;
    }

    /// <summary>Takes the send that was queued first; null when there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Connection* Take()
    {
        while (_first != None)
        {
            Connection* connection = table.At(_first);
            _first = connection->NextSend;
            _last = _first == None ? None : _last;
            if (connection->IsAlive)
            {
                return connection;
            }
        }

        return null;
    }
}
