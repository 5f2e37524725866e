using System.Text;
using FastCache.Node.Tests.Fakes;
using FastCache.Protocol;

namespace FastCache.Bench.Fuzz;

/// <summary>A client that does everything right beside the others, on keys of its own, and knows every byte of its replies.</summary>
internal sealed class SteadyTalk : IFakeClient
{
    private const int Keys = 5;
    private const int HelloReplyFrameBytes = FcpLimits.HeaderBytes + FcpLimits.HelloReplyBytes;

    private readonly Random _random;
    private readonly int _mostValueBytes;
    private readonly byte[]?[] _values = new byte[Keys][];
    private readonly byte[] _frame = new byte[1 << 16];
    private readonly List<byte> _expected = [];
    private byte[] _outgoing = [];
    private int _outgoingStart;
    private int _helloBytes;
    private int _rounds;
    private uint _id;

    /// <param name="random">Decides what it asks.</param>
    /// <param name="mostValueBytes">Longest value.</param>
    public SteadyTalk(Random random, int mostValueBytes)
    {
        _random = random;
        _mostValueBytes = Math.Min(mostValueBytes, 300);
        _rounds = random.Next(2, 12);
        _outgoing = _frame[..RequestWriter.Hello(_frame, 0)];
    }

    public bool WantsToClose => _rounds == 0 && IsAnswered && HasSentAll;

    public bool HasEndedInput => false;

    private bool IsAnswered => _expected.Count == 0 && _helloBytes == HelloReplyFrameBytes;

    private bool HasSentAll => _outgoingStart == _outgoing.Length;

    public int WriteTo(Span<byte> destination)
    {
        if (HasSentAll && IsAnswered && _rounds > 0)
        {
            _rounds--;
            _outgoingStart = 0;
            _outgoing = [.. Enumerable.Range(0, _random.Next(1, 8)).SelectMany(_ => Ask())];
        }

        int length = Math.Min(destination.Length, _outgoing.Length - _outgoingStart);
        _outgoing.AsSpan(_outgoingStart, length).CopyTo(destination);
        _outgoingStart += length;
        return length;
    }

    public void Read(ReadOnlySpan<byte> bytes)
    {
        // What the hello reply says is the node's own.
        int hello = Math.Min(bytes.Length, HelloReplyFrameBytes - _helloBytes);
        _helloBytes += hello;
        bytes = bytes[hello..];
        ReadOnlySpan<byte> due = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_expected);
        FuzzFaultException.Require(
            bytes.Length <= due.Length && bytes.SequenceEqual(due[..bytes.Length]),
            $"the well-behaved connection gets {Convert.ToHexString(bytes)} in the place of {Convert.ToHexString(due)}");
        _expected.RemoveRange(0, bytes.Length);
    }

    public void ReadEnd() => throw new FuzzFaultException("the node ended the well-behaved conversation");

    /// <exception cref="FuzzFaultException">It was not answered to its end.</exception>
    public void Finish() => FuzzFaultException.Require(_rounds == 0 && IsAnswered, $"replies are missing: {this}");

    public override string ToString() => $"the well-behaved connection has {_rounds} rounds to go, {_expected.Count} bytes are due";

    private byte[] Ask()
    {
        int number = _random.Next(Keys);
        byte[] key = Encoding.ASCII.GetBytes($"well-behaved:{number}");
        byte[]? value = _values[number];
        uint id = ++_id;
        switch (_random.Next(9))
        {
            case 0:
                _values[number] = null;
                Expect(Opcode.Delete, id, value is null ? Status.NotFound : Status.Ok);
                return _frame[..RequestWriter.Delete(_frame, id, key)];
            case 1:
                byte[] payload = Bytes(FcpLimits.MaxPingBytes);
                Expect(Opcode.Ping, id, Status.Ok, payload);
                return _frame[..RequestWriter.Ping(_frame, id, payload)];
            case 2:
                byte[][] keys = [.. Enumerable.Range(0, Keys).Select(other => Encoding.ASCII.GetBytes($"well-behaved:{other}"))];
                for (uint i = 0; i < Keys; i++)
                {
                    Expect(
                        Opcode.BatchGet, id, _values[i] is null ? Status.NotFound : Status.Ok, _values[i], i,
                        i == Keys - 1 ? ReplyFlags.Last : ReplyFlags.None);
                }

                return _frame[..RequestWriter.BatchGet(_frame, id, Array.ConvertAll(keys, one => (ReadOnlyMemory<byte>)one))];
            case 3 when value?.Length < _mostValueBytes:
                byte[] piece = Bytes(_mostValueBytes - value.Length);
                _values[number] = [.. value, .. piece];
                Expect(Opcode.Append, id, Status.Ok);
                return _frame[..RequestWriter.Append(_frame, id, key, piece)];
            case 4:
                return WriteStream(id, number, key);
            case 5 or 6:
                _values[number] = Bytes(_mostValueBytes);
                Expect(Opcode.Set, id, Status.Ok);
                return _frame[..RequestWriter.Set(_frame, id, key, _values[number])];
            default:
                Expect(Opcode.Get, id, value is null ? Status.NotFound : Status.Ok, value);
                return _frame[..RequestWriter.Get(_frame, id, key)];
        }
    }

    private byte[] WriteStream(uint stream, int number, byte[] key)
    {
        byte[] value = Bytes(_mostValueBytes);
        _values[number] = value;
        Expect(Opcode.SetBegin, stream, Status.Ok);
        Expect(Opcode.SetCommit, stream + 2, Status.Ok);
        _id += 2;
        int length = RequestWriter.SetBegin(_frame, stream, key, (ulong)value.Length);
        length += RequestWriter.SetPiece(_frame.AsSpan(length), stream + 1, stream, value, quiet: true);
        length += RequestWriter.SetCommit(_frame.AsSpan(length), stream + 2, stream);
        return _frame[..length];
    }

    private void Expect(
        Opcode opcode, uint id, Status status, ReadOnlySpan<byte> body = default, uint argument = 0, ReplyFlags flags = ReplyFlags.None)
    {
        byte[] reply = new byte[FcpLimits.HeaderBytes + body.Length];
        _ = ReplyWriter.Write(reply, opcode, status, id, body, flags, argument);
        _expected.AddRange(reply);
    }

    private byte[] Bytes(int most)
    {
        byte[] bytes = new byte[_random.Next(most + 1)];
        _random.NextBytes(bytes);
        return bytes;
    }
}
