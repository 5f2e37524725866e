using System.Buffers.Text;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>Replies of scans: a cursor, and an array that is as long as what was found.</summary>
internal static class ScanReply
{
    /// <summary>Bytes before what was found, for what is known when that is there: an array, the cursor, another array.</summary>
    public const int HeadBytes = 96;

    /// <summary>Writes the reply around what was found.</summary>
    /// <param name="cursor">To go on with; 0: the scan is over.</param>
    /// <param name="count">Bulks that were found.</param>
    /// <param name="bytes">Their bytes, which stand <see cref="HeadBytes"/> behind the end of the reply so far.</param>
    /// <param name="reply">The reply.</param>
    public static void Write(ulong cursor, int count, int bytes, ref RespReplyWriter reply)
    {
        Span<byte> digits = stackalloc byte[24];
        Utf8Formatter.TryFormat(cursor, digits, out int length);
        Span<byte> found = reply.Rest.Slice(HeadBytes, bytes);
        reply.WriteArray(2);
        reply.WriteBulk(digits[..length]);
        reply.WriteArray(count);
        found.CopyTo(reply.Rest);
        reply.Take(bytes);
    }
}
