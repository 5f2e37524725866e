using System.Buffers.Binary;
using FastCache.Protocol;

namespace FastCache.LoadGen.Tests.Scenarios;

/// <summary>A node as a dictionary, which loses, expires and changes items at random and is in a hurry with nothing.</summary>
internal sealed class PlainNode(Random random)
{
    private readonly Dictionary<string, (byte[] Value, ulong Version)> _items = [];
    private readonly Dictionary<string, byte[]> _stale = [];
    private readonly Dictionary<string, ulong> _grants = [];
    private readonly Dictionary<uint, (string Key, byte[] Value, int Filled)> _streams = [];
    private readonly byte[] _frame = new byte[8 << 20];
    private ulong _clock;

    /// <summary>How often it does something that a client does not expect, 0 to 1.</summary>
    public double Whims { get; set; } = 0.1;

    /// <summary>Changes every value that is given out.</summary>
    public bool Corrupts { get; set; }

    public HashSet<(Opcode Opcode, Status Status, uint Answer)> Given { get; } = [];

    /// <summary>Executes all of the requests, and appends the replies.</summary>
    public void Execute(ReadOnlySpan<byte> requests, List<byte> replies)
    {
        while (!requests.IsEmpty)
        {
            DecodeResult result = RequestDecoder.Read(requests, ProtocolLimits.Default, out Request request);
            Assert.True(result == DecodeResult.Ok, RequestDecoder.Explain(requests, ProtocolLimits.Default, out _, out _));
            Execute(request, replies);
            requests = requests[request.FrameLength..];
        }
    }

    private void Execute(in Request request, List<byte> replies)
    {
        string key = Convert.ToHexString(request.Key);
        if (key.Length > 0 && Whim() && _items.Remove(key, out (byte[] Value, ulong Version) lost) && Whim(0.5))
        {
            _stale[key] = lost.Value;
        }

        bool isThere = _items.TryGetValue(key, out (byte[] Value, ulong Version) item);
        switch (request.Opcode)
        {
            case Opcode.Get when isThere && request.ReturnVersion:
                Give(replies, ReplyWriter.WriteVersioned(_frame, Opcode.Get, Status.Ok, request.Id, item.Version, Out(item.Value)));
                break;
            case Opcode.Get when isThere:
                Give(replies, ReplyWriter.Write(_frame, Opcode.Get, Status.Ok, request.Id, Out(item.Value)));
                break;
            case Opcode.GetRange when isThere:
                int start = (int)request.RangeStart;
                int length = Math.Min((int)request.RangeLength, item.Value.Length - start);
                Give(replies, ReplyWriter.Write(
                    _frame, Opcode.GetRange, Status.Ok, request.Id,
                    [.. BitConverter.GetBytes((ulong)item.Value.Length), .. Out(item.Value.AsSpan(start, length))]));
                break;
            case Opcode.GetStream when isThere:
                GiveStream(request.Id, item, replies);
                break;
            case Opcode.Get or Opcode.GetRange or Opcode.GetStream:
                Answer(request, request.Opcode == Opcode.GetStream && Whim() ? Status.TooManyOpen : Status.NotFound, replies);
                break;
            case Opcode.LeaseGet:
                GiveLease(request, key, replies);
                break;
            case Opcode.MakeStale:
                if (_items.Remove(key))
                {
                    _stale[key] = item.Value;
                }

                Answer(request, isThere ? Status.Ok : Status.NotFound, replies);
                break;
            case Opcode.Set:
                Answer(request, Set(request, key, isThere, item.Version), replies);
                break;
            case Opcode.SetBegin when Whim():
                Answer(request, Status.TooManyOpen, replies);
                break;
            case Opcode.SetBegin:
                _streams.Add(request.Id, (key, new byte[request.TotalLength], 0));
                Answer(request, Status.Ok, replies);
                break;
            case Opcode.SetPiece when Whim(0.02):
                _streams.Remove(request.Argument);
                Answer(request, Status.OutOfMemory, replies);
                break;
            case Opcode.SetPiece:
                (string Key, byte[] Value, int Filled) stream = _streams[request.Argument];
                request.Value.CopyTo(stream.Value.AsSpan(stream.Filled));
                _streams[request.Argument] = stream with { Filled = stream.Filled + request.Value.Length };
                Answer(request, Status.Ok, replies);
                break;
            case Opcode.SetCommit:
                stream = _streams[request.Argument];
                Assert.Equal(stream.Value.Length, stream.Filled);
                _streams.Remove(request.Argument);
                _items[stream.Key] = (stream.Value, ++_clock);
                Answer(request, Status.Ok, replies);
                break;
            default:
                Assert.Fail($"{request.Opcode} was not expected");
                break;
        }
    }

