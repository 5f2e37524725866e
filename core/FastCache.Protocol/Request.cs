using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace FastCache.Protocol;

/// <summary>One decoded request: its header, and a pointer to its body in the input.</summary>
/// <remarks>
/// <code>
/// byte  0        8            9        10      11          12           16      20         24
///       +--------+------------+--------+-------+-----------+------------+-------+----------+
///       | body   | key offset | opcode | flags | keyLength | bodyLength | id    | argument |
///       | pointer| 8 bit      | 8 bit  | 8 bit | 8 bit     | 32 bit     | 32 bit| 32 bit   |
///       +--------+------------+--------+-------+-----------+------------+-------+----------+
///                 \_ the frame's own header, with the magic byte replaced by the key offset _/
///
/// body:  [timeToLiveMillis 8][version 8] ... [key][value]
///        0                                   ^ key offset: 8 for every field that is there, at most 40
/// </code>
/// <para>
/// The input must be native memory (or memory that cannot move) and must stay unchanged until the request has been
/// executed: the struct holds no reference that would keep it alive.
/// </para>
/// Invariants, after <see cref="DecodeResult.Ok"/>:
/// 1. Body bytes [0, bodyLength) are inside the input.
/// 2. key offset + keyLength &lt;= bodyLength.
/// 3. Every field and flag has a value that docs/protocol.md allows for the opcode.
/// After any other result only <see cref="Id"/>, <see cref="Opcode"/> and <see cref="FrameLength"/> may be read.
/// </remarks>
public unsafe struct Request
{
    private const int OpcodeShift = 8;
    private const int FlagsShift = 16;
    private const int KeyLengthShift = 24;
    private const int BodyLengthShift = 32;
    private const int ArgumentShift = 32;
    private const int FieldBytes = 8;

    private readonly byte* _body;
    private readonly ulong _head;
    private readonly ulong _tail;

    /// <summary>Takes a header apart.</summary>
    /// <param name="body">Start of the body; null if it is not there in full.</param>
    /// <param name="head">Bytes 0 to 7 of the header with a magic byte of 0.</param>
    /// <param name="tail">Bytes 8 to 15 of the header.</param>
    /// <param name="keyOffset">Where in the body the key starts.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal Request(byte* body, ulong head, ulong tail, uint keyOffset)
    {
        Debug.Assert((byte)head == 0 && keyOffset <= 40 && keyOffset % 8 == 0);
        _body = body;
        _head = head | keyOffset;
        _tail = tail;
    }

    /// <summary>What is asked for.</summary>
    public readonly Opcode Opcode => (Opcode)(byte)(_head >> OpcodeShift);

    /// <summary>The flag byte.</summary>
    public readonly RequestFlags Flags => (RequestFlags)(byte)(_head >> FlagsShift);

    /// <summary>Bytes of <see cref="Key"/>; 0 for opcodes without one.</summary>
    public readonly int KeyLength => (byte)(_head >> KeyLengthShift);

    /// <summary>The number that the reply carries back, the client's own.</summary>
    public readonly uint Id => (uint)_tail;

    /// <summary>What the opcode says: a number of keys or looks, bits, a length, a stream.</summary>
    public readonly uint Argument => (uint)(_tail >> ArgumentShift);

    /// <summary>Bytes of the whole frame, header and body.</summary>
    public readonly int FrameLength => FcpLimits.HeaderBytes + BodyLength;

    /// <summary>The condition of a write or delete.</summary>
    public readonly SetMode Mode => (SetMode)(Flags & RequestFlags.ModeMask);

    /// <summary>Whether the reply shall carry the item's version.</summary>
    public readonly bool ReturnVersion => (Flags & RequestFlags.ReturnVersion) != 0;

    /// <summary>Whether the body carries a time to live.</summary>
    public readonly bool HasTimeToLive => (Flags & RequestFlags.HasTimeToLive) != 0;

    /// <summary>Milliseconds from now until the item expires; 0 if it shall not.</summary>
    public readonly ulong TimeToLiveMillis => HasTimeToLive ? Unsafe.ReadUnaligned<ulong>(Body) : 0;

    /// <summary>The version that a write or delete with <see cref="SetMode.IfVersion"/> asks for; otherwise 0.</summary>
    public readonly ulong ExpectedVersion => Mode == SetMode.IfVersion ? Field(AfterTimeToLive) : 0;

    /// <summary>Whether it is about the copy that a replica has, rather than for the primary.</summary>
    public readonly bool IsForCopy => (Flags & RequestFlags.Copy) != 0;

    /// <summary>Whether there shall be no reply of the uninteresting kind.</summary>
    public readonly bool IsQuiet => (Flags & RequestFlags.Quiet) != 0;

    /// <summary>The argument of a Set or SetBegin.</summary>
    public readonly SetExtras SetExtras => (SetExtras)Argument;

    /// <summary>The argument of a Count.</summary>
    public readonly CountExtras CountExtras => (CountExtras)Argument;

    /// <summary>The version from elsewhere of a Set or SetBegin with <see cref="SetExtras.IfNewer"/>.</summary>
    public readonly ulong NewVersion => Field(AfterTimeToLive);

