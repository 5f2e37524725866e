using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>How elements leave lists: for a client, or for another list. Used by the commands that wait for elements and by those that do not.</summary>
internal sealed class ListPops(DoorShard shard)
{
    private readonly Shard _shard = shard.Shard;
    private readonly CollectionAccess _collections = new(shard);

    /// <summary>Takes one element of a list that has some, and writes it.</summary>
    public static void Take(CollectionView list, ListEnd end, ref RespReplyWriter reply)
    {
        Write(list, end, ref reply);
        list.RemoveAt(ListEnds.Of(list, end));
    }

    /// <summary>Takes elements of a list that has some, and writes them as an array; none if they do not all fit into the reply.</summary>
    /// <param name="list">The list.</param>
    /// <param name="end">Where they are taken.</param>
    /// <param name="most">0 or more.</param>
    /// <param name="key">The list's.</param>
    /// <param name="start">What of the reply is to be taken back when it becomes an error.</param>
    /// <param name="reply">Where they go.</param>
    public void TakeMany(CollectionView list, ListEnd end, long most, scoped ReadOnlySpan<byte> key, int start, ref RespReplyWriter reply)
    {
        int count = (int)Math.Min(most, list.Count);
        if (!_collections.Permits(count, ref reply, start))
        {
            return;
        }

        reply.WriteArray(count);
        ElementReply elements = new(reply, ElementParts.Value);
        if (end == ListEnd.Left)
        {
            list.Walk(0, count, ref elements);
        }
        else
        {
            list.WalkBack(list.Count - 1, count, ref elements);
        }

        if (ElementReply.TryEnd(elements.Bytes, start, ref reply) && count > 0)
        {
            list.RemoveRange(end == ListEnd.Left ? 0 : list.Count - count, count);
            shard.NoteTaken(key, ListEnds.TakenFrom(end));
        }
    }

    /// <summary>Reads what stands behind the number of keys.</summary>
    /// <inheritdoc cref="ManyPops.TryParse"/>
    public static bool TryParseMany(scoped Call call, int countAt, ref RespReplyWriter reply, out ManyPops many) =>
        ManyPops.TryParse(call, countAt, "left"u8, "right"u8, ref reply, out many);

    /// <summary>Takes elements of the first list that there is, and writes its key and them.</summary>
    /// <returns>False when there is none; nothing is written then.</returns>
    public bool TryTakeMany(scoped Call call, in ManyPops many, ref RespReplyWriter reply)
    {
        for (int i = 0; i < many.Keys; i++)
        {
            int index = many.FirstKey + i;
            CollectionAnswer answer = _collections.OpenToTake(call, index, CollectionKind.List, ref reply, out CollectionView list);
            if (answer == CollectionAnswer.Open)
            {
                int start = reply.Length;
                reply.WriteArray(2);
                reply.WriteBulk(call[index]);
                TakeMany(list, many.IsFromEnd ? ListEnd.Right : ListEnd.Left, many.Count, call[index], start, ref reply);
            }

            if (answer != CollectionAnswer.Absent)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes an element of the first list that there is, and writes its key and the element.</summary>
    /// <inheritdoc cref="TryTakeMany"/>
    public bool TryTakeFirst(scoped Call call, int keys, ListEnd end, ref RespReplyWriter reply)
    {
        for (int index = 1; index <= keys; index++)
        {
            CollectionAnswer answer = _collections.OpenToTake(call, index, CollectionKind.List, ref reply, out CollectionView list);
            if (answer == CollectionAnswer.Open)
            {
                reply.WriteArray(2);
                reply.WriteBulk(call[index]);
                Take(list, end, ref reply);
                shard.NoteTaken(call[index], ListEnds.TakenFrom(end));
            }

            if (answer != CollectionAnswer.Absent)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Moves an element from the list of the first argument to that of the second, and writes it.</summary>
    /// <returns>False when there is no list to take it from; nothing is written then.</returns>
    public bool TryMove(scoped Call call, ListEnd from, ListEnd to, ref RespReplyWriter reply)
    {
        CollectionAnswer answer = _collections.Open(call.Key, CollectionKind.List, ref reply, out CollectionView source);
        if (answer != CollectionAnswer.Open)
        {
            return answer != CollectionAnswer.Absent;
        }

        int start = reply.Length;
        Span<byte> element = Write(source, from, ref reply);
        if (call[1].SequenceEqual(call[2]))
        {
            if (TryRotate(source, from, to, element, start, ref reply))
            {
                shard.Note(call[1], ListEnds.TakenFrom(from));
                shard.Note(call[1], ListEnds.PushedAt(to));
            }

            return true;
        }

        LookupKey toKey = _shard.Prepare(call[2]);
        answer = _shard.Collections.OpenOrCreate(toKey, CollectionKind.List, out CollectionView target);
        if (answer != CollectionAnswer.Open)
        {
            reply.CutTo(start);
            reply.WriteError(answer == CollectionAnswer.WrongKind ? RespErrors.WrongKind : RespErrors.OutOfMemory);
            return true;
        }

        WriteOutcome outcome = target.Insert(ListEnds.Behind(target, to), element);
        if (outcome != WriteOutcome.Done)
        {
            target.RemoveIfEmpty();
            reply.CutTo(start);
            RespErrors.WriteElementFailure(outcome, default, element, ref reply);
            return true;
        }

        // Making room for the element may have evicted the list that it comes from.
        if (_shard.Collections.Open(call.Key, CollectionKind.List, out source) == CollectionAnswer.Open)
        {
            source.RemoveAt(ListEnds.Of(source, from));
        }

        shard.Note(call[2], ListEnds.PushedAt(to));
        shard.NoteTaken(call[1], ListEnds.TakenFrom(from));
        return true;
    }

    private static bool TryRotate(
        CollectionView list, ListEnd from, ListEnd to, scoped ReadOnlySpan<byte> element, int start, ref RespReplyWriter reply)
    {
        if (from == to || list.Count == 1)
        {
            return true;
        }

        WriteOutcome outcome = list.Insert(ListEnds.Behind(list, to), element);
        if (outcome != WriteOutcome.Done)
        {
            reply.CutTo(start);
            RespErrors.WriteElementFailure(outcome, default, element, ref reply);
            return false;
        }

        list.RemoveAt(ListEnds.Of(list, from));
        return true;
    }

    /// <summary>Writes the element at an end of a list that has some.</summary>
    /// <returns>The element, in the reply.</returns>
    private static Span<byte> Write(CollectionView list, ListEnd end, ref RespReplyWriter reply)
    {
        list.TryGetAt(ListEnds.Of(list, end), out ElementView element);
        Span<byte> contents = reply.BeginBulk(element.Length);
        element.CopyTo(contents);
        return contents;
    }
}
