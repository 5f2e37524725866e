using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Sorted sets made of others: unions, intersections and differences, returned or stored, and ranges that are stored.</summary>
internal sealed class SortedSetCombineCommands(DoorShard shard)
{
    private const string Group = "sorted-set";
    private const CommandFlags Stores = CommandFlags.Write | CommandFlags.DenyOom;

    private readonly SortedSetCombiner _combiner = new(shard);
    private readonly CollectionAccess _collections = new(shard);

    public IEnumerable<Command> Commands =>
    [
        new("zunion", -3, CommandFlags.ReadOnly, KeyPlaces.Counted(1), Union, Group, "Returns the members of all sorted sets."),
        new("zinter", -3, CommandFlags.ReadOnly, KeyPlaces.Counted(1), Inter, Group, "Returns the members that all sorted sets have."),
        new("zdiff", -3, CommandFlags.ReadOnly, KeyPlaces.Counted(1), Diff, Group, "Returns the members of the first sorted set that no other has."),
        new("zintercard", -3, CommandFlags.ReadOnly, KeyPlaces.Counted(1), InterCard, Group, "Counts the members that all sorted sets have."),
        new("zunionstore", -4, Stores, KeyPlaces.OnlyAndCounted, UnionStore, Group, "Stores the members of all sorted sets."),
        new("zinterstore", -4, Stores, KeyPlaces.OnlyAndCounted, InterStore, Group, "Stores the members that all sorted sets have."),
        new("zdiffstore", -4, Stores, KeyPlaces.OnlyAndCounted, DiffStore, Group, "Stores the members of the first sorted set that no other has."),
        new("zrangestore", -5, Stores, new KeyPlaces(1, 2, 1), RangeStore, Group, "Stores members of a sorted set by rank, score or name."),
    ];

    private void Union(scoped Call call, ref RespReplyWriter reply) => Return(call, SetOperation.Union, "zunion", ref reply);

    private void Inter(scoped Call call, ref RespReplyWriter reply) => Return(call, SetOperation.Intersection, "zinter", ref reply);

    private void Diff(scoped Call call, ref RespReplyWriter reply) => Return(call, SetOperation.Difference, "zdiff", ref reply);

    private void UnionStore(scoped Call call, ref RespReplyWriter reply) => Store(call, SetOperation.Union, "zunionstore", KeyEvent.ZUnionStore, ref reply);

    private void InterStore(scoped Call call, ref RespReplyWriter reply) => Store(call, SetOperation.Intersection, "zinterstore", KeyEvent.ZInterStore, ref reply);

    private void DiffStore(scoped Call call, ref RespReplyWriter reply) => Store(call, SetOperation.Difference, "zdiffstore", KeyEvent.ZDiffStore, ref reply);

    private void InterCard(scoped Call call, ref RespReplyWriter reply)
    {
        CombineWords words = new(SetOperation.Intersection, countAt: 1, isCardinality: true);
        if (_combiner.TryCombine(call, "zintercard", ref words, ref reply))
        {
            int count = _combiner.Members.Count;
            reply.WriteInteger(words.Limit == 0 ? count : Math.Min(count, words.Limit));
        }
    }

    private void RangeStore(scoped Call call, ref RespReplyWriter reply)
    {
        RangeWords words = RangeWords.Free;
        if (!words.TryRead(call, firstBound: 3, takesScores: false, ref reply)
            || !words.TryReadBounds(call, firstBound: 3, out SortedSetRange range, ref reply))
        {
            return;
        }

        CollectionAnswer answer = _collections.Open(shard.Shard.Prepare(call[2]), CollectionKind.SortedSet, ref reply, out CollectionView set);
        ElementRange ranks = answer == CollectionAnswer.Open
            ? range.In(set, call, words.IsReverse).Limited(words.Offset, words.Limit, words.IsReverse)
            : default;
        if (answer != CollectionAnswer.WrongKind && _combiner.TryCopy(set, ranks, ref reply))
        {
            StoreMembers(call, KeyEvent.ZRangeStore, ref reply);
        }
    }

    private void Return(scoped Call call, SetOperation operation, string name, ref RespReplyWriter reply)
    {
        CombineWords words = new(operation, countAt: 1, isCardinality: false);
        if (!_combiner.TryCombine(call, name, ref words, ref reply))
        {
            return;
        }

        int start = reply.Length;
        ElementParts parts = words.WithScores ? ElementParts.Field | ElementParts.Score | ElementParts.Pair : ElementParts.Field;
        GatheredMembers members = _combiner.Members;
        reply.WriteArray(ElementReply.CountFor(members.Count, parts, reply));
        scoped ElementReply elements = new(reply, parts);
        foreach (int place in members.InOrder())
        {
            if (!elements.Write(members[place], members.Score(place)))
            {
                break;
            }
        }

        ElementReply.TryEnd(elements.Bytes, start, ref reply);
    }

    private void Store(scoped Call call, SetOperation operation, string name, KeyEvent what, ref RespReplyWriter reply)
    {
        CombineWords words = new(operation, countAt: 2, isCardinality: false);
        if (_combiner.TryCombine(call, name, ref words, ref reply))
        {
            StoreMembers(call, what, ref reply);
        }
    }

    /// <summary>Lets the members that were put together take the place of whatever the first key has.</summary>
    private void StoreMembers(scoped Call call, KeyEvent what, ref RespReplyWriter reply)
    {
        int count = _combiner.Members.Count;
        if (!_collections.Permits(_combiner.Looks + (LookBudget.OfWrite * (long)count), ref reply))
        {
            return;
        }

        bool wasThere = shard.Shard.Delete(call.Key) == WriteOutcome.Done;
        bool isStored = count > 0 && TryPutMembers(call, ref reply);
        if (count == 0 || isStored)
        {
            reply.WriteInteger(count);
        }

        if (isStored)
        {
            shard.Note(call.KeyBytes, what);
        }
        else if (wasThere)
        {
            shard.Note(call.KeyBytes, KeyEvent.Del);
        }
    }

    private bool TryPutMembers(scoped Call call, ref RespReplyWriter reply)
    {
        if (!_collections.TryOpenOrCreate(call.Key, CollectionKind.SortedSet, ref reply, out CollectionView set))
        {
            return false;
        }

        // In order they fill the nodes of their tree.
        GatheredMembers members = _combiner.Members;
        foreach (int place in members.InOrder())
        {
            WriteOutcome outcome = set.PutScore(members[place], members.Score(place), out _);
            if (outcome != WriteOutcome.Done)
            {
                // A part of the result would be taken for all of it.
                shard.Shard.Delete(call.Key);
                RespErrors.WriteElementFailure(outcome, default, default, ref reply);
                return false;
            }
        }

        return true;
    }
}
