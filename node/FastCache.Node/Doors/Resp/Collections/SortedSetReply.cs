using FastCache.Core;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>Writes members of a sorted set.</summary>
internal static class SortedSetReply
{
    /// <summary>Writes members as an array.</summary>
    /// <param name="set">A sorted set.</param>
    /// <param name="ranks">Which ones.</param>
    /// <param name="isReverse">Whether the last one comes first.</param>
    /// <param name="parts">What is written of them.</param>
    /// <param name="reply">Where they go.</param>
    /// <param name="start">Where the reply begins that an error takes the place of; null: with the array.</param>
    /// <returns>False when they do not fit; then the whole reply is the error.</returns>
    public static bool TryWrite(
        scoped CollectionView set, ElementRange ranks, bool isReverse, ElementParts parts, ref RespReplyWriter reply, int? start = null)
    {
        int from = start ?? reply.Length;
        reply.WriteArray(ElementReply.CountFor(ranks.Count, parts, reply));
        scoped ElementReply members = new(reply, parts);
        if (isReverse)
        {
            set.WalkBack(ranks.First + ranks.Count - 1, ranks.Count, ref members);
        }
        else
        {
            set.Walk(ranks.First, ranks.Count, ref members);
        }

        return ElementReply.TryEnd(members.Bytes, from, ref reply);
    }
}
