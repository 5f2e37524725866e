using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Sorted sets member by member: scores, ranks, additions and removals.</summary>
internal sealed class SortedSetCommands(DoorShard shard)
{
    private const string Group = "sorted-set";
    private const CommandFlags Reads = CommandFlags.ReadOnly | CommandFlags.Fast;
    private const CommandFlags Writes = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast;

    private readonly CollectionAccess _collections = new(shard);
    private readonly Random _random = new();

    public IEnumerable<Command> Commands =>
    [
        new("zadd", -4, Writes, KeyPlaces.Only, Add, Group, "Gives members scores, under a condition if asked for, and returns how many are new."),
        new("zincrby", 4, Writes, KeyPlaces.Only, Increment, Group, "Adds to the score of a member."),
        new("zrem", -3, CommandFlags.Write | CommandFlags.Fast, KeyPlaces.Only, Remove, Group,
            "Removes members of a sorted set, which goes with its last one."),
        new("zcard", 2, Reads, KeyPlaces.Only, Count, Group, "Returns the number of members."),
        new("zscore", 3, Reads, KeyPlaces.Only, Score, Group, "Returns the score of a member."),
        new("zmscore", -3, Reads, KeyPlaces.Only, Scores, Group, "Returns the scores of members."),
        new("zrank", -3, Reads, KeyPlaces.Only, Rank, Group, "Returns how many members have a lower score, WITHSCORE with the member's own."),
        new("zrevrank", -3, Reads, KeyPlaces.Only, RevRank, Group, "Returns how many members have a higher score, WITHSCORE with the member's own."),
        new("zscan", -3, CommandFlags.ReadOnly, KeyPlaces.Only, Scan, Group,
            "Returns some members with their scores and the cursor to go on with. COUNT over 1,000 counts as 1,000."),
        new("zrandmember", -2, CommandFlags.ReadOnly, KeyPlaces.Only, RandomMember, Group, "Returns members that chance chooses."),
    ];

    private void Add(scoped Call call, ref RespReplyWriter reply) => Put(call, isIncrement: false, ref reply);

    private void Increment(scoped Call call, ref RespReplyWriter reply) => Put(call, isIncrement: true, ref reply);

    private void Put(scoped Call call, bool isIncrement, ref RespReplyWriter reply)
    {
        if (!AddWords.TryRead(call, isIncrement, out AddWords words, ref reply) || !AreRight(call, words.FirstScore, ref reply))
        {
            return;
        }

        scoped CollectionView set;
        if (words.IsForOld)
        {
            switch (_collections.Open(call.Key, CollectionKind.SortedSet, ref reply, out set))
            {
                case CollectionAnswer.Open:
                    break;
                case CollectionAnswer.Absent:
                    Write(words, count: 0, result: null, ref reply);
                    return;
                default:
                    return;
            }
        }
        else if (!_collections.TryOpenOrCreate(call.Key, CollectionKind.SortedSet, ref reply, out set))
        {
            return;
        }

        ulong version = set.Version;
        int count = 0;
        double? result = null;
        bool goesOn = true;
        for (int i = words.FirstScore; i < call.Count && goesOn; i += 2)
        {
            goesOn = RespDouble.TryParseInRange(call[i], out double score)
                && TryPut(set, call[i + 1], score, words, ref count, ref result, ref reply);
        }

        if (set.Version != version)
        {
            shard.Note(call.KeyBytes, words.IsIncrement ? KeyEvent.ZIncr : KeyEvent.ZAdd);
        }

        if (goesOn)
        {
            Write(words, count, result, ref reply);
        }
    }

    /// <summary>Puts one member where the words permit it.</summary>
    /// <returns>False when the reply is an error now.</returns>
    private static bool TryPut(
        scoped CollectionView set,
        scoped ReadOnlySpan<byte> member,
        double score,
        in AddWords words,
        ref int count,
        ref double? result,
        ref RespReplyWriter reply)
    {
        bool isThere = set.TryFind(member, out ElementView element);
        if (isThere && words.IsIncrement && !words.IsForNew)
        {
            score += element.Score;
            if (double.IsNaN(score))
            {
                reply.WriteError("ERR resulting score is not a number (NaN)"u8);
                return false;
            }
        }

        if (isThere ? !words.Permit(element.Score, score) : words.IsForOld)
        {
            return true;
        }

        count += !isThere || (words.CountsChanged && element.Score != score) ? 1 : 0;
        result = score;
        WriteOutcome outcome = set.PutScore(member, score, out _);
        if (outcome != WriteOutcome.Done)
        {
            set.RemoveIfEmpty();
            RespErrors.WriteElementFailure(outcome, member, default, ref reply);
        }

        return outcome == WriteOutcome.Done;
    }

