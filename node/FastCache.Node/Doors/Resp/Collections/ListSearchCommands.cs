using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Elements of lists that are looked for: their positions, what comes before or behind them, and their removal.</summary>
internal sealed class ListSearchCommands(DoorShard shard)
{
    private const string Group = "list";

    private readonly CollectionAccess _collections = new(shard);

    public IEnumerable<Command> Commands =>
    [
        new("lpos", -3, CommandFlags.ReadOnly, KeyPlaces.Only, Position, Group, "Returns the positions of an element."),
        new("linsert", 5, CommandFlags.Write | CommandFlags.DenyOom, KeyPlaces.Only, Insert, Group,
            "Puts an element before or behind another one."),
        new("lrem", 4, CommandFlags.Write, KeyPlaces.Only, Remove, Group, "Removes elements that are equal to a given one."),
    ];

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
        ListSearch search = new(call[2], count < 0 ? 1 : count == 0 ? long.MaxValue : count, Math.Abs(rank) - 1, shard.Looks.Most, rank < 0, reply.Rest);
        if (answer == CollectionAnswer.Open)
        {
            search.Run(list, mostLooked == 0 ? long.MaxValue : mostLooked);
        }

        if (!_collections.Permits(search.Looks, ref reply))
        {
            return;
        }

        if (isCounted)
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

        ListSearch search = new(call[3], most: 1, skip: 0, shard.Looks.Most, isBackwards: false, reply.Rest);
        search.Run(list, long.MaxValue);
        if (!_collections.Permits(search.Looks, ref reply))
        {
            return;
        }

        if (search.Count == 0)
        {
            reply.WriteInteger(-1);
        }
        else if (CollectionAccess.IsWritten(list.Insert(search.Positions[0] + (isBehind ? 1 : 0), call[4]), call[4], ref reply))
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
        ListSearch search = new(call[3], most, skip: 0, shard.Looks.Most, isBackwards: count < 0, reply.Rest);
        search.Run(list, long.MaxValue);
        if (!_collections.Permits(search.Looks, ref reply))
        {
            return;
        }

        RemoveAll(list, search.Positions, isDescending: count < 0);
        if (search.Count > 0)
        {
            shard.NoteTaken(call.KeyBytes, KeyEvent.LRem);
        }

        reply.WriteInteger(search.Count);
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