    /// <summary>Milliseconds from now beyond which no hit prolongs a Set or SetBegin; 0 if there is no such limit.</summary>
    public readonly ulong SlidingLimitMillis =>
        (SetExtras & SetExtras.HasSlidingLimit) != 0 ? Field(AfterVersion) : 0;

    /// <summary>The token of a Set, SetBegin or LeaseRelease; 0 if it has none.</summary>
    public readonly ulong LeaseToken => Opcode == Opcode.LeaseRelease ? Field(0)
        : (SetExtras & SetExtras.HasLeaseToken) == 0 ? 0
        : Field(AfterVersion + ((SetExtras & SetExtras.HasSlidingLimit) != 0 ? FieldBytes : 0));

    /// <summary>Bytes of the value that a SetBegin announces.</summary>
    public readonly ulong TotalLength => Field(KeyOffset - FieldBytes);

    /// <summary>Where a GetRange or GetStream begins in the value.</summary>
    public readonly ulong RangeStart => Field(0);

    /// <summary>How many bytes a GetRange or GetStream asks for; 0: to the end of the value.</summary>
    public readonly ulong RangeLength => Opcode == Opcode.GetRange ? Argument : Field(FieldBytes);

    /// <summary>How many bytes of a value a GetStream or Credit lets the node send.</summary>
    public readonly ulong Credit => Opcode == Opcode.GetStream ? Argument : Field(0);

    /// <summary>Where a Scan goes on; 0: at the beginning.</summary>
    public readonly ulong Cursor => Field(0);

    /// <summary>How much a Count adds or subtracts.</summary>
    public readonly ulong Amount => Field(AfterTimeToLive);

    /// <summary>What a Count makes of an absent counter; null if it stays absent.</summary>
    public readonly ulong? Initial =>
        (CountExtras & CountExtras.HasInitial) != 0 ? Field(AfterTimeToLive + FieldBytes) : null;

    /// <summary>The body of a hello.</summary>
    public readonly HelloRequest Hello => HelloRequest.Read(Value);

    /// <summary>The key, in the input; empty for opcodes without one.</summary>
    public readonly ReadOnlySpan<byte> Key => new(Body + KeyOffset, KeyLength);

    /// <summary>What follows the fields and the key, in the input: the value of a set, the bytes of a ping or piece, the
    /// keys or entries of a batch, the prefix of a scan.</summary>
    public readonly ReadOnlySpan<byte> Value
    {
        get
        {
            int start = KeyOffset + KeyLength;
            return new(Body + start, BodyLength - start);
        }
    }

    /// <summary>The whole frame, in the input.</summary>
    public readonly ReadOnlySpan<byte> Frame => new(Body - FcpLimits.HeaderBytes, FrameLength);

    private readonly int AfterTimeToLive => HasTimeToLive ? FieldBytes : 0;

    private readonly int AfterVersion =>
        AfterTimeToLive + (Mode == SetMode.IfVersion || (SetExtras & SetExtras.IfNewer) != 0 ? FieldBytes : 0);

    internal readonly uint WireBodyLength => (uint)(_head >> BodyLengthShift);

    internal readonly int KeyOffset => (byte)_head;

    private readonly int BodyLength => (int)(_head >> BodyLengthShift);

    internal readonly byte* Body
    {
        get
        {
            Debug.Assert(_body != null, "Only a request that was decoded with Ok has a body.");
            return _body;
        }
    }

    /// <summary>Reads the next key of a batched get, in the input.</summary>
    /// <param name="offset">0 for the first key; moved to the next one. At most <see cref="Argument"/> calls.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ReadOnlySpan<byte> ReadBatchKey(scoped ref int offset)
    {
        Debug.Assert(Opcode == Opcode.BatchGet && (uint)offset < (uint)BodyLength);
        int length = Body[offset];
        ReadOnlySpan<byte> key = new(Body + offset + 1, length);
        offset += 1 + length;
        return key;
    }

    /// <summary>Reads the next entry of a batched set, in the input.</summary>
    /// <param name="offset">0 for the first entry; moved to the next one. At most <see cref="Argument"/> calls.</param>
    /// <param name="value">The entry's value.</param>
    /// <returns>The entry's key.</returns>
    public readonly ReadOnlySpan<byte> ReadBatchEntry(scoped ref int offset, out ReadOnlySpan<byte> value)
    {
        Debug.Assert(Opcode == Opcode.BatchSet && (uint)(KeyOffset + offset) < (uint)BodyLength);
        byte* entry = Body + KeyOffset + offset;
        int keyLength = *entry;
        int valueLength = Unsafe.ReadUnaligned<int>(entry + 1);
        byte* key = entry + FcpLimits.BatchEntryBytes;
        offset += FcpLimits.BatchEntryBytes + keyLength + valueLength;
        value = new(key + keyLength, valueLength);
        return new(key, keyLength);
    }

    private readonly ulong Field(int offset) => Unsafe.ReadUnaligned<ulong>(Body + offset);
}
