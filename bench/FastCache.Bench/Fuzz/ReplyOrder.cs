using System.Buffers.Binary;
using FastCache.Protocol;
using FastCache.Protocol.Tests;

namespace FastCache.Bench.Fuzz;

/// <summary>Which replies may come to what one connection has sent, whatever it was.</summary>
/// <remarks>
/// <para>
/// The bytes that are sent are read by <see cref="PlainDecoder"/>: frames that want a reply, then perhaps one that is
/// fatal. Replies come in that order. A quiet request may stay without one; with ids that are used twice that leaves
/// several places where a reply may belong, so all places that are possible so far are kept.
/// </para>
/// <code>
/// sent      Get 1    Get 2 quiet    Get 2    BatchGet 3, 4 keys
/// places    |        |              |        |0 |1 |2 |3
/// </code>
/// </remarks>
internal sealed class ReplyOrder(ProtocolLimits limits)
{
    private readonly List<Request> _requests = [];
    private readonly HashSet<uint> _streams = [];
    private readonly HashSet<uint> _mayHaveEnded = [];
    private readonly Dictionary<uint, UInt128> _credits = [];
    private HashSet<Place> _places = [new(0, 0)];
    private byte[] _unread = [];
    private long _skip;
    private bool _saidHello;
    private bool _mayPush;
    private (Status Status, uint Id)? _fatal;
    private bool _wasFatal;

    /// <summary>Whether nothing more will be answered.</summary>
    public bool IsOver => _wasFatal;

    /// <summary>Whether every request that must be answered has been, and no other.</summary>
    public bool IsComplete => _fatal is null ? _places.Any(IsLast) : _wasFatal;

    /// <summary>Takes in bytes that go to the node.</summary>
    public void Sent(ReadOnlySpan<byte> bytes)
    {
        _unread = [.. _unread, .. bytes];
        int at = 0;
        while (at < _unread.Length && _fatal is null)
        {
            if (_skip > 0)
            {
                int skipped = (int)Math.Min(_skip, _unread.Length - at);
                _skip -= skipped;
                at += skipped;
                continue;
            }

            (DecodeResult result, Status status) = PlainDecoder.Read(Window(at), limits);
            if (result == DecodeResult.NeedMore)
            {
                break;
            }

            at += Take(_unread.AsSpan(at), result, status);
        }

        _unread = _fatal is null ? _unread[at..] : [];
    }

    /// <summary>Takes in a reply.</summary>
    /// <exception cref="FuzzFaultException">It cannot be one to what was sent.</exception>
    public void Take(in Reply reply)
    {
        Require(!_wasFatal, "a reply after a fatal one");
        RequireWellFormed(reply);
        if (reply.Opcode == Opcode.Invalidate)
        {
            Require(_mayPush, "a frame that nobody asked for");
            return;
        }

        if (reply.Opcode == Opcode.Error)
        {
            Require(
                _fatal == (reply.Status, reply.Id) && _places.Any(IsLast),
                $"{Text(reply)}, but {(_fatal is { } fatal ? $"{fatal.Status} of {fatal.Id} was due" : "nothing fatal was sent")} after {Next()}");
            _wasFatal = true;
            return;
        }

        if (reply is { Opcode: Opcode.GetStream, Status: Status.Ok, HasVersion: false })
        {
            TakePiece(reply);
            return;
        }

        HashSet<Place> next = [];
        HashSet<uint> arguments = [];
        foreach (Place place in _places)
        {
            Follow(place, reply, next, arguments);
        }

        Require(next.Count > 0, $"{Text(reply)}, but {Next()} is due");
        _places = next;
        if (reply is { Opcode: Opcode.GetStream, Status: Status.Ok })
        {
            Require(_streams.Add(reply.Id) || _mayHaveEnded.Remove(reply.Id), $"stream {reply.Id} is opened while it is open");
            if (!reply.HasMore)
            {
                _streams.Remove(reply.Id);
            }
        }
        else if (reply is { Opcode: Opcode.StreamCancel, Status: Status.Ok })
        {
            Cancel(arguments);
        }
    }

