using FastCache.Cluster;
using FastCache.Node.Cluster;
using FastCache.Node.Doors.Resp.Collections;
using FastCache.Node.Sessions;
using FastCache.Protocol;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>Why a request is answered with an error and not executed.</summary>
internal enum Refusal : byte
{
    None,
    UnknownCommand,
    UnknownSubcommand,
    WrongArity,
    KeyLength,
    ValueTooLong,
    Moved,
    CrossSlot,
    CrossShard,
    BadCursor,
    OnlySubscriptions,
    NotInTransaction,
    OutOfMemory,
    WatchInTransaction,

    /// <summary>It waits for EXEC: no error.</summary>
    Waits,
}

/// <summary>The errors that are not one command's alone, in Redis's own words where Redis has the error.</summary>
internal static class RespErrors
{
    private const int MostShownBytes = 128;
    private const int MaxErrorBytes = 400;

    // The words of Redis, which goes on with the name of a setting that is not here.
    private static ReadOnlySpan<byte> Exceeds => "ERR string exceeds maximum allowed size: "u8;

    public static ReadOnlySpan<byte> Syntax => "ERR syntax error"u8;

    public static ReadOnlySpan<byte> NotAnInteger => "ERR value is not an integer or out of range"u8;

    public static ReadOnlySpan<byte> NotAFloat => "ERR value is not a valid float"u8;

    public static ReadOnlySpan<byte> NotFinite => "ERR increment would produce NaN or Infinity"u8;

    public static ReadOnlySpan<byte> Overflow => "ERR increment or decrement would overflow"u8;

    public static ReadOnlySpan<byte> NoSuchKey => "ERR no such key"u8;

    public static ReadOnlySpan<byte> NoSuchDatabase => "ERR DB index is out of range"u8;

    public static ReadOnlySpan<byte> BadCursor => "ERR invalid cursor"u8;

    public static ReadOnlySpan<byte> NegativeCount => "ERR value is out of range, must be positive"u8;

    public static ReadOnlySpan<byte> NoCount => "ERR count should be greater than 0"u8;

    public static ReadOnlySpan<byte> NoKeyCount => "ERR numkeys should be greater than 0"u8;

    public static ReadOnlySpan<byte> NegativeLimit => "ERR LIMIT can't be negative"u8;

    public static ReadOnlySpan<byte> WrongKind => "WRONGTYPE Operation against a key holding the wrong kind of value"u8;

    public static ReadOnlySpan<byte> TooManyConnections =>
        "ERR the list of these connections is longer than a reply may be (1 MiB); ask for those of a TYPE, or by ID"u8;

    public static ReadOnlySpan<byte> OutOfMemory => "OOM command not allowed when used memory > 'maxmemory'."u8;

    /// <summary>Writes what a refusal says.</summary>
    /// <param name="refusal">Not None.</param>
    /// <param name="request">What is refused.</param>
    /// <param name="command">Its command, where that was found.</param>
    /// <param name="reply">Where it goes.</param>
    public static void Write(Refusal refusal, in RespRequest request, Command? command, ref RespReplyWriter reply)
    {
        Line line = new(stackalloc byte[MaxErrorBytes]);
        switch (refusal)
        {
            case Refusal.UnknownCommand:
                line.Add("ERR unknown command '"u8);
                line.AddShown(request[0], MostShownBytes);
                line.Add("', with args beginning with: "u8);
                int shown = 0;
                for (int i = 1; i < request.Count && shown < MostShownBytes; i++)
                {
                    line.Add("'"u8);
                    shown += 3 + line.AddShown(request[i], MostShownBytes - shown);
                    line.Add("' "u8);
                }

                break;
            case Refusal.UnknownSubcommand:
                line.Add("ERR unknown subcommand '"u8);
                line.AddShown(request[1], MostShownBytes);
                line.Add("'. Try "u8);
                foreach (byte letter in command!.OwnName)
                {
                    line.Add([(byte)(letter - ('a' - 'A'))]);
                }

                line.Add(" HELP."u8);
                break;
            case Refusal.WatchInTransaction:
                line.Add("ERR WATCH inside MULTI is not allowed"u8);
                break;
            case Refusal.WrongArity:
                line.Add(command!.InTransaction == InTransaction.Executes ? "EXECABORT Transaction discarded because of: "u8 : "ERR "u8);
                AddWrongArity(command.Name, ref line);
                break;
            case Refusal.KeyLength:
                line.Add("ERR a key has at least 1 byte here and at most as many as --max-key says ("u8);
                line.Add(Core.Shard.MaxKeyBytes);
                line.Add(" unless told), and a key of this command has none or more"u8);
                break;
            case Refusal.ValueTooLong:
                AddTooLong(ref line);
                break;
            case Refusal.CrossSlot:
                line.Add("CROSSSLOT Keys in request don't hash to the same slot"u8);
                break;
            case Refusal.CrossShard:
                line.Add("CROSSSLOT Keys in request lie on different shards of this node; a {tag} in both brings them together"u8);
                break;
            case Refusal.BadCursor:
                line.Add(BadCursor);
                break;
            case Refusal.NotInTransaction:
                line.Add("ERR '"u8);
                line.Add(command!.Name);
                line.Add("' inside MULTI is not allowed here"u8);
                break;
            case Refusal.OnlySubscriptions:
                line.Add("ERR Can't execute '"u8);
                line.Add(command!.Name);
                line.Add("': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"u8);
                break;
            default:
                line.Add("OOM no connection memory is left for it now (--connection-memory)"u8);
                break;
        }

        reply.WriteError(line.Text);
    }

