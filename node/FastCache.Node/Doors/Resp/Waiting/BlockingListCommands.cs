using FastCache.Core;
using FastCache.Node.Doors.Resp.Collections;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Waiting;

/// <summary>What takes elements of lists, and waits for them where there are none.</summary>
internal sealed class BlockingListCommands(DoorShard shard, ListPops pops)
{
    private const string Group = "list";
    private const CommandFlags Blocks = CommandFlags.Write | CommandFlags.Blocking;
    private const CommandFlags Moves = Blocks | CommandFlags.DenyOom | CommandFlags.NoScript;

    private readonly Waits _waits = shard.Waits;

    public IEnumerable<Command> Commands =>
    [
        new("blpop", -3, Blocks | CommandFlags.NoScript, new KeyPlaces(1, -2, 1), LeftPop, Group,
            "Takes the first element of the first list that there is, and waits for one."),
        new("brpop", -3, Blocks | CommandFlags.NoScript, new KeyPlaces(1, -2, 1), RightPop, Group,
            "Takes the last element of the first list that there is, and waits for one."),
        new("blmpop", -5, Blocks, KeyPlaces.Counted(2), ManyPop, Group, "Takes elements of the first list that there is, and waits for one."),
        new("blmove", 6, Moves, new KeyPlaces(1, 2, 1), Move, Group, "Moves an element from an end of a list to an end of a list, and waits for one."),
        new("brpoplpush", 4, Moves, new KeyPlaces(1, 2, 1), PopPush, Group, "Moves the last element of a list in front of a list, and waits for one."),
    ];

    private void LeftPop(scoped Call call, ref RespReplyWriter reply) => Pop(call, ListEnd.Left, ref reply);

    private void RightPop(scoped Call call, ref RespReplyWriter reply) => Pop(call, ListEnd.Right, ref reply);

    private void Pop(scoped Call call, ListEnd end, ref RespReplyWriter reply)
    {
        int keys = call.Count - 2;
        if (WaitWords.TryReadTimeout(call[call.Count - 1], ref reply, out long timeoutMillis) && !pops.TryTakeFirst(call, keys, end, ref reply))
        {
            WaitWords.Wait(_waits, CollectionKind.List, timeoutMillis, firstKey: 1, keys, ref reply);
        }
    }

    private void ManyPop(scoped Call call, ref RespReplyWriter reply)
    {
        if (ListPops.TryParseMany(call, countAt: 2, ref reply, out ManyPops many)
            && WaitWords.TryReadTimeout(call[1], ref reply, out long timeoutMillis) && !pops.TryTakeMany(call, many, ref reply))
        {
            WaitWords.Wait(_waits, CollectionKind.List, timeoutMillis, many.FirstKey, many.Keys, ref reply);
        }
    }

    private void Move(scoped Call call, ref RespReplyWriter reply)
    {
        if (!ListEnds.TryParse(call[3], out ListEnd from) || !ListEnds.TryParse(call[4], out ListEnd to))
        {
            reply.WriteError(RespErrors.Syntax);
            return;
        }

        Move(call, from, to, ref reply);
    }

    private void PopPush(scoped Call call, ref RespReplyWriter reply) => Move(call, ListEnd.Right, ListEnd.Left, ref reply);

    private void Move(scoped Call call, ListEnd from, ListEnd to, ref RespReplyWriter reply)
    {
        if (WaitWords.TryReadTimeout(call[call.Count - 1], ref reply, out long timeoutMillis) && !pops.TryMove(call, from, to, ref reply))
        {
            WaitWords.Wait(_waits, CollectionKind.List, timeoutMillis, firstKey: 1, keys: 1, ref reply, isOfElement: true);
        }
    }
}
