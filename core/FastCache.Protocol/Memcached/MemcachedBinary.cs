using System.Buffers.Binary;
using System.Text;

namespace FastCache.Protocol.Memcached;

/// <summary>What is needed of memcached's binary protocol to tell a client of it, in words that it can read, that it is not spoken.</summary>
/// <remarks>
/// A request and a reply begin with the same header. A line of text in its place would be taken for one by clients that do not look at the
/// magic byte: one of a body of more than a gigabyte.
/// <code>
/// byte  0       1        2            4          5     6          8            12       16    24
///       +-------+--------+------------+----------+-----+----------+------------+--------+-----+-------------+
///       | magic | opcode | key length | extras'  | 0   | status   | body       | opaque | cas | body        |
///       |       |        |            | length   |     |          | length     |        |     |             |
///       +-------+--------+------------+----------+-----+----------+------------+--------+-----+-------------+
/// </code>
/// </remarks>
public static class MemcachedBinary
{
    /// <summary>Bytes of a header.</summary>
    public const int HeaderBytes = 24;

    /// <summary>What the client is told.</summary>
    public const string Refusal = "the binary protocol is not spoken here; use the text or meta commands";

    private const byte RequestMagic = 0x80;
    private const byte ReplyMagic = 0x81;
    private const int OpcodeAt = 1;
    private const int StatusAt = 6;
    private const int BodyLengthAt = 8;
    private const int OpaqueAt = 12;
    private const ushort UnknownCommand = 0x81;

    /// <summary>Whether a connection that begins so speaks the binary protocol: no line of a text command does.</summary>
    public static bool Begins(ReadOnlySpan<byte> input) => !input.IsEmpty && input[0] == RequestMagic;

    /// <summary>What a reply has to repeat.</summary>
    /// <param name="header">At least <see cref="HeaderBytes"/> of a request.</param>
    public static (byte Opcode, uint Opaque) Read(ReadOnlySpan<byte> header) =>
        (header[OpcodeAt], BinaryPrimitives.ReadUInt32BigEndian(header[OpaqueAt..]));

    /// <summary>Writes the reply to a request that is not executed: "unknown command", with a text.</summary>
    /// <param name="opcode">The request's.</param>
    /// <param name="opaque">The request's.</param>
    /// <param name="text">Why; ASCII.</param>
    /// <param name="room">At least <see cref="HeaderBytes"/> and the text.</param>
    /// <returns>Bytes of the reply.</returns>
    public static int WriteRefusal(byte opcode, uint opaque, string text, Span<byte> room)
    {
        Span<byte> header = room[..HeaderBytes];
        header.Clear();
        header[0] = ReplyMagic;
        header[OpcodeAt] = opcode;
        BinaryPrimitives.WriteUInt16BigEndian(header[StatusAt..], UnknownCommand);
        BinaryPrimitives.WriteUInt32BigEndian(header[BodyLengthAt..], (uint)text.Length);
        BinaryPrimitives.WriteUInt32BigEndian(header[OpaqueAt..], opaque);
        return HeaderBytes + Encoding.ASCII.GetBytes(text, room[HeaderBytes..]);
    }
}