    /// <summary>Writes that a command has not as many arguments as it must.</summary>
    public static void WriteWrongArity(string name, ref RespReplyWriter reply)
    {
        Line line = new(stackalloc byte[MaxErrorBytes]);
        line.Add("ERR "u8);
        AddWrongArity(name, ref line);
        reply.WriteError(line.Text);
    }

    /// <summary>Writes where the keys of a slot are that this node does not have.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="slots">What the node goes by.</param>
    /// <param name="portDistance">How far the door's port lies from the address in the topology, on every node.</param>
    /// <param name="reply">Where it goes.</param>
    public static void WriteMoved(int slot, OwnedSlots slots, int portDistance, ref RespReplyWriter reply)
    {
        Line line = new(stackalloc byte[MaxErrorBytes]);
        line.Add("MOVED "u8);
        line.Add(slot);
        line.Add(" "u8);
        ClusterNode node = slots.Topology.Nodes[slots.Topology.CopiesOf(slot)[0]];
        line.Add(node.Host);
        line.Add(":"u8);
        line.Add(node.Port + portDistance);
        reply.WriteError(line.Text);
    }

    /// <summary>Writes that a value or a message is longer than the node takes.</summary>
    public static void WriteTooLong(ref RespReplyWriter reply)
    {
        Line line = new(stackalloc byte[MaxErrorBytes]);
        AddTooLong(ref line);
        reply.WriteError(line.Text);
    }

    /// <summary>Writes that a value, or a part of it, is too long for a reply.</summary>
    public static void WriteTooLong(long bytes, int mostBytes, ref RespReplyWriter reply)
    {
        Line line = new(stackalloc byte[160]);
        line.Add("ERR "u8);
        line.Add(bytes);
        line.Add(" bytes were asked for, and a reply has at most "u8);
        line.Add(mostBytes);
        line.Add(" (--max-value); read the value with GETRANGE"u8);
        reply.WriteError(line.Text);
    }

    /// <summary>Writes that the elements asked for are too many for one reply.</summary>
    public static void WriteReplyTooLong(ref RespReplyWriter reply)
    {
        Line line = new(stackalloc byte[160]);
        line.Add("ERR a reply has at most "u8);
        line.Add(Sessions.RequestExecutor.MaxReplyBytes);
        line.Add(" bytes, and the elements asked for are more; ask for fewer at a time, by range or by HSCAN, SSCAN, ZSCAN"u8);
        reply.WriteError(line.Text);
    }

    /// <summary>Writes that one command would look at more elements than it may.</summary>
    public static void WriteTooManyElements(ref RespReplyWriter reply)
    {
        Line line = new(stackalloc byte[MaxErrorBytes]);
        line.Add("ERR a command looks at "u8);
        line.Add(LookBudget.MostOfCommand);
        line.Add(" elements at most (one that is looked up counts as "u8);
        line.Add(LookBudget.OfLookup);
        line.Add(", one that is written or removed by name as "u8);
        line.Add(LookBudget.OfWrite);
        line.Add("), and this one would at more; take fewer at a time, by fewer arguments, COUNT, HSCAN, SSCAN or ZSCAN"u8);
        reply.WriteError(line.Text);
    }

    /// <summary>Bytes of <see cref="WriteTransactionTooLong"/>.</summary>
    public const int TransactionTooLongBytes = 63;

    /// <summary>Writes that a command of a transaction was not executed, as it and those before it look at too much.</summary>
    public static void WriteTransactionTooLong(ref RespReplyWriter reply)
    {
        Line line = new(stackalloc byte[TransactionTooLongBytes]);
        line.Add("ERR not done: a transaction looks at "u8);
        line.Add(LookBudget.MostOfTransaction);
        line.Add(" elements at most"u8);
        reply.WriteError(line.Text);
    }

