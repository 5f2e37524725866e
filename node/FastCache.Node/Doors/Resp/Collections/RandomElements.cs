using FastCache.Core;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Elements of a collection that chance chooses.</summary>
internal static class RandomElements
{
    /// <summary>Executes a call of HRANDFIELD or ZRANDMEMBER: name, key, how many, a word that asks for more than fields.</summary>
    /// <param name="call">The call.</param>
    /// <param name="collections">Opens the collection.</param>
    /// <param name="kind">What it must be.</param>
    /// <param name="word">The word.</param>
    /// <param name="more">What it asks for.</param>
    /// <param name="random">Chooses.</param>
    /// <param name="reply">Where the reply goes.</param>
    public static void Run(
        scoped Call call, CollectionAccess collections, CollectionKind kind, ReadOnlySpan<byte> word, ElementParts more, Random random,
        ref RespReplyWriter reply)
    {
        long count = 1;
        bool withMore = call.Count == 4 && RespWord.Is(call[3], word);
        if (call.Count > 2 && !TryReadCount(call[2], out count, ref reply))
        {
            return;
        }

        if (call.Count > 4 || (call.Count == 4 && !withMore))
        {
            reply.WriteError(RespErrors.Syntax);
            return;
        }

        if (withMore && count is < -(long.MaxValue / 2) or > long.MaxValue / 2)
        {
            reply.WriteError("ERR value is out of range"u8);
            return;
        }

        switch (collections.Open(call.Key, kind, ref reply, out CollectionView collection))
        {
            case CollectionAnswer.Open when call.Count == 2:
                WriteOne(collection, random, ref reply);
                break;
            case CollectionAnswer.Open:
                Write(collections, collection, count, withMore ? ElementParts.Field | ElementParts.Pair | more : ElementParts.Field, random, ref reply);
                break;
            case CollectionAnswer.Absent when call.Count == 2:
                reply.WriteNull();
                break;
            case CollectionAnswer.Absent:
                reply.WriteArray(0);
                break;
        }
    }

    /// <summary>Reads how many are asked for.</summary>
    /// <returns>False when that is no number; then the error is written.</returns>
    public static bool TryReadCount(scoped ReadOnlySpan<byte> text, out long count, ref RespReplyWriter reply)
    {
        if (RespNumber.TryParse(text, out count) && count != long.MinValue)
        {
            return true;
        }

        reply.WriteError(count == long.MinValue
            ? "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807"u8
            : RespErrors.NotAnInteger);
        return false;
    }

    /// <summary>Writes one element, the only one of its reply.</summary>
    /// <param name="collection">Not empty.</param>
    /// <param name="random">Chooses.</param>
    /// <param name="reply">Where its field goes.</param>
    /// <returns>Its position.</returns>
    public static int WriteOne(scoped CollectionView collection, Random random, ref RespReplyWriter reply)
    {
        int position = random.Next(collection.Count);
        collection.TryGetAt(position, out ElementView element);
        reply.WriteBulk(element.Field);
        return position;
    }

    /// <summary>Writes elements: different ones, or so many that each may be any.</summary>
    /// <param name="collections">What has opened it.</param>
    /// <param name="collection">Not empty.</param>
    /// <param name="count">How many at most; below 0: exactly so many less the sign, with repetitions.</param>
    /// <param name="parts">What is written of them.</param>
    /// <param name="random">Chooses.</param>
    /// <param name="reply">Where they go, as an array.</param>
    public static void Write(
        CollectionAccess collections, scoped CollectionView collection, long count, ElementParts parts, Random random, ref RespReplyWriter reply)
    {
        long wanted = count < 0 ? -count : Math.Min(count, collection.Count);
        if (!collections.Permits(wanted, ref reply))
        {
            return;
        }

        int start = reply.Length;
        reply.WriteArray(ElementReply.CountFor((int)wanted, parts, reply));
        WriteBehindHead(collection, (int)wanted, count < 0, start, parts, random, ref reply);
    }

    /// <summary>Writes elements behind the head that says how many they are.</summary>
    /// <returns>False when they do not fit; then the whole reply is the error.</returns>
    public static bool WriteBehindHead(
        scoped CollectionView collection, int count, bool repeats, int start, ElementParts parts, Random random, ref RespReplyWriter reply)
    {
        scoped ElementReply elements = new(reply, parts);
        if (!repeats && count == collection.Count)
        {
            collection.Walk(0, count, ref elements);
            return ElementReply.TryEnd(elements.Bytes, start, ref reply);
        }

        RandomOrder order = new(collection.Count, random);
        bool fits = true;
        for (int i = 0; i < count && fits; i++)
        {
            fits = collection.TryGetAt(repeats ? random.Next(collection.Count) : order.Next(), out ElementView element) && elements.Visit(element);
        }

        return ElementReply.TryEnd(elements.Bytes, start, ref reply);
    }
}
