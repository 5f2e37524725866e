using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>Values that are numbers.</summary>
internal sealed class CounterCommands(DoorShard shard)
{
    private const string Group = "string";
    private const CommandFlags Writes = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast;

    private readonly Shard _shard = shard.Shard;

    public IEnumerable<Command> Commands =>
    [
        new("incr", 2, Writes, KeyPlaces.Only, Increment, Group, "Adds one to a number."),
        new("decr", 2, Writes, KeyPlaces.Only, Decrement, Group, "Takes one off a number."),
        new("incrby", 3, Writes, KeyPlaces.Only, IncrementBy, Group, "Adds to a number."),
        new("decrby", 3, Writes, KeyPlaces.Only, DecrementBy, Group, "Takes off a number."),
        new("incrbyfloat", 3, Writes, KeyPlaces.Only, IncrementByFloat, Group, "Adds to a number that may have a fraction."),
    ];

    private void Increment(scoped Call call, ref RespReplyWriter reply) => Add(call, 1, ref reply);

    private void Decrement(scoped Call call, ref RespReplyWriter reply) => Add(call, -1, ref reply);

    private void IncrementBy(scoped Call call, ref RespReplyWriter reply)
    {
        if (RespNumber.TryParse(call[2], out long amount))
        {
            Add(call, amount, ref reply);
        }
        else
        {
            reply.WriteError(RespErrors.NotAnInteger);
        }
    }

    private void DecrementBy(scoped Call call, ref RespReplyWriter reply)
    {
        if (!RespNumber.TryParse(call[2], out long amount))
        {
            reply.WriteError(RespErrors.NotAnInteger);
        }
        else if (amount == long.MinValue)
        {
            reply.WriteError("ERR decrement would overflow"u8);
        }
        else
        {
            Add(call, -amount, ref reply);
        }
    }

    private void Add(scoped Call call, long amount, ref RespReplyWriter reply)
    {
        CounterChange change = new(
            CounterKind.Checked, amount < 0 ? unchecked((ulong)-amount) : (ulong)amount, amount < 0, unchecked((ulong)amount));
        WriteOutcome outcome = _shard.Edits.Count(call.Key, change, out ulong number, out _);
        shard.Note(call.KeyBytes, outcome, KeyEvent.IncrBy);
        if (outcome == WriteOutcome.Done)
        {
            reply.WriteInteger(unchecked((long)number));
        }
        else if (outcome != WriteOutcome.NotANumber || RespErrors.IsAbsent(_shard, call.Key, ref reply))
        {
            RespErrors.WriteFailure(outcome, ref reply);
        }
    }

    private void IncrementByFloat(scoped Call call, ref RespReplyWriter reply)
    {
        Span<byte> text = stackalloc byte[Decimals.MaxBytes];
        int length = 1;
        text[0] = (byte)'0';
        if (_shard.TryPeek(call.Key, out ItemView item))
        {
            if (item.Length > text.Length)
            {
                reply.WriteError(RespErrors.NotAFloat);
                return;
            }

            length = item.CopyTo(0, text);
        }
        else if (!RespErrors.IsAbsent(_shard, call.Key, ref reply))
        {
            return;
        }

        switch (Decimals.Add(text[..length], call[2], text, out length))
        {
            case DecimalSum.NotANumber:
                reply.WriteError(RespErrors.NotAFloat);
                return;
            case DecimalSum.NotFinite:
                reply.WriteError(RespErrors.NotFinite);
                return;
        }

        WriteOutcome outcome = _shard.Set(call.Key, text[..length], new SetOptions { KeepLife = true }, out _);
        shard.Note(call.KeyBytes, outcome, KeyEvent.IncrByFloat);
        if (outcome == WriteOutcome.Done)
        {
            reply.WriteBulk(text[..length]);
        }
        else
        {
            RespErrors.WriteFailure(outcome, ref reply);
        }
    }
}
