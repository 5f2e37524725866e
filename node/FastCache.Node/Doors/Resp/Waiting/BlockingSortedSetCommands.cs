using FastCache.Core;
using FastCache.Node.Doors.Resp.Collections;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Waiting;

/// <summary>What takes members of sorted sets, and waits for them where there are none.</summary>
internal sealed class BlockingSortedSetCommands(DoorShard shard, SortedSetPopCommands pops)
{
    private const string Group = "sorted-set";
    private const CommandFlags Flags = CommandFlags.Write | CommandFlags.NoScript | CommandFlags.Fast | CommandFlags.Blocking;

    private readonly CollectionAccess _collections = new(shard);

    public IEnumerable<Command> Commands =>
    [
        new("bzpopmin", -3, Flags, new KeyPlaces(1, -2, 1), PopMin, Group,
            "Takes the member with the lowest score of the first sorted set that there is, and waits for one."),
        new("bzpopmax", -3, Flags, new KeyPlaces(1, -2, 1), PopMax, Group,
            "Takes the member with the highest score of the first sorted set that there is, and waits for one."),
        new("bzmpop", -5, CommandFlags.Write | CommandFlags.Blocking, KeyPlaces.Counted(2), PopOfMany, Group,
            "Takes members with the lowest or highest scores of the first sorted set that there is, and waits for some."),
    ];

    private void PopMin(scoped Call call, ref RespReplyWriter reply) => Pop(call, isMax: false, ref reply);

    private void PopMax(scoped Call call, ref RespReplyWriter reply) => Pop(call, isMax: true, ref reply);

    private void Pop(scoped Call call, bool isMax, ref RespReplyWriter reply)
    {
        int keys = call.Count - 2;
        if (!WaitWords.TryReadTimeout(call[call.Count - 1], ref reply, out long timeoutMillis))
        {
            return;
        }

        for (int i = 1; i <= keys; i++)
        {
            CollectionAnswer answer = _collections.OpenToTake(call, i, CollectionKind.SortedSet, ref reply, out CollectionView set);
            if (answer == CollectionAnswer.Open)
            {
                Take(set, call[i], isMax, ref reply);
            }

            if (answer != CollectionAnswer.Absent)
            {
                return;
            }
        }

        WaitWords.Wait(shard.Waits, CollectionKind.SortedSet, timeoutMillis, firstKey: 1, keys, ref reply);
    }

    private void PopOfMany(scoped Call call, ref RespReplyWriter reply)
    {
        if (SortedSetPopCommands.TryParseMany(call, countAt: 2, ref reply, out ManyPops many)
            && WaitWords.TryReadTimeout(call[1], ref reply, out long timeoutMillis) && !pops.TryTakeMany(call, many, ref reply))
        {
            WaitWords.Wait(shard.Waits, CollectionKind.SortedSet, timeoutMillis, many.FirstKey, many.Keys, ref reply);
        }
    }

    /// <summary>Takes a member of a set that has some, and writes its key, itself and its score.</summary>
    private void Take(scoped CollectionView set, scoped ReadOnlySpan<byte> key, bool isMax, ref RespReplyWriter reply)
    {
        int rank = isMax ? set.Count - 1 : 0;
        set.TryGetAt(rank, out ElementView member);
        reply.WriteArray(3);
        reply.WriteBulk(key);
        reply.WriteBulk(member.Field);
        reply.WriteDouble(member.Score);
        set.RemoveAt(rank);
        shard.NoteTaken(key, isMax ? KeyEvent.ZPopMax : KeyEvent.ZPopMin);
    }
}
