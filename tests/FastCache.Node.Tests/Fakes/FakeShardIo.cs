using System.Net;
using FastCache.Io;

namespace FastCache.Node.Tests.Fakes;

/// <summary>A backend in memory that is as awkward as the seam allows, by a seed: pieces of any size, peers that stop reading.</summary>
/// <remarks>
/// It checks the caller's side of the seam too: one send a connection and pass, none while blocked, every buffer
/// released exactly once. A released buffer is overwritten, so that a late reader shows.
/// </remarks>
internal sealed class FakeShardIo : IShardIo
{
    private const byte Poison = 0xDD;
    private const int MostIdlePasses = 200;
    private const int MostPasses = 500_000;

    private readonly Random _random;
    private readonly NativeBuffer _memory;
    private readonly int _bufferBytes;
    private readonly bool[] _lent;
    private readonly Stack<ushort> _free = new();
    private readonly List<FakePeer> _peers;
    private readonly Queue<IoEvent> _pending = new();
    private readonly int _blockPercent;
    private readonly List<FakePeer?> _travellers;
    private int _idlePasses;
    private int _passes;

    /// <param name="random">Decides everything.</param>
    /// <param name="options">Sizes of the receive buffers.</param>
    /// <param name="peers">The other ends; the generation of each is its index.</param>
    /// <param name="blockPercent">How often a send is not taken whole.</param>
    /// <param name="travellers">Peers that one backend has detached, for any of them to adopt.</param>
    public FakeShardIo(
        Random random, ShardIoOptions options, List<FakePeer> peers, int blockPercent, List<FakePeer?>? travellers = null)
    {
        _travellers = travellers ?? [];
        _random = random;
        _bufferBytes = options.ReceiveBufferBytes;
        _memory = new NativeBuffer(options.ReceiveBuffers * _bufferBytes);
        _memory.Span.Fill(Poison);
        _lent = new bool[options.ReceiveBuffers];
        _peers = peers;
        _blockPercent = blockPercent;
        for (int buffer = options.ReceiveBuffers - 1; buffer >= 0; buffer--)
        {
            _free.Push((ushort)buffer);
        }
    }

    /// <summary>Called when every peer is done and gone.</summary>
    public Action Finished { get; set; } = () => { };

    /// <summary>Whether every peer that there is now is done and gone.</summary>
    public bool IsFinished { get; private set; }

    public int LentBuffers => _lent.Count(lent => lent);

    public string Description => "fake";

    public IoCounters Counters => default;

    public long BacklogBytes => 0;

    public IPEndPoint Listen(IPEndPoint endPoint) => endPoint;

    public void StopListening()
    {
    }

    public ConnectionId Adopt(nint socketDescriptor)
    {
        FakePeer peer = _travellers[(int)socketDescriptor]!;
        _travellers[(int)socketDescriptor] = null;
        IsFinished = false;
        int slot = 0;
        while (_peers.Exists(other => other.Connection.Slot == slot && other.IsConnected))
        {
            slot++;
        }

        peer.Connection = new ConnectionId(slot, _peers.Count);
        peer.State = FakePeerState.Open;
        peer.Travel();
        _peers.Add(peer);
        return peer.Connection;
    }

    public void Detach(ConnectionId connection)
    {
        FakePeer? peer = Find(connection);
        if (peer is not null)
        {
            peer.State = FakePeerState.Leaving;
        }
    }

    public PeerAddress PeerOf(ConnectionId connection) => default;

    public int Poll(Span<IoEvent> events, int timeoutMillis)
    {
        Flush();
        int first = _random.Next(_peers.Count + 1);
        for (int i = 0; i < _peers.Count; i++)
        {
            Advance((first + i) % _peers.Count);
        }

        int count = 0;
        while (count < events.Length && _pending.TryDequeue(out IoEvent next))
        {
            events[count++] = next;
        }

        IsFinished = _peers.TrueForAll(peer => peer.State == FakePeerState.Gone) && _pending.Count == 0;
        _idlePasses = count > 0 || timeoutMillis == 0 ? 0 : _idlePasses + 1;
        if (IsFinished)
        {
            Finished();
        }
        else if (_idlePasses > MostIdlePasses || ++_passes > MostPasses)
        {
            throw new InvalidOperationException(
                "The conversation stands still: " + string.Join("; ", _peers.Select(peer => peer.ToString())));
        }

        return count;
    }

