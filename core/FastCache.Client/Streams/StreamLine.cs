using System.Buffers;
using System.Net.Sockets;
using FastCache.Client.Connections;
using FastCache.Protocol;

namespace FastCache.Client.Streams;

/// <summary>A connection to one shard for one stream, which ends with it.</summary>
/// <remarks>
/// A stream has no other's requests before or behind it: a large value holds up no small one in the buffers of a socket, and a reader that
/// stops holds up nobody. Closing the connection is all that it takes to give a stream up, at the node too.
/// </remarks>
internal sealed class StreamLine : IDisposable
{
    /// <summary>The id of the one stream.</summary>
    public const uint StreamId = 1;

    /// <summary>Two pieces with their headers.</summary>
    private const int InputBytes = 2 * (FcpLimits.HeaderBytes + FcpLimits.MaxPieceBytes);

    private readonly StreamLines _owner;
    private ShardAddress? _address;
    private Socket? _socket;
    private byte[] _input = ArrayPool<byte>.Shared.Rent(InputBytes);
    private int _start;
    private int _end;

    public StreamLine(StreamLines owner) => _owner = owner;

    /// <summary>Whether the node may have executed what is under way, as exceptions say it.</summary>
    public bool MayHaveExecuted { get; set; }

    /// <summary>Whether something was received that nobody has looked at.</summary>
    public bool HasInput => _end > _start || _socket!.Available > 0;

    /// <summary>Takes a connection into use, in the place of an earlier one.</summary>
    public void Use(ShardAddress address, Socket socket)
    {
        _socket?.Dispose();
        (_address, _socket, _start, _end) = (address, socket, 0, 0);
    }

    /// <summary>Sends bytes, all of them.</summary>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            ReadOnlyMemory<byte> rest = bytes;
            bytes = bytes[await StepAsync(limit => _socket!.SendAsync(rest, limit), cancellationToken).ConfigureAwait(false)..];
        }
    }

    /// <summary>Waits for the next frame.</summary>
    public async ValueTask<StreamFrame> ReceiveAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryRead(out StreamFrame frame))
            {
                return frame;
            }

            _input.AsSpan(_start, _end - _start).CopyTo(_input);
            (_start, _end) = (0, _end - _start);
            int received = await StepAsync(limit => _socket!.ReceiveAsync(_input.AsMemory(_end), limit), cancellationToken)
                .ConfigureAwait(false);
            _end += received;
            if (received == 0)
            {
                throw new CacheConnectionException($"{_address} closed the connection of a stream.", MayHaveExecuted);
            }
        }
    }

    /// <summary>Closes the connection; the node forgets the stream. What the kernel has not delivered, perhaps a commit, is not
    /// delivered any more.</summary>
    public void Dispose()
    {
        byte[] input = Interlocked.Exchange(ref _input, []);
        if (input.Length > 0)
        {
            _owner.Ended(this);
            _socket?.Close(timeout: 0);
            ArrayPool<byte>.Shared.Return(input);
        }
    }

    /// <summary>Closes the socket only: whoever uses the line finds out.</summary>
    public void Abort() => _socket?.Dispose();

    private bool TryRead(out StreamFrame frame)
    {
        ReadOnlySpan<byte> unread = _input.AsSpan(_start, _end - _start);
        DecodeResult result = ReplyDecoder.Read(unread, out Reply reply);
        frame = default;
        if (result == DecodeResult.NeedMore && reply.FrameLength <= FcpLimits.HeaderBytes + FcpLimits.MaxPieceBytes)
        {
            return false;
        }

        if (result != DecodeResult.Ok)
        {
            string why = result == DecodeResult.NeedMore ? $"a frame of {reply.FrameLength} bytes" : ReplyDecoder.Explain(unread);
            throw new CacheConnectionException($"{_address} breaks the protocol: {why}.", MayHaveExecuted);
        }

        ReadOnlyMemory<byte> value = _input.AsMemory(_start + reply.FrameLength - reply.Value.Length, reply.Value.Length);
        frame = new(reply.Opcode, reply.Status, reply.HasMore, reply.Argument, reply.Version, value);
        _start += reply.FrameLength;
        return true;
    }

    private async ValueTask<int> StepAsync(Func<CancellationToken, ValueTask<int>> step, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_owner.Options.RequestTimeout);
        try
        {
            return await step(limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CacheTimeoutException(
                $"A stream from or to {_address} stood still for {_owner.Options.RequestTimeout.TotalSeconds} s.", MayHaveExecuted);
        }
        catch (Exception lost) when (lost is SocketException or ObjectDisposedException)
        {
            throw new CacheConnectionException($"The connection of a stream to {_address} was lost: {lost.Message}", MayHaveExecuted, lost);
        }
    }
}
