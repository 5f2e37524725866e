using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace FastCache.Bench.Stampede;

/// <summary>The source of all values: it takes its time for each, for any number at once, and counts.</summary>
/// <remarks>It listens on loopback. A request is the number of a key in 4 bytes, little-endian; the reply is the same 4 bytes.
/// Replies of a connection come in the order of its requests.</remarks>
internal sealed class SlowSource : IDisposable
{
    public const int FrameBytes = sizeof(int);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly Lock _lock = new();
    private readonly List<Socket> _sockets = [];
    private readonly TimeSpan _delay;
    private SourceLives _lives;

    /// <param name="delay">How long an answer takes.</param>
    /// <param name="lives">Counts its calls.</param>
    public SlowSource(TimeSpan delay, SourceLives lives)
    {
        _delay = delay;
        _lives = lives;
        _listener.Start();
        _ = AcceptAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Counts anew from here on. Nobody may be asking.</summary>
    public void Count(SourceLives lives)
    {
        lock (_lock)
        {
            _lives = lives;
        }
    }

    public void Dispose()
    {
        _listener.Dispose();
        lock (_lock)
        {
            _sockets.ForEach(socket => socket.Dispose());
        }
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _listener.AcceptSocketAsync();
                socket.NoDelay = true;
                lock (_lock)
                {
                    _sockets.Add(socket);
                }

                Channel<(int Key, TimeSpan Due)> answers = Channel.CreateUnbounded<(int Key, TimeSpan Due)>();
                _ = Task.Run(() => ListenAsync(socket, answers.Writer));
                _ = Task.Run(() => AnswerAsync(socket, answers.Reader));
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // Nobody will ask any more.
        }
    }

    private async Task ListenAsync(Socket socket, ChannelWriter<(int Key, TimeSpan Due)> answers)
    {
        byte[] input = new byte[FrameBytes << 10];
        try
        {
            for (int length = 0, received = -1; received != 0;)
            {
                received = await socket.ReceiveAsync(input.AsMemory(length));
                length += received;
                int whole = length / FrameBytes * FrameBytes;
                TimeSpan now = _clock.Elapsed;
                lock (_lock)
                {
                    for (int start = 0; start < whole; start += FrameBytes)
                    {
                        int key = BinaryPrimitives.ReadInt32LittleEndian(input.AsSpan(start));
                        _lives.Asked(key, now, now + _delay);
                        answers.TryWrite((key, now + _delay));
                    }
                }

                input.AsSpan(whole, length - whole).CopyTo(input);
                length -= whole;
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // The process has ended, and who started it sees why.
        }

        answers.Complete();
    }

    private async Task AnswerAsync(Socket socket, ChannelReader<(int Key, TimeSpan Due)> answers)
    {
        byte[] output = new byte[FrameBytes << 10];
        try
        {
            while (await answers.WaitToReadAsync())
            {
                int length = 0;
                (int Key, TimeSpan Due) next;
                while (answers.TryPeek(out next) && next.Due <= _clock.Elapsed && length < output.Length)
                {
                    answers.TryRead(out _);
                    BinaryPrimitives.WriteInt32LittleEndian(output.AsSpan(length), next.Key);
                    length += FrameBytes;
                }

                if (length > 0)
                {
                    await socket.SendAsync(output.AsMemory(0, length));
                }
                else if (next.Due - _clock.Elapsed is { Ticks: > 0 } rest)
                {
                    await Task.Delay(rest);
                }
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // As above.
        }
    }
}
