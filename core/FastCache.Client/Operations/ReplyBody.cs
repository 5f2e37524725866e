using System.Buffers.Binary;
using FastCache.Protocol;

namespace FastCache.Client.Operations;

/// <summary>The number that the bodies of some replies start with: a counter, a total length, a lease token, a cursor.</summary>
internal static class ReplyBody
{
    public const int NumberBytes = sizeof(ulong);

    public static ulong Number(ReadOnlySpan<byte> body) => BinaryPrimitives.ReadUInt64LittleEndian(body);

    /// <summary>Whether a reply, which belongs to a request of its opcode, has the shape that the protocol gives it.</summary>
    public static bool IsSound(in Reply reply) => !reply.HasMore && !reply.IsLast && (reply.Status != Status.Ok || reply.Opcode switch
    {
        Opcode.Count or Opcode.GetRange => reply.Value.Length >= NumberBytes,
        Opcode.LeaseGet => reply.Value.Length >= NumberBytes && reply.Argument <= (uint)LeaseResult.Miss,
        Opcode.Scan => reply.Value.Length >= NumberBytes && KeyList.Has(reply.Value[NumberBytes..], reply.Argument),
        _ => true,
    });
}
