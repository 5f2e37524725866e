using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Hashes: a value for each field.</summary>
internal sealed class HashCommands(DoorShard shard)
{
    private const string Group = "hash";
    private const CommandFlags Reads = CommandFlags.ReadOnly | CommandFlags.Fast;
    private const CommandFlags Writes = CommandFlags.Write | CommandFlags.DenyOom | CommandFlags.Fast;
    private const ElementParts Both = ElementParts.Field | ElementParts.Value;

    private readonly CollectionAccess _collections = new(shard);
    private readonly Random _random = new();

    public IEnumerable<Command> Commands =>
    [
        new("hset", -4, Writes, KeyPlaces.Only, Set, Group, "Sets fields of a hash and returns how many are new."),
        new("hmset", -4, Writes, KeyPlaces.Only, SetMany, Group, "Sets fields of a hash (the old form of HSET)."),
        new("hsetnx", 4, Writes, KeyPlaces.Only, SetNx, Group, "Sets a field of a hash that it does not have."),
        new("hget", 3, Reads, KeyPlaces.Only, Get, Group, "Returns the value of a field."),
        new("hmget", -3, Reads, KeyPlaces.Only, GetMany, Group, "Returns the values of fields."),
        new("hdel", -3, CommandFlags.Write | CommandFlags.Fast, KeyPlaces.Only, Delete, Group,
            "Deletes fields of a hash, which goes with its last one."),
        new("hlen", 2, Reads, KeyPlaces.Only, Length, Group, "Returns the number of fields."),
        new("hexists", 3, Reads, KeyPlaces.Only, Exists, Group, "Tells whether a hash has a field."),
        new("hstrlen", 3, Reads, KeyPlaces.Only, StrLen, Group, "Returns the length of a field's value."),
        new("hgetall", 2, CommandFlags.ReadOnly, KeyPlaces.Only, GetAll, Group, "Returns all fields with their values."),
        new("hkeys", 2, CommandFlags.ReadOnly, KeyPlaces.Only, Keys, Group, "Returns all fields."),
        new("hvals", 2, CommandFlags.ReadOnly, KeyPlaces.Only, Values, Group, "Returns the values of all fields."),
        new("hincrby", 4, Writes, KeyPlaces.Only, IncrementBy, Group, "Adds to the number of a field."),
        new("hincrbyfloat", 4, Writes, KeyPlaces.Only, IncrementByFloat, Group, "Adds to the number of a field, which may have a fraction."),
        new("hscan", -3, CommandFlags.ReadOnly, KeyPlaces.Only, Scan, Group,
            "Returns some fields with their values and the cursor to go on with. COUNT over 1,000 counts as 1,000."),
        new("hrandfield", -2, CommandFlags.ReadOnly, KeyPlaces.Only, RandomField, Group, "Returns fields that chance chooses."),
    ];

    private void Set(scoped Call call, ref RespReplyWriter reply)
    {
        if (TryPutAll(call, "hset", out int added, ref reply))
        {
            reply.WriteInteger(added);
        }
    }

    private void SetMany(scoped Call call, ref RespReplyWriter reply)
    {
        if (TryPutAll(call, "hmset", out _, ref reply))
        {
            reply.WriteOk();
        }
    }

    private void SetNx(scoped Call call, ref RespReplyWriter reply)
    {
        if (!_collections.TryOpenOrCreate(call.Key, CollectionKind.Hash, ref reply, out CollectionView hash))
        {
            return;
        }

        if (hash.TryFind(call[2], out _))
        {
            reply.WriteInteger(0);
        }
        else if (TryPut(call, hash, call[3], KeyEvent.HSet, ref reply))
        {
            reply.WriteInteger(1);
        }
    }

    private void Get(scoped Call call, ref RespReplyWriter reply)
    {
        switch (_collections.Open(call.Key, CollectionKind.Hash, ref reply, out CollectionView hash))
        {
            case CollectionAnswer.Open when hash.TryFind(call[2], out ElementView element):
                element.CopyTo(reply.BeginBulk(element.Length));
                break;
            case CollectionAnswer.Open or CollectionAnswer.Absent:
                reply.WriteNull();
                break;
        }
    }

