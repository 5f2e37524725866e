using System.Net;
using System.Runtime.InteropServices;
using FastCache.Io;

namespace FastCache.Bench.Micro.Operations;

/// <summary>A backend without an operating system: connections from which the same pieces arrive over and over, one each in every pass.</summary>
/// <remarks>
/// Each piece is copied into a receive buffer, as a kernel would, and what is sent is counted and dropped: what is left of a
/// request's cost is the node's own.
/// </remarks>
internal sealed unsafe class RepeatedInput : IShardIo
{
    /// <summary>Bytes of a receive buffer, and most of a piece.</summary>
    public const int BufferBytes = 64 << 10;

    private readonly byte[][] _pieces;
    private readonly byte[] _greeting;
    private readonly int _connections;
    private readonly int _listener;
    private readonly byte* _buffers;
    private int _next;
    private int _passes;

    /// <param name="pieces">What arrives, in turn.</param>
    /// <param name="connections">How many connections there are.</param>
    /// <param name="greeting">What arrives on each before all pieces; may be empty.</param>
    /// <param name="listener">Where they connect.</param>
    public RepeatedInput(byte[][] pieces, int connections, byte[] greeting, int listener)
    {
        (_pieces, _connections, _greeting, _listener) = (pieces, connections, greeting, listener);
        _buffers = (byte*)NativeMemory.AllocZeroed((nuint)(connections * BufferBytes));
    }

    /// <summary>Bytes that were sent.</summary>
    public long SentBytes { get; private set; }

    public string Description => "repeated input";

    public IoCounters Counters => default;

    public long BacklogBytes => 0;

    public IPEndPoint Listen(IPEndPoint endPoint) => endPoint;

    public void StopListening()
    {
    }

    public ConnectionId Adopt(nint socketDescriptor) => throw new NotSupportedException("Nothing comes from elsewhere.");

    public void Detach(ConnectionId connection) => throw new NotSupportedException("Nothing goes elsewhere.");

    public PeerAddress PeerOf(ConnectionId connection) => default;

    public int Poll(Span<IoEvent> events, int timeoutMillis)
    {
        int pass = _passes++;
        for (int i = 0; i < _connections; i++)
        {
            ConnectionId connection = new(i, 0);
            byte[] piece = pass == 1 ? _greeting : _pieces[_next];
            if (pass > 1)
            {
                _next = (_next + 1) % _pieces.Length;
            }

            piece.CopyTo(new Span<byte>(_buffers + (i * BufferBytes), BufferBytes));
            events[i] = pass == 0
                ? new(IoEventKind.Accepted, connection, 0, _listener, 0)
                : new(IoEventKind.Received, connection, (ushort)i, piece.Length, 0);
        }

        return pass == 1 && _greeting.Length == 0 ? 0 : _connections;
    }

    public void Flush()
    {
    }

    public ReadOnlySpan<byte> Received(ushort buffer, int length) => new(_buffers + (buffer * BufferBytes), length);

    public void Release(ushort buffer)
    {
    }

    public void Send(ConnectionId connection, ReadOnlySpan<byte> bytes) => SentBytes += bytes.Length;

    public bool IsBlocked(ConnectionId connection) => false;

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

    public void Close(ConnectionId connection)
    {
    }

    public void Wake()
    {
    }

    public void Dispose() => NativeMemory.Free(_buffers);
}
