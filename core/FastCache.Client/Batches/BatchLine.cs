using System.Net.Sockets;
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
/// </remarks>
internal sealed class BatchLine : IDisposable
{
    private const int PartBytes = 64 << 10;
    private const int FirstBytes = 32 << 10;
    private const int FirstRequests = 128;

    private readonly ShardAddress _address;
    private readonly FastCacheClientOptions _options;
    private readonly Socket _socket;
    private readonly int _maxKeyBytes;
    private byte[] _output;
    private byte[] _input = new byte[FirstBytes];
    private Request[] _requests;
    private int _count;
    private int _sent;
    private int _answered;
    private int _outputLength;
    private int _outputSent;
    private int _inputLength;
    private int _inputRead;

    /// <summary>Connects and shakes hands.</summary>
    /// <param name="address">The shard, as errors name it.</param>
    /// <param name="wish">What the handshake asks for: 0 for any shard, k for the one with number k - 1.</param>
    /// <param name="options">Checked ones.</param>
    /// <exception cref="CacheException">It does not come about.</exception>
    public BatchLine(ShardAddress address, int wish, FastCacheClientOptions options)
    {
        _address = address;
        _options = options;
        _output = new byte[Math.Min(FirstBytes, options.MaxSendBytes)];
        _requests = new Request[Math.Min(FirstRequests, options.MaxOutstanding)];
        _socket = Handshake.NewSocket(address.EndPoint);
        try
        {
            Connect();
            HelloReply hello = Handshake.ReadHello(
                Ask(frame => RequestWriter.Hello(frame, 0, shard: (ushort)wish), Opcode.Hello).Body);
            _maxKeyBytes = (int)Math.Min(hello.MaxKeyBytes, FcpLimits.MaxKeyBytes);
            LimitWaits(options.RequestTimeout);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    public bool IsDone => _answered == _count;

    /// <summary>What the next request must carry.</summary>
    public uint NextId => (uint)_count;

    /// <summary>Asks which shards the node has.</summary>
    public NodeLayout AskLayout() => NodeLayout.Read(Ask(frame => RequestWriter.Topology(frame, 0), Opcode.Topology).Body);

    /// <summary>Room for the next frame.</summary>
    /// <exception cref="ArgumentException">The key is longer than this node allows.</exception>
    /// <exception cref="CacheLimitException">There is no room.</exception>
    public Span<byte> Room(int frameBytes, int keyBytes)
    {
        if (keyBytes > _maxKeyBytes)
        {
            throw new ArgumentException($"The key has {keyBytes} bytes; {_address} takes keys of 1 to {_maxKeyBytes}.");
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

    /// <summary>Sends the next part, if the last one was answered.</summary>
    public void SendPart()
    {
        if (_answered < _sent || _sent == _count)
        {
            return;
        }

        int end = _outputSent + PartBytes;
        do
        {
            _sent++;
        }
        while (_sent < _count && _requests[_sent].End <= end);
        SendUpTo(_requests[_sent - 1].End);
    }

    /// <summary>Waits for the replies to the part that was sent.</summary>
    public void ReceivePart()
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
                throw new CacheConnectionException($"{_address} broke the protocol: {ReplyDecoder.Explain(rest)}", true);
            }
        }
    }

    /// <summary>The reply to a request.</summary>
    /// <exception cref="InvalidOperationException">It has none.</exception>
    public Reply ReplyOf(int number)
    {
        int start = _requests[number].ReplyStart;
        if (start < 0)
        {
            throw new InvalidOperationException("This request has no reply yet; Execute gets it.");
        }

        ReplyDecoder.Read(_input.AsSpan(start, _inputRead - start), out Reply reply);
        return reply;
    }

    /// <summary>Forgets requests and replies.</summary>
    public void Clear() => _count = _sent = _answered = _outputLength = _outputSent = _inputLength = _inputRead = 0;

    public void Dispose() => _socket.Dispose();

    private void Grow(int frameBytes)
    {
        if (_count == _options.MaxOutstanding || frameBytes > _options.MaxSendBytes - _outputLength)
        {
            throw new CacheLimitException(
                $"The batch for {_address} is full: {_count} requests of {_outputLength} bytes; MaxOutstanding allows "
                + $"{_options.MaxOutstanding}, and MaxSendBytes {_options.MaxSendBytes}.");
        }

        if (frameBytes > _output.Length - _outputLength)
        {
            long bytes = Math.Max((long)_outputLength + frameBytes, Math.Min(2L * _output.Length, _options.MaxSendBytes));
            Array.Resize(ref _output, (int)bytes);
        }

        if (_count == _requests.Length)
        {
            Array.Resize(ref _requests, Math.Min(2 * _count, _options.MaxOutstanding));
        }
    }

    private void Take(in Reply reply)
    {
        if (reply.Status.IsFatal())
        {
            throw new CacheConnectionException(
                $"{_address} ended the connection: {Refusal.Of(reply).Message}", reply.Status != Status.ShuttingDown);
        }

        if (reply.Id >= (uint)_sent || _requests[reply.Id].ReplyStart >= 0 || _requests[reply.Id].Opcode != reply.Opcode)
        {
            throw new CacheConnectionException(
                $"{_address} broke the protocol: a {reply.Opcode} reply with id {reply.Id} answers no request", true);
        }

        _requests[reply.Id].ReplyStart = _inputRead;
        _inputRead += reply.FrameLength;
        _answered++;
    }

    private void SendUpTo(int end)
    {
        try
        {
            while (_outputSent < end)
            {
                _outputSent += _socket.Send(_output.AsSpan(_outputSent, end - _outputSent), SocketFlags.None);
            }
        }
        catch (SocketException failure)
        {
            throw Lost(failure);
        }
    }

    /// <summary>Receives more, with room for at least the frame that has begun.</summary>
    private void Receive(int frameBytes)
    {
        if (_inputRead + frameBytes > _input.Length || _inputLength == _input.Length)
        {
            Array.Resize(ref _input, (int)Math.Min(Array.MaxLength, Math.Max(2L * _input.Length, (long)_inputRead + frameBytes)));
        }

        try
        {
            int received = _socket.Receive(_input.AsSpan(_inputLength), SocketFlags.None);
            _inputLength += received > 0 ? received : throw Lost(new EndOfStreamException("The node closed the connection."));
        }
        catch (SocketException failure)
        {
            throw Lost(failure);
        }
    }

    private CacheException Lost(Exception failure) => failure is SocketException { SocketErrorCode: SocketError.TimedOut or SocketError.WouldBlock }
        ? new CacheTimeoutException($"{_address} did not answer within {_socket.ReceiveTimeout} ms.", true)
        : new CacheConnectionException($"The connection to {_address} was lost: {failure.Message}", true, failure);

    private void Connect()
    {
        try
        {
            LimitWaits(_options.ConnectTimeout);
            _socket.Connect(_address.EndPoint);
        }
        catch (SocketException failure)
        {
            throw new CacheConnectionException($"Cannot connect to {_address}: {failure.Message}", false, failure);
        }
    }

    /// <remarks>On Linux the limit for sending is the one for connecting, too.</remarks>
    private void LimitWaits(TimeSpan most) => _socket.SendTimeout = _socket.ReceiveTimeout = (int)most.TotalMilliseconds;

    /// <summary>One exchange while nothing else is under way.</summary>
    private Answer Ask(Handshake.Write write, Opcode opcode)
    {
        SendUpTo(write(_output));
        Answer answer;
        while (!Handshake.TryRead(_input.AsSpan(0, _inputLength), opcode, out answer))
        {
            Receive(FcpLimits.HeaderBytes);
        }

        Clear();
        return answer;
    }

    /// <summary>A request by its number.</summary>
    /// <param name="End">Where its frame ends in the output.</param>
    /// <param name="ReplyStart">Where its reply starts in the input; -1 while there is none.</param>
    /// <param name="Opcode">What its reply must carry.</param>
    private record struct Request(int End, int ReplyStart, Opcode Opcode);
}