    private void GetMany(scoped Call call, ref RespReplyWriter reply)
    {
        int start = reply.Length;
        CollectionAnswer answer = _collections.Open(call.Key, CollectionKind.Hash, ref reply, out CollectionView hash);
        if (answer == CollectionAnswer.WrongKind || !LookBudget.PermitsNamed(LookBudget.OfLookup * (call.Count - 2L), ref reply))
        {
            return;
        }

        reply.WriteArray(call.Count - 2);
        for (int i = 2; i < call.Count; i++)
        {
            scoped ElementView element = default;
            bool isThere = answer == CollectionAnswer.Open && hash.TryFind(call[i], out element);
            int bytes = isThere ? element.Length : 0;
            if (bytes + RespReplyWriter.MaxOverheadBytes > ElementReply.RoomOf(reply))
            {
                reply.CutTo(start);
                RespErrors.WriteReplyTooLong(ref reply);
                return;
            }

            if (isThere)
            {
                element.CopyTo(reply.BeginBulk(bytes));
            }
            else
            {
                reply.WriteNull();
            }
        }
    }

    private void Delete(scoped Call call, ref RespReplyWriter reply) =>
        _collections.Remove(call, CollectionKind.Hash, KeyEvent.HDel, ref reply);

    private void Length(scoped Call call, ref RespReplyWriter reply) => _collections.WriteCount(call, CollectionKind.Hash, ref reply);

    private void Exists(scoped Call call, ref RespReplyWriter reply)
    {
        if (_collections.Open(call.Key, CollectionKind.Hash, ref reply, out CollectionView hash) is CollectionAnswer answer and not CollectionAnswer.WrongKind)
        {
            reply.WriteInteger(answer == CollectionAnswer.Open && hash.TryFind(call[2], out _) ? 1 : 0);
        }
    }

    private void StrLen(scoped Call call, ref RespReplyWriter reply)
    {
        if (_collections.Open(call.Key, CollectionKind.Hash, ref reply, out CollectionView hash) is CollectionAnswer answer and not CollectionAnswer.WrongKind)
        {
            reply.WriteInteger(answer == CollectionAnswer.Open && hash.TryFind(call[2], out ElementView element) ? element.Length : 0);
        }
    }

    private void GetAll(scoped Call call, ref RespReplyWriter reply) => WriteAll(call, Both, ref reply);

    private void Keys(scoped Call call, ref RespReplyWriter reply) => WriteAll(call, ElementParts.Field, ref reply);

    private void Values(scoped Call call, ref RespReplyWriter reply) => WriteAll(call, ElementParts.Value, ref reply);

    private void WriteAll(scoped Call call, ElementParts parts, ref RespReplyWriter reply)
    {
        int start = reply.Length;
        CollectionAnswer answer = _collections.Open(call.Key, CollectionKind.Hash, ref reply, out CollectionView hash);
        if (answer == CollectionAnswer.WrongKind)
        {
            return;
        }

        int count = answer == CollectionAnswer.Open ? hash.Count : 0;
        if (parts == Both)
        {
            reply.WriteMap(count);
        }
        else
        {
            reply.WriteArray(count);
        }

        if (count > 0)
        {
            scoped ElementReply elements = new(reply, parts);
            hash.Walk(0, count, ref elements);
            ElementReply.TryEnd(elements.Bytes, start, ref reply);
        }
    }

    private void IncrementBy(scoped Call call, ref RespReplyWriter reply)
    {
        if (!RespNumber.TryParse(call[3], out long amount))
        {
            reply.WriteError(RespErrors.NotAnInteger);
            return;
        }

        if (!_collections.TryOpenOrCreate(call.Key, CollectionKind.Hash, ref reply, out CollectionView hash))
        {
            return;
        }

        long number = 0;
        if (hash.TryFind(call[2], out ElementView element) && !(element.IsContiguous && RespNumber.TryParse(element.Value, out number)))
        {
            reply.WriteError("ERR hash value is not an integer"u8);
            return;
        }

        Int128 sum = (Int128)number + amount;
        if (sum < long.MinValue || sum > long.MaxValue)
        {
            reply.WriteError(RespErrors.Overflow);
            return;
        }

        Line text = new(stackalloc byte[24]);
        text.Add((long)sum);
        if (TryPut(call, hash, text.Text, KeyEvent.HIncrBy, ref reply))
        {
            reply.WriteInteger((long)sum);
        }
    }

