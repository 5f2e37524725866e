using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Takes members with the lowest or highest scores out of sorted sets.</summary>
internal sealed class SortedSetPopCommands(DoorShard shard)
{
    private const string Group = "sorted-set";
    private const ElementParts Both = ElementParts.Field | ElementParts.Score;

    private readonly CollectionAccess _collections = new(shard);

    public IEnumerable<Command> Commands =>
    [
        new("zpopmin", -2, CommandFlags.Write | CommandFlags.Fast, KeyPlaces.Only, PopMin, Group, "Removes members with the lowest scores and returns them."),
        new("zpopmax", -2, CommandFlags.Write | CommandFlags.Fast, KeyPlaces.Only, PopMax, Group, "Removes members with the highest scores and returns them."),
        new("zmpop", -4, CommandFlags.Write, KeyPlaces.Counted(1), PopOfMany, Group,
            "Removes members with the lowest or highest scores of the first sorted set that exists, and returns them."),
    ];

    private void PopMin(scoped Call call, ref RespReplyWriter reply) => Pop(call, isMax: false, ref reply);

    private void PopMax(scoped Call call, ref RespReplyWriter reply) => Pop(call, isMax: true, ref reply);

    private void Pop(scoped Call call, bool isMax, ref RespReplyWriter reply)
    {
        if (!CollectionAccess.TryReadCount(call, ref reply, out long count))
        {
            return;
        }

        switch (_collections.Open(call.Key, CollectionKind.SortedSet, ref reply, out CollectionView set))
        {
            case CollectionAnswer.Open:
                Take(call.KeyBytes, set, count, isMax, call.Count == 3 ? Both | ElementParts.Pair : Both, reply.Length, ref reply);
                break;
            case CollectionAnswer.Absent:
                reply.WriteArray(0);
                break;
        }
    }

    private void PopOfMany(scoped Call call, ref RespReplyWriter reply)
    {
        if (TryParseMany(call, countAt: 1, ref reply, out ManyPops many) && !TryTakeMany(call, many, ref reply))
        {
            reply.WriteNullArray();
        }
    }

    /// <summary>Reads what stands behind the number of keys: them, MIN or MAX, perhaps COUNT and a number.</summary>
    /// <inheritdoc cref="ManyPops.TryParse"/>
    public static bool TryParseMany(scoped Call call, int countAt, ref RespReplyWriter reply, out ManyPops many) =>
        ManyPops.TryParse(call, countAt, "min"u8, "max"u8, ref reply, out many);

    /// <summary>Takes members of the first sorted set that there is, and writes its key and them.</summary>
    /// <returns>False when there is none; nothing is written then.</returns>
    public bool TryTakeMany(scoped Call call, in ManyPops many, ref RespReplyWriter reply)
    {
        for (int i = many.FirstKey; i < many.FirstKey + many.Keys; i++)
        {
            switch (_collections.OpenToTake(call, i, CollectionKind.SortedSet, ref reply, out CollectionView set))
            {
                case CollectionAnswer.Open:
                    int start = reply.Length;
                    reply.WriteArray(2);
                    reply.WriteBulk(call[i]);
                    Take(call[i], set, many.Count, many.IsFromEnd, Both | ElementParts.AlwaysPair, start, ref reply);
                    return true;
                case CollectionAnswer.WrongKind:
                    return true;
            }
        }

        return false;
    }

    /// <summary>Removes members and writes them as an array.</summary>
    /// <param name="key">Whose they are.</param>
    /// <param name="set">The set.</param>
    /// <param name="count">Most of them.</param>
    /// <param name="isMax">Whether those with the highest scores.</param>
    /// <param name="parts">How they are written.</param>
    /// <param name="start">Where the reply begins; an error takes the place of all of it, and nothing is removed.</param>
    /// <param name="reply">Where they go.</param>
    private void Take(
        scoped ReadOnlySpan<byte> key, scoped CollectionView set, long count, bool isMax, ElementParts parts, int start, ref RespReplyWriter reply)
    {
        int taken = (int)Math.Min(count, set.Count);
        ElementRange ranks = new(isMax ? set.Count - taken : 0, taken);
        // All of a set goes at once, however large it is.
        if ((taken == set.Count || _collections.Permits(taken, ref reply, start))
            && SortedSetReply.TryWrite(set, ranks, isMax, parts, ref reply, start) && set.RemoveRange(ranks.First, taken) > 0)
        {
            shard.NoteTaken(key, isMax ? KeyEvent.ZPopMax : KeyEvent.ZPopMin);
        }
    }
}
