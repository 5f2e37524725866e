using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>Parts of values.</summary>
internal sealed class RangeCommands(DoorShard shard)
{
    private const string Group = "string";

    private readonly Shard _shard = shard.Shard;

    public IEnumerable<Command> Commands =>
    [
        new("append", 3, CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast, KeyPlaces.Only, Append, Group,
            "Puts bytes behind the value of a key."),
        new("strlen", 2, CommandFlags.ReadOnly | CommandFlags.Fast, KeyPlaces.Only, StrLen, Group, "Returns the length of a value."),
        new("getrange", 4, CommandFlags.ReadOnly, KeyPlaces.Only, GetRange, Group, "Returns a part of a value."),
        new("substr", 4, CommandFlags.ReadOnly, KeyPlaces.Only, GetRange, Group, "Returns a part of a value (the old name of GETRANGE)."),
        new("setrange", 4, CommandFlags.Write | CommandFlags.DenyOom, KeyPlaces.Only, SetRange, Group, "Overwrites a part of a value."),
    ];

    private void Append(scoped Call call, ref RespReplyWriter reply)
    {
        WriteOutcome outcome = _shard.Edits.Append(call.Key, call[2], atFront: false, out _);
        if (outcome == WriteOutcome.NotFound)
        {
            if (!RespErrors.IsAbsent(_shard, call.Key, ref reply))
            {
                return;
            }

            outcome = _shard.Set(call.Key, call[2], default, out _);
        }

        shard.Note(call.KeyBytes, outcome, KeyEvent.Append);
        if (outcome != WriteOutcome.Done)
        {
            RespErrors.WriteEditFailure(outcome, ref reply);
            return;
        }

        reply.WriteInteger(_shard.TryPeek(call.Key, out ItemView item) ? item.Length : 0);
    }

    private void StrLen(scoped Call call, ref RespReplyWriter reply)
    {
        if (_shard.TryGet(call.Key, out ItemView item))
        {
            reply.WriteInteger(item.Length);
        }
        else if (RespErrors.IsAbsent(_shard, call.Key, ref reply))
        {
            reply.WriteInteger(0);
        }
    }

    private void GetRange(scoped Call call, ref RespReplyWriter reply)
    {
        if (!RespNumber.TryParse(call[2], out long start) || !RespNumber.TryParse(call[3], out long end))
        {
            reply.WriteError(RespErrors.NotAnInteger);
            return;
        }

        bool isThere = _shard.TryGet(call.Key, out ItemView item);
        if (!isThere && !RespErrors.IsAbsent(_shard, call.Key, ref reply))
        {
            return;
        }

        if (!isThere || item.Length == 0 || (start < 0 && end < 0 && start > end))
        {
            reply.WriteBulk(default);
            return;
        }

        long length = item.Length;
        start = Math.Max(0, start < 0 ? length + start : start);
        end = Math.Min(length - 1, Math.Max(0, end < 0 ? length + end : end));
        if (start > end)
        {
            reply.WriteBulk(default);
        }
        else if (end - start >= shard.Limits.MaxValueBytes)
        {
            RespErrors.WriteTooLong(end - start + 1, shard.Limits.MaxValueBytes, ref reply);
        }
        else
        {
            item.CopyTo(start, reply.BeginBulk((int)(end - start + 1)));
        }
    }

    private void SetRange(scoped Call call, ref RespReplyWriter reply)
    {
        if (!RespNumber.TryParse(call[2], out long offset))
        {
            reply.WriteError(RespErrors.NotAnInteger);
            return;
        }

        if (offset < 0)
        {
            reply.WriteError("ERR offset is out of range"u8);
            return;
        }

        if (call[3].IsEmpty)
        {
            if (_shard.TryPeek(call.Key, out ItemView item))
            {
                reply.WriteInteger(item.Length);
            }
            else if (RespErrors.IsAbsent(_shard, call.Key, ref reply))
            {
                reply.WriteInteger(0);
            }

            return;
        }

        WriteOutcome outcome = _shard.Edits.Overwrite(call.Key, offset, call[3], out int length, out _);
        shard.Note(call.KeyBytes, outcome, KeyEvent.SetRange);
        if (outcome == WriteOutcome.Done)
        {
            reply.WriteInteger(length);
        }
        else if (outcome == WriteOutcome.NotFound)
        {
            reply.WriteError(RespErrors.WrongKind);
        }
        else
        {
            RespErrors.WriteEditFailure(outcome, ref reply);
        }
    }
}
