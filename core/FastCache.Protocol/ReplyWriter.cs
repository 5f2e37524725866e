using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Unicode;

namespace FastCache.Protocol;

/// <summary>Writes replies into a caller's buffer.</summary>
/// <remarks>
/// <code>
/// byte  0       1        2        3       4            8           12         16
///       +-------+--------+--------+-------+------------+-----------+----------+---------------------+
///       | magic | opcode | status | flags | bodyLength | requestId | argument | body                |
///       | 0xFD  | 8 bit  | 8 bit  | 8 bit | 32 bit     | 32 bit    | 32 bit   | [version 8][value]  |
///       +-------+--------+--------+-------+------------+-----------+----------+---------------------+
/// </code>
/// </remarks>
public static class ReplyWriter
{
    /// <summary>Writes the 16 header bytes as two stores. The caller has proved that they are there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteHeader(
        ref byte destination, Opcode opcode, Status status, ReplyFlags flags, int bodyLength, uint id, uint argument)
    {
        ulong head = FcpLimits.ReplyMagic
            | ((uint)opcode << 8)
            | ((uint)status << 16)
            | ((uint)flags << 24)
            | ((ulong)(uint)bodyLength << 32);
        Unsafe.WriteUnaligned(ref destination, head);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref destination, 8), id | ((ulong)argument << 32));
    }

    /// <summary>Writes a reply with a body, or an empty one.</summary>
    /// <returns>Bytes written: 16 + the body's.</returns>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is too short, or the flags say
    /// <see cref="ReplyFlags.VersionPresent"/>.</exception>
    public static int Write(
        Span<byte> destination,
        Opcode opcode,
        Status status,
        uint id,
        ReadOnlySpan<byte> body = default,
        ReplyFlags flags = ReplyFlags.None,
        uint argument = 0)
    {
        if ((flags & ReplyFlags.VersionPresent) != 0)
        {
            throw new ArgumentException("A reply with a version is written by WriteVersioned.", nameof(flags));
        }

        int length = FcpLimits.HeaderBytes + body.Length;
        Room.Check(destination.Length, length);
        WriteHeader(ref MemoryMarshal.GetReference(destination), opcode, status, flags, body.Length, id, argument);
        body.CopyTo(destination[FcpLimits.HeaderBytes..]);
        return length;
    }

    /// <summary>Writes a reply whose body is a version and then, perhaps, a value; sets
    /// <see cref="ReplyFlags.VersionPresent"/>.</summary>
    /// <returns>Bytes written: 16 + 8 + the value's.</returns>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is too short.</exception>
    public static int WriteVersioned(
        Span<byte> destination,
        Opcode opcode,
        Status status,
        uint id,
        ulong version,
        ReadOnlySpan<byte> value = default,
        ReplyFlags flags = ReplyFlags.None,
        uint argument = 0)
    {
        value.CopyTo(BeginVersioned(destination, opcode, status, id, version, value.Length, flags, argument));
        return FcpLimits.HeaderBytes + FcpLimits.VersionBytes + value.Length;
    }

    /// <summary>Writes what <see cref="WriteVersioned"/> does, but for the value.</summary>
    /// <returns>Where the value goes: <paramref name="valueLength"/> bytes.</returns>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is too short.</exception>
    public static Span<byte> BeginVersioned(
        Span<byte> destination,
        Opcode opcode,
        Status status,
        uint id,
        ulong version,
        int valueLength,
        ReplyFlags flags = ReplyFlags.None,
        uint argument = 0)
    {
        int bodyLength = FcpLimits.VersionBytes + valueLength;
        Room.Check(destination.Length, FcpLimits.HeaderBytes + bodyLength);
        flags |= ReplyFlags.VersionPresent;
        WriteHeader(ref MemoryMarshal.GetReference(destination), opcode, status, flags, bodyLength, id, argument);
        Span<byte> body = destination[FcpLimits.HeaderBytes..];
        BinaryPrimitives.WriteUInt64LittleEndian(body, version);
        return body.Slice(FcpLimits.VersionBytes, valueLength);
    }

    /// <summary>Writes the answer to a hello.</summary>
    /// <returns>Bytes written: 56.</returns>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is too short.</exception>
    public static int WriteHello(Span<byte> destination, uint id, in HelloReply hello)
    {
        Span<byte> body = stackalloc byte[FcpLimits.HelloReplyBytes];
        hello.Write(body);
        return Write(destination, Opcode.Hello, Status.Ok, id, body);
    }

    /// <summary>Makes the reply to a get or a set into the reply to one entry of a batch.</summary>
    /// <param name="reply">The whole frame.</param>
    /// <param name="opcode">The batch's.</param>
    /// <param name="index">The key's place.</param>
    /// <param name="isLast">Whether it is the last one.</param>
    public static void MakeBatchReply(Span<byte> reply, Opcode opcode, uint index, bool isLast)
    {
        Room.Check(reply.Length, FcpLimits.HeaderBytes);
        reply[1] = (byte)opcode;
        reply[3] |= (byte)(isLast ? ReplyFlags.Last : ReplyFlags.None);
        BinaryPrimitives.WriteUInt32LittleEndian(reply[12..], index);
    }

    /// <summary>
    /// Writes an error with its text, cut between characters to <see cref="FcpLimits.MaxErrorTextBytes"/> and to the
    /// room.
    /// </summary>
    /// <param name="destination">At least 16 bytes; 16 + <see cref="FcpLimits.MaxErrorTextBytes"/> hold every
    /// text.</param>
    /// <param name="opcode">The request's for an error of one request; replaced by <see cref="Opcode.Error"/> if the
    /// status is fatal.</param>
    /// <param name="status">An error status.</param>
    /// <param name="id">The request's id; 0 if it is unknown.</param>
    /// <param name="text">What was wrong, and what is allowed.</param>
    /// <param name="flags">Of a reply to one key of a batch.</param>
    /// <param name="argument">Of a reply to one key of a batch, or the shard of <see cref="Status.WrongShard"/>.</param>
    /// <returns>Bytes written, at most 16 + <see cref="FcpLimits.MaxErrorTextBytes"/>.</returns>
    /// <exception cref="ArgumentException"><paramref name="destination"/> is too short for a header, or the status is
    /// no error.</exception>
    public static int WriteError(
        Span<byte> destination,
        Opcode opcode,
        Status status,
        uint id,
        ReadOnlySpan<char> text,
        ReplyFlags flags = ReplyFlags.None,
        uint argument = 0)
    {
        if (!status.IsError())
        {
            throw new ArgumentException($"{status} is not an error.", nameof(status));
        }

        Room.Check(destination.Length, FcpLimits.HeaderBytes);
        Span<byte> room = destination[FcpLimits.HeaderBytes..];
        room = room[..Math.Min(room.Length, FcpLimits.MaxErrorTextBytes)];
        Utf8.FromUtf16(text, room, out _, out int bodyLength);
        opcode = status.IsFatal() ? Opcode.Error : opcode;
        WriteHeader(ref MemoryMarshal.GetReference(destination), opcode, status, flags, bodyLength, id, argument);
        return FcpLimits.HeaderBytes + bodyLength;
    }
}
