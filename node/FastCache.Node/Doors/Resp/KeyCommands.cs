using FastCache.Core;
using FastCache.Node.Doors.Resp.Collections;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>Keys, whatever their values are.</summary>
internal sealed class KeyCommands(DoorShard shard)
{
    private const string Group = "generic";
    private const int MostEmbeddedBytes = 44;

    private readonly Shard _shard = shard.Shard;

    public IEnumerable<Command> Commands =>
    [
        new("del", -2, CommandFlags.Write, KeyPlaces.All, Delete, Group, "Deletes keys.", Spread.EachKey, Join.Sum),
        new("unlink", -2, CommandFlags.Write | CommandFlags.Fast, KeyPlaces.All, Delete, Group,
            "Deletes keys; large values are taken apart afterwards, as with DEL.", Spread.EachKey, Join.Sum),
        new("exists", -2, CommandFlags.ReadOnly | CommandFlags.Fast, KeyPlaces.All, Exists, Group, "Counts the keys that exist.",
            Spread.EachKey, Join.Sum),
        new("touch", -2, CommandFlags.ReadOnly | CommandFlags.Fast, KeyPlaces.All, Touch, Group,
            "Counts the keys that exist, and counts as a use of them.", Spread.EachKey, Join.Sum),
        new("type", 2, CommandFlags.ReadOnly | CommandFlags.Fast, KeyPlaces.Only, Type, Group, "Returns what kind of value a key has."),
        new("rename", 3, CommandFlags.Write, new KeyPlaces(1, 2, 1), Rename, Group, "Gives a value another key."),
        new("renamenx", 3, CommandFlags.Write | CommandFlags.Fast, new KeyPlaces(1, 2, 1), RenameNx, Group,
            "Gives a value another key, if that does not exist."),
        new("copy", -3, CommandFlags.Write | CommandFlags.DenyOom, new KeyPlaces(1, 2, 1), Copy, Group, "Copies a value to another key."),
        Containers.Of("object", Group, "Looks at how a value is stored.",
        [
            new("object|encoding", 3, CommandFlags.ReadOnly, new KeyPlaces(2, 2, 1), Encoding, Group, "Returns how a value is stored.")
            {
                Arguments = "<key>",
            },
            new("object|freq", 3, CommandFlags.ReadOnly, new KeyPlaces(2, 2, 1), Frequency, Group,
                "Returns how often a key was used lately: 0 to 7.") { Arguments = "<key>" },
            new("object|refcount", 3, CommandFlags.ReadOnly, new KeyPlaces(2, 2, 1), References, Group,
                "Returns how many keys share a value: 1, as none do.") { Arguments = "<key>" },
        ]),
        Containers.Of("memory", "server", "Looks at memory.",
        [
            new("memory|usage", -3, CommandFlags.ReadOnly, new KeyPlaces(2, 2, 1), Usage, "server",
                "Returns the bytes of memory that a key and its value take.") { Arguments = "<key> [SAMPLES <count>]" },
        ]),
    ];

    private void Delete(scoped Call call, ref RespReplyWriter reply)
    {
        WriteOutcome outcome = _shard.Delete(call.Key);
        shard.Note(call.KeyBytes, outcome, KeyEvent.Del);
        reply.WriteInteger(outcome == WriteOutcome.Done ? 1 : 0);
    }

    private void Exists(scoped Call call, ref RespReplyWriter reply) => reply.WriteInteger(_shard.TryInspect(call.Key, out _) ? 1 : 0);

    private void Touch(scoped Call call, ref RespReplyWriter reply)
    {
        CollectionKind kind = _shard.Collections.KindOf(call.Key);
        bool isThere = kind == CollectionKind.None
            ? _shard.TryGet(call.Key, out _)
            : _shard.Collections.Open(call.Key, kind, out _) == CollectionAnswer.Open;
        reply.WriteInteger(isThere ? 1 : 0);
    }

    private void Type(scoped Call call, ref RespReplyWriter reply) =>
        reply.WriteSimple(_shard.TryInspect(call.Key, out ItemView item) ? TypeNames.Of(item.Kind) : "none"u8);

    private void Rename(scoped Call call, ref RespReplyWriter reply)
    {
        WriteOutcome outcome = Move(call, isForAbsent: false, ref reply);
        if (outcome == WriteOutcome.Done)
        {
            reply.WriteOk();
        }
        else
        {
            WriteFailure(outcome, ref reply);
        }
    }

    private void RenameNx(scoped Call call, ref RespReplyWriter reply)
    {
        WriteOutcome outcome = Move(call, isForAbsent: true, ref reply);
        if (outcome is WriteOutcome.Done or WriteOutcome.Exists)
        {
            reply.WriteInteger(outcome == WriteOutcome.Done ? 1 : 0);
        }
        else
        {
            WriteFailure(outcome, ref reply);
        }
    }

