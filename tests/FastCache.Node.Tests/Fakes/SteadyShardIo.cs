using System.Net;
using FastCache.Io;

namespace FastCache.Node.Tests.Fakes;

/// <summary>A backend that sends one stream of requests over and over and throws the replies away, without managed memory.</summary>
internal sealed class SteadyShardIo : IShardIo
{
    private readonly NativeBuffer _memory;
    private readonly ShardIoOptions _options;
    private readonly byte[] _opening;
    private readonly byte[] _cycle;
    private readonly bool _blocks;
    private readonly bool[] _lent;
    private readonly bool[] _isBlocked;
    private readonly int[] _sent;
    private readonly long[] _taken;

    /// <param name="options">Sizes of the receive buffers.</param>
    /// <param name="opening">What every connection sends once.</param>
    /// <param name="cycle">What it sends from then on; no multiple of the buffers' size, so that frames are cut anywhere.</param>
    /// <param name="connections">How many there are.</param>
    /// <param name="blocks">Whether now and then a peer does not take its replies.</param>
    public SteadyShardIo(ShardIoOptions options, byte[] opening, byte[] cycle, int connections, bool blocks)
    {
        _options = options;
        _opening = opening;
        _cycle = cycle;
        _blocks = blocks;
        _memory = new NativeBuffer(options.ReceiveBuffers * options.ReceiveBufferBytes);
        _lent = new bool[options.ReceiveBuffers];
        _isBlocked = new bool[connections];
        _sent = new int[connections];
        _taken = new long[connections];
    }

    /// <summary>Which listener the connections come to.</summary>
    public int Listener { get; init; }

    /// <summary>Called in every poll, with its number.</summary>
    public Action<int> Polled { get; set; } = _ => { };

    public int Polls { get; private set; }

    public string Description => "steady";

    public IoCounters Counters => default;

    public long BacklogBytes => 0;

    public IPEndPoint Listen(IPEndPoint endPoint) => endPoint;

    public void StopListening()
    {
    }

    public ConnectionId Adopt(nint socketDescriptor) => throw new NotSupportedException();

    public void Detach(ConnectionId connection) => throw new NotSupportedException();

    public PeerAddress PeerOf(ConnectionId connection) => default;

    public int Poll(Span<IoEvent> events, int timeoutMillis)
    {
        int count = 0;
        Polls++;
        for (int slot = 0; slot < _sent.Length; slot++)
        {
            if (Polls == 1)
            {
                events[count++] = new(IoEventKind.Accepted, new(slot, 0), 0, Listener, 0);
            }

            bool drains = _isBlocked[slot];
            if (drains)
            {
                _isBlocked[slot] = false;
                events[count++] = new(IoEventKind.Drained, new(slot, 0), 0, 0, 0);
            }
            else if (_blocks && _sent[slot] > 0 && Polls % 7 == 0)
            {
                _isBlocked[slot] = true;
            }

            _sent[slot] = 0;
            for (int pieces = 0; pieces < 2; pieces++)
            {
                int buffer = Array.IndexOf(_lent, false);
                if (buffer >= 0)
                {
                    _lent[buffer] = true;
                    int length = _options.ReceiveBufferBytes - (Polls % 3);
                    Fill(slot, _memory.Span.Slice(buffer * _options.ReceiveBufferBytes, length));
                    events[count++] = new(IoEventKind.Received, new(slot, 0), (ushort)buffer, length, 0);
                }
            }
        }

        Polled(Polls);
        return count;
    }

    public void Flush()
    {
    }

    public ReadOnlySpan<byte> Received(ushort buffer, int length) =>
        _memory.Span.Slice(buffer * _options.ReceiveBufferBytes, length);

    public void Release(ushort buffer) => _lent[buffer] = false;

    public void Send(ConnectionId connection, ReadOnlySpan<byte> bytes) => _sent[connection.Slot] += bytes.Length;

    public bool IsBlocked(ConnectionId connection) => _isBlocked[connection.Slot];

    public long BacklogOf(ConnectionId connection) => 0;

    public void PauseReceiving(ConnectionId connection)
    {
    }

    public void ResumeReceiving(ConnectionId connection)
    {
    }

    public void ShutdownSend(ConnectionId connection)
    {
        // The node is told to stop while its connections are open.
    }

    public void Close(ConnectionId connection) => throw new InvalidOperationException("No peer here is overdue.");

    public void Wake()
    {
    }

    public void Dispose() => _memory.Dispose();

    private void Fill(int slot, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            long taken = _taken[slot];
            ReadOnlySpan<byte> piece = taken < _opening.Length
                ? _opening.AsSpan((int)taken)
                : _cycle.AsSpan((int)((taken - _opening.Length) % _cycle.Length));
            piece = piece[..Math.Min(piece.Length, destination.Length)];
            piece.CopyTo(destination);
            destination = destination[piece.Length..];
            _taken[slot] += piece.Length;
        }
    }
}
