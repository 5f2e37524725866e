using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Commands on several sets at once, which lie on one shard.</summary>
internal sealed class SetAlgebraCommands
{
    private const string Group = "set";
    private const CommandFlags Stores = CommandFlags.Write | CommandFlags.DenyOom;

    private readonly DoorShard _door;
    private readonly Shard _shard;
    private readonly CollectionAccess _collections;
    private readonly SetAlgebra _algebra;

    public SetAlgebraCommands(DoorShard shard)
    {
        _door = shard;
        _shard = shard.Shard;
        _collections = new CollectionAccess(shard);
        _algebra = new SetAlgebra(_shard, _collections);
    }

    public IEnumerable<Command> Commands =>
    [
        new("sinter", -2, CommandFlags.ReadOnly, KeyPlaces.All, Inter, Group, "Returns the members that all sets have."),
        new("sunion", -2, CommandFlags.ReadOnly, KeyPlaces.All, Union, Group, "Returns the members that any of the sets has."),
        new("sdiff", -2, CommandFlags.ReadOnly, KeyPlaces.All, Diff, Group, "Returns the members of the first set that no other has."),
        new("sintercard", -3, CommandFlags.ReadOnly, KeyPlaces.Counted(1), InterCard, Group, "Counts the members that all sets have."),
        new("sinterstore", -3, Stores, KeyPlaces.All, InterStore, Group, "Stores the members that all sets have."),
        new("sunionstore", -3, Stores, KeyPlaces.All, UnionStore, Group, "Stores the members that any of the sets has."),
        new("sdiffstore", -3, Stores, KeyPlaces.All, DiffStore, Group, "Stores the members of the first set that no other has."),
        new("smove", 4, CommandFlags.Write | CommandFlags.Fast, new KeyPlaces(1, 2, 1), Move, Group, "Moves a member from one set to another."),
    ];

    private void Inter(scoped Call call, ref RespReplyWriter reply) => Return(call, SetOperation.Intersection, ref reply);

    private void Union(scoped Call call, ref RespReplyWriter reply) => Return(call, SetOperation.Union, ref reply);

    private void Diff(scoped Call call, ref RespReplyWriter reply) => Return(call, SetOperation.Difference, ref reply);

    private void InterStore(scoped Call call, ref RespReplyWriter reply) => Store(call, SetOperation.Intersection, KeyEvent.SInterStore, ref reply);

    private void UnionStore(scoped Call call, ref RespReplyWriter reply) => Store(call, SetOperation.Union, KeyEvent.SUnionStore, ref reply);

    private void DiffStore(scoped Call call, ref RespReplyWriter reply) => Store(call, SetOperation.Difference, KeyEvent.SDiffStore, ref reply);

    private void Return(scoped Call call, SetOperation operation, ref RespReplyWriter reply)
    {
        SetResult result = new(long.MaxValue, isCounted: false);
        Span<byte> room = reply.Rest[RespReplyWriter.MaxOverheadBytes..ElementReply.RoomOf(reply)];
        if (_algebra.TryRun(call, 1..call.Count, operation, room, ref result, ref reply))
        {
            reply.WriteSet(result.Count);
            room[..result.Bytes].CopyTo(reply.Rest);
            reply.Take(result.Bytes);
        }
    }

    private void Store(scoped Call call, SetOperation operation, KeyEvent what, ref RespReplyWriter reply)
    {
        SetResult result = new(long.MaxValue, isCounted: false);
        Span<byte> room = reply.Rest[..ElementReply.RoomOf(reply)];
        if (!_algebra.TryRun(call, 2..call.Count, operation, room, ref result, ref reply)
            || !_collections.Permits(result.Looks + (LookBudget.OfWrite * (long)result.Count), ref reply))
        {
            return;
        }

        bool wasThere = _shard.Delete(call.Key) == WriteOutcome.Done;
        bool isStored = result.Count > 0 && TryPutMembers(call, room[..result.Bytes], ref reply);
        if (result.Count == 0 || isStored)
        {
            reply.WriteInteger(result.Count);
        }

        if (isStored || wasThere)
        {
            _door.Note(call.KeyBytes, isStored ? what : KeyEvent.Del);
        }
    }

