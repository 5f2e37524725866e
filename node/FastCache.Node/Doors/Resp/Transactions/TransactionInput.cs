using FastCache.Node.Sessions;
using FastCache.Node.Shards;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Transactions;

/// <summary>Makes calls of the requests between MULTI and EXEC.</summary>
internal sealed class TransactionInput(DoorShard shard, CommandTable commands, RespCalls calls)
{
    private readonly RespChecks _checks = new(shard.Limits, shard.Topology);

    /// <summary>Adds a request's call and moves the position past it.</summary>
    /// <returns>False when the group is to be executed first; the position then says what is left.</returns>
    public bool TryAdd(
        Session session, Transaction transaction, RequestGroup group, in RespRequest request, int length, ref InputPosition position)
    {
        session.HasDecoded = true;
        if (request.Count == 0)
        {
            position.Offset += length;
            return true;
        }

        Command? command = commands.Find(request[0]);
        Refusal refusal = _checks.Check(request, length, ref command);
        if (refusal == Refusal.None && command!.Ends is Fault end)
        {
            session.End(group, end);
            position.Offset += length;
            return true;
        }

        bool executes = command is { InTransaction: InTransaction.Executes };
        if (executes && group.EndsWith(session))
        {
            return false; // What it executes is known when those before it wait.
        }

        // A HELLO may be among what it executes.
        bool changesTalk = command is { ChangesTalk: true, IsTurn: true } || (executes && ((RespTalk)session.Talk!).IsVersion3);
        if (refusal == Refusal.None && changesTalk && RespInput.MustLetPushesPass(session, group))
        {
            return false;
        }

        ref PendingCall call = ref calls[group.Count];
        call.Request = request;
        call.CommandIndex = command?.Index ?? -1;
        (call.KeyIndex, call.Part, call.Parts, call.IsSimple) = (0, 0, 1, false);
        call.Refusal = refusal != Refusal.None ? refusal : command!.InTransaction switch
        {
            InTransaction.Refused => Refusal.WatchInTransaction,
            InTransaction.AtOnce or InTransaction.Executes => Refusal.None,
            InTransaction.Waits when command.IsForSubscribers => Refusal.NotInTransaction,
            _ => Refusal.Waits,
        };
        bool isExecution = call.Refusal == Refusal.None && command!.InTransaction == InTransaction.Executes && !transaction.IsSpoilt;
        if (!isExecution || !TryAddExecution(transaction, group, ref call, position))
        {
            group.AddCall(default, ForeignRequests.EveryShard, position);
        }

        position.Offset += length;
        return command is not { IsTurn: true };
    }

    /// <summary>Adds the call that executes a transaction, on the shard of its keys.</summary>
    private static bool TryAddExecution(Transaction transaction, RequestGroup group, ref PendingCall call, in InputPosition position)
    {
        if (!transaction.TryMakeCall(out RespRequest request, out int keyIndex))
        {
            call.Refusal = Refusal.OutOfMemory;
            return false;
        }

        call.Request = request;
        call.KeyIndex = keyIndex;
        ReadOnlySpan<byte> key = keyIndex == 0 ? default : request[keyIndex];
        int owner = keyIndex == 0 ? ForeignRequests.EveryShard : group.OwnerOf(key);
        if (owner == NodeTopology.Elsewhere)
        {
            call.Refusal = Refusal.Moved;
        }

        group.AddCall(key, owner, position, 1 + transaction.Commands + transaction.Looks, CallCompany.Nothing);
        return true;
    }
}
