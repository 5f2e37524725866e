using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using FastCache.Io.Uring;

namespace FastCache.Io.Tests;

/// <summary>A backend that listens on loopback, with its peers, all on one thread of their own.</summary>
internal sealed class Harness : IDisposable
{
    private const int BodyLimitMillis = 30_000;
    private const int StepLimitMillis = 5_000;
    private readonly IoEvent[] _events;
    private readonly List<IoEvent> _pending = [];

    private Harness(IShardIo io, int eventCapacity)
    {
        Io = io;
        _events = new IoEvent[eventCapacity];
        EndPoint = io.Listen(new IPEndPoint(IPAddress.Loopback, 0));
    }

    public IShardIo Io { get; }

    public IPEndPoint EndPoint { get; }

    /// <summary>Events that no step has consumed.</summary>
    public IReadOnlyList<IoEvent> Pending => _pending;

    /// <summary>Runs a test's body with a backend on a dedicated thread, within a bounded time.</summary>
    /// <param name="backend">The backend.</param>
    /// <param name="body">What is done with it.</param>
    /// <param name="options">Its sizes.</param>
    /// <param name="eventCapacity">Most events of one pass.</param>
    /// <param name="ringEntries">Sizes of io_uring's queues, small ones to make them overflow; 0: its own.</param>
    public static void Run(
        IoBackend backend, Action<Harness> body, ShardIoOptions? options = null, int eventCapacity = 64,
        int ringEntries = 0) => OnThread(() =>
        {
            options ??= new() { MaxConnections = 256, ReceiveBuffers = 64 };
            IShardIo? io;
            string reason;
            if (backend == IoBackend.Uring && ringEntries > 0)
            {
                io = UringShardIo.TryCreate(options, out reason, ringEntries, ringEntries);
            }
            else
            {
                ShardIo.TryCreate(backend, options, out io, out reason);
            }

            Assert.True(io is not null, reason);
            using Harness harness = new(io, eventCapacity);
            body(harness);
        });

    public static void OnThread(Action body)
    {
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                body();
            }
#pragma warning disable CA1031 // Whatever it is, it fails the test that waits below.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        })
        { IsBackground = true };
        thread.Start();
        Assert.True(thread.Join(BodyLimitMillis), "the test hangs");
        failure?.Throw();
    }

    /// <summary>Connects a peer; <paramref name="receiveBufferBytes"/> above 0 keeps its window small.</summary>
    public Socket Connect(int receiveBufferBytes = 0)
    {
        Socket peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBufferBytes > 0)
        {
            peer.ReceiveBufferSize = receiveBufferBytes;
        }

        peer.Connect(EndPoint);
        peer.ReceiveTimeout = StepLimitMillis;
        peer.SendTimeout = StepLimitMillis;
        return peer;
    }

    public (Socket Peer, ConnectionId Id) Open(int receiveBufferBytes = 0)
    {
        Socket peer = Connect(receiveBufferBytes);
        return (peer, Next(IoEventKind.Accepted).Connection);
    }

    /// <summary>One pass of the loop; its events are pending after.</summary>
    public int Poll(int timeoutMillis = 0)
    {
        int count = Io.Poll(_events, timeoutMillis);
        _pending.AddRange(_events.AsSpan(0, count));
        return count;
    }

    /// <summary>Polls until an event of this kind is there, and consumes it; others stay pending.</summary>
    public IoEvent Next(IoEventKind kind, ConnectionId? connection = null) =>
        Next(e => e.Kind == kind && (connection is null || e.Connection == connection), $"{kind}");

    /// <summary>Polls until an event is there, and consumes it.</summary>
    public IoEvent Next() => Next(_ => true, "event");

    /// <summary>Closes a connection when its peer's input is over, as a server does that has nothing left to answer.</summary>
    public IoEvent CloseAfterInput(ConnectionId connection)
    {
        Next(IoEventKind.EndOfInput, connection);
        Io.Close(connection);
        return Next(IoEventKind.Closed, connection);
    }

    /// <summary>Polls for a while and expects no event.</summary>
    public void ExpectNothing(int millis = 30)
    {
        long limit = Environment.TickCount64 + millis;
        while (Environment.TickCount64 < limit)
        {
            Poll(5);
        }

        Assert.Empty(_pending);
    }

    /// <summary>Receives exactly so many bytes and gives the buffers back.</summary>
    public byte[] Receive(ConnectionId connection, int length)
    {
        List<byte> bytes = [];
        while (bytes.Count < length)
        {
            IoEvent received = Next(IoEventKind.Received, connection);
            bytes.AddRange(Io.Received(received.Buffer, received.Length));
            Io.Release(received.Buffer);
        }

        Assert.Equal(length, bytes.Count);
        return [.. bytes];
    }

    public static byte[] ReceiveExactly(Socket peer, int length)
    {
        byte[] bytes = new byte[length];
        int done = 0;
        while (done < length)
        {
            int taken = peer.Receive(bytes, done, length - done, SocketFlags.None);
            Assert.True(taken > 0, $"the connection ended after {done} of {length} bytes");
            done += taken;
        }

        return bytes;
    }

    /// <summary>Bytes of which each tells its place.</summary>
    public static byte[] Pattern(int length, int seed = 0)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = PatternAt(seed, i);
        }

        return bytes;
    }

    public static byte PatternAt(int seed, long place) => (byte)((place * 31) ^ (place >> 8) ^ (seed * 17));

    public void Dispose() => Io.Dispose();

    private IoEvent Next(Predicate<IoEvent> isWanted, string name)
    {
        long limit = Environment.TickCount64 + StepLimitMillis;
        while (true)
        {
            int index = _pending.FindIndex(isWanted);
            if (index >= 0)
            {
                IoEvent found = _pending[index];
                _pending.RemoveAt(index);
                return found;
            }

            Assert.True(Environment.TickCount64 < limit, $"no {name} within {StepLimitMillis} ms");
            Poll(10);
        }
    }
}
