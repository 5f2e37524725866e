using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>Makes one reply of those of a command's parts.</summary>
/// <remarks>
/// Elements of an array are sent as they come; of sums and OKs only the last part makes a reply, the first error if there was one.
/// <code>
/// tag   0: sent as it is      bit 0: to be joined      bit 1: a sum, otherwise OK      bit 2: the last part      8: see OfWatch
/// </code>
/// </remarks>
internal static class RespJoin
{
    /// <summary>The tag of an answer that the connection remembers: WATCH's.</summary>
    public const byte OfWatch = 8;

    private const byte IsJoined = 1;
    private const byte IsSum = 2;
    private const byte IsLast = 4;
    private const int SignBytes = 1;
    private const int EndBytes = 2;

    /// <summary>What has to be known of a call when its reply is there.</summary>
    public static byte TagOf(in PendingCall call, Command command)
    {
        if (command.InTransaction == InTransaction.Refused)
        {
            return OfWatch;
        }

        Join join = command.Join;
        if (call.Parts == 1 || join == Join.Array)
        {
            return 0;
        }

        return (byte)(IsJoined | (join == Join.Sum ? IsSum : 0) | (call.Part + 1 == call.Parts ? IsLast : 0));
    }

    /// <summary>Takes the reply of a part.</summary>
    /// <param name="talk">The connection's.</param>
    /// <param name="tag">Of the call.</param>
    /// <param name="reply">The reply, in <paramref name="room"/> or elsewhere.</param>
    /// <param name="room">Where goes what the client is to be sent.</param>
    /// <returns>Bytes of that.</returns>
    public static int Take(RespTalk talk, byte tag, ReadOnlySpan<byte> reply, Span<byte> room)
    {
        if (tag == 0)
        {
            reply.CopyTo(room);
            return reply.Length;
        }

        if (reply[0] == '-')
        {
            talk.JoinedError ??= reply.Length <= Door.MaxJoinedBytes ? reply.ToArray() : [.. reply[..(Door.MaxJoinedBytes - EndBytes)], .. reply[^EndBytes..]];
        }
        else if ((tag & IsSum) != 0 && RespNumber.TryParse(reply[SignBytes..^EndBytes], out long number))
        {
            talk.JoinedSum += number;
        }

        if ((tag & IsLast) == 0)
        {
            return 0;
        }

        int bytes = Write(talk, tag, room);
        (talk.JoinedSum, talk.JoinedError) = (0, null);
        return bytes;
    }

    private static int Write(RespTalk talk, byte tag, Span<byte> room)
    {
        if (talk.JoinedError is byte[] error)
        {
            error.CopyTo(room);
            return error.Length;
        }

        RespReplyWriter writer = new(room, talk.IsVersion3);
        if ((tag & IsSum) != 0)
        {
            writer.WriteInteger(talk.JoinedSum);
        }
        else
        {
            writer.WriteOk();
        }

        return writer.Length;
    }
}
