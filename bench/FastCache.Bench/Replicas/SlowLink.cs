using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using FastCache.Protocol;

namespace FastCache.Bench.Replicas;

/// <summary>Stands before a node, passes everything on, the node's answers after a delay that can change, and takes note of when
/// reads come.</summary>
internal sealed class SlowLink : IAsyncDisposable
{
    private const int BufferBytes = 64 << 10;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentBag<Socket> _sockets = [];
    private readonly ConcurrentQueue<long> _reads = [];
    private readonly Task _accepting;
    private long _delayTicks;

    public SlowLink()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>The node. Before anybody connects.</summary>
    public IPEndPoint? Node { get; set; }

    /// <summary>How much later the node's answers come.</summary>
    public TimeSpan Delay
    {
        set => Volatile.Write(ref _delayTicks, (long)(value.TotalSeconds * Stopwatch.Frequency));
    }

    /// <summary>When reads came since this was asked last, in ticks of <see cref="Stopwatch"/>.</summary>
    public long[] TakeReads()
    {
        List<long> taken = [];
        while (_reads.TryDequeue(out long at))
        {
            taken.Add(at);
        }

        return [.. taken];
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting.ConfigureAwait(false);
        foreach (Socket socket in _sockets)
        {
            socket.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                Socket client = await _listener.AcceptSocketAsync().ConfigureAwait(false);
                Socket node = new(SocketType.Stream, ProtocolType.Tcp);
                _sockets.Add(client);
                _sockets.Add(node);
                client.NoDelay = node.NoDelay = true;
                await node.ConnectAsync(Node!).ConfigureAwait(false);
                _ = PassRequestsAsync(client, node);
                _ = PassAnswersAsync(node, client);
            }
            catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
        }
    }

    private async Task PassRequestsAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[BufferBytes];
        byte[] header = new byte[FcpLimits.HeaderBytes];
        int headerBytes = 0;
        int bodyRest = 0;
        try
        {
            for (int count; (count = await from.ReceiveAsync(buffer).ConfigureAwait(false)) > 0;)
            {
                Watch(buffer.AsSpan(0, count));
                await SendAsync(to, buffer.AsMemory(0, count)).ConfigureAwait(false);
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            to.Dispose();
        }

        void Watch(ReadOnlySpan<byte> bytes)
        {
            while (!bytes.IsEmpty)
            {
                int skipped = Math.Min(bodyRest, bytes.Length);
                bodyRest -= skipped;
                bytes = bytes[skipped..];
                int taken = Math.Min(header.Length - headerBytes, bytes.Length);
                bytes[..taken].CopyTo(header.AsSpan(headerBytes));
                headerBytes += taken;
                bytes = bytes[taken..];
                if (headerBytes == header.Length)
                {
                    headerBytes = 0;
                    bodyRest = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(4));
                    if ((Opcode)header[1] is Opcode.Get or Opcode.LeaseGet)
                    {
                        _reads.Enqueue(Stopwatch.GetTimestamp());
                    }
                }
            }
        }
    }

    private async Task PassAnswersAsync(Socket from, Socket to)
    {
        Channel<(long Due, byte[] Bytes)> waiting = Channel.CreateUnbounded<(long, byte[])>();
        Task sending = SendWhenDueAsync(waiting.Reader, to);
        byte[] buffer = new byte[BufferBytes];
        try
        {
            for (int count; (count = await from.ReceiveAsync(buffer).ConfigureAwait(false)) > 0;)
            {
                waiting.Writer.TryWrite((Stopwatch.GetTimestamp() + Volatile.Read(ref _delayTicks), buffer[..count]));
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // Nothing more comes.
        }

        waiting.Writer.Complete();
        await sending.ConfigureAwait(false);
        to.Dispose();
    }

    private static async Task SendWhenDueAsync(ChannelReader<(long Due, byte[] Bytes)> waiting, Socket to)
    {
        try
        {
            await foreach ((long due, byte[] bytes) in waiting.ReadAllAsync().ConfigureAwait(false))
            {
                TimeSpan rest = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
                if (rest > TimeSpan.Zero)
                {
                    await Task.Delay(rest).ConfigureAwait(false);
                }

                await SendAsync(to, bytes).ConfigureAwait(false);
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // The client has gone.
        }
    }

    private static async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await to.SendAsync(bytes).ConfigureAwait(false)..];
        }
    }
}
