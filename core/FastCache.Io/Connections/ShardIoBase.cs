using System.Diagnostics;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastCache.Io.Connections;

/// <summary>What the backends have in common: connections by slot, their ends, what is held for slow peers.</summary>
/// <remarks>A backend adds how bytes are received, how they are sent, and how it waits.</remarks>
internal abstract unsafe class ShardIoBase : IShardIo
{
    private readonly ISockets _sockets;
    private readonly int _ownerThread = Environment.CurrentManagedThreadId;
    private long _rejectedConnections;
    private bool _disposed;

    protected ShardIoBase(ISockets sockets, BufferMemory memory, ConnectionTable table, ShardIoOptions options)
    {
        _sockets = sockets;
        Memory = memory;
        Table = table;
        Backlogs = new(options.MaxBacklogBytes);
        Ends = new(Table, sockets, Backlogs);
        Blocked = new(Ends, Backlogs);
    }

    public abstract string Description { get; }

    public abstract IoCounters Counters { get; }

    public long BacklogBytes => Backlogs.UsedBytes;

    protected BufferMemory Memory { get; }

    protected ConnectionTable Table { get; }

    protected ConnectionEnds Ends { get; }

    protected BlockedSends Blocked { get; }

    protected long RejectedConnections => _rejectedConnections;

    private BacklogBudget Backlogs { get; }

    public abstract IPEndPoint Listen(IPEndPoint endPoint);

    public abstract void StopListening();

    public abstract int Poll(Span<IoEvent> events, int timeoutMillis);

    public abstract void Flush();

    public abstract void Release(ushort buffer);

    public abstract void Wake();

    public ConnectionId Adopt(nint socketDescriptor)
    {
        AssertUsable();
        ArgumentOutOfRangeException.ThrowIfNegative(socketDescriptor);
        Connection* connection = TryOpen((int)socketDescriptor);
        if (connection is null)
        {
            throw new InvalidOperationException($"All {Table.InUse:N0} connections are in use.");
        }

        Adopted(connection);
        return Table.IdOf(connection);
    }

    public void Detach(ConnectionId connection)
    {
        AssertUsable();
        Connection* found = Table.Find(connection);
        if (found is not null && found->Phase != ConnectionPhase.Detaching)
        {
            Debug.Assert(!found->IsBlocked, "what is blocked would be lost");
            PauseReceiving(found);
            Ends.Detach(found);
        }
    }

    public PeerAddress PeerOf(ConnectionId connection)
    {
        AssertUsable();
        Connection* found = Table.Find(connection);
        return found is null ? default : _sockets.PeerOf(found);
    }

    public ReadOnlySpan<byte> Received(ushort buffer, int length) => Memory.Bytes(buffer, length);

    public void Send(ConnectionId connection, ReadOnlySpan<byte> bytes)
    {
        AssertUsable();
        Debug.Assert(!bytes.IsEmpty);
        Connection* found = Table.Find(connection);
        if (found is not null)
        {
            Debug.Assert(found->Phase != ConnectionPhase.Detaching, "a connection that is given away takes no send");
            Debug.Assert(!found->IsBlocked, "a blocked connection takes no further send");
            Debug.Assert(found->SendPass != Ends.Pass, "one send a connection and pass");
            found->SendStart = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(bytes));
            found->SendLength = bytes.Length;
            found->SendPass = Ends.Pass;
            QueueSend(found);
        }
    }

    public bool IsBlocked(ConnectionId connection)
    {
        AssertUsable();
        Connection* found = Table.Find(connection);
        return found is not null && found->IsBlocked;
    }

    public long BacklogOf(ConnectionId connection)
    {
        AssertUsable();
        Connection* found = Table.Find(connection);
        return found is not null && found->IsBlocked ? found->BacklogLength : 0;
    }

    public void PauseReceiving(ConnectionId connection)
    {
        AssertUsable();
        Connection* found = Table.Find(connection);
        if (found is not null)
        {
            PauseReceiving(found);
        }
    }

    public void ResumeReceiving(ConnectionId connection)
    {
        AssertUsable();
        Connection* found = Table.Find(connection);
        if (found is not null && found->Phase != ConnectionPhase.Detaching)
        {
            ResumeReceiving(found);
        }
    }

    public void ShutdownSend(ConnectionId connection)
    {
        AssertUsable();
        Connection* found = Table.Find(connection);
        if (found is not null)
        {
            Debug.Assert(!found->IsBlocked, "what is blocked would be lost");
            _sockets.EndSending(found);
        }
    }

    public void Close(ConnectionId connection)
    {
        AssertUsable();
        Connection* found = Table.Find(connection);
        if (found is not null)
        {
            Ends.End(found, error: 0);
        }
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        Ends.AbortAll();
        DisposeBackend();
        Ends.CloseAll();
        Memory.Dispose();
        Table.Dispose();
    }

    /// <summary>The descriptor of a living connection, for tests to look at; -1 for no such.</summary>
    internal int DescriptorOf(ConnectionId connection)
    {
        Connection* found = Table.Find(connection);
        return found is null ? -1 : found->Descriptor;
    }

    /// <summary>Starts to receive from a connection that is new.</summary>
    protected abstract void Start(Connection* connection);

    /// <summary>Prepares a socket that was accepted elsewhere.</summary>
    protected abstract void Adopted(Connection* connection);

    protected abstract void PauseReceiving(Connection* connection);

    protected abstract void ResumeReceiving(Connection* connection);

    /// <summary>Sends <see cref="Connection.SendStart"/> in the next submission.</summary>
    protected abstract void QueueSend(Connection* connection);

    /// <summary>Frees what only this backend has; when it returns, the operating system works for no connection any more.</summary>
    protected abstract void DisposeBackend();

    /// <summary>Takes a slot for an accepted socket, or closes it when all are in use.</summary>
    protected bool TryAccept(int descriptor, int listener, out IoEvent report)
    {
        Connection* connection = TryOpen(descriptor);
        if (connection is null)
        {
            ShardIo.CloseDetached(descriptor);
            _rejectedConnections++;
            report = default;
            return false;
        }

        report = new(IoEventKind.Accepted, Table.IdOf(connection), 0, listener, 0);
        return true;
    }

    /// <summary>Reports connections that are over, as far as there is room.</summary>
    /// <param name="events">Filled from the start.</param>
    /// <param name="closed">How many descriptors were closed.</param>
    protected int ReportEnds(Span<IoEvent> events, out int closed)
    {
        int count = 0;
        closed = 0;
        for (; count < events.Length && Ends.TryTakeEnd(out events[count]); count++)
        {
            closed += events[count].Kind == IoEventKind.Closed ? 1 : 0;
        }

        return count;
    }

    /// <summary>The part of <see cref="Description"/> that all have.</summary>
    protected static string Sizes(ShardIoOptions options) =>
        $"{options.ReceiveBuffers} receive buffers of {options.ReceiveBufferBytes / 1024.0:0.#} KiB";

    [Conditional("DEBUG")]
    protected void AssertUsable()
    {
        Debug.Assert(!_disposed, "used after disposal");
        Debug.Assert(Environment.CurrentManagedThreadId == _ownerThread, "used by a foreign thread");
    }

    /// <summary>Takes a slot for a connected socket and starts to receive; null when all slots are in use.</summary>
    private Connection* TryOpen(int descriptor)
    {
        Connection* connection = Table.Allocate(descriptor);
        if (connection is not null)
        {
            connection->SendPass = Ends.Pass - 1;
            Start(connection);
        }

        return connection;
    }
}