    /// <summary>A stream has been cancelled: one of these, where requests with one id name several.</summary>
    private void Cancel(HashSet<uint> streams)
    {
        Require(streams.Overlaps(_streams), $"stream {string.Join(" or ", streams)} is cancelled, but not open");
        if (streams.Count == 1)
        {
            _streams.ExceptWith(streams);
            _mayHaveEnded.ExceptWith(streams);
        }
        else
        {
            _mayHaveEnded.UnionWith(streams.Intersect(_streams));
        }
    }

    /// <summary>Only as many bytes as can matter: a window grows with what the header says.</summary>
    private byte[] Window(int at)
    {
        int rest = _unread.Length - at;
        if (rest <= FcpLimits.HeaderBytes)
        {
            return _unread[at..];
        }

        long length = FcpLimits.HeaderBytes + (long)BinaryPrimitives.ReadUInt32LittleEndian(_unread.AsSpan(at + 4));
        return _unread[at..(at + (int)Math.Min(rest, length))];
    }

    private int Take(ReadOnlySpan<byte> rest, DecodeResult result, Status status)
    {
        bool hasHeader = rest.Length >= FcpLimits.HeaderBytes && rest[0] == FcpLimits.RequestMagic;
        uint id = hasHeader ? BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]) : 0;
        if (result == DecodeResult.Fatal)
        {
            _fatal = (status, id);
            return 0;
        }

        Opcode opcode = (Opcode)rest[1];
        if (_saidHello == (opcode == Opcode.Hello))
        {
            _fatal = (_saidHello ? Status.Malformed : Status.HandshakeRequired, id);
            return 0;
        }

        _mayPush |= opcode == Opcode.Hello && ((Features)BinaryPrimitives.ReadUInt32LittleEndian(rest[20..]) & Features.Push) != 0;
        _saidHello = true;
        uint argument = BinaryPrimitives.ReadUInt32LittleEndian(rest[12..]);
        uint bodyLength = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
        bool isTooLarge = result == DecodeResult.ValueTooLarge;
        bool isQuiet = !isTooLarge && ((RequestFlags)rest[2] & RequestFlags.Quiet) != 0;
        bool isBatch = opcode is Opcode.BatchGet or Opcode.BatchSet;
        if (opcode is Opcode.GetStream or Opcode.Credit)
        {
            uint stream = opcode == Opcode.GetStream ? id : argument;
            ulong credit = opcode == Opcode.GetStream ? argument : BinaryPrimitives.ReadUInt64LittleEndian(rest[FcpLimits.HeaderBytes..]);
            _credits[stream] = _credits.GetValueOrDefault(stream) + credit;
        }

        if (opcode != Opcode.Credit)
        {
            Status? due = isTooLarge ? Status.ValueTooLarge : opcode == Opcode.Track && argument == 1 && !_mayPush ? Status.FeatureNotAgreed : null;
            _requests.Add(new(opcode, id, argument, isBatch ? (int)argument : 1, isQuiet, due));
        }

        long length = FcpLimits.HeaderBytes + (long)bodyLength;
        _skip = isTooLarge ? length : 0;
        return isTooLarge ? 0 : (int)length;
    }

    private void TakePiece(in Reply reply)
    {
        Require(_streams.Contains(reply.Id), $"a piece of stream {reply.Id}, which is not open");
        Require(reply.Body.Length is > 0 and <= FcpLimits.MaxPieceBytes, $"a piece of {reply.Body.Length} bytes");
        UInt128 credit = _credits.GetValueOrDefault(reply.Id);
        Require(credit >= (UInt128)reply.Body.Length, $"a piece of {reply.Body.Length} bytes with a credit of {credit}");
        _credits[reply.Id] = credit - (UInt128)reply.Body.Length;
        if (!reply.HasMore)
        {
            _streams.Remove(reply.Id);
        }
    }

    private void Follow(Place place, in Reply reply, HashSet<Place> next, HashSet<uint> arguments)
    {
        for (; place.Request < _requests.Count; place = new(place.Request + 1, 0))
        {
            Request request = _requests[place.Request];
            if (request.IsAnsweredBy(reply, place.Index))
            {
                arguments.Add(request.Argument);
                int index = request.Replies == 1 ? 0 : (int)reply.Argument;
                next.Add(index == request.Replies - 1 ? new(place.Request + 1, 0) : new(place.Request, index + 1));
            }

            if (!request.MayBeSilent)
            {
                break;
            }
        }
    }

    private bool IsLast(Place place) => _requests.Skip(place.Request).All(request => request.MayBeSilent);

    private string Next()
    {
        Place place = _places.First();
        return place.Request == _requests.Count ? "nothing" : $"{_requests[place.Request]}, reply {place.Index}";
    }

    private static void RequireWellFormed(in Reply reply)
    {
        Require(Enum.IsDefined(reply.Status) && reply.Status.IsFatal() == (reply.Opcode == Opcode.Error), $"status and opcode of {Text(reply)}");
        if (reply.Status.IsError())
        {
            Require(
                reply.Body.Length is > 0 and <= FcpLimits.MaxErrorTextBytes && System.Text.Unicode.Utf8.IsValid(reply.Body),
                $"a text of {reply.Body.Length} bytes: {Text(reply)}");
        }
        else if (reply.Status != Status.Ok)
        {
            Require(reply.Body.IsEmpty, $"a body of {Text(reply)}");
        }

        if (reply.Opcode == Opcode.Invalidate)
        {
            ReadOnlySpan<byte> rest = reply.Body;
            for (uint i = 0; i < reply.Argument; i++)
            {
                Require(rest.Length > 1 && rest[0] > 0 && rest[0] < rest.Length, "keys that do not fill their frame");
                rest = rest[(1 + rest[0])..];
            }

            Require(rest.IsEmpty && reply is { Id: 0, Status: Status.Ok, Flags: 0 }, "an Invalidate that is not well-formed");
        }
    }

    private static string Text(in Reply reply) =>
        $"{reply.Opcode} {reply.Status} of {reply.Id} '{(reply.Status.IsError() ? System.Text.Encoding.UTF8.GetString(reply.Body) : "")}'";

    private static void Require(bool holds, string fault) => FuzzFaultException.Require(holds, fault);

    /// <summary>Before the reply number <paramref name="Index"/> to a request.</summary>
    private readonly record struct Place(int Request, int Index);

    /// <param name="Opcode">Its opcode.</param>
    /// <param name="Id">Its id.</param>
    /// <param name="Argument">Its argument.</param>
    /// <param name="Replies">How many replies it gets at most.</param>
    /// <param name="IsQuiet">Whether some of them may not come.</param>
    /// <param name="Due">What the answer must be, where that is known.</param>
    private readonly record struct Request(Opcode Opcode, uint Id, uint Argument, int Replies, bool IsQuiet, Status? Due)
    {
        private bool IsBatch => Opcode is Opcode.BatchGet or Opcode.BatchSet;

        private Status SilentStatus => Opcode is Opcode.Get or Opcode.GetRange or Opcode.BatchGet ? Status.NotFound : Status.Ok;

        /// <summary>The last reply of a batch always comes.</summary>
        public bool MayBeSilent => IsQuiet && !IsBatch;

        public bool IsAnsweredBy(in Reply reply, int index)
        {
            if (reply.Opcode != Opcode || reply.Id != Id || (Due ?? reply.Status) != reply.Status)
            {
                return false;
            }

            bool isLast = IsBatch && reply.Argument == Replies - 1;
            bool mayBeQuiet = IsQuiet && reply.Status == SilentStatus && !isLast;
            return !mayBeQuiet
                && reply.IsLast == isLast
                && (!IsBatch || (reply.Argument < Replies && (IsQuiet ? reply.Argument >= index : reply.Argument == index)));
        }
    }
}