    /// <summary>Writes what became of the write of an element that was not done.</summary>
    /// <param name="outcome">Not Done.</param>
    /// <param name="field">The field or member.</param>
    /// <param name="value">The field's value; empty where there is none.</param>
    /// <param name="reply">Where it goes.</param>
    public static void WriteElementFailure(
        Core.WriteOutcome outcome, scoped ReadOnlySpan<byte> field, scoped ReadOnlySpan<byte> value, ref RespReplyWriter reply)
    {
        if (outcome != Core.WriteOutcome.ValueTooLarge)
        {
            // One that is gone was evicted in the search for memory.
            reply.WriteError(OutOfMemory);
            return;
        }

        Line line = new(stackalloc byte[160]);
        line.Add("ERR "u8);
        if (field.Length > Core.CollectionView.MaxFieldBytes)
        {
            line.Add("a field of a hash or a member of a set has at most "u8);
            line.Add(Core.CollectionView.MaxFieldBytes);
            line.Add(" bytes here"u8);
        }
        else if (value.Length > Core.CollectionView.MaxValueBytes)
        {
            line.Add("an element of a list or a value of a hash has at most "u8);
            line.Add(Core.CollectionView.MaxValueBytes);
            line.Add(" bytes here"u8);
        }
        else
        {
            line.Add("a collection takes at most a quarter of its shard's memory, and this one would take more"u8);
        }

        reply.WriteError(line.Text);
    }

    /// <summary>Writes that a collection is too large to be copied.</summary>
    public static void WriteCopyTooLarge(int mostBytes, ref RespReplyWriter reply)
    {
        Line line = new(stackalloc byte[160]);
        line.Add("ERR a collection that is copied has at most "u8);
        line.Add(Core.ItemCopies.MaxElements);
        line.Add(" elements here, in "u8);
        line.Add(mostBytes);
        line.Add(" bytes; RENAME takes those of any size"u8);
        reply.WriteError(line.Text);
    }

    /// <summary>Writes that a time to live is none that a command can take.</summary>
    public static void WriteInvalidExpiry(scoped ReadOnlySpan<byte> name, ref RespReplyWriter reply)
    {
        Line line = new(stackalloc byte[80]);
        line.Add("ERR invalid expire time in '"u8);
        line.Add(name);
        line.Add("' command"u8);
        reply.WriteError(line.Text);
    }

    /// <summary>Writes that a string is not there: that there is none, or something else.</summary>
    /// <returns>Whether there is none; nothing is written then.</returns>
    public static bool IsAbsent(Core.Shard shard, scoped in Core.LookupKey key, ref RespReplyWriter reply)
    {
        if (shard.Collections.KindOf(key) == Core.CollectionKind.None)
        {
            return true;
        }

        reply.WriteError(WrongKind);
        return false;
    }

    /// <summary>Writes what became of a write that was not done.</summary>
    public static void WriteFailure(Core.WriteOutcome outcome, ref RespReplyWriter reply)
    {
        if (outcome == Core.WriteOutcome.ValueTooLarge)
        {
            WriteTooLong(ref reply);
            return;
        }

        reply.WriteError(outcome switch
        {
            Core.WriteOutcome.NotANumber => NotAnInteger,
            Core.WriteOutcome.Overflow => Overflow,
            _ => OutOfMemory,
        });
    }

    /// <summary>The same of the edit of a value that is there.</summary>
    public static void WriteEditFailure(Core.WriteOutcome outcome, ref RespReplyWriter reply)
    {
        if (outcome != Core.WriteOutcome.ValueTooLarge)
        {
            WriteFailure(outcome, ref reply);
            return;
        }

        Line line = new(stackalloc byte[MaxErrorBytes]);
        line.Add(Exceeds);
        line.Add("APPEND and SETRANGE make values of at most "u8);
        line.Add(Core.ValueEdits.MaxValueBytes);
        line.Add(" bytes here"u8);
        reply.WriteError(line.Text);
    }

    private static void AddTooLong(ref Line line)
    {
        line.Add(Exceeds);
        line.Add("at most as many bytes are taken as --max-value says ("u8);
        line.Add(Sessions.RequestExecutor.MaxValueBytes);
        line.Add(" unless told)"u8);
    }

    private static void AddWrongArity(string name, ref Line line)
    {
        line.Add("wrong number of arguments for '"u8);
        line.Add(name);
        line.Add("' command"u8);
    }
}