    private static void Write(in AddWords words, int count, double? result, ref RespReplyWriter reply)
    {
        if (!words.IsIncrement)
        {
            reply.WriteInteger(count);
        }
        else if (result is double score)
        {
            reply.WriteDouble(score);
        }
        else
        {
            reply.WriteNull();
        }
    }

    /// <summary>What can be known to be refused is refused before anything is written.</summary>
    private static bool AreRight(scoped Call call, int firstScore, ref RespReplyWriter reply)
    {
        for (int i = firstScore; i < call.Count; i += 2)
        {
            if (!RespDouble.TryParseInRange(call[i], out _))
            {
                reply.WriteError(RespErrors.NotAFloat);
                return false;
            }
        }

        for (int i = firstScore + 1; i < call.Count; i += 2)
        {
            if (call[i].Length > CollectionView.MaxFieldBytes)
            {
                RespErrors.WriteElementFailure(WriteOutcome.ValueTooLarge, call[i], default, ref reply);
                return false;
            }
        }

        return LookBudget.PermitsNamed(LookBudget.OfWrite * ((call.Count - firstScore) / 2L), ref reply);
    }

    private void Remove(scoped Call call, ref RespReplyWriter reply) =>
        _collections.Remove(call, CollectionKind.SortedSet, KeyEvent.ZRem, ref reply);

    private void Count(scoped Call call, ref RespReplyWriter reply) => _collections.WriteCount(call, CollectionKind.SortedSet, ref reply);

    private void Score(scoped Call call, ref RespReplyWriter reply)
    {
        switch (_collections.Open(call.Key, CollectionKind.SortedSet, ref reply, out CollectionView set))
        {
            case CollectionAnswer.Open when set.TryFind(call[2], out ElementView member):
                reply.WriteDouble(member.Score);
                break;
            case CollectionAnswer.Open or CollectionAnswer.Absent:
                reply.WriteNull();
                break;
        }
    }

    private void Scores(scoped Call call, ref RespReplyWriter reply)
    {
        int start = reply.Length;
        CollectionAnswer answer = _collections.Open(call.Key, CollectionKind.SortedSet, ref reply, out CollectionView set);
        if (answer == CollectionAnswer.WrongKind || !LookBudget.PermitsNamed(LookBudget.OfLookup * (call.Count - 2L), ref reply))
        {
            return;
        }

        reply.WriteArray(call.Count - 2);
        for (int i = 2; i < call.Count; i++)
        {
            if (reply.Rest.Length < RespReplyWriter.MaxOverheadBytes)
            {
                reply.CutTo(start);
                RespErrors.WriteReplyTooLong(ref reply);
                return;
            }

            if (answer == CollectionAnswer.Open && set.TryFind(call[i], out ElementView member))
            {
                reply.WriteDouble(member.Score);
            }
            else
            {
                reply.WriteNull();
            }
        }
    }

    private void Rank(scoped Call call, ref RespReplyWriter reply) => Rank(call, isReverse: false, ref reply);

    private void RevRank(scoped Call call, ref RespReplyWriter reply) => Rank(call, isReverse: true, ref reply);

    private void Rank(scoped Call call, bool isReverse, ref RespReplyWriter reply)
    {
        bool withScore = call.Count == 4 && RespWord.Is(call[3], "withscore"u8);
        if (call.Count > 3 && !withScore)
        {
            reply.WriteError(RespErrors.Syntax);
            return;
        }

        switch (_collections.Open(call.Key, CollectionKind.SortedSet, ref reply, out CollectionView set))
        {
            case CollectionAnswer.Open when set.TryFind(call[2], out ElementView member):
                int below = set.CountBelow(member.Score, call[2]);
                if (withScore)
                {
                    reply.WriteArray(2);
                }

                reply.WriteInteger(isReverse ? set.Count - 1 - below : below);
                if (withScore)
                {
                    reply.WriteDouble(member.Score);
                }

                break;
            case CollectionAnswer.Open or CollectionAnswer.Absent when withScore:
                reply.WriteNullArray();
                break;
            case CollectionAnswer.Open or CollectionAnswer.Absent:
                reply.WriteNull();
                break;
        }
    }

    private void Scan(scoped Call call, ref RespReplyWriter reply) => ElementScan.Run(call, _collections, CollectionKind.SortedSet, ref reply);

    private void RandomMember(scoped Call call, ref RespReplyWriter reply) =>
        RandomElements.Run(call, _collections, CollectionKind.SortedSet, "withscores"u8, ElementParts.Score, _random, ref reply);
}
