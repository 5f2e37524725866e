using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Elements of lists by their positions.</summary>
internal sealed class ListPositionCommands(DoorShard shard)
{
    private const string Group = "list";

    private readonly CollectionAccess _collections = new(shard);

    public IEnumerable<Command> Commands =>
    [
        new("llen", 2, CommandFlags.ReadOnly | CommandFlags.Fast, KeyPlaces.Only, Length, Group, "Returns the number of elements of a list."),
        new("lrange", 4, CommandFlags.ReadOnly, KeyPlaces.Only, Range, Group, "Returns elements of a list from one position to another."),
        new("lindex", 3, CommandFlags.ReadOnly, KeyPlaces.Only, Index, Group, "Returns the element of a position."),
        new("lset", 4, CommandFlags.Write | CommandFlags.DenyOom, KeyPlaces.Only, Replace, Group,
            "Puts an element in the place of that of a position."),
        new("ltrim", 4, CommandFlags.Write, KeyPlaces.Only, Trim, Group, "Removes all elements but those from one position to another."),
    ];

    private void Length(scoped Call call, ref RespReplyWriter reply) => _collections.WriteCount(call, CollectionKind.List, ref reply);

    private void Range(scoped Call call, ref RespReplyWriter reply)
    {
        if (!RespNumber.TryParse(call[2], out long start) || !RespNumber.TryParse(call[3], out long end))
        {
            reply.WriteError(RespErrors.NotAnInteger);
            return;
        }

        CollectionAnswer answer = _collections.Open(call.Key, CollectionKind.List, ref reply, out CollectionView list);
        if (answer == CollectionAnswer.WrongKind)
        {
            return;
        }

        ElementRange range = answer == CollectionAnswer.Open ? ElementRange.Of(list.Count, start, end) : default;
        int head = reply.Length;
        reply.WriteArray(range.Count);
        if (range.Count > 0)
        {
            ElementReply elements = new(reply, ElementParts.Value);
            list.Walk(range.First, range.Count, ref elements);
            ElementReply.TryEnd(elements.Bytes, head, ref reply);
        }
    }

    private void Index(scoped Call call, ref RespReplyWriter reply)
    {
        CollectionAnswer answer = _collections.Open(call.Key, CollectionKind.List, ref reply, out CollectionView list);
        if (answer == CollectionAnswer.WrongKind)
        {
            return;
        }

        if (answer == CollectionAnswer.Absent)
        {
            reply.WriteNull();
        }
        else if (!RespNumber.TryParse(call[2], out long index))
        {
            reply.WriteError(RespErrors.NotAnInteger);
        }
        else if (list.TryGetAt(PositionOf(list.Count, index), out ElementView element))
        {
            element.CopyTo(reply.BeginBulk(element.Length));
        }
        else
        {
            reply.WriteNull();
        }
    }

    private void Replace(scoped Call call, ref RespReplyWriter reply)
    {
        CollectionAnswer answer = _collections.Open(call.Key, CollectionKind.List, ref reply, out CollectionView list);
        if (answer == CollectionAnswer.WrongKind)
        {
            return;
        }

        if (answer == CollectionAnswer.Absent)
        {
            reply.WriteError(RespErrors.NoSuchKey);
            return;
        }

        if (!RespNumber.TryParse(call[2], out long index))
        {
            reply.WriteError(RespErrors.NotAnInteger);
            return;
        }

        int position = PositionOf(list.Count, index);
        if (position < 0)
        {
            reply.WriteError("ERR index out of range"u8);
        }
        else if (CollectionAccess.IsWritten(list.Replace(position, call[3]), call[3], ref reply))
        {
            shard.Note(call.KeyBytes, KeyEvent.LSet);
            reply.WriteOk();
        }
    }

    private void Trim(scoped Call call, ref RespReplyWriter reply)
    {
        if (!RespNumber.TryParse(call[2], out long start) || !RespNumber.TryParse(call[3], out long end))
        {
            reply.WriteError(RespErrors.NotAnInteger);
            return;
        }

        CollectionAnswer answer = _collections.Open(call.Key, CollectionKind.List, ref reply, out CollectionView list);
        if (answer == CollectionAnswer.WrongKind)
        {
            return;
        }

        if (answer == CollectionAnswer.Open)
        {
            ElementRange kept = ElementRange.Of(list.Count, start, end);
            int removed = kept.Count == 0
                ? list.RemoveRange(0, list.Count)
                : list.RemoveRange(kept.First + kept.Count, int.MaxValue) + list.RemoveRange(0, kept.First);
            if (removed > 0)
            {
                shard.NoteTaken(call.KeyBytes, KeyEvent.LTrim);
            }
        }

        reply.WriteOk();
    }

    /// <summary>The position that an index names, which counts from the end below 0.</summary>
    /// <returns>-1 when the list has no such.</returns>
    private static int PositionOf(int length, long index)
    {
        index = index < 0 ? length + index : index;
        return index >= 0 && index < length ? (int)index : -1;
    }
}