    /// <summary>Makes a set of members; of one that finds no memory nothing stays, and the error is written.</summary>
    private bool TryPutMembers(scoped Call call, scoped ReadOnlySpan<byte> bulks, ref RespReplyWriter reply)
    {
        if (!_collections.TryOpenOrCreate(call.Key, CollectionKind.Set, ref reply, out CollectionView set))
        {
            return false;
        }

        scoped Bulks members = new(bulks);
        WriteOutcome outcome = WriteOutcome.Done;
        while (outcome == WriteOutcome.Done && members.TryRead())
        {
            outcome = set.Put(members.Current, default, out _);
        }

        if (outcome == WriteOutcome.Done)
        {
            return true;
        }

        _shard.Delete(call.Key);
        RespErrors.WriteElementFailure(outcome, default, default, ref reply);
        return false;
    }

    private void InterCard(scoped Call call, ref RespReplyWriter reply)
    {
        if (!RespNumber.TryParse(call[1], out long count) || count < 1)
        {
            reply.WriteError(RespErrors.NoKeyCount);
            return;
        }

        if (count > call.Count - 2)
        {
            reply.WriteError("ERR Number of keys can't be greater than number of args"u8);
            return;
        }

        long limit = 0;
        int end = 2 + (int)count;
        for (int i = end; i < call.Count; i += 2)
        {
            if (!RespWord.Is(call[i], "limit"u8) || i + 1 == call.Count)
            {
                reply.WriteError(RespErrors.Syntax);
                return;
            }

            if (!RespNumber.TryParse(call[i + 1], out limit) || limit < 0)
            {
                reply.WriteError(RespErrors.NegativeLimit);
                return;
            }
        }

        SetResult result = new(limit == 0 ? long.MaxValue : limit, isCounted: true);
        if (_algebra.TryRun(call, 2..end, SetOperation.Intersection, reply.Rest, ref result, ref reply))
        {
            reply.WriteInteger(result.Count);
        }
    }

    private void Move(scoped Call call, ref RespReplyWriter reply)
    {
        switch (_collections.Open(call.Key, CollectionKind.Set, ref reply, out CollectionView from))
        {
            case CollectionAnswer.Absent:
                reply.WriteInteger(0);
                return;
            case CollectionAnswer.WrongKind:
                return;
        }

        bool isThere = from.TryFind(call[3], out _);
        LookupKey to = _shard.Prepare(call[2]);
        if (_collections.Open(to, CollectionKind.Set, ref reply, out _) == CollectionAnswer.WrongKind)
        {
            return;
        }

        if (!isThere || call[1].SequenceEqual(call[2]))
        {
            reply.WriteInteger(isThere ? 1 : 0);
            return;
        }

        // Added first: a member is lost to no lack of memory.
        if (!_collections.TryOpenOrCreate(to, CollectionKind.Set, ref reply, out CollectionView target))
        {
            return;
        }

        bool isNew = !target.TryFind(call[3], out _);
        WriteOutcome outcome = isNew ? target.Put(call[3], default, out _) : WriteOutcome.Done;
        if (outcome != WriteOutcome.Done)
        {
            target.RemoveIfEmpty();
            RespErrors.WriteElementFailure(outcome, call[3], default, ref reply);
            return;
        }

        LookupKey source = _shard.Prepare(call[1]);
        if (_shard.Collections.Open(source, CollectionKind.Set, out CollectionView rest) == CollectionAnswer.Open)
        {
            rest.Remove(call[3]);
        }

        _door.NoteTaken(call[1], KeyEvent.SRem);
        if (isNew)
        {
            _door.Note(call[2], KeyEvent.SAdd);
        }

        reply.WriteInteger(1);
    }
}
