using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Sets: members, each once.</summary>
internal sealed class SetCommands(DoorShard shard)
{
    private const string Group = "set";
    private const CommandFlags Reads = CommandFlags.ReadOnly | CommandFlags.Fast;
    private const CommandFlags Writes = CommandFlags.Write | CommandFlags.Fast;

    private readonly CollectionAccess _collections = new(shard);
    private readonly Random _random = new();

    public IEnumerable<Command> Commands =>
    [
        new("sadd", -3, Writes | CommandFlags.DenyOom, KeyPlaces.Only, Add, Group, "Adds members to a set and returns how many are new."),
        new("srem", -3, Writes, KeyPlaces.Only, Remove, Group, "Removes members of a set, which goes with its last one."),
        new("sismember", 3, Reads, KeyPlaces.Only, IsMember, Group, "Tells whether a set has a member."),
        new("smismember", -3, Reads, KeyPlaces.Only, AreMembers, Group, "Tells which members a set has."),
        new("scard", 2, Reads, KeyPlaces.Only, Cardinality, Group, "Returns the number of members."),
        new("smembers", 2, CommandFlags.ReadOnly, KeyPlaces.Only, Members, Group, "Returns all members."),
        new("spop", -2, Writes, KeyPlaces.Only, Pop, Group, "Removes members that chance chooses, and returns them."),
        new("srandmember", -2, CommandFlags.ReadOnly, KeyPlaces.Only, RandomMember, Group, "Returns members that chance chooses."),
        new("sscan", -3, CommandFlags.ReadOnly, KeyPlaces.Only, Scan, Group,
            "Returns some members and the cursor to go on with. COUNT over 1,000 counts as 1,000."),
    ];

    private void Add(scoped Call call, ref RespReplyWriter reply)
    {
        if (!LookBudget.PermitsNamed(LookBudget.OfWrite * (call.Count - 2L), ref reply))
        {
            return;
        }

        // What can be known to be refused is refused before anything is written.
        for (int i = 2; i < call.Count; i++)
        {
            if (call[i].Length > CollectionView.MaxFieldBytes)
            {
                RespErrors.WriteElementFailure(WriteOutcome.ValueTooLarge, call[i], default, ref reply);
                return;
            }
        }

        if (!_collections.TryOpenOrCreate(call.Key, CollectionKind.Set, ref reply, out CollectionView set))
        {
            return;
        }

        int added = 0;
        WriteOutcome outcome = WriteOutcome.Done;
        for (int i = 2; i < call.Count && outcome == WriteOutcome.Done; i++)
        {
            if (!set.TryFind(call[i], out _))
            {
                outcome = set.Put(call[i], default, out bool isNew);
                added += isNew ? 1 : 0;
            }
        }

        if (added > 0)
        {
            shard.Note(call.KeyBytes, KeyEvent.SAdd);
        }

        if (outcome == WriteOutcome.Done)
        {
            reply.WriteInteger(added);
        }
        else
        {
            set.RemoveIfEmpty();
            RespErrors.WriteElementFailure(outcome, default, default, ref reply);
        }
    }

    private void Remove(scoped Call call, ref RespReplyWriter reply) => _collections.Remove(call, CollectionKind.Set, KeyEvent.SRem, ref reply);

    private void IsMember(scoped Call call, ref RespReplyWriter reply)
    {
        if (_collections.Open(call.Key, CollectionKind.Set, ref reply, out CollectionView set) is CollectionAnswer answer and not CollectionAnswer.WrongKind)
        {
            reply.WriteInteger(answer == CollectionAnswer.Open && set.TryFind(call[2], out _) ? 1 : 0);
        }
    }

    private void AreMembers(scoped Call call, ref RespReplyWriter reply)
    {
        if (!LookBudget.PermitsNamed(LookBudget.OfLookup * (call.Count - 2L), ref reply))
        {
            return;
        }

        if (_collections.Open(call.Key, CollectionKind.Set, ref reply, out CollectionView set) is CollectionAnswer answer and not CollectionAnswer.WrongKind)
        {
            reply.WriteArray(call.Count - 2);
            for (int i = 2; i < call.Count; i++)
            {
                reply.WriteInteger(answer == CollectionAnswer.Open && set.TryFind(call[i], out _) ? 1 : 0);
            }
        }
    }

