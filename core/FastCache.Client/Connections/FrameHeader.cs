using System.Buffers.Binary;
using FastCache.Protocol;

namespace FastCache.Client.Connections;

/// <summary>The header of a request that this client has written; docs/protocol.md draws it.</summary>
internal static class FrameHeader
{
    public static Opcode OpcodeOf(ReadOnlySpan<byte> frame) => (Opcode)frame[1];

    public static int KeyBytes(ReadOnlySpan<byte> frame) => frame[3];

    /// <summary>Bytes of the whole frame.</summary>
    public static int FrameBytes(ReadOnlySpan<byte> frame) =>
        FcpLimits.HeaderBytes + BinaryPrimitives.ReadInt32LittleEndian(frame[4..]);

    public static uint Id(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt32LittleEndian(frame[8..]);

    public static void SetId(Span<byte> frame, uint id) => BinaryPrimitives.WriteUInt32LittleEndian(frame[8..], id);
}
