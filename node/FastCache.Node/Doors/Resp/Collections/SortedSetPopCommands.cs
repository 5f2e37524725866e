using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>What a command that takes from the first sorted set that there is has been asked for.</summary>
/// <param name="FirstKey">The argument that is the first key.</param>
/// <param name="Keys">How many there are.</param>
/// <param name="IsMax">Whether those with the highest scores are taken.</param>
/// <param name="Count">Most members, 1 or more.</param>
internal readonly record struct ManyMemberPops(int FirstKey, int Keys, bool IsMax, long Count);

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
        if (TryParseMany(call, countAt: 1, ref reply, out ManyMemberPops many) && !TryTakeMany(call, many, ref reply))
        {
            reply.WriteNullArray();
        }
    }

    /// <summary>Reads what stands behind the number of keys: them, MIN or MAX, perhaps COUNT and a number.</summary>
    /// <param name="call">The call.</param>
    /// <param name="countAt">The argument that is the number of keys.</param>
    /// <param name="reply">Is written the error.</param>
    /// <param name="many">What was read.</param>
    public static bool TryParseMany(scoped Call call, int countAt, ref RespReplyWriter reply, out ManyMemberPops many)
    {
        many = default;
        if (!RespNumber.TryParse(call[countAt], out long keys) || keys < 1)
        {
            reply.WriteError("ERR numkeys should be greater than 0"u8);
            return false;
        }

        long wordAt = Math.Min(keys, call.Count) + countAt + 1;
        bool isMax = wordAt < call.Count && RespWord.Is(call[(int)wordAt], "max"u8);
        bool hasCount = wordAt + 3 == call.Count && RespWord.Is(call[(int)wordAt + 1], "count"u8);
        if (wordAt >= call.Count || !(isMax || RespWord.Is(call[(int)wordAt], "min"u8)) || (wordAt + 1 != call.Count && !hasCount))
        {
            reply.WriteError(RespErrors.Syntax);
            return false;
        }

        long count = 1;
        if (hasCount && (!RespNumber.TryParse(call[call.Count - 1], out count) || count < 1))
        {
            reply.WriteError("ERR count should be greater than 0"u8);
            return false;
        }

        many = new ManyMemberPops(countAt + 1, (int)keys, isMax, count);
        return true;
    }

    /// <summary>Takes members of the first sorted set that there is, and writes its key and them.</summary>
    /// <returns>False when there is none; nothing is written then.</returns>
    public bool TryTakeMany(scoped Call call, in ManyMemberPops many, ref RespReplyWriter reply)
    {
        for (int i = many.FirstKey; i < many.FirstKey + many.Keys; i++)
        {
            switch (_collections.Open(shard.Shard.Prepare(call[i]), CollectionKind.SortedSet, ref reply, out CollectionView set))
            {
                case CollectionAnswer.Open:
                    int start = reply.Length;
                    reply.WriteArray(2);
                    reply.WriteBulk(call[i]);
                    Take(call[i], set, many.Count, many.IsMax, Both | ElementParts.AlwaysPair, start, ref reply);
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
        RankRange ranks = new(isMax ? set.Count - taken : 0, taken);
        if (taken < set.Count && taken > CollectionAccess.MostElements)
        {
            reply.CutTo(start);
            RespErrors.WriteTooManyElements(ref reply);
        }
        else if (SortedSetReply.TryWrite(set, ranks, isMax, parts, ref reply, start) && set.RemoveRange(ranks.First, taken) > 0)
        {
            shard.NoteTaken(key, isMax ? KeyEvent.ZPopMax : KeyEvent.ZPopMin);
        }
    }
}
