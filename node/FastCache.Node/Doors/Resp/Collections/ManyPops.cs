using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>What a command has been asked for that takes from the first collection that there is.</summary>
/// <param name="FirstKey">The argument that is the first key.</param>
/// <param name="Keys">How many there are.</param>
/// <param name="IsFromEnd">Whether elements are taken from the last one on.</param>
/// <param name="Count">Most elements, 1 or more.</param>
internal readonly record struct ManyPops(int FirstKey, int Keys, bool IsFromEnd, long Count)
{
    /// <summary>Reads the number of keys and what stands behind them.</summary>
    /// <param name="call">The call.</param>
    /// <param name="countAt">The argument that is the number of keys.</param>
    /// <param name="first">The word for elements from the first one on.</param>
    /// <param name="last">The word for elements from the last one on.</param>
    /// <param name="reply">Is written the error.</param>
    /// <param name="many">What was read.</param>
    /// <returns>False when there is an error.</returns>
    public static bool TryParse(
        scoped Call call, int countAt, ReadOnlySpan<byte> first, ReadOnlySpan<byte> last, ref RespReplyWriter reply, out ManyPops many)
    {
        many = default;
        if (!RespNumber.TryParse(call[countAt], out long keys) || keys < 1)
        {
            reply.WriteError(RespErrors.NoKeyCount);
            return false;
        }

        int arguments = call.Count - countAt - 1;
        int wordAt = (int)Math.Min(keys, arguments) + countAt + 1;
        bool isFromEnd = keys < arguments && RespWord.Is(call[wordAt], last);
        if (keys >= arguments || !(isFromEnd || RespWord.Is(call[wordAt], first)))
        {
            reply.WriteError(RespErrors.Syntax);
            return false;
        }

        long count = 1;
        int behind = call.Count - wordAt - 1;
        if (behind > 0 && (behind == 1 || !RespWord.Is(call[wordAt + 1], "count"u8)))
        {
            reply.WriteError(RespErrors.Syntax);
            return false;
        }

        if (behind > 0 && (!RespNumber.TryParse(call[wordAt + 2], out count) || count < 1))
        {
            reply.WriteError(RespErrors.NoCount);
            return false;
        }

        if (behind > 2)
        {
            reply.WriteError(RespErrors.Syntax);
            return false;
        }

        many = new ManyPops(countAt + 1, (int)keys, isFromEnd, count);
        return true;
    }
}
