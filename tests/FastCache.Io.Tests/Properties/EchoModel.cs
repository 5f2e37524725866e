using System.Net.Sockets;

namespace FastCache.Io.Tests.Properties;

/// <summary>A server that echoes, peers that do random things, and what must come of it.</summary>
/// <remarks>
/// The model of a connection is three counters: sent by the peer ≥ received by the server ≥ read back by the peer. The
/// bytes themselves tell their place, so order and content are checked without keeping them. The first two are equal
/// when the input is over; the server then answers what is left, takes its time, and closes; the third must follow, and
/// the peer must read an orderly end after it.
/// </remarks>
internal sealed class EchoModel : IDisposable
{
    private const int MaxChunk = 40_000;
    private readonly Harness _harness;
    private readonly Random _random;
    private readonly IoEvent[] _events;
    private readonly List<Link> _links = [];
    private readonly Dictionary<ConnectionId, Link> _byId = [];
    private readonly List<(IoEvent Event, int PassesLeft)> _held = [];
    private readonly int _heldLimit;
    private readonly byte[] _scratch = new byte[MaxChunk];
    private int _opened;

    public EchoModel(Harness harness, Random random, int eventCapacity, int heldLimit)
    {
        _harness = harness;
        _random = random;
        _events = new IoEvent[eventCapacity];
        _heldLimit = heldLimit;
    }

    /// <summary>One peer and, once accepted, the server's side of it.</summary>
    private sealed class Link(int seed, Socket peer) : IDisposable
    {
        public readonly int Seed = seed;
        public readonly Socket Peer = peer;
        public readonly NativeBuffer Staging = new(2 << 20);
        public ConnectionId Id;
        public bool IsAccepted;
        public bool IsInputOver; // Reported by the server.
        public bool IsClosing; // The server has called Close.
        public bool IsClosed; // Reported by the server.
        public bool IsCut; // Somebody ended it early: bytes may be missing.
        public bool PeerEnded;
        public bool PeerGone;
        public bool PeerReadEnd;
        public bool IsPaused;
        public int Outbox; // Bytes staged and not sent.
        public bool InFlight; // Staging is in the backend's hands until Poll returns.
        public long SentByPeer;
        public long Received;
        public long ReadByPeer;

        public void Dispose()
        {
            Peer.Dispose();
            Staging.Dispose();
        }
    }

    public void Open()
    {
        Socket peer = _harness.Connect(_random.Next(2) == 0 ? 4_096 : 0);
        peer.Blocking = false;
        _links.Add(new Link(_opened++, peer));
    }

    public void Step()
    {
        Link? link = _links.Count > 0 ? _links[_random.Next(_links.Count)] : null;
        switch (_random.Next(20))
        {
            case 0 when _links.Count < 12:
                Open();
                break;
            case 1 when link is { PeerEnded: false }:
                link.PeerEnded = true;
                link.Peer.Shutdown(SocketShutdown.Send);
                break;
            case 2 when link is { PeerGone: false } && _random.Next(4) == 0:
                link.PeerGone = link.PeerEnded = link.IsCut = true;
                link.Peer.LingerState = new LingerOption(_random.Next(2) == 0, 0);
                link.Peer.Dispose();
                break;
            case 3 when link is { IsAccepted: true } && _random.Next(6) == 0:
                link.IsCut |= !link.IsClosing;
                link.IsClosing = true;
                _harness.Io.Close(link.Id);
                break;
            case 4 or 5 when link is { IsAccepted: true }:
                link.IsPaused = true;
                _harness.Io.PauseReceiving(link.Id);
                break;
            case 6 or 7 when link is { IsAccepted: true }:
                link.IsPaused = false;
                _harness.Io.ResumeReceiving(link.Id);
                break;
            case 8 or 9:
                _harness.Io.Wake();
                break;
            case < 13 when link is { PeerEnded: false }:
                SendFromPeer(link);
                break;
            case < 16 when link is { PeerGone: false }:
                ReadByPeer(link);
                break;
            default:
                Pass(_random.Next(3) == 0 ? 1 : 0);
                break;
        }
    }

    /// <summary>Lets everything go through, and checks that nothing is missing.</summary>
    public void Finish()
    {
        foreach (Link link in _links)
        {
            link.IsPaused = false;
            if (link.IsAccepted)
            {
                _harness.Io.ResumeReceiving(link.Id);
            }

            if (!link.PeerEnded)
            {
                link.PeerEnded = true;
                link.Peer.Shutdown(SocketShutdown.Send);
            }
        }

        long limit = Environment.TickCount64 + 10_000;
        while (_links.Any(l => !l.IsClosed && (l.IsAccepted || !l.IsCut)))
        {
            Assert.True(Environment.TickCount64 < limit, "not all connections end");
            foreach (Link link in _links.Where(l => !l.PeerGone))
            {
                ReadByPeer(link);
            }

            Pass(1);
        }

        Pass(0);
        foreach (Link link in _links.Where(l => !l.IsCut))
        {
            while (!link.PeerReadEnd)
            {
                Assert.True(Environment.TickCount64 < limit, $"{link.ReadByPeer} of {link.SentByPeer} bytes came back");
                ReadByPeer(link);
            }

            Assert.Equal(link.SentByPeer, link.Received);
            Assert.Equal(link.SentByPeer, link.ReadByPeer);
        }
    }

    public void Dispose()
    {
        foreach (Link link in _links)
        {
            link.Dispose();
        }
    }

