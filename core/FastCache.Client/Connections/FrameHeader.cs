using System.Buffers.Binary;
using FastCache.Protocol;

namespace FastCache.Client.Connections;

/// <summary>The header of a request that this client has written; docs/protocol.md draws it.</summary>
internal static class FrameHeader
{
    public static Opcode OpcodeOf(ReadOnlySpan<byte> frame) => (Opcode)frame[1];

    public static int KeyBytes(ReadOnlySpan<byte> frame) => frame[3];

    /// <summary>The key of a request for one key.</summary>
    public static ReadOnlySpan<byte> Key(ReadOnlySpan<byte> frame) => frame.Slice(KeyStart(frame), KeyBytes(frame));

    /// <summary>Makes a request one for the copy that a replica has, and a Get a LeaseGet, which has the same frame but for its
    /// argument.</summary>
    /// <param name="frame">Of a Get, GetRange, Set or Delete.</param>
    /// <param name="leaseMillis">How long a grant of the LeaseGet lasts.</param>
    public static void TurnToCopy(Span<byte> frame, uint leaseMillis)
    {
        RequestWriter.MakeForCopy(frame);
        if (OpcodeOf(frame) == Opcode.Get)
        {
            frame[1] = (byte)Opcode.LeaseGet;
            BinaryPrimitives.WriteUInt32LittleEndian(frame[12..], leaseMillis);
        }
    }

    /// <summary>Bytes of the whole frame.</summary>
    public static int FrameBytes(ReadOnlySpan<byte> frame) =>
        FcpLimits.HeaderBytes + BinaryPrimitives.ReadInt32LittleEndian(frame[4..]);

    public static uint Id(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt32LittleEndian(frame[8..]);

    public static void SetId(Span<byte> frame, uint id) => BinaryPrimitives.WriteUInt32LittleEndian(frame[8..], id);

    /// <summary>Where the key stands: behind the fields that the flags and the argument announce.</summary>
    private static int KeyStart(ReadOnlySpan<byte> frame)
    {
        RequestFlags flags = (RequestFlags)frame[2];
        uint argument = BinaryPrimitives.ReadUInt32LittleEndian(frame[12..]);
        SetExtras set = OpcodeOf(frame) == Opcode.Set ? (SetExtras)argument : SetExtras.None;
        bool hasVersion = (flags & RequestFlags.ModeMask) == (RequestFlags)SetMode.IfVersion || (set & SetExtras.IfNewer) != 0;
        int fields = ((flags & RequestFlags.HasTimeToLive) != 0 ? 1 : 0)
            + (hasVersion ? 1 : 0)
            + ((set & SetExtras.HasSlidingLimit) != 0 ? 1 : 0)
            + ((set & SetExtras.HasLeaseToken) != 0 ? 1 : 0)
            + OpcodeOf(frame) switch
            {
                Opcode.Count => ((CountExtras)argument & CountExtras.HasInitial) != 0 ? 2 : 1,
                Opcode.GetRange or Opcode.LeaseRelease => 1,
                _ => 0,
            };
        return FcpLimits.HeaderBytes + (fields * sizeof(ulong));
    }
}