    private void Cardinality(scoped Call call, ref RespReplyWriter reply) => _collections.WriteCount(call, CollectionKind.Set, ref reply);

    private void Members(scoped Call call, ref RespReplyWriter reply)
    {
        switch (_collections.Open(call.Key, CollectionKind.Set, ref reply, out CollectionView set))
        {
            case CollectionAnswer.Open:
                WriteMembers(set, set.Count, ref reply);
                break;
            case CollectionAnswer.Absent:
                reply.WriteSet(0);
                break;
        }
    }

    private void Pop(scoped Call call, ref RespReplyWriter reply)
    {
        if (!CollectionAccess.TryReadCount(call, ref reply, out long count))
        {
            return;
        }

        switch (_collections.Open(call.Key, CollectionKind.Set, ref reply, out CollectionView set))
        {
            case CollectionAnswer.Open when call.Count == 2:
                set.RemoveAt(RandomElements.WriteOne(set, _random, ref reply));
                shard.NoteTaken(call.KeyBytes, KeyEvent.SPop);
                break;
            case CollectionAnswer.Open when _collections.Permits(count < set.Count ? LookBudget.OfWrite * count : set.Count, ref reply):
                PopMany(call, set, (int)Math.Min(count, set.Count), ref reply);
                break;
            case CollectionAnswer.Absent when call.Count == 2:
                reply.WriteNull();
                break;
            case CollectionAnswer.Absent:
                reply.WriteSet(0);
                break;
        }
    }

    /// <summary>Writes members, and if all fit removes them.</summary>
    private void PopMany(scoped Call call, scoped CollectionView set, int count, ref RespReplyWriter reply)
    {
        Span<byte> room = reply.Rest;
        int start = reply.Length;
        if (!WriteMembers(set, count, ref reply) || count == 0)
        {
            return;
        }

        if (count == set.Count)
        {
            shard.Shard.Delete(call.Key);
        }
        else
        {
            ReadOnlySpan<byte> written = room[..(reply.Length - start)];
            scoped Bulks members = new(written[(written.IndexOf((byte)'\n') + 1)..]);
            while (members.TryRead())
            {
                set.Remove(members.Current);
            }
        }

        shard.NoteTaken(call.KeyBytes, KeyEvent.SPop);
    }

    private void RandomMember(scoped Call call, ref RespReplyWriter reply)
    {
        long count = 1;
        if (call.Count > 3)
        {
            reply.WriteError(RespErrors.Syntax);
            return;
        }

        if (call.Count == 3 && !RandomElements.TryReadCount(call[2], out count, ref reply))
        {
            return;
        }

        switch (_collections.Open(call.Key, CollectionKind.Set, ref reply, out CollectionView set))
        {
            case CollectionAnswer.Open when call.Count == 2:
                RandomElements.WriteOne(set, _random, ref reply);
                break;
            case CollectionAnswer.Open:
                RandomElements.Write(_collections, set, count, ElementParts.Field, _random, ref reply);
                break;
            case CollectionAnswer.Absent when call.Count == 2:
                reply.WriteNull();
                break;
            case CollectionAnswer.Absent:
                reply.WriteArray(0);
                break;
        }
    }

    private void Scan(scoped Call call, ref RespReplyWriter reply) => ElementScan.Run(call, _collections, CollectionKind.Set, ref reply);

    /// <summary>Writes so many members that chance chooses, as a set.</summary>
    private bool WriteMembers(scoped CollectionView set, int count, ref RespReplyWriter reply)
    {
        int start = reply.Length;
        reply.WriteSet(count);
        return RandomElements.WriteBehindHead(set, count, repeats: false, start, ElementParts.Field, _random, ref reply);
    }
}
