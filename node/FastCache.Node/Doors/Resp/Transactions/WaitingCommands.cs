using FastCache.Node.Sessions;
using FastCache.Protocol;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Transactions;

/// <summary>Lets commands wait for EXEC, if they can be of one transaction.</summary>
internal sealed class WaitingCommands(DoorShard shard)
{
    /// <summary>Arguments of commands of collections that count as a key: a field and its value, a score and its member.</summary>
    private const int ArgumentsOfLook = 2;

    /// <summary>What stands before them.</summary>
    private const int KeyAndName = 2;

    private readonly NodeTopology _topology = shard.Topology;
    private readonly RespChecks _checks = new(shard.Limits, shard.Topology);

    /// <summary>Lets a command wait and says so; or refuses it, and the whole transaction with it.</summary>
    /// <param name="transaction">Open.</param>
    /// <param name="request">Has passed the checks of any command.</param>
    /// <param name="command">What it is.</param>
    /// <param name="reply">Where the answer goes.</param>
    public void Add(Transaction transaction, in RespRequest request, Command command, ref RespReplyWriter reply)
    {
        if (TryAdd(transaction, request, command, ref reply))
        {
            reply.WriteSimple("QUEUED"u8);
        }
        else
        {
            transaction.Refused(command);
        }
    }

    private bool TryAdd(Transaction transaction, in RespRequest request, Command command, ref RespReplyWriter reply)
    {
        int place = transaction.Place;
        int keyIndex = command.Keys.At(0, request);
        if (keyIndex > 0)
        {
            if (_topology.Slots is { } slots && !slots.Serves(KeySlot.Of(request[keyIndex]), isForCopy: false))
            {
                shard.Counters.Moved++;
                RespErrors.WriteMoved(KeySlot.Of(request[keyIndex]), slots, shard.Doors.RespPortDistance, ref reply);
                return false;
            }

            place = RespChecks.PlaceOf(request[keyIndex], _topology);
            if (!transaction.IsAt(place) || !_checks.AreTogether(request, command))
            {
                RespErrors.Write(RespChecks.CrossingOf(_topology), request, command, ref reply);
                return false;
            }
        }
        else if (command.Keys == KeyPlaces.None && command.InTransaction == InTransaction.Waits && _topology.ShardCount > 1)
        {
            Line line = new(stackalloc byte[200]);
            line.Add("ERR '"u8);
            line.Add(command.Name);
            line.Add("' is not allowed inside a transaction on a node of several shards (--shards)"u8);
            reply.WriteError(line.Text);
            return false;
        }

        return transaction.IsSpoilt || TryKeep(transaction, request, command, place, ref reply);
    }

    private static bool TryKeep(
        Transaction transaction, in RespRequest request, Command command, int place, ref RespReplyWriter reply)
    {
        int looks = command.Spread switch
        {
            Spread.EachKey => command.Keys.CountIn(request),
            Spread.Cursor or Spread.AnyShard => ScanCommands.LooksOf(command.Spread),
            _ when IsOfCollections(command) => (request.Count - KeyAndName) / ArgumentsOfLook,
            _ => 0,
        };
        if (!transaction.HasRoomFor(request) || transaction.Looks + looks > Transaction.MaxLooks)
        {
            Line line = new(stackalloc byte[300]);
            line.Add("ERR a transaction has at most "u8);
            line.Add(Transaction.MaxCommands);
            line.Add(" commands, "u8);
            line.Add(Transaction.MaxBytes);
            line.Add(" bytes, and "u8);
            line.Add(Transaction.MaxLooks);
            line.Add(" keys of commands with many (SCAN counts as "u8);
            line.Add(ScanCommands.LooksOf(Spread.Cursor));
            line.Add(", RANDOMKEY as "u8);
            line.Add(ScanCommands.LooksOf(Spread.AnyShard));
            line.Add(", "u8);
            line.Add(ArgumentsOfLook);
            line.Add(" arguments of a command of collections as 1) here"u8);
            reply.WriteError(line.Text);
            return false;
        }

        if (!transaction.TryAdd(request, command.Index, command.Keys.At(0, request), place, looks))
        {
            reply.WriteError(RespErrors.OutOfMemory);
            return false;
        }

        return true;
    }

    /// <summary>Whether a command is one of lists, hashes, sets or sorted sets.</summary>
    public static bool IsOfCollections(Command command) => command.Group is "list" or "set" or "sorted-set" or "hash";
}
