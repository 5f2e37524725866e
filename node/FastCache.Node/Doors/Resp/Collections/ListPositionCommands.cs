using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Elements of lists by their positions, and positions by elements.</summary>
internal sealed class ListPositionCommands(DoorShard shard)
{
    private const string Group = "list";

    private readonly CollectionAccess _collections = new(shard);

    public IEnumerable<Command> Commands =>
    [
        new("llen", 2, CommandFlags.ReadOnly | CommandFlags.Fast, KeyPlaces.Only, Length, Group, "Returns the number of elements of a list."),
        new("lrange", 4, CommandFlags.ReadOnly, KeyPlaces.Only, Range, Group, "Returns elements of a list from one position to another."),
        new("lindex", 3, CommandFlags.ReadOnly, KeyPlaces.Only, Index, Group, "Returns the element of a position."),
        new("lpos", -3, CommandFlags.ReadOnly, KeyPlaces.Only, Position, Group, "Returns the positions of an element."),
        new("lset", 4, CommandFlags.Write | CommandFlags.DenyOom, KeyPlaces.Only, Replace, Group,
            "Puts an element in the place of that of a position."),
        new("linsert", 5, CommandFlags.Write | CommandFlags.DenyOom, KeyPlaces.Only, Insert, Group,
            "Puts an element before or behind another one."),
        new("lrem", 4, CommandFlags.Write, KeyPlaces.Only, Remove, Group, "Removes elements that are equal to a given one."),
        new("ltrim", 4, CommandFlags.Write, KeyPlaces.Only, Trim, Group, "Removes all elements but those from one position to another."),
    ];

    private void Length(scoped Call call, ref RespReplyWriter reply)
    {
        CollectionAnswer answer = _collections.Open(call.Key, CollectionKind.List, ref reply, out CollectionView list);
        if (answer != CollectionAnswer.WrongKind)
        {
            reply.WriteInteger(answer == CollectionAnswer.Open ? list.Count : 0);
        }
    }

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

