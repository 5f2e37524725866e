using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Members of a sorted set that follow one another: returning, counting and removing them.</summary>
internal sealed class SortedSetRangeCommands(DoorShard shard)
{
    private const string Group = "sorted-set";
    private const CommandFlags Counts = CommandFlags.ReadOnly | CommandFlags.Fast;

    private readonly CollectionAccess _collections = new(shard);

    public IEnumerable<Command> Commands =>
    [
        new("zrange", -4, CommandFlags.ReadOnly, KeyPlaces.Only, Range, Group, "Returns members by rank, score (BYSCORE) or name (BYLEX)."),
        new("zrevrange", -4, CommandFlags.ReadOnly, KeyPlaces.Only, RevRange, Group, "Returns members by rank, the highest score first."),
        new("zrangebyscore", -4, CommandFlags.ReadOnly, KeyPlaces.Only, RangeByScore, Group, "Returns members by score."),
        new("zrevrangebyscore", -4, CommandFlags.ReadOnly, KeyPlaces.Only, RevRangeByScore, Group,
            "Returns members by score, the highest first."),
        new("zrangebylex", -4, CommandFlags.ReadOnly, KeyPlaces.Only, RangeByLex, Group, "Returns members of one score by name."),
        new("zrevrangebylex", -4, CommandFlags.ReadOnly, KeyPlaces.Only, RevRangeByLex, Group,
            "Returns members of one score by name, the last first."),
        new("zcount", 4, Counts, KeyPlaces.Only, CountByScore, Group, "Counts the members in a range of scores."),
        new("zlexcount", 4, Counts, KeyPlaces.Only, CountByLex, Group, "Counts the members of one score in a range of names."),
        new("zremrangebyrank", 4, CommandFlags.Write, KeyPlaces.Only, RemoveByRank, Group, "Removes members by rank."),
        new("zremrangebyscore", 4, CommandFlags.Write, KeyPlaces.Only, RemoveByScore, Group, "Removes members by score."),
        new("zremrangebylex", 4, CommandFlags.Write, KeyPlaces.Only, RemoveByLex, Group, "Removes members of one score by name."),
    ];

    private void Range(scoped Call call, ref RespReplyWriter reply) => Return(call, RangeWords.Free, ref reply);

    private void RevRange(scoped Call call, ref RespReplyWriter reply) => Return(call, RangeWords.Fixed(RangeKind.Ranks, isReverse: true), ref reply);

    private void RangeByScore(scoped Call call, ref RespReplyWriter reply) =>
        Return(call, RangeWords.Fixed(RangeKind.Scores, isReverse: false), ref reply);

    private void RevRangeByScore(scoped Call call, ref RespReplyWriter reply) =>
        Return(call, RangeWords.Fixed(RangeKind.Scores, isReverse: true), ref reply);

    private void RangeByLex(scoped Call call, ref RespReplyWriter reply) =>
        Return(call, RangeWords.Fixed(RangeKind.Members, isReverse: false), ref reply);

    private void RevRangeByLex(scoped Call call, ref RespReplyWriter reply) =>
        Return(call, RangeWords.Fixed(RangeKind.Members, isReverse: true), ref reply);

    private void CountByScore(scoped Call call, ref RespReplyWriter reply) => Count(call, RangeKind.Scores, ref reply);

    private void CountByLex(scoped Call call, ref RespReplyWriter reply) => Count(call, RangeKind.Members, ref reply);

    private void RemoveByRank(scoped Call call, ref RespReplyWriter reply) => Remove(call, RangeKind.Ranks, ref reply);

    private void RemoveByScore(scoped Call call, ref RespReplyWriter reply) => Remove(call, RangeKind.Scores, ref reply);

    private void RemoveByLex(scoped Call call, ref RespReplyWriter reply) => Remove(call, RangeKind.Members, ref reply);

    private void Return(scoped Call call, RangeWords words, ref RespReplyWriter reply)
    {
        if (!words.TryRead(call, firstBound: 2, takesScores: true, ref reply)
            || !words.TryReadBounds(call, firstBound: 2, out SortedSetRange range, ref reply))
        {
            return;
        }

        switch (_collections.Open(call.Key, CollectionKind.SortedSet, ref reply, out CollectionView set))
        {
            case CollectionAnswer.Open:
                ElementRange ranks = range.In(set, call, words.IsReverse).Limited(words.Offset, words.Limit, words.IsReverse);
                SortedSetReply.TryWrite(set, ranks, words.IsReverse, words.Parts, ref reply);
                break;
            case CollectionAnswer.Absent:
                reply.WriteArray(0);
                break;
        }
    }

    private void Count(scoped Call call, RangeKind kind, ref RespReplyWriter reply)
    {
        if (!SortedSetRange.TryRead(kind, call, 2, 3, out SortedSetRange range, ref reply))
        {
            return;
        }

        switch (_collections.Open(call.Key, CollectionKind.SortedSet, ref reply, out CollectionView set))
        {
            case CollectionAnswer.Open:
                reply.WriteInteger(range.In(set, call).Count);
                break;
            case CollectionAnswer.Absent:
                reply.WriteInteger(0);
                break;
        }
    }

    private void Remove(scoped Call call, RangeKind kind, ref RespReplyWriter reply)
    {
        if (!SortedSetRange.TryRead(kind, call, 2, 3, out SortedSetRange range, ref reply))
        {
            return;
        }

        switch (_collections.Open(call.Key, CollectionKind.SortedSet, ref reply, out CollectionView set))
        {
            case CollectionAnswer.Open:
                ElementRange ranks = range.In(set, call);
                // All of a set goes at once, however large it is.
                if (ranks.Count == set.Count || _collections.Permits(ranks.Count, ref reply))
                {
                    int removed = set.RemoveRange(ranks.First, ranks.Count);
                    if (removed > 0)
                    {
                        shard.NoteTaken(call.KeyBytes, kind switch
                        {
                            RangeKind.Ranks => KeyEvent.ZRemRangeByRank,
                            RangeKind.Scores => KeyEvent.ZRemRangeByScore,
                            _ => KeyEvent.ZRemRangeByLex,
                        });
                    }

                    reply.WriteInteger(removed);
                }

                break;
            case CollectionAnswer.Absent:
                reply.WriteInteger(0);
                break;
        }
    }
}
