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

/// <summary>Takes one connection's received bytes apart, wherever they are cut, and checks every reply.</summary>
/// <remarks>Structs implement it, so that the JIT folds them into the loops.</remarks>
internal interface IReplyWalker
{
    /// <summary>Takes note of neighbouring requests that are sent.</summary>
    /// <param name="first">Index of the first.</param>
    /// <param name="count">At least 1.</param>
    void Sent(int first, int count);

    /// <summary>Hands every reply that is complete with these bytes to the sink.</summary>
    /// <exception cref="LoadFailedException">A reply is not what its request must get.</exception>
    void Walk<TSink>(ReadOnlySpan<byte> bytes, ref TSink sink)
        where TSink : struct, IReplySink;
}

/// <summary>The walker of FastCache's own protocol.</summary>
/// <remarks>
/// <code>
///                 16 bytes there                      body is there
///   Header ─────────────────────────► Body ────────────────────────► Header
///   _carried bytes of it are kept     _bodyLeft bytes are skipped
/// </code>
/// Bodies are never copied; of a reply that is cut, only header bytes are kept. Every reply's opcode, status, length and
/// id are compared with what an outstanding request must get, and one value in 1,024 with what was written.
/// </remarks>
/// <typeparam name="TOrder">Which of the outstanding requests may be answered next; a struct, so that the JIT folds it in.</typeparam>
/// <param name="shapes">What is allowed.</param>
/// <param name="order">What is outstanding.</param>
internal struct ReplyWalker<TOrder>(ReplyShapes shapes, TOrder order) : IReplyWalker
    where TOrder : struct, IReplyOrder
{
    /// <summary>What is outstanding; a field, because it is a mutable struct.</summary>
    public TOrder Order = order;

    private const int SampleMask = 1023;

    private Header _carry;
    private int _carried;
    private int _bodyLeft;
    private ReplyKind _pending;
    private int _pendingIndex;

    /// <summary>Whether the last bytes ended in the middle of a reply.</summary>
    public readonly bool IsInsideReply => _carried > 0 || _bodyLeft > 0;

    public void Sent(int first, int count) => Order.Sent(first, count);

    /// <inheritdoc/>
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
            uint id = Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref frame, 8));
            ReplyKind kind = Check(head, id, bytes);
            int index = IndexOf(id);
            int frameBytes = FcpLimits.HeaderBytes + (int)(head >> 32);
            if (frameBytes > bytes.Length)
            {
                _pending = kind;
                _pendingIndex = index;
                _bodyLeft = frameBytes - bytes.Length;
                return;
            }

            if (kind == ReplyKind.Hit && (index & SampleMask) == 0)
            {
                CheckValue(index, bytes[FcpLimits.HeaderBytes..frameBytes]);
            }

            Order.Take(index);
            sink.Accept(kind);
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
            uint id = MemoryMarshal.Read<uint>(header[8..]);
            _pending = Check(head, id, header);
            _pendingIndex = IndexOf(id);
            _bodyLeft = (int)(head >> 32);
        }

        int skipped = Math.Min(_bodyLeft, bytes.Length - taken);
        _bodyLeft -= skipped;
        if (_bodyLeft == 0)
        {
            Order.Take(_pendingIndex);
            sink.Accept(_pending);
        }

        return taken + skipped;
    }

    private static int IndexOf(uint id) => (int)(id & ~RequestStream.WriteBit);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly ReplyKind Check(ulong head, uint id, ReadOnlySpan<byte> bytes)
    {
        if (Order.IsDue(IndexOf(id)))
        {
            bool isWrite = (id & RequestStream.WriteBit) != 0;
            if (head == shapes.HitHead && !isWrite)
            {
                return ReplyKind.Hit;
            }

            if (head == shapes.WriteHead && isWrite)
            {
                return ReplyKind.Write;
            }

            if (head == shapes.MissHead && !isWrite)
            {
                return ReplyKind.Miss;
            }
        }

        throw Wrong(head, id, bytes);
    }

    private readonly void CheckValue(int index, ReadOnlySpan<byte> value)
    {
        if (!shapes.ValueMatches(index, value))
        {
            throw new LoadFailedException($"wrong reply: the value of request {index} is not what was written");
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
            return new($"the node answered request {IndexOf(id)} with {status}: {text}");
        }

        bool isWrite = (id & RequestStream.WriteBit) != 0;
        return new(
            $"wrong reply: {opcode} {status} with {bodyBytes} body bytes for request {IndexOf(id)} " +
            $"({(isWrite ? "a write" : "a read")}); due was the reply to {Order.Due}, and values have " +
            $"{shapes.HitHead >> 32} bytes");
    }

    [InlineArray(FcpLimits.HeaderBytes)]
    private struct Header
    {
        private byte _first;
    }
}
