using System.Buffers.Binary;

namespace FastCache.Protocol;

/// <summary>One decoded reply, as a view of the input.</summary>
/// <remarks>After a result other than <see cref="DecodeResult.Ok"/> only <see cref="FrameLength"/> may be
/// read.</remarks>
public readonly ref struct Reply
{
    private readonly ulong _head;
    private readonly ulong _tail;

    internal Reply(ulong head, ulong tail, ReadOnlySpan<byte> body)
    {
        _head = head;
        _tail = tail;
        Body = body;
    }

    /// <summary>The request's opcode, or <see cref="Opcode.Error"/>.</summary>
    public Opcode Opcode => (Opcode)(byte)(_head >> 8);

    /// <summary>How the request ended.</summary>
    public Status Status => (Status)(byte)(_head >> 16);

    /// <summary>The flag byte.</summary>
    public ReplyFlags Flags => (ReplyFlags)(byte)(_head >> 24);

    /// <summary>The id that the request carried.</summary>
    public uint Id => (uint)_tail;

    /// <summary>What the opcode says: the index of a key in a batch, the answer to a LeaseGet, a number of keys.</summary>
    public uint Argument => (uint)(_tail >> 32);

    /// <summary>Bytes of the whole frame, header and body.</summary>
    public int FrameLength => FcpLimits.HeaderBytes + (int)(_head >> 32);

    /// <summary>Whether the body starts with a version.</summary>
    public bool HasVersion => (Flags & ReplyFlags.VersionPresent) != 0;

    /// <summary>Whether this is the last reply of a batch.</summary>
    public bool IsLast => (Flags & ReplyFlags.Last) != 0;

    /// <summary>Whether more frames of this stream follow.</summary>
    public bool HasMore => (Flags & ReplyFlags.More) != 0;

    /// <summary>Everything after the header; the text of an error.</summary>
    public ReadOnlySpan<byte> Body { get; }

    /// <summary>The item's version; 0 if the reply has none.</summary>
    public ulong Version => HasVersion ? BinaryPrimitives.ReadUInt64LittleEndian(Body) : 0;

    /// <summary>The body without the version.</summary>
    public ReadOnlySpan<byte> Value => HasVersion ? Body[FcpLimits.VersionBytes..] : Body;
}
