using FastCache.Node.Tests.Fakes;
using FastCache.Protocol;

namespace FastCache.Node.Tests.Properties;

/// <summary>How a client leaves.</summary>
internal enum Ending : byte
{
    /// <summary>With all its replies.</summary>
    Orderly,

    /// <summary>With all its replies, and the first bytes of a request that it never finishes.</summary>
    InsideFrame,

    /// <summary>By a bad frame, with good ones behind it that must not be executed.</summary>
    BadFrame,

    /// <summary>At any moment.</summary>
    Abrupt,
}

/// <summary>A client that sends random requests, some ahead of their replies, and compares each reply with a plain cache.</summary>
internal sealed class Conversation : IFakeClient
{
    private readonly Random _random;
    private readonly RandomOperations _operations;
    private readonly Queue<PlainOperation> _expected = new();
    private readonly int _window;
    private readonly int _abruptAfterBytes;
    private readonly byte[] _lastWords;
    private readonly bool _endsInput;
    private byte[] _outgoing = [];
    private int _outgoingStart;
    private byte[] _unread = [];
    private int _index;
    private int _remaining;
    private int _sentBytes;
    private bool _saidLastWords;
    private bool _isFatal;

    public Conversation(Random random, RandomOperations operations, PlainCache cache, int requests, Ending ending)
    {
        _random = random;
        _operations = operations;
        Cache = cache;
        Ending = ending;
        _remaining = requests;
        _endsInput = random.Next(2) == 0;
        _window = random.Next(3) == 0 ? 1 : random.Next(2, 120);
        _abruptAfterBytes = ending == Ending.Abrupt ? random.Next(4_000) : int.MaxValue;
        byte[] good = (operations.Set(uint.MaxValue) with { Value = new byte[random.Next(50)] }).Encode();
        _lastWords = ending switch
        {
            Ending.InsideFrame => good[..random.Next(1, good.Length)],
            Ending.BadFrame => [.. good, .. good],
            _ => [],
        };
    }

    public PlainCache Cache { get; }

    public Ending Ending { get; }

    /// <summary>Whether the node may refuse a request with Overloaded at any time.</summary>
    public bool MayBeOverloaded { get; init; }

    public bool HasEnded { get; private set; }

    public bool IsComplete => _remaining == 0 && _expected.Count == 0 && _unread.Length == 0 && (_isFatal || Cache.Reading.Count == 0);

    /// <summary>Begins the names of the client's own keys, of whose changes it must not be told.</summary>
    public required string Prefix { get; init; }

    private bool MayReadStreams => Cache.Reading.Count > 0 || _expected.Any(operation => operation.Opcode == Opcode.GetStream);

    public bool WantsToClose => Ending switch
    {
        Ending.Abrupt => _sentBytes >= _abruptAfterBytes || IsComplete,
        Ending.BadFrame => false,
        _ => IsComplete && _saidLastWords && !_endsInput,
    };

    public bool HasEndedInput =>
        _endsInput && Ending != Ending.Abrupt && _remaining == 0 && _saidLastWords && _outgoingStart == _outgoing.Length;

    public int WriteTo(Span<byte> destination)
    {
        int written = 0;
        while (written < destination.Length && HasMore())
        {
            ReadOnlySpan<byte> piece = _outgoing.AsSpan(_outgoingStart);
            piece = piece[..Math.Min(piece.Length, destination.Length - written)];
            piece.CopyTo(destination[written..]);
            written += piece.Length;
            _outgoingStart += piece.Length;
        }

        _sentBytes += written;
        return written;
    }

    public void Read(ReadOnlySpan<byte> bytes)
    {
        Assert.False(HasEnded, "bytes after the end");
        ReadOnlySpan<byte> all = _unread.Length == 0 ? bytes : (byte[])[.. _unread, .. bytes];
        DecodeResult result;
        while ((result = ReplyDecoder.Read(all, out Reply reply)) == DecodeResult.Ok)
        {
            Take(reply);
            all = all[reply.FrameLength..];
        }

        Assert.Equal(DecodeResult.NeedMore, result);
        _unread = all.ToArray();
    }

