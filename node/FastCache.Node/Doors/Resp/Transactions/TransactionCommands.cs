using FastCache.Core;
using FastCache.Node.Sessions;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Transactions;

/// <summary>MULTI and what belongs to it.</summary>
/// <remarks>
/// EXEC is one call that goes to the shard of its keys and runs there from its first command to its last, as every call does: nothing of
/// others comes in between. WATCH asks that shard for the state of its keys, the connection remembers it, and EXEC brings it along.
/// </remarks>
internal sealed class TransactionCommands(DoorShard shard)
{
    private const string Group = "transactions";
    private const CommandFlags Flags = CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast;

    /// <summary>What executes transactions, once all commands are brought together.</summary>
    public TransactionRun Run { private get; set; } = null!;

    public IEnumerable<Command> Commands =>
    [
        new("multi", 1, Flags, KeyPlaces.None, Multi, Group, "Begins a transaction: commands wait for EXEC.")
        {
            InTransaction = InTransaction.AtOnce,
        },
        new("exec", 1, Flags & ~CommandFlags.Fast, KeyPlaces.None, Execute, Group,
            "Executes the commands that wait, with nothing of others in between, unless a watched key has changed.")
        {
            InTransaction = InTransaction.Executes,
        },
        new("discard", 1, Flags, KeyPlaces.None, Discard, Group, "Ends the transaction without executing it.")
        {
            InTransaction = InTransaction.AtOnce,
        },
        new("watch", -2, Flags, KeyPlaces.All, Watch, Group, "Lets the next EXEC execute nothing if one of these keys changes before.")
        {
            InTransaction = InTransaction.Refused,
        },
        new("unwatch", 1, Flags, KeyPlaces.None, Unwatch, Group, "Watches no key any more.")
        {
            InTransaction = InTransaction.WaitsAnywhere,
        },
    ];

    /// <summary>Takes what <see cref="Watch"/> has answered.</summary>
    /// <param name="talk">The connection's.</param>
    /// <param name="answer">An error, or a sign and records of watched keys; in <paramref name="room"/> or elsewhere.</param>
    /// <param name="room">Where goes what the client is to be sent.</param>
    /// <returns>Bytes of that.</returns>
    public int TakeWatched(RespTalk talk, ReadOnlySpan<byte> answer, Span<byte> room)
    {
        if (answer[0] == '-')
        {
            answer.CopyTo(room);
            return answer.Length;
        }

        Transaction transaction = talk.Transaction;
        RespReplyWriter reply = new(room, talk.IsVersion3);
        for (ReadOnlySpan<byte> rest = answer[1..]; !rest.IsEmpty;)
        {
            ReadOnlySpan<byte> key = TransactionBody.KeyOf(rest);
            int bytes = TransactionBody.WatchedBytes(key.Length);
            int place = RespChecks.PlaceOf(key, shard.Topology);
            if (!transaction.IsAt(place))
            {
                RespErrors.Write(RespChecks.CrossingOf(shard.Topology), default, null, ref reply);
                return reply.Length;
            }

            if (!transaction.TryWatch(rest[..bytes], place))
            {
                WriteNotWatched(transaction, ref reply);
                return reply.Length;
            }

            rest = rest[bytes..];
        }

        reply.WriteOk();
        return reply.Length;
    }

    private static void Multi(scoped Call call, ref RespReplyWriter reply)
    {
        if (call.Talk.Transaction.IsOpen)
        {
            reply.WriteError("ERR MULTI calls can not be nested"u8);
            return;
        }

        call.Talk.Transaction.Begin();
        reply.WriteOk();
    }

    private static void Discard(scoped Call call, ref RespReplyWriter reply)
    {
        if (!call.Talk.Transaction.IsOpen)
        {
            reply.WriteError("ERR DISCARD without MULTI"u8);
            return;
        }

        call.Talk.Transaction.End();
        reply.WriteOk();
    }

    /// <summary>Executes the body that is the last argument: that of a connection of this shard, or of another one's.</summary>
    private void Execute(scoped Call call, ref RespReplyWriter reply)
    {
        if (call.Session is null)
        {
            Run.Execute(call[2], null, ref reply);
            return;
        }

        Transaction transaction = call.Talk.Transaction;
        if (!transaction.IsOpen)
        {
            reply.WriteError("ERR EXEC without MULTI"u8);
            return;
        }

        if (transaction.IsSpoilt)
        {
            reply.WriteError("EXECABORT Transaction discarded because of previous errors."u8);
        }
        else
        {
            Run.Execute(call[2], call.Session, ref reply);
        }

        transaction.End();
    }

    private void Watch(scoped Call call, ref RespReplyWriter reply)
    {
        if (call.Count - 1 > Transaction.MaxWatched)
        {
            WriteTooManyWatched(ref reply);
            return;
        }

        Span<byte> room = reply.Rest;
        room[0] = (byte)'+';
        int bytes = 1;
        for (int i = 1; i < call.Count; i++)
        {
            LookupKey key = i == 1 ? call.Key : shard.Shard.Prepare(call[i]);
            bytes += TransactionBody.WriteWatched(call[i], shard.Shard.Watch.StateOf(key), room[bytes..]);
        }

        // The shard of the connection takes them: this one, or that to which the answer goes.
        reply.Take(call.Session is null ? bytes : TakeWatched(call.Talk, room[..bytes], room));
    }

    private static void Unwatch(scoped Call call, ref RespReplyWriter reply)
    {
        // Executed by EXEC, which ends all watching itself.
        if (call.Session is not null && !call.Talk.Transaction.IsOpen)
        {
            call.Talk.Transaction.End();
        }

        reply.WriteOk();
    }

    private static void WriteNotWatched(Transaction transaction, ref RespReplyWriter reply)
    {
        if (transaction.Watched == Transaction.MaxWatched)
        {
            WriteTooManyWatched(ref reply);
        }
        else
        {
            reply.WriteError(RespErrors.OutOfMemory);
        }
    }

    private static void WriteTooManyWatched(ref RespReplyWriter reply)
    {
        Line line = new(stackalloc byte[100]);
        line.Add("ERR a connection watches at most "u8);
        line.Add(Transaction.MaxWatched);
        line.Add(" keys here"u8);
        reply.WriteError(line.Text);
    }
}