    private void SendFromPeer(Link link)
    {
        // What is under way must fit the staging buffer.
        int length = Math.Min(_random.Next(1, MaxChunk), (int)(link.Staging.Length - (link.SentByPeer - link.ReadByPeer)));
        for (int i = 0; i < length; i++)
        {
            _scratch[i] = Harness.PatternAt(link.Seed, link.SentByPeer + i);
        }

        if (length > 0)
        {
            int sent = link.Peer.Send(_scratch.AsSpan(0, length), SocketFlags.None, out SocketError error);
            Assert.True(error is SocketError.Success or SocketError.WouldBlock || link.IsCut, $"peer's send: {error}");
            link.SentByPeer += error == SocketError.Success ? sent : 0;
        }
    }

    private void ReadByPeer(Link link)
    {
        int read = link.Peer.Receive(_scratch, 0, _random.Next(1, MaxChunk), SocketFlags.None, out SocketError error);
        Assert.True(error is SocketError.Success or SocketError.WouldBlock || link.IsCut, $"peer's read: {error}");
        link.PeerReadEnd |= error == SocketError.Success && read == 0;
        read = error == SocketError.Success ? read : 0;
        CheckPattern(link, link.ReadByPeer, _scratch.AsSpan(0, read));
        link.ReadByPeer += read;
        Assert.True(link.ReadByPeer <= link.Received);
    }

    private void Pass(int timeoutMillis)
    {
        int count = _harness.Io.Poll(_events, timeoutMillis);
        Submitted();
        foreach (IoEvent e in _events.AsSpan(0, count))
        {
            switch (e.Kind)
            {
                case IoEventKind.Accepted:
                    // Loopback accepts in the order of connecting.
                    Link link = _links.First(l => !l.IsAccepted);
                    link.IsAccepted = true;
                    link.Id = e.Connection;
                    Assert.True(_byId.TryAdd(e.Connection, link), "an id was used twice");
                    break;
                case IoEventKind.Received:
                    Take(_byId[e.Connection], e);
                    break;
                case IoEventKind.EndOfInput:
                    EndInput(_byId[e.Connection]);
                    break;
                case IoEventKind.Drained:
                    Assert.False(_harness.Io.IsBlocked(e.Connection));
                    Assert.False(_byId[e.Connection].IsClosed);
                    break;
                case IoEventKind.Closed:
                    Link ended = _byId[e.Connection];
                    Assert.False(ended.IsClosed, "Closed was reported twice");
                    Assert.True(e.Error == 0 ? ended.IsClosing : ended.IsCut, $"closed without a reason, errno {e.Error}");
                    ended.IsClosed = true;
                    break;
            }
        }

        for (int i = _held.Count - 1; i >= 0; i--)
        {
            _held[i] = (_held[i].Event, _held[i].PassesLeft - 1);
            if (_held[i].PassesLeft <= 0)
            {
                _harness.Io.Release(_held[i].Event.Buffer);
                _held.RemoveAt(i);
            }
        }

        foreach (Link link in _links)
        {
            bool maySend = link is { IsClosed: false, InFlight: false } && !_harness.Io.IsBlocked(link.Id);
            if (link.Outbox > 0 && maySend && _random.Next(4) != 0)
            {
                _harness.Io.Send(link.Id, link.Staging.Span[..link.Outbox]);
                link.InFlight = true;
            }
        }

        if (_random.Next(2) == 0)
        {
            _harness.Io.Flush();
            Submitted();
        }

        foreach (Link link in _links)
        {
            bool isAnswered = link is { IsInputOver: true, Outbox: 0, InFlight: false } && !_harness.Io.IsBlocked(link.Id);
            if (isAnswered && !link.IsClosing && _random.Next(3) == 0)
            {
                link.IsClosing = true;
                _harness.Io.Close(link.Id);
            }
        }
    }

    private static void EndInput(Link link)
    {
        Assert.False(link.IsClosed, "EndOfInput after Closed");
        Assert.False(link.IsInputOver, "EndOfInput was reported twice");
        Assert.True(link.PeerEnded, "EndOfInput though the peer goes on");
        Assert.True(link.IsCut || link.Received == link.SentByPeer, $"EndOfInput after {link.Received} of {link.SentByPeer} bytes");
        link.IsInputOver = true;
    }

    private void Take(Link link, IoEvent e)
    {
        Assert.False(link.IsClosed, "bytes after Closed");
        Assert.False(link.IsInputOver, "bytes after EndOfInput");
        ReadOnlySpan<byte> bytes = _harness.Io.Received(e.Buffer, e.Length);
        CheckPattern(link, link.Received, bytes);
        link.Received += bytes.Length;
        bytes.CopyTo(link.Staging.Span[link.Outbox..]);
        link.Outbox += bytes.Length;
        if (_held.Count < _heldLimit && _random.Next(3) == 0)
        {
            _held.Add((e, _random.Next(1, 6)));
        }
        else
        {
            _harness.Io.Release(e.Buffer);
        }
    }

    private static void CheckPattern(Link link, long place, ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            if (bytes[i] != Harness.PatternAt(link.Seed, place + i))
            {
                Assert.Fail($"byte {place + i} is wrong");
            }
        }
    }

    private void Submitted()
    {
        foreach (Link link in _links.Where(l => l.InFlight))
        {
            link.InFlight = false;
            link.Staging.Span[..link.Outbox].Fill(0xEE); // It is ours again.
            link.Outbox = 0;
        }
    }
}
