using System.Net;
using FastCache.Io;

namespace FastCache.Bench;

/// <summary>The byte-moving program: what a node costs that does nothing but receive and send.</summary>
/// <remarks>
/// It parses nothing. For every <paramref name="requestBytes"/> bytes of a connection it sends
/// <paramref name="replyBytes"/> bytes of the same memory, over the node's own backend and in the node's own batches, so
/// that the difference between the two is the cache and nothing else.
/// </remarks>
internal sealed class FloorServer(IShardIo io, int maxConnections, int requestBytes, int replyBytes) : IDisposable
{
    private const int BlockBytes = 4 << 20;

    private readonly NativeBuffer _block = new(BlockBytes);
    private readonly long[] _unanswered = new long[maxConnections];
    private readonly ConnectionId[] _connections = new ConnectionId[maxConnections];
    private readonly bool[] _isReady = new bool[maxConnections];
    private readonly List<int> _ready = new(maxConnections);
    private readonly IoEvent[] _events = new IoEvent[1024];
    private volatile bool _stopping;

    public IPEndPoint Listen(IPEndPoint endPoint) => io.Listen(endPoint);

    /// <summary>Makes <see cref="Run"/> return soon. May be called by any thread.</summary>
    public void Stop()
    {
        _stopping = true;
        io.Wake();
    }

    /// <summary>Serves until <see cref="Stop"/>.</summary>
    public void Run()
    {
        while (!_stopping)
        {
            int count = io.Poll(_events, 1000);
            for (int i = 0; i < count; i++)
            {
                Handle(_events[i]);
            }

            foreach (int slot in _ready)
            {
                _isReady[slot] = false;
                Answer(slot);
            }

            _ready.Clear();
        }
    }

    public void Dispose() => _block.Dispose();

    private void Handle(in IoEvent happened)
    {
        int slot = happened.Connection.Slot;
        switch (happened.Kind)
        {
            case IoEventKind.Accepted:
                _unanswered[slot] = 0;
                _connections[slot] = happened.Connection;
                break;
            case IoEventKind.Received:
                _unanswered[slot] += happened.Length;
                io.Release(happened.Buffer);
                MarkReady(slot);
                break;
            case IoEventKind.Drained:
                MarkReady(slot);
                break;
            case IoEventKind.EndOfInput:
                io.Close(happened.Connection);
                break;
            case IoEventKind.Closed:
                _unanswered[slot] = 0;
                break;
        }
    }

    private void MarkReady(int slot)
    {
        if (!_isReady[slot])
        {
            _isReady[slot] = true;
            _ready.Add(slot);
        }
    }

    private void Answer(int slot)
    {
        long replies = Math.Min(_unanswered[slot] / requestBytes, BlockBytes / replyBytes);
        if (replies > 0 && !io.IsBlocked(_connections[slot]))
        {
            _unanswered[slot] -= replies * requestBytes;
            io.Send(_connections[slot], _block.Span[..(int)(replies * replyBytes)]);
        }
    }
}