    private void IncrementByFloat(scoped Call call, ref RespReplyWriter reply)
    {
        if (!RespDouble.TryParse(call[3], out double amount))
        {
            reply.WriteError(RespErrors.NotAFloat);
            return;
        }

        if (!double.IsFinite(amount))
        {
            reply.WriteError("ERR value is NaN or Infinity"u8);
            return;
        }

        if (!_collections.TryOpenOrCreate(call.Key, CollectionKind.Hash, ref reply, out CollectionView hash))
        {
            return;
        }

        Span<byte> text = stackalloc byte[Decimals.MaxBytes];
        int length = 1;
        text[0] = (byte)'0';
        if (hash.TryFind(call[2], out ElementView element))
        {
            length = Math.Min(element.Length, text.Length);
            if (element.IsContiguous)
            {
                element.Value[..length].CopyTo(text);
            }
        }

        DecimalSum sum = element.Length > length ? DecimalSum.NotANumber : Decimals.Add(text[..length], call[3], text, out length);
        if (sum != DecimalSum.Done)
        {
            reply.WriteError(sum == DecimalSum.NotFinite ? RespErrors.NotFinite : "ERR hash value is not a float"u8);
        }
        else if (TryPut(call, hash, text[..length], KeyEvent.HIncrByFloat, ref reply))
        {
            reply.WriteBulk(text[..length]);
        }
    }

    private void Scan(scoped Call call, ref RespReplyWriter reply) => ElementScan.Run(call, _collections, CollectionKind.Hash, ref reply);

    private void RandomField(scoped Call call, ref RespReplyWriter reply) =>
        RandomElements.Run(call, _collections, CollectionKind.Hash, "withvalues"u8, ElementParts.Value, _random, ref reply);

    /// <summary>Sets all fields of a call.</summary>
    /// <returns>False when they are not all set; then the error is written.</returns>
    private bool TryPutAll(scoped Call call, string name, out int added, ref RespReplyWriter reply)
    {
        added = 0;
        if (call.Count % 2 != 0)
        {
            RespErrors.WriteWrongArity(name, ref reply);
            return false;
        }

        if (!LookBudget.PermitsNamed(LookBudget.OfWrite * ((call.Count / 2) - 1L), ref reply))
        {
            return false;
        }

        // What can be known to be refused is refused before anything is written.
        for (int i = 2; i < call.Count; i += 2)
        {
            if (call[i].Length > CollectionView.MaxFieldBytes || call[i + 1].Length > CollectionView.MaxValueBytes)
            {
                RespErrors.WriteElementFailure(WriteOutcome.ValueTooLarge, call[i], call[i + 1], ref reply);
                return false;
            }
        }

        if (!_collections.TryOpenOrCreate(call.Key, CollectionKind.Hash, ref reply, out CollectionView hash))
        {
            return false;
        }

        WriteOutcome outcome = WriteOutcome.Done;
        for (int i = 2; i < call.Count && outcome == WriteOutcome.Done; i += 2)
        {
            outcome = hash.Put(call[i], call[i + 1], out bool isNew);
            added += isNew ? 1 : 0;
        }

        shard.Note(call.KeyBytes, outcome, KeyEvent.HSet);
        if (outcome != WriteOutcome.Done)
        {
            hash.RemoveIfEmpty();
            RespErrors.WriteElementFailure(outcome, default, default, ref reply);
        }

        return outcome == WriteOutcome.Done;
    }

    /// <summary>Sets the field that a call names.</summary>
    /// <returns>False when it is not set; then the error is written, and a hash without fields is gone.</returns>
    private bool TryPut(scoped Call call, scoped CollectionView hash, scoped ReadOnlySpan<byte> value, KeyEvent what, ref RespReplyWriter reply)
    {
        WriteOutcome outcome = hash.Put(call[2], value, out _);
        shard.Note(call.KeyBytes, outcome, what);
        if (outcome == WriteOutcome.Done)
        {
            return true;
        }

        hash.RemoveIfEmpty();
        RespErrors.WriteElementFailure(outcome, call[2], value, ref reply);
        return false;
    }
}
