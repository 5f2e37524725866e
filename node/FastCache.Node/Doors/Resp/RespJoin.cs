using FastCache.Node.Sessions;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>Makes one reply of those of a command's parts.</summary>
/// <remarks>
/// Elements of an array are sent as they come; of sums, OKs and texts only the last part makes a reply, the first error if there was one.
/// <code>
/// tag   0: sent as it is      bit 0: to be joined      bit 1: a sum      bit 2: the last part      8: see OfWatch      bit 4: a text
///       32: not sent
/// </code>
/// OK is what is neither a sum nor a text.
/// </remarks>
internal static class RespJoin
{
    /// <summary>The tag of an answer that the connection remembers: WATCH's.</summary>
    public const byte OfWatch = 8;

    private const byte IsJoined = 1;
    private const byte IsSum = 2;
    private const byte IsLast = 4;
    private const byte IsText = 16;
    private const byte IsDropped = 32;
    private const int MaxErrorBytes = 256;
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

        bool isLast = call.Part + 1 == call.Parts;
        if (join == Join.Last)
        {
            return isLast ? (byte)0 : IsDropped;
        }

        return (byte)(IsJoined | (join == Join.Sum ? IsSum : join == Join.Text ? IsText : 0) | (isLast ? IsLast : 0));
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

        if (tag == IsDropped)
        {
            return 0;
        }

        if (reply[0] == '-')
        {
            talk.JoinedError ??= reply.Length <= MaxErrorBytes ? reply.ToArray() : [.. reply[..(MaxErrorBytes - EndBytes)], .. reply[^EndBytes..]];
        }
        else if ((tag & IsSum) != 0 && RespNumber.TryParse(reply[SignBytes..^EndBytes], out long number))
        {
            talk.JoinedSum += number;
        }
        else if ((tag & IsText) != 0)
        {
            TakeText(talk, TextOf(reply));
        }

        if ((tag & IsLast) == 0)
        {
            return 0;
        }

        int bytes = Write(talk, tag, room);
        (talk.JoinedSum, talk.JoinedError) = (0, null);
        talk.JoinedText.Clear();
        return bytes;
    }

    /// <summary>The text of a part's reply, a bulk string or a verbatim one.</summary>
    private static ReadOnlySpan<byte> TextOf(ReadOnlySpan<byte> reply)
    {
        int head = reply.IndexOf((byte)'\n') + 1 + (reply[0] == '=' ? "txt:"u8.Length : 0);
        return reply[head..^EndBytes];
    }

    private static void TakeText(RespTalk talk, ReadOnlySpan<byte> text)
    {
        talk.JoinedSum += text.Length;
        if (talk.JoinedSum > RequestExecutor.MaxValueBytes)
        {
            talk.JoinedError ??= ErrorOf(RespErrors.TooManyConnections);
        }
        else if (!text.IsEmpty && !talk.JoinedText.TryAdd(text, int.MaxValue))
        {
            talk.JoinedError ??= ErrorOf(RespErrors.OutOfMemory);
        }
    }

    private static byte[] ErrorOf(ReadOnlySpan<byte> text) => [(byte)'-', .. text, .. "\r\n"u8];

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
        else if ((tag & IsText) != 0)
        {
            Span<byte> text = room.Slice(RespReplyWriter.MaxOverheadBytes, (int)talk.JoinedSum);
            for (Span<byte> rest = text; !talk.JoinedText.IsEmpty; talk.JoinedText.RemoveFirst())
            {
                talk.JoinedText.First.CopyTo(rest);
                rest = rest[talk.JoinedText.First.Length..];
            }

            writer.WriteVerbatim(text);
        }
        else
        {
            writer.WriteOk();
        }

        return writer.Length;
    }
}
