using System.Diagnostics.CodeAnalysis;
using FastCache.Client.Connections;
using FastCache.Client.Operations;
using FastCache.Client.Routing;
using FastCache.Protocol;

namespace FastCache.Client.Batches;

/// <summary>The part of a batch that one shard has, and the blocking connection to it.</summary>
/// <remarks>
/// The requests leave in parts of up to 64 KiB, each after the replies to the one before. So at most one part is unread by
/// a node that waits for its replies to be read, or one larger request with nothing before it: neither side ever waits for
/// the other, however large the batch and its replies are. The id of a request is its number in the batch.
/// <code>
/// number   0          answered       sent         count
///          | answered | sent, no     | not sent   |
///          |          | reply        |            |
/// </code>
/// When the connection is lost, or requests were moved, <see cref="Settle"/> takes all of them for answered: by then others
/// must have taken the frames that are to be sent elsewhere.
/// </remarks>
/// <param name="node">Whose shard it is.</param>
/// <param name="address">The shard, as errors name it; of a node of unknown shards any, which is -1.</param>
/// <param name="options">Checked ones.</param>
internal sealed class BatchLine(BatchNode node, ShardAddress address, FastCacheClientOptions options) : IDisposable
{
    private const int PartBytes = 64 << 10;
    private const int FirstBytes = 32 << 10;
    private const int FirstRequests = 128;

    private BlockingConnection? _connection;
    private CacheException? _failure;
    private byte[] _output = new byte[Math.Min(FirstBytes, options.MaxSendBytes)];
    private byte[] _input = new byte[FirstBytes];
    private Request[] _requests = new Request[Math.Min(FirstRequests, options.MaxOutstanding)];
    private int _maxKeyBytes = FcpLimits.MaxKeyBytes;
    private int _first; // Number of the request at the start of the output.
    private int _count;
    private int _repeated;
    private int _moved;
    private int _sent;
    private int _answered;
    private int _outputLength;
    private int _outputSent;
    private int _inputLength;
    private int _inputRead;

    public BatchNode Node => node;

    /// <summary>Its number among the lines of a batch.</summary>
    public int Number { get; set; }

    public bool IsConnected => _connection is not null;

    /// <summary>Whether there is nothing to send or to wait for.</summary>
    public bool IsDone => _answered == _count || _failure is not null;

    /// <summary>Whether requests of it have no reply that holds.</summary>
    public bool IsUnsettled => _moved > 0 || _failure is not null;

    /// <summary>What the next request must carry.</summary>
    public uint NextId => (uint)_count;