    private Status Set(in Request request, string key, bool isThere, ulong version)
    {
        ulong token = (request.SetExtras & SetExtras.HasLeaseToken) != 0 ? request.LeaseToken : 0;
        Status refusal = (request.Mode, isThere) switch
        {
            (SetMode.IfAbsent, true) => Status.Exists,
            (SetMode.IfVersion, false) => Status.NotFound,
            (SetMode.IfVersion, true) when version != request.ExpectedVersion || Whim() => Status.VersionMismatch,
            _ when token != 0 && (_grants.GetValueOrDefault(key) != token || Whim()) => Status.LeaseLost,
            _ => Status.Ok,
        };
        if (refusal == Status.Ok)
        {
            _grants.Remove(key);
            _stale.Remove(key);
            _items[key] = (request.Value.ToArray(), ++_clock);
        }

        return refusal;
    }

    private void GiveLease(in Request request, string key, List<byte> replies)
    {
        bool isThere = _items.TryGetValue(key, out (byte[] Value, ulong Version) item);
        bool isStale = !isThere && _stale.TryGetValue(key, out item.Value!);
        bool isFree = !_grants.ContainsKey(key) || Whim();
        LeaseResult answer = (isThere, isStale, isFree) switch
        {
            (true, _, true) when Whim() => LeaseResult.HitRefresh,
            (true, _, _) => LeaseResult.Hit,
            (_, true, true) => LeaseResult.StaleFill,
            (_, true, false) => LeaseResult.Stale,
            (_, _, true) when Whim() => LeaseResult.Miss,
            (_, _, true) => LeaseResult.Fill,
            _ => LeaseResult.Wait,
        };
        ulong token = answer is LeaseResult.HitRefresh or LeaseResult.StaleFill or LeaseResult.Fill
            ? _grants[key] = ++_clock
            : 0;
        byte[] body = [.. BitConverter.GetBytes(token), .. isThere || isStale ? Out(item.Value) : []];
        Give(replies, ReplyWriter.Write(_frame, Opcode.LeaseGet, Status.Ok, request.Id, body, argument: (uint)answer));
    }

    private void GiveStream(uint id, (byte[] Value, ulong Version) item, List<byte> replies)
    {
        byte[] total = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(total, (ulong)item.Value.Length);
        Give(replies, ReplyWriter.WriteVersioned(
            _frame, Opcode.GetStream, Status.Ok, id, item.Version, total, ReplyFlags.More));
        for (int at = 0; at < item.Value.Length;)
        {
            int bytes = Math.Min(random.Next(1, FcpLimits.MaxPieceBytes + 1), item.Value.Length - at);
            ReplyFlags flags = at + bytes < item.Value.Length ? ReplyFlags.More : ReplyFlags.None;
            Give(replies, ReplyWriter.Write(_frame, Opcode.GetStream, Status.Ok, id, Out(item.Value.AsSpan(at, bytes)), flags));
            at += bytes;
        }
    }

    private void Answer(in Request request, Status status, List<byte> replies) => Give(replies, status.IsError()
        ? ReplyWriter.WriteError(_frame, request.Opcode, status, request.Id, "on a whim")
        : ReplyWriter.Write(_frame, request.Opcode, status, request.Id));

    private void Give(List<byte> replies, int length)
    {
        ReplyDecoder.Read(_frame.AsSpan(0, length), out Reply reply);
        Given.Add((reply.Opcode, reply.Status, reply.Opcode == Opcode.LeaseGet ? reply.Argument : 0));
        replies.AddRange(_frame.AsSpan(0, length));
    }

    private byte[] Out(ReadOnlySpan<byte> value)
    {
        byte[] copy = value.ToArray();
        if (Corrupts && copy.Length > 0)
        {
            copy[random.Next(copy.Length)] ^= (byte)random.Next(1, 256);
        }

        return copy;
    }

    private bool Whim(double share = 1) => random.NextDouble() < Whims * share;
}