    private WriteOutcome Move(scoped Call call, bool isForAbsent, ref RespReplyWriter reply)
    {
        if (call[1].SequenceEqual(call[2]))
        {
            return !_shard.TryInspect(call.Key, out _) ? WriteOutcome.NotFound : isForAbsent ? WriteOutcome.Exists : WriteOutcome.Done;
        }

        LookupKey to = _shard.Prepare(call[2]);
        WriteOutcome outcome = _shard.Copies.Move(call.Key, to, isForAbsent, ScratchOf(reply));
        shard.Note(call[1], outcome, KeyEvent.RenameFrom);
        shard.Note(call[2], outcome, KeyEvent.RenameTo);
        return outcome;
    }

    private void Copy(scoped Call call, ref RespReplyWriter reply)
    {
        bool replaces = false;
        for (int i = 3; i < call.Count; i++)
        {
            if (RespWord.Is(call[i], "replace"u8))
            {
                replaces = true;
            }
            else if (RespWord.Is(call[i], "db"u8) && i + 1 < call.Count)
            {
                if (!RespNumber.TryParse(call[++i], out long database))
                {
                    reply.WriteError(RespErrors.NotAnInteger);
                    return;
                }

                if (database != 0)
                {
                    reply.WriteError(RespErrors.NoSuchDatabase);
                    return;
                }
            }
            else
            {
                reply.WriteError(RespErrors.Syntax);
                return;
            }
        }

        if (call[1].SequenceEqual(call[2]))
        {
            reply.WriteError("ERR source and destination objects are the same"u8);
            return;
        }

        if (_shard.TryInspect(call.Key, out ItemView item)
            && !shard.Looks.Permits(Math.Min(item.StoredBytes / LookBudget.BytesOfLook, LookBudget.MostOfCommand), ref reply))
        {
            return;
        }

        LookupKey to = _shard.Prepare(call[2]);
        WriteOutcome outcome = _shard.Copies.Copy(call.Key, to, !replaces, ScratchOf(reply));
        shard.Note(call[2], outcome, KeyEvent.CopyTo);
        if (outcome is WriteOutcome.Done or WriteOutcome.Exists or WriteOutcome.NotFound)
        {
            reply.WriteInteger(outcome == WriteOutcome.Done ? 1 : 0);
        }
        else if (outcome == WriteOutcome.ValueTooLarge && _shard.Collections.KindOf(call.Key) != CollectionKind.None)
        {
            RespErrors.WriteCopyTooLarge(shard.Limits.MaxValueBytes, ref reply);
        }
        else
        {
            RespErrors.WriteFailure(outcome, ref reply);
        }
    }

    private void Encoding(scoped Call call, ref RespReplyWriter reply)
    {
        if (!_shard.TryInspect(call.Key, out ItemView item))
        {
            reply.WriteNull();
            return;
        }

        if (item.Kind != CollectionKind.None)
        {
            reply.WriteBulk(item.HasSeveralChunks ? TypeNames.LargeFormOf(item.Kind) : "listpack"u8);
            return;
        }

        Span<byte> start = stackalloc byte[MostEmbeddedBytes];
        int length = item.Length > start.Length ? 0 : item.CopyTo(0, start);
        reply.WriteBulk(item.Length > start.Length ? "raw"u8 : RespNumber.TryParse(start[..length], out _) ? "int"u8 : "embstr"u8);
    }

    private void Frequency(scoped Call call, ref RespReplyWriter reply)
    {
        if (_shard.TryInspect(call.Key, out ItemView item))
        {
            reply.WriteInteger(item.Uses);
        }
        else
        {
            reply.WriteNull();
        }
    }

    private void References(scoped Call call, ref RespReplyWriter reply)
    {
        if (_shard.TryInspect(call.Key, out _))
        {
            reply.WriteInteger(1);
        }
        else
        {
            reply.WriteNull();
        }
    }

    private void Usage(scoped Call call, ref RespReplyWriter reply)
    {
        if (call.Count > 3 && !(call.Count == 5 && RespWord.Is(call[3], "samples"u8) && RespNumber.TryParse(call[4], out long samples) && samples >= 0))
        {
            reply.WriteError(RespErrors.Syntax);
        }
        else if (_shard.TryInspect(call.Key, out ItemView item))
        {
            reply.WriteInteger(item.StoredBytes);
        }
        else
        {
            reply.WriteNull();
        }
    }

    /// <summary>Where a value can lie while it is moved: the reply is written over it afterwards.</summary>
    private Span<byte> ScratchOf(in RespReplyWriter reply) => reply.Rest[..shard.Limits.MaxValueBytes];

    private static void WriteFailure(WriteOutcome outcome, ref RespReplyWriter reply)
    {
        if (outcome == WriteOutcome.NotFound)
        {
            reply.WriteError(RespErrors.NoSuchKey);
        }
        else
        {
            RespErrors.WriteFailure(outcome, ref reply);
        }
    }
}
