using FastCache.Core;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Intersections, unions and differences of sets of this shard.</summary>
/// <remarks>
/// Only one collection is open at a time. So the members of one set are gathered as bulks, a batch at a time, and each of the other sets takes
/// those out that are not to stay: of an intersection what it does not have, of a difference what it has; of a union the members of each
/// set are gathered that no set before it has. That needs no memory but the reply's, and every look counts.
/// </remarks>
internal sealed class SetAlgebra(Shard shard, CollectionAccess collections)
{
    private const int BatchMembers = 512;

    private const int MostMemberBytes = CollectionView.MaxFieldBytes + RespReplyWriter.MaxOverheadBytes;

    /// <summary>Executes an operation.</summary>
    /// <param name="call">The call.</param>
    /// <param name="keys">Which arguments are the keys of the sets.</param>
    /// <param name="operation">The operation.</param>
    /// <param name="room">Where the members of the result go, as bulks.</param>
    /// <param name="result">What there is.</param>
    /// <param name="reply">Is written the error.</param>
    /// <returns>False when there is one: a key has something else, the result does not fit, or too much would have to be looked at.</returns>
    public bool TryRun(
        scoped Call call, Range keys, SetOperation operation, Span<byte> room, ref SetResult result, ref RespReplyWriter reply)
    {
        if (!TryChoose(call, keys, operation, out int source, ref reply))
        {
            return false;
        }

        if (operation != SetOperation.Union)
        {
            return source == 0 || TryGather(call, source, keys, operation, room, ref result, ref reply);
        }

        for (int i = keys.Start.Value; i < keys.End.Value; i++)
        {
            if (!TryGather(call, i, keys.Start.Value..i, operation, room, ref result, ref reply))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Looks at what the keys have, and chooses the set whose members the others are asked for; 0: there is nothing to ask.</summary>
    private bool TryChoose(scoped Call call, Range keys, SetOperation operation, out int source, ref RespReplyWriter reply)
    {
        source = keys.Start.Value;
        int least = int.MaxValue;
        for (int i = keys.Start.Value; i < keys.End.Value; i++)
        {
            CollectionAnswer answer = Open(call[i], out CollectionView set, ref reply);
            if (answer == CollectionAnswer.WrongKind)
            {
                return false;
            }

            int count = answer == CollectionAnswer.Open ? set.Count : 0;
            if (operation == SetOperation.Intersection && count < least)
            {
                least = count;
                source = i;
            }
        }

        source = least == 0 ? 0 : source;
        return true;
    }

    /// <summary>Gathers the members of a set that the others let through.</summary>
    private bool TryGather(
        scoped Call call, int source, Range others, SetOperation operation, Span<byte> room, ref SetResult result, ref RespReplyWriter reply)
    {
        for (int position = 0; !result.IsOver;)
        {
            if (Open(call[source], out CollectionView set, ref reply) != CollectionAnswer.Open || position == set.Count)
            {
                return true;
            }

            Span<byte> rest = room[result.Bytes..];
            int batch = Math.Min(BatchMembers, rest.Length / MostMemberBytes);
            if (batch == 0)
            {
                RespErrors.WriteReplyTooLong(ref reply);
                return false;
            }

            scoped ElementReply members = new(new RespReplyWriter(rest, isVersion3: false), ElementParts.Field);
            set.Walk(position, batch, ref members);
            int gathered = Math.Min(batch, set.Count - position);
            position += gathered;
            int bytes = members.Bytes;
            int count = gathered;
            result.Looks += gathered;
            for (int i = others.Start.Value; i < others.End.Value && count > 0; i++)
            {
                if (i != source)
                {
                    result.Looks += LookBudget.OfLookup * count;
                    if (!collections.Permits(result.Looks, ref reply))
                    {
                        return false;
                    }

                    Filter(call[i], rest, keepsMembers: operation == SetOperation.Intersection, ref count, ref bytes, ref reply);
                }
            }

            if (!collections.Permits(result.Looks, ref reply))
            {
                return false;
            }

            result.Add(count, bytes);
        }

        return true;
    }

    /// <summary>Takes out of the gathered members those that are in a set, or those that are not.</summary>
    private void Filter(
        scoped ReadOnlySpan<byte> key, scoped Span<byte> gathered, bool keepsMembers, ref int count, ref int bytes, ref RespReplyWriter reply)
    {
        bool isThere = Open(key, out CollectionView set, ref reply) == CollectionAnswer.Open;
        scoped Bulks bulks = new(gathered[..bytes]);
        (count, bytes) = (0, 0);
        while (bulks.TryRead())
        {
            if ((isThere && set.TryFind(bulks.Current, out _)) == keepsMembers)
            {
                gathered[bulks.Start..bulks.End].CopyTo(gathered[bytes..]);
                bytes += bulks.End - bulks.Start;
                count++;
            }
        }
    }

    private CollectionAnswer Open(scoped ReadOnlySpan<byte> key, out CollectionView set, ref RespReplyWriter reply)
    {
        LookupKey prepared = shard.Prepare(key);
        return collections.Open(prepared, CollectionKind.Set, ref reply, out set);
    }
}

/// <summary>The members of a result, or how many there are.</summary>
/// <param name="limit">When more are not needed.</param>
/// <param name="isCounted">Whether members are only counted.</param>
internal struct SetResult(long limit, bool isCounted)
{
    /// <summary>Members.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of their bulks; 0 if they are only counted.</summary>
    public int Bytes { get; private set; }

    /// <summary>Elements that were looked at.</summary>
    public long Looks { get; set; }

    public readonly bool IsOver => Count >= limit;

    public void Add(int count, int bytes)
    {
        Count = (int)Math.Min(limit, Count + count);
        Bytes += isCounted ? 0 : bytes;
    }
}
