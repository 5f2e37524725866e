using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using FastCache.LoadGen.Workload;
using FastCache.Protocol;

namespace FastCache.LoadGen.Engine;

/// <summary>Hears of every complete reply.</summary>
internal interface IReplySink
{
    void Accept(ReplyKind kind);
}

/// <summary>The three replies that a run may get; everything else is an error.</summary>
/// <param name="valueBytes">Bytes of every value.</param>
/// <param name="ring">Requests after which the ids start again.</param>
/// <param name="values">Where the keys of requests are found, to check values by; null: values are not checked.</param>
internal sealed class ReplyShapes(int valueBytes, int ring, RequestStream? values)
{
    private const ulong Magic = FcpLimits.ReplyMagic;

    /// <summary>Bytes 0 to 7 of a hit's header.</summary>
    public readonly ulong HitHead =
        Magic | ((ulong)Opcode.Get << 8) | ((ulong)Status.Ok << 16) | ((ulong)(uint)valueBytes << 32);

    /// <summary>Bytes 0 to 7 of a miss's header.</summary>
    public readonly ulong MissHead = Magic | ((ulong)Opcode.Get << 8) | ((ulong)Status.NotFound << 16);

    /// <summary>Bytes 0 to 7 of a write's header.</summary>
    public readonly ulong WriteHead = Magic | ((ulong)Opcode.Set << 8) | ((ulong)Status.Ok << 16);

    /// <summary>Requests after which the ids start again.</summary>
    public int Ring { get; } = ring;

    /// <summary>Compares a value with what was written under the request's key.</summary>
    public bool ValueMatches(int index, ReadOnlySpan<byte> value) =>
        values is null || ValuePattern.Matches(values.KeyNumber(index), value);
}

/// <summary>Takes one connection's received bytes apart, wherever they are cut, and checks every reply.</summary>
/// <remarks>
/// <code>
///                 16 bytes there                      body is there
///   Header ─────────────────────────► Body ────────────────────────► Header
///   _carried bytes of it are kept     _bodyLeft bytes are skipped
/// </code>
/// Bodies are never copied; of a reply that is cut, only header bytes are kept. Every reply's opcode, status, length and
/// id are compared with what the oldest outstanding request must get, and one value in 1,024 with what was written.
/// </remarks>
/// <param name="shapes">What is allowed.</param>
/// <param name="start">Index of the first request.</param>
internal struct ReplyWalker(ReplyShapes shapes, int start)
{
    private const int SampleMask = 1023;

    private Header _carry;
    private int _carried;
    private int _bodyLeft;
    private ReplyKind _pending;
    private int _expected = start;

    /// <summary>Whether the last bytes ended in the middle of a reply.</summary>
    public readonly bool IsInsideReply => _carried > 0 || _bodyLeft > 0;

    /// <summary>Hands every reply that is complete with these bytes to the sink.</summary>
    /// <exception cref="LoadFailedException">A reply is not what its request must get.</exception>
    public void Walk<TSink>(ReadOnlySpan<byte> bytes, ref TSink sink)
        where TSink : struct, IReplySink
    {
        if (IsInsideReply)
        {
            bytes = bytes[FinishCutReply(bytes, ref sink)..];
        }

        while (bytes.Length >= FcpLimits.HeaderBytes)
        {
            ref byte frame = ref MemoryMarshal.GetReference(bytes);
            ulong head = Unsafe.ReadUnaligned<ulong>(ref frame);
            ReplyKind kind = Check(head, Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref frame, 8)), bytes);
            int frameBytes = FcpLimits.HeaderBytes + (int)(head >> 32);
            if (frameBytes > bytes.Length)
            {
                _pending = kind;
                _bodyLeft = frameBytes - bytes.Length;
                return;
            }

            if (kind == ReplyKind.Hit && (_expected & SampleMask) == 0)
            {
                CheckValue(bytes[FcpLimits.HeaderBytes..frameBytes]);
            }

            Advance(kind, ref sink);
            bytes = bytes[frameBytes..];
        }

        if (!bytes.IsEmpty)
        {
            bytes.CopyTo(_carry);
            _carried = bytes.Length;
        }
    }

    /// <summary>Returns how many of the bytes belonged to the reply.</summary>
    private int FinishCutReply<TSink>(ReadOnlySpan<byte> bytes, ref TSink sink)
        where TSink : struct, IReplySink
    {
        int taken = 0;
        if (_carried > 0)
        {
            Span<byte> header = _carry;
            taken = Math.Min(FcpLimits.HeaderBytes - _carried, bytes.Length);
            bytes[..taken].CopyTo(header[_carried..]);
            _carried += taken;
            if (_carried < FcpLimits.HeaderBytes)
            {
                return taken;
            }

            _carried = 0;
            ulong head = MemoryMarshal.Read<ulong>(header);
            _pending = Check(head, MemoryMarshal.Read<uint>(header[8..]), header);
            _bodyLeft = (int)(head >> 32);
        }

        int skipped = Math.Min(_bodyLeft, bytes.Length - taken);
        _bodyLeft -= skipped;
        if (_bodyLeft == 0)
        {
            Advance(_pending, ref sink);
        }

        return taken + skipped;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly ReplyKind Check(ulong head, uint id, ReadOnlySpan<byte> bytes)
    {
        uint expected = (uint)_expected;
        if (head == shapes.HitHead && id == expected)
        {
            return ReplyKind.Hit;
        }

        if (head == shapes.WriteHead && id == (expected | RequestStream.WriteBit))
        {
            return ReplyKind.Write;
        }

        if (head == shapes.MissHead && id == expected)
        {
            return ReplyKind.Miss;
        }

        throw Wrong(head, id, bytes);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Advance<TSink>(ReplyKind kind, ref TSink sink)
        where TSink : struct, IReplySink
    {
        _expected = _expected + 1 == shapes.Ring ? 0 : _expected + 1;
        sink.Accept(kind);
    }

    private readonly void CheckValue(ReadOnlySpan<byte> value)
    {
        if (!shapes.ValueMatches(_expected, value))
        {
            throw new LoadFailedException($"wrong reply: the value of request {_expected} is not what was written");
        }
    }

    private readonly LoadFailedException Wrong(ulong head, uint id, ReadOnlySpan<byte> bytes)
    {
        string explained = ReplyDecoder.Explain(bytes);
        if (explained.Length > 0)
        {
            return new($"wrong reply: {explained}");
        }

        Opcode opcode = (Opcode)(byte)(head >> 8);
        Status status = (Status)(byte)(head >> 16);
        uint bodyBytes = (uint)(head >> 32);
        if (status.IsError())
        {
            int textBytes = (int)Math.Min(bodyBytes, bytes.Length - FcpLimits.HeaderBytes);
            string text = Encoding.UTF8.GetString(bytes.Slice(FcpLimits.HeaderBytes, textBytes));
            return new($"the node answered request {_expected} with {status}: {text}");
        }

        bool isWrite = (id & RequestStream.WriteBit) != 0;
        return new(
            $"wrong reply: {opcode} {status} with {bodyBytes} body bytes for request {id & ~RequestStream.WriteBit} " +
            $"({(isWrite ? "a write" : "a read")}); due was the reply to request {_expected}, and values have " +
            $"{shapes.HitHead >> 32} bytes");
    }

    [InlineArray(FcpLimits.HeaderBytes)]
    private struct Header
    {
        private byte _first;
    }
}
