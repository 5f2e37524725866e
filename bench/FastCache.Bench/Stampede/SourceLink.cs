using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace FastCache.Bench.Stampede;

/// <summary>A process's connection to the <see cref="SlowSource"/>, for any number of callers at once.</summary>
internal sealed class SourceLink : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly Queue<(int Key, TaskCompletionSource Answered)> _asked = []; // Its own lock.
    private Exception? _end;

    /// <exception cref="SocketException">Nobody listens there.</exception>
    public SourceLink(IPEndPoint source)
    {
        _socket.Connect(source);
        _ = ReceiveAsync();
    }

    /// <summary>Asks for a key.</summary>
    /// <returns>Done when the source has answered; fails with <see cref="IOException"/> when it does not.</returns>
    public Task AskAsync(int key)
    {
        TaskCompletionSource answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Span<byte> frame = stackalloc byte[SlowSource.FrameBytes];
        BinaryPrimitives.WriteInt32LittleEndian(frame, key);
        lock (_asked)
        {
            if (_end is not null)
            {
                throw new IOException(_end.Message, _end);
            }

            _asked.Enqueue((key, answered));
            for (int sent = 0; sent < frame.Length;)
            {
                sent += _socket.Send(frame[sent..]);
            }
        }

        return answered.Task;
    }

    public void Dispose() => _socket.Dispose();

    private async Task ReceiveAsync()
    {
        byte[] input = new byte[SlowSource.FrameBytes << 10];
        Exception end = new EndOfStreamException("the source has closed the connection");
        try
        {
            for (int length = 0, received = -1; received != 0;)
            {
                received = await _socket.ReceiveAsync(input.AsMemory(length)).ConfigureAwait(false);
                length += received;
                int whole = length / SlowSource.FrameBytes * SlowSource.FrameBytes;
                for (int start = 0; start < whole; start += SlowSource.FrameBytes)
                {
                    Take(BinaryPrimitives.ReadInt32LittleEndian(input.AsSpan(start)));
                }

                input.AsSpan(whole, length - whole).CopyTo(input);
                length -= whole;
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException or InvalidDataException)
        {
            end = failure;
        }

        lock (_asked)
        {
            _end = end;
            while (_asked.TryDequeue(out (int Key, TaskCompletionSource Answered) one))
            {
                one.Answered.SetException(new IOException(end.Message, end));
            }
        }
    }

    private void Take(int key)
    {
        (int Key, TaskCompletionSource Answered) one;
        lock (_asked)
        {
            if (!_asked.TryDequeue(out one) || one.Key != key)
            {
                throw new InvalidDataException($"the source answers for key {key}, which is not its turn");
            }
        }

        one.Answered.SetResult();
    }
}
