using System.Buffers.Binary;
using FastCache.Node.Tests.Fakes;
using FastCache.Protocol;

namespace FastCache.Bench.Fuzz;

/// <summary>A client that sends frames that may be anything, and looks whether the replies may be.</summary>
/// <remarks>
/// Versions, tokens and cursors that the node gives out are different in every run. So that conditions on them are met too, some
/// frames are sent with the last ones that were received in the place of their own.
/// </remarks>
internal sealed class MutatedTalk : IFakeClient
{
    private const ulong AnswerBit = 1 << 16;

    private readonly byte[][] _frames;
    private readonly Random _random;
    private readonly Discoveries _discoveries;
    private readonly int _index;
    private readonly ReplyOrder _order;
    private readonly bool _endsInput;
    private readonly long _abruptAfterBytes;
    private byte[] _outgoing = [];
    private int _outgoingStart;
    private int _next;
    private byte[] _unread = [];
    private ulong _version;
    private ulong _token;
    private ulong _cursor;
    private long _sentBytes;
    private ulong _lastAnswer;

    /// <param name="frames">What it sends.</param>
    /// <param name="limits">The node's.</param>
    /// <param name="random">Decides how it ends, and when it uses what it has received.</param>
    /// <param name="discoveries">Is told of the replies.</param>
    /// <param name="index">Its number there.</param>
    public MutatedTalk(byte[][] frames, ProtocolLimits limits, Random random, Discoveries discoveries, int index)
    {
        _frames = frames;
        _random = random;
        _discoveries = discoveries;
        _index = index;
        _order = new ReplyOrder(limits);
        _endsInput = random.Next(2) == 0;
        IsAbrupt = random.Next(6) == 0;
        _abruptAfterBytes = IsAbrupt ? random.Next(4_000) : long.MaxValue;
    }

    /// <summary>Whether it may leave without its replies.</summary>
    public bool IsAbrupt { get; }

    public bool WantsToClose => IsAbrupt
        ? _sentBytes >= _abruptAfterBytes || HasSentAll
        : HasSentAll && !_endsInput && _unread.Length == 0 && _order is { IsComplete: true, IsOver: false };

    public bool HasEndedInput => _endsInput && !IsAbrupt && HasSentAll;

    private bool HasSentAll => _outgoingStart == _outgoing.Length && _next == _frames.Length;

    public int WriteTo(Span<byte> destination)
    {
        int written = 0;
        while (written < destination.Length && TryGoOn())
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
        ReadOnlySpan<byte> all = _unread.Length == 0 ? bytes : (byte[])[.. _unread, .. bytes];
        DecodeResult result;
        while ((result = ReplyDecoder.Read(all, out Reply reply)) == DecodeResult.Ok)
        {
            _order.Take(reply);
            Learn(reply);
            all = all[reply.FrameLength..];
        }

        FuzzFaultException.Require(result == DecodeResult.NeedMore, $"the replies are no frames: {ReplyDecoder.Explain(all)}");
        _unread = all.ToArray();
    }

    public void ReadEnd() => FuzzFaultException.Require(
        _order.IsOver && _unread.Length == 0, "the node ended a conversation without saying why");

    /// <exception cref="FuzzFaultException">Something that must be answered was not.</exception>
    public void Finish()
    {
        if (!IsAbrupt)
        {
            FuzzFaultException.Require(_order.IsComplete && _unread.Length == 0, $"replies are missing: {this}");
        }
    }

    public override string ToString() =>
        $"connection {_index} has sent {_next} of {_frames.Length} frames{(_order.IsOver ? ", was refused" : "")}{(_order.IsComplete ? ", was answered" : "")}";

    private bool TryGoOn()
    {
        while (_outgoingStart == _outgoing.Length)
        {
            if (_next == _frames.Length || (_next > 0 && _random.Next(6) == 0))
            {
                return false;
            }

            _outgoing = [.. _frames[_next++]];
            _outgoingStart = 0;
            UseWhatWasReceived(_outgoing);
            _order.Sent(_outgoing);
        }

        return true;
    }

    private void Learn(in Reply reply)
    {
        _version = reply.HasVersion ? reply.Version : _version;
        ulong what = (ulong)reply.Opcode | ((ulong)reply.Status << 8) | ((ulong)reply.Flags << 16);
        if (reply.Opcode == Opcode.LeaseGet && reply.Status == Status.Ok)
        {
            what |= (ulong)reply.Argument << 24;
            ulong token = BinaryPrimitives.ReadUInt64LittleEndian(reply.Value);
            _token = token == 0 ? _token : token;
        }

        _discoveries.Note(_index, what, reply.Status.IsError() ? reply.Body : default);

        _cursor = reply is { Opcode: Opcode.Scan, Status: Status.Ok } ? BinaryPrimitives.ReadUInt64LittleEndian(reply.Value) : _cursor;

        // Which answer comes after which, too: what needs several requests in a row is found step by step.
        ulong answer = (ulong)reply.Opcode | ((ulong)reply.Status << 8) | AnswerBit;
        _discoveries.Note(_index, answer | (_lastAnswer << 20));
        _lastAnswer = answer;
    }

    private void UseWhatWasReceived(byte[] frame)
    {
        if (frame.Length < FcpLimits.HeaderBytes + 8 || _random.Next(4) == 0)
        {
            return;
        }

        Opcode opcode = (Opcode)frame[1];
        bool isSet = opcode is Opcode.Set or Opcode.SetBegin;
        RequestFlags flags = (RequestFlags)frame[2];
        SetExtras extras = isSet ? (SetExtras)BinaryPrimitives.ReadUInt32LittleEndian(frame.AsSpan(12)) : 0;
        bool hasVersion = (isSet || opcode == Opcode.Delete) && ((SetMode)(flags & RequestFlags.ModeMask) == SetMode.IfVersion || (extras & SetExtras.IfNewer) != 0);
        int at = FcpLimits.HeaderBytes + ((flags & RequestFlags.HasTimeToLive) != 0 ? 8 : 0);
        if (hasVersion)
        {
            Put(frame, at, (extras & SetExtras.IfNewer) != 0 ? _version + (ulong)_random.Next(3) - 1 : _version);
            at += 8;
        }

        at += (extras & SetExtras.HasSlidingLimit) != 0 ? 8 : 0;
        if (opcode == Opcode.LeaseRelease || (extras & SetExtras.HasLeaseToken) != 0)
        {
            Put(frame, at, _token);
        }

        if (opcode == Opcode.Scan)
        {
            Put(frame, at, _cursor);
        }
    }

    private static void Put(byte[] frame, int at, ulong number)
    {
        if (number != 0 && frame.Length >= at + 8)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(at), number);
        }
    }
}
