using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.Bench.Faults;

/// <summary>One thread that does a node one harm after another, at random.</summary>
/// <remarks>It connects from addresses of its own, so that the limit per address never meets those that behave.</remarks>
internal sealed class HostilePeers
{
    /// <summary>Most connections from one address that the node is told to allow.</summary>
    public const int MostPerAddress = 1_000;

    /// <summary>Longest that one fault goes on: longer than the node's time-outs.</summary>
    private const int LongestMillis = 4_000;

    private const int LargeBytes = 900_000;

    private static readonly byte[] LargeKey = "a large value"u8.ToArray();
    private static readonly IPAddress[] Addresses = [IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.3"), IPAddress.Parse("127.0.0.4")];

    private readonly IPEndPoint _node;
    private readonly Func<bool> _isOver;
    private readonly (string Name, Action Do)[] _faults;
    private SplitMix _random;

    /// <param name="node">Where it listens.</param>
    /// <param name="number">Which thread this is.</param>
    /// <param name="seed">What the random numbers start from.</param>
    /// <param name="isOver">Whether to stop.</param>
    public HostilePeers(IPEndPoint node, int number, ulong seed, Func<bool> isOver)
    {
        _node = node;
        _isOver = isOver;
        _random = new(SplitMix.Mix(~seed + (ulong)number));
        _faults =
        [
            ("peers that ask for megabytes and do not read", NeverRead),
            ("peers that begin large frames and do not end them", NeverEnd),
            ("peers that send a byte now and then", Drip),
            ("connections that say nothing", SayNothing),
            ("hundreds of connections inside a frame, for every receive buffer", FillBuffers),
            ("a crowd beyond the limit of its address", CrowdOneAddress),
            ("a crowd beyond the descriptors of the node", CrowdDescriptors),
            ("peers that ask for all keys, a thousand times ahead", ScanAhead),
            ("a crowd that asks at the same moment, for the completion queue", AskAtOnce),
            ("garbage", SendGarbage),
            ("connections that vanish inside a frame", Vanish),
        ];
        Done = new int[_faults.Length];
    }

    /// <summary>Names of the faults.</summary>
    public IReadOnlyList<string> Names => [.. _faults.Select(fault => fault.Name)];

    /// <summary>How often each was done.</summary>
    public int[] Done { get; }

    /// <summary>The last that failed in a way that nobody expected, or null.</summary>
    public string? Fault { get; private set; }

    public void Run()
    {
        while (!_isOver())
        {
            int next = _random.NextBelow(_faults.Length);
            try
            {
                _faults[next].Do();
            }
            catch (SocketException)
            {
                // Refused, reset, timed out: what the node does to them is its business.
            }
            catch (FaultException failure)
            {
                Fault = $"{_faults[next].Name}: {failure.Message}";
            }

            Done[next]++;
        }
    }

    private void NeverRead()
    {
        List<Socket> peers = Connect(1 + _random.NextBelow(20), _random.NextBelow(Addresses.Length));
        byte[] hello = Frame(frame => RequestWriter.Hello(frame, 0));
        byte[] set = Frame(frame => RequestWriter.Set(frame, 1, LargeKey, new byte[LargeBytes]));
        byte[] get = Frame(frame => RequestWriter.Get(frame, 2, LargeKey));
        byte[] gets = [.. Enumerable.Repeat(get, 200).SelectMany(bytes => bytes)];
        peers.ForEach(peer => TrySend(peer, [.. hello, .. set, .. gets]));
        Hold(peers, peer => TrySend(peer, gets));
    }

    private void ScanAhead()
    {
        List<Socket> peers = Connect(1 + _random.NextBelow(10), _random.NextBelow(Addresses.Length));
        byte[] prefix = _random.NextBelow(2) == 0 ? [] : LargeKey;
        byte[] scan = Frame(frame => RequestWriter.Scan(frame, 1, (uint)_random.Next(), FcpLimits.MaxBatchKeys, prefix));
        byte[] scans = [.. Enumerable.Repeat(scan, 1_000).SelectMany(bytes => bytes)];
        peers.ForEach(peer => TrySend(peer, [.. Frame(frame => RequestWriter.Hello(frame, 0)), .. scans]));
        Hold(peers, peer => TrySend(peer, scans));
    }

    private void NeverEnd()
    {
        List<Socket> peers = Connect(1 + _random.NextBelow(40), _random.NextBelow(Addresses.Length));
        byte[] begun = [.. Frame(frame => RequestWriter.Hello(frame, 0)), .. Frame(frame => RequestWriter.Set(frame, 1, LargeKey, new byte[LargeBytes]))];
        foreach (Socket peer in peers)
        {
            TrySend(peer, begun.AsSpan(0, begun.Length - 1 - _random.NextBelow(LargeBytes)));
        }

        Hold(peers, _ => { });
    }

    private void Drip()
    {
        List<Socket> peers = Connect(20, _random.NextBelow(Addresses.Length));
        byte[] bytes = [.. Frame(frame => RequestWriter.Hello(frame, 0)), .. Frame(frame => RequestWriter.Set(frame, 1, LargeKey, new byte[LargeBytes]))];
        int sent = 0;
        Hold(peers, peer => TrySend(peer, bytes.AsSpan(sent++ / peers.Count, 1)));
    }

    private void SayNothing() => Hold(Connect(100 + _random.NextBelow(300), _random.NextBelow(Addresses.Length)), _ => { });

    private void FillBuffers()
    {
        byte[] begun = [.. Frame(frame => RequestWriter.Hello(frame, 0)), .. Frame(frame => RequestWriter.Set(frame, 1, LargeKey, new byte[LargeBytes]))];
        List<Socket> peers = Connect(400, _random.NextBelow(Addresses.Length));
        peers.ForEach(peer => TrySend(peer, begun.AsSpan(0, 17_000)));
        Hold(peers, peer => TrySend(peer, begun.AsSpan(17_000, 1_000)), atMostMillis: 1_000);
    }

    private void CrowdOneAddress() => Hold(Connect(MostPerAddress + 200, 0), _ => { }, atMostMillis: 500);

    private void CrowdDescriptors()
    {
        List<Socket> peers = Connect(FaultNode.MaxDescriptors * 6 / 10, 1);
        peers.AddRange(Connect(FaultNode.MaxDescriptors * 6 / 10, 2));
        Hold(peers, _ => { }, atMostMillis: 500);
    }

    private void AskAtOnce()
    {
        byte[] frames = [.. Frame(frame => RequestWriter.Hello(frame, 0)), .. Frame(frame => RequestWriter.Ping(frame, 1, "now"u8))];
        List<Socket> peers = Connect(900, _random.NextBelow(Addresses.Length));
        peers.ForEach(peer => TrySend(peer, frames));
        Hold(peers, peer => TrySend(peer, frames.AsSpan(24)), atMostMillis: 300);
    }

    private void SendGarbage()
    {
        byte[] bytes = new byte[1 + _random.NextBelow(100_000)];
        foreach (Socket peer in Connect(10, _random.NextBelow(Addresses.Length)))
        {
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] = (byte)_random.Next();
            }

            if (_random.NextBelow(2) == 0)
            {
                RequestWriter.Hello(bytes.Length < 64 ? new byte[64] : bytes, 0);
            }

            TrySend(peer, bytes);
            peer.Dispose();
        }
    }

    private void Vanish()
    {
        byte[] bytes = [.. Frame(frame => RequestWriter.Hello(frame, 0)), .. Frame(frame => RequestWriter.Set(frame, 1, LargeKey, new byte[50_000]))];
        foreach (Socket peer in Connect(200, _random.NextBelow(Addresses.Length)))
        {
            TrySend(peer, bytes.AsSpan(0, 1 + _random.NextBelow(bytes.Length - 1)));
            Reset(peer);
        }
    }

    private List<Socket> Connect(int count, int address)
    {
        List<Socket> peers = new(count);
        for (int i = 0; i < count && !_isOver(); i++)
        {
            Socket peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, Blocking = false, ReceiveBufferSize = 64 << 10 };
            peers.Add(peer);
            try
            {
                peer.Bind(new IPEndPoint(Addresses[address], 0));
                peer.Connect(_node);
            }
            catch (SocketException)
            {
                // Under way, or refused; a send tells.
            }
        }

        return peers;
    }

    /// <summary>Keeps peers for a while, and lets them leave in one of two ways.</summary>
    private void Hold(List<Socket> peers, Action<Socket> act, int atMostMillis = LongestMillis)
    {
        int millis = 100 + _random.NextBelow(atMostMillis);
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start).TotalMilliseconds < millis && !_isOver())
        {
            peers.ForEach(act);
            Thread.Sleep(20);
        }

        bool orderly = _random.NextBelow(2) == 0;
        foreach (Socket peer in peers)
        {
            if (orderly)
            {
                peer.Dispose();
            }
            else
            {
                Reset(peer);
            }
        }
    }

    private static void Reset(Socket peer)
    {
        peer.LingerState = new LingerOption(true, 0);
        peer.Dispose();
    }

    /// <summary>Sends what the kernel takes; a peer that was disconnected sends nothing.</summary>
    private static void TrySend(Socket peer, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int sent = peer.Send(bytes, SocketFlags.None, out SocketError error);
            if (error != SocketError.Success)
            {
                return;
            }

            bytes = bytes[sent..];
        }
    }

    private static byte[] Frame(FaultLink.Write write)
    {
        byte[] frame = new byte[LargeBytes + 1_000];
        return frame[..write(frame)];
    }
}
