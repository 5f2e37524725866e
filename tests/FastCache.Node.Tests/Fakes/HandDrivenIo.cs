using System.Net;
using System.Text;
using FastCache.Io;

namespace FastCache.Node.Tests.Fakes;

/// <summary>A backend whose every event a test makes itself, between two passes of the loop.</summary>
/// <remarks>A connection that the loop closes is reported as closed when the test says so: nothing promises that it is at once.</remarks>
/// <param name="listener">Which of the listeners all connect to.</param>
/// <param name="bufferBytes">Bytes of a receive buffer.</param>
internal sealed class HandDrivenIo(int listener, int bufferBytes = 1_024) : IShardIo
{
    private const int Buffers = 16;

    private readonly NativeBuffer _memory = new(Buffers * bufferBytes);
    private readonly bool[] _lent = new bool[Buffers];
    private readonly Queue<IoEvent> _events = new();
    private readonly Dictionary<ConnectionId, StringBuilder> _sent = [];

    /// <summary>Connections that the loop has closed.</summary>
    public HashSet<ConnectionId> Closing { get; } = [];

    /// <summary>Connections whose peers do not read.</summary>
    public HashSet<ConnectionId> Blocked { get; } = [];

    /// <summary>Whether the memory for unread replies is used up by others.</summary>
    public bool IsBacklogFull { get; set; }

    /// <summary>How long the last poll would have waited for an event.</summary>
    public int LastTimeoutMillis { get; private set; }

    public string Description => "driven by hand";

    public IoCounters Counters => default;

    public long BacklogBytes => IsBacklogFull ? 1 : 0;

    /// <summary>A peer connects.</summary>
    public ConnectionId Connect()
    {
        ConnectionId connection = new(_sent.Count, 0);
        _sent.Add(connection, new StringBuilder());
        _events.Enqueue(new IoEvent(IoEventKind.Accepted, connection, 0, listener, 0));
        return connection;
    }

    /// <summary>Bytes of a peer arrive, at most 16 buffers between two passes.</summary>
    public void Receive(ConnectionId connection, string text)
    {
        foreach (byte[] piece in Encoding.Latin1.GetBytes(text).Chunk(bufferBytes))
        {
            ushort buffer = (ushort)Array.IndexOf(_lent, false);
            _lent[buffer] = true;
            piece.CopyTo(_memory.Span[(buffer * bufferBytes)..]);
            _events.Enqueue(new IoEvent(IoEventKind.Received, connection, buffer, piece.Length, 0));
        }
    }

    /// <summary>A peer sends nothing more.</summary>
    public void EndInput(ConnectionId connection) => _events.Enqueue(new IoEvent(IoEventKind.EndOfInput, connection, 0, 0, 0));

    /// <summary>A peer has read what it was sent.</summary>
    public void Drain(ConnectionId connection)
    {
        Blocked.Remove(connection);
        _events.Enqueue(new IoEvent(IoEventKind.Drained, connection, 0, 0, 0));
    }

    /// <summary>A connection has ended.</summary>
    public void End(ConnectionId connection) => _events.Enqueue(new IoEvent(IoEventKind.Closed, connection, 0, 0, 0));

    /// <summary>Everything that a peer was sent since this was last asked.</summary>
    public string TakeSent(ConnectionId connection)
    {
        string sent = _sent[connection].ToString();
        _sent[connection].Clear();
        return sent;
    }

    public IPEndPoint Listen(IPEndPoint endPoint) => endPoint;

    public void StopListening()
    {
    }

    public ConnectionId Adopt(nint socketDescriptor) => throw new NotSupportedException();

    /// <summary>It is never heard of again.</summary>
    public void Detach(ConnectionId connection)
    {
    }

    public PeerAddress PeerOf(ConnectionId connection) => default;

    public int Poll(Span<IoEvent> events, int timeoutMillis)
    {
        LastTimeoutMillis = timeoutMillis;
        int count = 0;
        while (_events.TryDequeue(out IoEvent next))
        {
            events[count++] = next;
        }

        return count;
    }

    public void Flush()
    {
    }

    public ReadOnlySpan<byte> Received(ushort buffer, int length) => _memory.Span.Slice(buffer * bufferBytes, length);

    public void Release(ushort buffer)
    {
        Assert.True(_lent[buffer], $"buffer {buffer} is released twice");
        _lent[buffer] = false;
    }

    public void Send(ConnectionId connection, ReadOnlySpan<byte> bytes) => _sent[connection].Append(Encoding.Latin1.GetString(bytes));

    public bool IsBlocked(ConnectionId connection) => Blocked.Contains(connection);

    public long BacklogOf(ConnectionId connection) => 0;

    public void PauseReceiving(ConnectionId connection)
    {
    }

    public void ResumeReceiving(ConnectionId connection)
    {
    }

    public void ShutdownSend(ConnectionId connection)
    {
    }

    public void Close(ConnectionId connection) => Closing.Add(connection);

    public void Wake()
    {
    }

    public void Dispose() => _memory.Dispose();
}