        int first = 0;
        int count = answer == CollectionAnswer.Open ? CountIn(list.Count, start, end, out first) : 0;
        int head = reply.Length;
        reply.WriteArray(count);
        if (count > 0)
        {
            ElementReply elements = new(reply, ElementParts.Value);
            list.Walk(first, count, ref elements);
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

    private void Position(scoped Call call, ref RespReplyWriter reply)
    {
        if (!TryParseSearch(call, ref reply, out long rank, out long count, out long mostLooked))
        {
            return;
        }

        CollectionAnswer answer = _collections.Open(call.Key, CollectionKind.List, ref reply, out CollectionView list);
        if (answer == CollectionAnswer.WrongKind)
        {
            return;
        }

        bool isCounted = count >= 0;
        ListSearch search = new(call[2], count < 0 ? 1 : count == 0 ? long.MaxValue : count, Math.Abs(rank) - 1, rank < 0, reply.Rest);
        if (answer == CollectionAnswer.Open)
        {
            search.Run(list, mostLooked == 0 ? long.MaxValue : mostLooked);
        }

        if (search.IsCut)
        {
            RespErrors.WriteTooManyElements(ref reply);
        }
        else if (isCounted)
        {
            // A reply's line is at most three times as long as the position that it is written of, and that lies far behind.
            reply.WriteArray(search.Count);
            for (int i = 0; i < search.Count; i++)
            {
                reply.WriteInteger(search.Positions[i]);
            }
        }
        else if (search.Count > 0)
        {
            reply.WriteInteger(search.Positions[0]);
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
        else if (IsDone(list.Replace(position, call[3]), call[3], ref reply))
        {
            shard.Note(call.KeyBytes, KeyEvent.LSet);
            reply.WriteOk();
        }
    }

    private void Insert(scoped Call call, ref RespReplyWriter reply)
    {
        bool isBehind = RespWord.Is(call[2], "after"u8);
        if (!isBehind && !RespWord.Is(call[2], "before"u8))
        {
            reply.WriteError(RespErrors.Syntax);
            return;
        }

        CollectionAnswer answer = _collections.Open(call.Key, CollectionKind.List, ref reply, out CollectionView list);
        if (answer == CollectionAnswer.WrongKind)
        {
            return;
        }

        if (answer == CollectionAnswer.Absent)
        {
            reply.WriteInteger(0);
            return;
        }

        ListSearch search = new(call[3], most: 1, skip: 0, isBackwards: false, reply.Rest);
        search.Run(list, long.MaxValue);
        if (search.IsCut)
        {
            RespErrors.WriteTooManyElements(ref reply);
        }
        else if (search.Count == 0)
        {
            reply.WriteInteger(-1);
        }
        else if (IsDone(list.Insert(search.Positions[0] + (isBehind ? 1 : 0), call[4]), call[4], ref reply))
        {
            shard.Note(call.KeyBytes, KeyEvent.LInsert);
            reply.WriteInteger(list.Count);
        }
    }

    private void Remove(scoped Call call, ref RespReplyWriter reply)
    {
        if (!RespNumber.TryParse(call[2], out long count))
        {
            reply.WriteError(RespErrors.NotAnInteger);
            return;
        }

        CollectionAnswer answer = _collections.Open(call.Key, CollectionKind.List, ref reply, out CollectionView list);
        if (answer != CollectionAnswer.Open)
        {
            if (answer == CollectionAnswer.Absent)
            {
                reply.WriteInteger(0);
            }

            return;
        }

        long most = count == 0 || count == long.MinValue ? long.MaxValue : Math.Abs(count);
        ListSearch search = new(call[3], most, skip: 0, isBackwards: count < 0, reply.Rest);
        search.Run(list, long.MaxValue);
        if (search.IsCut)
        {
            RespErrors.WriteTooManyElements(ref reply);
            return;
        }

        RemoveAll(list, search.Positions, isDescending: count < 0);
        if (search.Count > 0)
        {
            shard.NoteTaken(call.KeyBytes, KeyEvent.LRem);
        }

        reply.WriteInteger(search.Count);
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
            int kept = CountIn(list.Count, start, end, out int first);
            int removed = kept == 0
                ? list.RemoveRange(0, list.Count)
                : list.RemoveRange(first + kept, int.MaxValue) + list.RemoveRange(0, first);
            if (removed > 0)
            {
                shard.NoteTaken(call.KeyBytes, KeyEvent.LTrim);
            }
        }

        reply.WriteOk();
    }

    /// <summary>How many elements a range has.</summary>
    /// <param name="length">Those of the list.</param>
    /// <param name="start">The first one; below 0 from the end.</param>
    /// <param name="end">The last one, likewise.</param>
    /// <param name="first">The position of the first.</param>
    private static int CountIn(int length, long start, long end, out int first)
    {
        first = (int)Math.Clamp(start < 0 ? length + start : start, 0, length);
        int last = (int)Math.Clamp(end < 0 ? length + end : end, -1, length - 1);
        return Math.Max(0, last - first + 1);
    }

    /// <summary>The position that an index names, which counts from the end below 0.</summary>
    /// <returns>-1 when the list has no such.</returns>
    private static int PositionOf(int length, long index)
    {
        index = index < 0 ? length + index : index;
        return index >= 0 && index < length ? (int)index : -1;
    }

    /// <summary>Whether a change was done; otherwise the error is written.</summary>
    private static bool IsDone(WriteOutcome outcome, scoped ReadOnlySpan<byte> element, ref RespReplyWriter reply)
    {
        if (outcome != WriteOutcome.Done)
        {
            RespErrors.WriteElementFailure(outcome, default, element, ref reply);
        }

        return outcome == WriteOutcome.Done;
    }

    /// <summary>Removes elements from the last to the first, neighbours together.</summary>
    private static void RemoveAll(CollectionView list, ReadOnlySpan<int> positions, bool isDescending)
    {
        for (int i = 0; i < positions.Length;)
        {
            int last = At(positions, i, isDescending);
            int count = 1;
            while (i + count < positions.Length && At(positions, i + count, isDescending) == last - count)
            {
                count++;
            }

            list.RemoveRange(last - count + 1, count);
            i += count;
        }
    }

    private static int At(ReadOnlySpan<int> positions, int index, bool isDescending) => positions[isDescending ? index : ^(index + 1)];

    private static bool TryParseSearch(scoped Call call, ref RespReplyWriter reply, out long rank, out long count, out long mostLooked)
    {
        (rank, count, mostLooked) = (1, -1, 0);
        for (int i = 3; i < call.Count; i++)
        {
            ReadOnlySpan<byte> word = call[i];
            bool hasNumber = ++i < call.Count;
            if (hasNumber && RespWord.Is(word, "rank"u8))
            {
                if (!RespNumber.TryParse(call[i], out rank) || rank == long.MinValue)
                {
                    reply.WriteError(RespErrors.NotAnInteger);
                    return false;
                }

                if (rank == 0)
                {
                    reply.WriteError("ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list"u8);
                    return false;
                }
            }
            else if (hasNumber && RespWord.Is(word, "count"u8))
            {
                if (!RespNumber.TryParse(call[i], out count) || count < 0)
                {
                    reply.WriteError("ERR COUNT can't be negative"u8);
                    return false;
                }
            }
            else if (hasNumber && RespWord.Is(word, "maxlen"u8))
            {
                if (!RespNumber.TryParse(call[i], out mostLooked) || mostLooked < 0)
                {
                    reply.WriteError("ERR MAXLEN can't be negative"u8);
                    return false;
                }
            }
            else
            {
                reply.WriteError(RespErrors.Syntax);
                return false;
            }
        }

        return true;
    }
}