    public void Flush()
    {
        foreach (FakePeer peer in _peers)
        {
            bool takesAll = peer.State != FakePeerState.Open || _random.Next(100) >= _blockPercent;
            peer.SettleSend(takesAll, _random);
        }
    }

    public ReadOnlySpan<byte> Received(ushort buffer, int length)
    {
        SeamRule.Require(_lent[buffer], $"buffer {buffer} is read after its release");
        return _memory.Span.Slice(buffer * _bufferBytes, length);
    }

    public void Release(ushort buffer)
    {
        SeamRule.Require(_lent[buffer], $"buffer {buffer} is released twice");
        _lent[buffer] = false;
        _memory.Span.Slice(buffer * _bufferBytes, _bufferBytes).Fill(Poison);
        _free.Push(buffer);
    }

    public void Send(ConnectionId connection, ReadOnlySpan<byte> bytes) => Find(connection)?.Send(bytes);

    public bool IsBlocked(ConnectionId connection) => Find(connection)?.IsBlocked ?? false;

    public long BacklogOf(ConnectionId connection) => 0;

    public void PauseReceiving(ConnectionId connection) => Find(connection)?.Pause(_random.Next(4));

    public void ResumeReceiving(ConnectionId connection) => Find(connection)?.Resume();

    public void ShutdownSend(ConnectionId connection) => Find(connection)?.ShutdownSend();

    public void Close(ConnectionId connection) => Find(connection)?.Close();

    public void Wake()
    {
    }

    public void Dispose() => _memory.Dispose();

    /// <summary>Null when the connection is over: like the real backend, the fake ignores such ids.</summary>
    private FakePeer? Find(ConnectionId connection)
    {
        FakePeer peer = _peers[connection.Generation];
        SeamRule.Require(peer.Connection == connection, "an unknown connection");
        return peer.State is FakePeerState.Open or FakePeerState.ShutDown ? peer : null;
    }

    private void Advance(int index)
    {
        FakePeer peer = _peers[index];
        switch (peer.State)
        {
            case FakePeerState.Waiting when _random.Next(3) == 0:
                if (!_peers.Exists(other => other.Connection.Slot == peer.Connection.Slot && other.IsConnected))
                {
                    peer.State = FakePeerState.Open;
                    Report(IoEventKind.Accepted, peer);
                }

                break;
            case FakePeerState.Open or FakePeerState.ShutDown:
                if (peer.IsBlocked && _random.Next(4) == 0)
                {
                    peer.Drain();
                    Report(IoEventKind.Drained, peer);
                }

                Deliver(peer);
                if (peer.TryEndInput())
                {
                    Report(IoEventKind.EndOfInput, peer);
                }

                if (peer.WantsToClose)
                {
                    peer.Close();
                }

                break;
            case FakePeerState.Leaving:
                Deliver(peer);
                if (_random.Next(2) == 0)
                {
                    _peers[index] = new FakePeer(peer.Connection, Nobody.Instance) { State = FakePeerState.Gone };
                    _pending.Enqueue(new IoEvent(IoEventKind.Detached, peer.Connection, 0, _travellers.Count, 0));
                    _travellers.Add(peer);
                }

                break;
            case FakePeerState.Closing:
                peer.State = FakePeerState.Gone;
                Report(IoEventKind.Closed, peer);
                break;
        }
    }

    /// <summary>Puts some of what the peer has sent into some buffers.</summary>
    private void Deliver(FakePeer peer)
    {
        while (peer.MayDeliver && _random.Next(3) != 0 && _free.TryPop(out ushort buffer))
        {
            int most = _random.Next(3) == 0 ? 1 + _random.Next(Math.Min(20, _bufferBytes)) : _bufferBytes;
            int length = peer.TakeOutgoing(_memory.Span.Slice(buffer * _bufferBytes, most));
            _lent[buffer] = length > 0;
            if (length == 0)
            {
                _free.Push(buffer);
                break;
            }

            _pending.Enqueue(new IoEvent(IoEventKind.Received, peer.Connection, buffer, length, 0));
        }
    }

    private void Report(IoEventKind kind, FakePeer peer) =>
        _pending.Enqueue(new IoEvent(kind, peer.Connection, 0, 0, 0));
}
