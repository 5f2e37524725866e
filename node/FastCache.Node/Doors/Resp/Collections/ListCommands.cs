using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Lists at their ends: queues and stacks.</summary>
internal sealed class ListCommands(DoorShard shard, ListPops pops)
{
    private const string Group = "list";
    private const CommandFlags Adds = CommandFlags.Write | CommandFlags.DenyOom;

    private readonly CollectionAccess _collections = new(shard);

    public IEnumerable<Command> Commands =>
    [
        new("lpush", -3, Adds | CommandFlags.Fast, KeyPlaces.Only, LeftPush, Group, "Puts elements in front of a list, one after another."),
        new("rpush", -3, Adds | CommandFlags.Fast, KeyPlaces.Only, RightPush, Group, "Puts elements behind a list."),
        new("lpushx", -3, Adds | CommandFlags.Fast, KeyPlaces.Only, LeftPushX, Group, "Puts elements in front of a list, if there is one."),
        new("rpushx", -3, Adds | CommandFlags.Fast, KeyPlaces.Only, RightPushX, Group, "Puts elements behind a list, if there is one."),
        new("lpop", -2, CommandFlags.Write | CommandFlags.Fast, KeyPlaces.Only, LeftPop, Group, "Takes the first elements of a list."),
        new("rpop", -2, CommandFlags.Write | CommandFlags.Fast, KeyPlaces.Only, RightPop, Group, "Takes the last elements of a list."),
        new("lmpop", -4, CommandFlags.Write, KeyPlaces.Counted(1), ManyPop, Group, "Takes elements of the first list that there is."),
        new("lmove", 5, Adds, new KeyPlaces(1, 2, 1), Move, Group, "Moves an element from an end of a list to an end of a list."),
        new("rpoplpush", 3, Adds, new KeyPlaces(1, 2, 1), PopPush, Group, "Moves the last element of a list in front of a list."),
    ];

    private void LeftPush(scoped Call call, ref RespReplyWriter reply) => Push(call, ListEnd.Left, needsList: false, ref reply);

    private void RightPush(scoped Call call, ref RespReplyWriter reply) => Push(call, ListEnd.Right, needsList: false, ref reply);

    private void LeftPushX(scoped Call call, ref RespReplyWriter reply) => Push(call, ListEnd.Left, needsList: true, ref reply);

    private void RightPushX(scoped Call call, ref RespReplyWriter reply) => Push(call, ListEnd.Right, needsList: true, ref reply);

    private void LeftPop(scoped Call call, ref RespReplyWriter reply) => Pop(call, ListEnd.Left, ref reply);

    private void RightPop(scoped Call call, ref RespReplyWriter reply) => Pop(call, ListEnd.Right, ref reply);

    private void PopPush(scoped Call call, ref RespReplyWriter reply) => Move(call, ListEnd.Right, ListEnd.Left, ref reply);

    private void Push(scoped Call call, ListEnd end, bool needsList, ref RespReplyWriter reply)
    {
        for (int i = 2; i < call.Count; i++)
        {
            if (call[i].Length > CollectionView.MaxValueBytes)
            {
                RespErrors.WriteElementFailure(WriteOutcome.ValueTooLarge, default, call[i], ref reply);
                return;
            }
        }

        CollectionView list;
        if (needsList)
        {
            CollectionAnswer answer = _collections.Open(call.Key, CollectionKind.List, ref reply, out list);
            if (answer == CollectionAnswer.Absent)
            {
                reply.WriteInteger(0);
            }

            if (answer != CollectionAnswer.Open)
            {
                return;
            }
        }
        else if (!_collections.TryOpenOrCreate(call.Key, CollectionKind.List, ref reply, out list))
        {
            return;
        }

        int before = list.Count;
        WriteOutcome outcome = WriteOutcome.Done;
        for (int i = 2; i < call.Count && outcome == WriteOutcome.Done; i++)
        {
            outcome = list.Insert(ListEnds.Behind(list, end), call[i]);
        }

        if (outcome == WriteOutcome.Done)
        {
            shard.Note(call.KeyBytes, ListEnds.PushedAt(end));
            reply.WriteInteger(list.Count);
            return;
        }

        // All or nothing: what was pushed before memory ran out is taken back, if it is still there.
        list.RemoveRange(end == ListEnd.Left ? 0 : before, list.Count - before);
        list.RemoveIfEmpty();
        RespErrors.WriteElementFailure(outcome, default, default, ref reply);
    }

    private void Pop(scoped Call call, ListEnd end, ref RespReplyWriter reply)
    {
        if (call.Count > 3)
        {
            RespErrors.WriteWrongArity(end == ListEnd.Left ? "lpop" : "rpop", ref reply);
            return;
        }

        bool isCounted = call.Count == 3;
        if (!CollectionAccess.TryReadCount(call, ref reply, out long count))
        {
            return;
        }

        CollectionAnswer answer = _collections.Open(call.Key, CollectionKind.List, ref reply, out CollectionView list);
        if (answer == CollectionAnswer.Absent)
        {
            if (isCounted)
            {
                reply.WriteNullArray();
            }
            else
            {
                reply.WriteNull();
            }
        }
        else if (answer == CollectionAnswer.Open && !isCounted)
        {
            ListPops.Take(list, end, ref reply);
            shard.NoteTaken(call.KeyBytes, ListEnds.TakenFrom(end));
        }
        else if (answer == CollectionAnswer.Open)
        {
            pops.TakeMany(list, end, count, call.KeyBytes, reply.Length, ref reply);
        }
    }

    private void ManyPop(scoped Call call, ref RespReplyWriter reply)
    {
        if (ListPops.TryParseMany(call, countAt: 1, ref reply, out ManyPops many) && !pops.TryTakeMany(call, many, ref reply))
        {
            reply.WriteNullArray();
        }
    }

    private void Move(scoped Call call, ref RespReplyWriter reply)
    {
        if (ListEnds.TryParse(call[3], out ListEnd from) && ListEnds.TryParse(call[4], out ListEnd to))
        {
            Move(call, from, to, ref reply);
        }
        else
        {
            reply.WriteError(RespErrors.Syntax);
        }
    }

    private void Move(scoped Call call, ListEnd from, ListEnd to, ref RespReplyWriter reply)
    {
        if (!pops.TryMove(call, from, to, ref reply))
        {
            reply.WriteNull();
        }
    }
}