    /// <summary>Connects, and tells its node if that has other shards than was thought.</summary>
    /// <exception cref="CacheException">It does not come about.</exception>
    public void Connect()
    {
        BlockingConnection connection;
        try
        {
            connection = new(address, address.Shard + 1, options);
        }
        catch (CacheRequestException refused) when (refused.Status == Status.WrongShard)
        {
            // Any of the fewer shards that there are now hands requests on to the right ones.
            connection = new(address, 0, options);
        }

        try
        {
            if (connection.Hello.ShardCount != address.ShardCount)
            {
                node.TakeLayout(connection.AskLayout());
            }
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        _maxKeyBytes = (int)Math.Min(connection.Hello.MaxKeyBytes, FcpLimits.MaxKeyBytes);
        _connection = connection;
    }

    /// <summary>Room for the next frame.</summary>
    /// <exception cref="ArgumentException">The key is longer than this node allows.</exception>
    /// <exception cref="CacheLimitException">There is no room.</exception>
    public Span<byte> Room(int frameBytes, int keyBytes)
    {
        if (keyBytes > _maxKeyBytes)
        {
            throw new ArgumentException($"The key has {keyBytes} bytes; {address} takes keys of 1 to {_maxKeyBytes}.");
        }

        if (frameBytes > _output.Length - _outputLength || _count == _requests.Length)
        {
            Grow(frameBytes);
        }

        return _output.AsSpan(_outputLength);
    }

    /// <summary>Takes the frame in that was written into the room.</summary>
    /// <returns>Its number on this line.</returns>
    public int Add(int frameBytes, Opcode opcode)
    {
        _outputLength += frameBytes;
        ref Request request = ref _requests[_count];
        request.End = _outputLength;
        request.ReplyStart = -1;
        request.Opcode = opcode;
        return _count++;
    }

    /// <summary>Takes a frame in that another line had, or this one before.</summary>
    /// <returns>Its number on this line.</returns>
    /// <exception cref="CacheLimitException">There is no room.</exception>
    public int AddAgain(ReadOnlySpan<byte> frame)
    {
        _repeated++;
        Span<byte> room = Room(frame.Length, 0);
        frame.CopyTo(room);
        FrameHeader.SetId(room, NextId);
        return Add(frame.Length, FrameHeader.OpcodeOf(frame));
    }

    /// <summary>Sends the next part, if the last one was answered.</summary>
    /// <returns>False if there is one and no connection.</returns>
    public bool TrySendPart()
    {
        if (_answered < _sent || _sent == _count || _failure is not null)
        {
            return true;
        }

        if (_connection is null)
        {
            return false;
        }

        int end = _outputSent + PartBytes;
        do
        {
            _sent++;
        }
        while (_sent < _count && _requests[_sent].End <= end);

        end = _requests[_sent - 1].End;
        try
        {
            _connection.Send(_output.AsSpan(_outputSent, end - _outputSent));
            _outputSent = end;
        }
        catch (CacheException failure)
        {
            Fail(failure);
        }

        return true;
    }

    /// <summary>Waits for the replies to the part that was sent.</summary>
    public void ReceivePart()
    {
        if (_answered == _sent || _failure is not null)
        {
            return;
        }

        try
        {
            ReceiveReplies();
        }
        catch (CacheException failure)
        {
            Fail(failure);
        }
    }

    /// <summary>Takes note of why requests without a reply will have none, and closes the connection.</summary>
    public void Fail(CacheException failure)
    {
        _failure = failure;
        _connection?.Abandon();
        _connection = null;
    }

    /// <summary>The reply to a request.</summary>
    /// <exception cref="InvalidOperationException">It has none.</exception>
    public Reply ReplyOf(int number) => TryGetReply(number, out Reply reply)
        ? reply
        : throw new InvalidOperationException("This request has no reply yet; Execute gets it.");

    /// <summary>The reply to a request, if it has one.</summary>
    public bool TryGetReply(int number, out Reply reply)
    {
        int start = _requests[number].ReplyStart;
        if (start < 0)
        {
            reply = default;
            return false;
        }

        ReplyDecoder.Read(_input.AsSpan(start, _inputRead - start), out reply);
        return true;
    }

    /// <summary>Why a request has no reply, after a failure.</summary>
    /// <returns>False if it was not sent.</returns>
    public bool TryGetLoss(int number, [NotNullWhen(true)] out CacheException? loss)
    {
        loss = number < _sent ? _failure : null;
        return loss is not null;
    }

    /// <summary>Why a request is not sent.</summary>
    public CacheException NotSent() => _failure!.MayHaveExecuted
        ? new CacheConnectionException($"It was not sent: {_failure.Message}", false, _failure)
        : _failure;

    /// <summary>The frame of a request since the last <see cref="Settle"/>.</summary>
    public ReadOnlySpan<byte> FrameOf(int number)
    {
        int start = number == _first ? 0 : _requests[number - 1].End;
        return _output.AsSpan(start, _requests[number].End - start);
    }

    /// <summary>Begins again behind all requests that there are; their replies stay.</summary>
    public void Settle()
    {
        _first = _sent = _answered = _count;
        _outputLength = _outputSent = _moved = 0;
        _failure = null;

        // Of a connection that was lost a frame may have been received in part.
        _inputLength = _inputRead;
    }

    /// <summary>Forgets requests and replies.</summary>
    public void Clear()
    {
        _first = _count = _moved = _sent = _answered = _outputLength = _outputSent = _inputLength = _inputRead = 0;
        if (_repeated > 0)
        {
            // Room for those that were repeated is beyond the limit.
            _repeated = 0;
            Array.Resize(ref _requests, Math.Min(_requests.Length, options.MaxOutstanding));
        }
    }

    public void Dispose() => _connection?.Dispose();

    private void Grow(int frameBytes)
    {
        if (_count - _repeated == options.MaxOutstanding || frameBytes > options.MaxSendBytes - _outputLength)
        {
            throw new CacheLimitException(
                $"The batch for {address} is full: {_count} requests of {_outputLength} bytes; MaxOutstanding allows "
                + $"{options.MaxOutstanding}, and MaxSendBytes {options.MaxSendBytes}.");
        }

        if (frameBytes > _output.Length - _outputLength)
        {
            long bytes = Math.Max((long)_outputLength + frameBytes, Math.Min(2L * _output.Length, options.MaxSendBytes));
            Array.Resize(ref _output, (int)bytes);
        }

        if (_count == _requests.Length)
        {
            Array.Resize(ref _requests, Math.Min(2 * _count, options.MaxOutstanding + _repeated));
        }
    }

    private void ReceiveReplies()
    {
        while (_answered < _sent)
        {
            ReadOnlySpan<byte> rest = _input.AsSpan(_inputRead, _inputLength - _inputRead);
            DecodeResult result = ReplyDecoder.Read(rest, out Reply reply);
            if (result == DecodeResult.Ok)
            {
                Take(reply);
            }
            else if (result == DecodeResult.NeedMore)
            {
                Receive(reply.FrameLength);
            }
            else
            {
                throw new CacheConnectionException($"{address} broke the protocol: {ReplyDecoder.Explain(rest)}", true);
            }
        }
    }

    private void Take(in Reply reply)
    {
        if (reply.Status.IsFatal())
        {
            throw new CacheConnectionException(
                $"{address} ended the connection: {Refusal.Of(reply).Message}", reply.Status != Status.ShuttingDown);
        }

        if (reply.Id - (uint)_first >= (uint)(_sent - _first) || _requests[reply.Id].ReplyStart >= 0 || _requests[reply.Id].Opcode != reply.Opcode)
        {
            throw new CacheConnectionException(
                $"{address} broke the protocol: a {reply.Opcode} reply with id {reply.Id} answers no request", true);
        }

        if (reply.Status == Status.Moved)
        {
            _moved++;
        }

        _requests[reply.Id].ReplyStart = _inputRead;
        _inputRead += reply.FrameLength;
        _answered++;
    }

    /// <summary>Receives more, with room for at least the frame that has begun.</summary>
    private void Receive(int frameBytes)
    {
        if (_inputRead + frameBytes > _input.Length || _inputLength == _input.Length)
        {
            Array.Resize(ref _input, (int)Math.Min(Array.MaxLength, Math.Max(2L * _input.Length, (long)_inputRead + frameBytes)));
        }

        _inputLength += _connection!.Receive(_input.AsSpan(_inputLength));
    }

    /// <summary>A request by its number.</summary>
    /// <param name="End">Where its frame ends in the output.</param>
    /// <param name="ReplyStart">Where its reply starts in the input; -1 while there is none.</param>
    /// <param name="Opcode">What its reply must carry.</param>
    private record struct Request(int End, int ReplyStart, Opcode Opcode);
}
