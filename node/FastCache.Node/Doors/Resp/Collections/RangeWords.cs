using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>What ZRANGE, ZRANGESTORE and the older commands in their place are told of a range beside its bounds.</summary>
internal struct RangeWords
{
    private bool _isFixedKind;
    private bool _isFixedOrder;

    /// <summary>What the bounds are.</summary>
    public RangeKind Kind { get; private set; }

    /// <summary>Whether the highest score comes first.</summary>
    public bool IsReverse { get; private set; }

    /// <summary>How many members are left out.</summary>
    public long Offset { get; private set; }

    /// <summary>Most members; below 0: all.</summary>
    public long Limit { get; private set; }

    /// <summary>What is returned of a member.</summary>
    public ElementParts Parts { get; private set; }

    /// <summary>A range by rank, unless the words say otherwise.</summary>
    public static RangeWords Free => new() { Limit = -1, Parts = ElementParts.Field };

    /// <summary>A range whose kind and order the command's name says.</summary>
    public static RangeWords Fixed(RangeKind kind, bool isReverse) => Free with
    {
        Kind = kind,
        IsReverse = isReverse,
        _isFixedKind = true,
        _isFixedOrder = true,
    };

    /// <summary>Reads the words behind the bounds.</summary>
    /// <param name="call">The call.</param>
    /// <param name="firstBound">Which argument is the first bound.</param>
    /// <param name="takesScores">Whether WITHSCORES is one of them.</param>
    /// <param name="reply">Is written the error.</param>
    /// <returns>False when there is one.</returns>
    public bool TryRead(scoped Call call, int firstBound, bool takesScores, ref RespReplyWriter reply)
    {
        for (int i = firstBound + 2; i < call.Count; i++)
        {
            scoped ReadOnlySpan<byte> word = call[i];
            if (takesScores && RespWord.Is(word, "withscores"u8))
            {
                Parts = ElementParts.Field | ElementParts.Score | ElementParts.Pair;
            }
            else if (i + 2 < call.Count && RespWord.Is(word, "limit"u8))
            {
                if (!RespNumber.TryParse(call[i + 1], out long offset) || !RespNumber.TryParse(call[i + 2], out long limit))
                {
                    reply.WriteError(RespErrors.NotAnInteger);
                    return false;
                }

                (Offset, Limit) = (offset, limit);
                i += 2;
            }
            else if (!_isFixedOrder && RespWord.Is(word, "rev"u8))
            {
                (IsReverse, _isFixedOrder) = (true, true);
            }
            else if (!_isFixedKind && (RespWord.Is(word, "byscore"u8) || RespWord.Is(word, "bylex"u8)))
            {
                Kind = RespWord.Is(word, "byscore"u8) ? RangeKind.Scores : RangeKind.Members;
                _isFixedKind = true;
            }
            else
            {
                reply.WriteError(RespErrors.Syntax);
                return false;
            }
        }

        if (Limit != -1 && Kind == RangeKind.Ranks)
        {
            reply.WriteError("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"u8);
            return false;
        }

        if (Parts != ElementParts.Field && Kind == RangeKind.Members)
        {
            reply.WriteError("ERR syntax error, WITHSCORES not supported in combination with BYLEX"u8);
            return false;
        }

        return true;
    }

    /// <summary>Reads the bounds, of which the upper one stands first in a reverse range by score or member.</summary>
    /// <inheritdoc cref="TryRead"/>
    public readonly bool TryReadBounds(scoped Call call, int firstBound, out SortedSetRange range, ref RespReplyWriter reply)
    {
        bool isTurned = IsReverse && Kind != RangeKind.Ranks;
        return SortedSetRange.TryRead(
            Kind, call, isTurned ? firstBound + 1 : firstBound, isTurned ? firstBound : firstBound + 1, out range, ref reply);
    }
}