    public void ReadEnd()
    {
        Assert.True(_isFatal && _unread.Length == 0, "the node ended a conversation without saying why");
        HasEnded = true;
    }

    public override string ToString() =>
        $"{Ending}, {_remaining} requests to send, {_outgoing.Length - _outgoingStart} bytes under way, "
        + $"{_expected.Count} replies missing";

    private void Take(in Reply reply)
    {
        Assert.False(_isFatal, "a reply after a fatal one");
        if (MayBeOverloaded && reply.Status == Status.Overloaded)
        {
            _isFatal = true;
            return;
        }

        if (reply.Opcode == Opcode.Invalidate)
        {
            CheckPush(reply);
            return;
        }

        if (reply.Opcode == Opcode.GetStream && Cache.Reading.ContainsKey(reply.Id))
        {
            Cache.CheckPiece(reply);
            return;
        }

        PlainOperation? operation;
        while (_expected.TryPeek(out operation) && Cache.TryExecuteSilently(operation, _index))
        {
            Advance(operation);
        }

        Assert.True(operation is not null, $"a reply to nothing: {reply.Opcode} {reply.Status}");
        Cache.Check(operation, _index, reply);
        _isFatal = operation.BadFrame is not null;
        Advance(operation);
    }

    private void Advance(PlainOperation operation)
    {
        if (++_index == operation.Replies)
        {
            _expected.Dequeue();
            _index = 0;
        }
    }

    private void CheckPush(in Reply reply)
    {
        Assert.Equal((Status.Ok, 0u), (reply.Status, reply.Id));
        ReadOnlySpan<byte> rest = reply.Body;
        for (uint i = 0; i < reply.Argument; i++)
        {
            string key = System.Text.Encoding.Latin1.GetString(rest.Slice(1, rest[0]));
            Assert.False(key.StartsWith(Prefix, StringComparison.Ordinal), $"told of a change of its own: {key}");
            rest = rest[(1 + rest[0])..];
        }

        Assert.True(rest.IsEmpty);
    }

    /// <summary>More credit for a stream that has used up what it had.</summary>
    private bool TryGiveCredit()
    {
        foreach ((uint stream, PlainCache.Read read) in Cache.Reading)
        {
            if (read.Got == read.Credit)
            {
                uint bytes = (uint)_random.Next(1, 20_000);
                read.Credit += bytes;
                Cache.ExecuteCredit();
                _outgoing = _operations.Credit(stream, bytes).Encode();
                return true;
            }
        }

        return false;
    }

    private bool HasMore()
    {
        if (_outgoingStart < _outgoing.Length)
        {
            return true;
        }

        bool mayGoOn = !_isFatal && (_remaining > 0 || Ending != Ending.BadFrame);
        if (mayGoOn && (_remaining == 0 || _random.Next(3) == 0) && TryGiveCredit())
        {
            _outgoingStart = 0;
            return true;
        }

        if (_remaining > 0 && _expected.Count < _window && !_isFatal)
        {
            _remaining--;
            bool isLast = _remaining == 0 && Ending == Ending.BadFrame;
            PlainOperation next = isLast ? _operations.Bad() : _operations.Next(Cache);
            _expected.Enqueue(next);
            _outgoing = next.Encode();
            if (next.Quiet)
            {
                PlainOperation fence = _operations.Fence();
                _expected.Enqueue(fence);
                _outgoing = [.. _outgoing, .. fence.Encode()];
            }
        }
        else if (_remaining == 0 && !_saidLastWords && (Ending == Ending.BadFrame || !MayReadStreams) && _random.Next(2) == 0)
        {
            _saidLastWords = true;
            _outgoing = _lastWords;
        }
        else
        {
            return false;
        }

        _outgoingStart = 0;
        return _outgoing.Length > 0;
    }
}
