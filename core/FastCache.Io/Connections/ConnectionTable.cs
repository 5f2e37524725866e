using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace FastCache.Io.Connections;

/// <summary>All connections of a backend by slot, in native memory that is touched only as far as slots were ever used.</summary>
/// <remarks>
/// Invariants:
/// 1. Slots below the high-water mark have been used; the free ones among them are chained, last freed first, so that
///    the slots in use stay few and their lines warm.
/// 2. A slot's generation changes only when it is freed.
/// </remarks>
internal sealed unsafe class ConnectionTable : IDisposable
{
    private const int None = -1;
    private readonly int _capacity;
    private Connection* _connections;
    private int _highWater;
    private int _firstFree = None;

    /// <exception cref="InsufficientMemoryException">The address space has no more.</exception>
    public ConnectionTable(int capacity)
    {
        Debug.Assert(capacity > 0 && sizeof(Connection) == 64);
        _capacity = capacity;
        _connections = (Connection*)NativePages.Map((nint)capacity * sizeof(Connection));
        if (_connections is null)
        {
            throw new InsufficientMemoryException();
        }
    }

    /// <summary>Slots that are not free.</summary>
    public int InUse { get; private set; }

    /// <summary>Slots that were ever in use: these are 0 to this, exclusive.</summary>
    public int HighWater => _highWater;

    /// <summary>The connection in a slot that has been used, whatever its phase.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Connection* At(int slot)
    {
        Debug.Assert((uint)slot < (uint)_highWater);
        return _connections + slot;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int SlotOf(Connection* connection) => (int)(connection - _connections);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ConnectionId IdOf(Connection* connection) => new(SlotOf(connection), connection->Generation);

    /// <summary>The connection that an id names while it is alive; null once it is ending, or is no more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Connection* Find(ConnectionId id)
    {
        if ((uint)id.Slot >= (uint)_highWater)
        {
            return null;
        }

        Connection* connection = _connections + id.Slot;
        return connection->Generation == id.Generation && connection->IsAlive ? connection : null;
    }

    /// <summary>Takes a free slot for an open connection; null when all are in use.</summary>
    public Connection* Allocate(int descriptor)
    {
        Debug.Assert(descriptor >= 0);
        Connection* connection;
        if (_firstFree != None)
        {
            connection = _connections + _firstFree;
            _firstFree = connection->Next;
        }
        else if (_highWater < _capacity)
        {
            connection = _connections + _highWater++;
        }
        else
        {
            return null;
        }

        Debug.Assert(connection->Phase == ConnectionPhase.Free && connection->IsQuiet);
        int generation = connection->Generation;
        *connection = default;
        connection->Generation = generation;
        connection->Descriptor = descriptor;
        connection->Phase = ConnectionPhase.Open;
        connection->WantsReceive = true;
        InUse++;
        return connection;
    }

    public void Free(Connection* connection)
    {
        Debug.Assert(connection->Phase is ConnectionPhase.Ended or ConnectionPhase.Detached && connection->IsQuiet);
        Debug.Assert(connection->Queue == QueueKind.None && connection->Backlog is null);
        connection->Phase = ConnectionPhase.Free;
        connection->Descriptor = None;
        connection->Generation = (connection->Generation + 1) & ConnectionId.GenerationMask;
        connection->Next = _firstFree;
        _firstFree = SlotOf(connection);
        InUse--;
    }

    public void Dispose()
    {
        NativePages.Unmap(_connections, (nint)_capacity * sizeof(Connection));
        _connections = null;
        _highWater = 0;
    }
}
