using System.Numerics;
using FastCache.Core;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>What of an element is written.</summary>
[Flags]
internal enum ElementParts
{
    Field = 1,
    Value = 2,

    /// <summary>With version 3 all of them as an array of their own.</summary>
    Pair = 4,

    /// <summary>The score of a sorted set's member.</summary>
    Score = 8,

    /// <summary>As <see cref="Pair"/>, with version 2 too.</summary>
    AlwaysPair = 16,
}

/// <summary>Writes elements behind the head of an array, set or map, as far as they fit into a reply.</summary>
/// <remarks>Replies are bounded by the room that they are written into: what does not fit makes the whole reply an error, <see cref="TryEnd"/>.</remarks>
/// <param name="reply">The head is written already; nothing else may be written until <see cref="TryEnd"/>.</param>
/// <param name="parts">What is written.</param>
internal ref struct ElementReply(RespReplyWriter reply, ElementParts parts) : IElementVisitor
{
    private const ElementParts All = ElementParts.Field | ElementParts.Value | ElementParts.Score;

    private readonly int _before = reply.Length;
    private RespReplyWriter _reply = reply;
    private bool _isTooLong;

    /// <summary>Bytes of the elements; below 0: they did not fit.</summary>
    public readonly int Bytes => _isTooLong ? -1 : _reply.Length - _before;

    /// <summary>Bytes that can still be written.</summary>
    public readonly int RoomBytes => _reply.Rest.Length;

    /// <summary>The length of an array of so many elements.</summary>
    public static int CountFor(int elements, ElementParts parts, in RespReplyWriter reply) =>
        IsPaired(parts, reply) ? elements : elements * BitOperations.PopCount((uint)(parts & All));

    /// <summary>Bytes that an element takes at most.</summary>
    public static int MostBytesOf(int fieldBytes, int valueBytes, ElementParts parts) =>
        ((parts & ElementParts.Field) != 0 ? fieldBytes + RespReplyWriter.MaxOverheadBytes : 0)
        + ((parts & ElementParts.Value) != 0 ? valueBytes + RespReplyWriter.MaxOverheadBytes : 0)
        + ((parts & ElementParts.Score) != 0 ? RespReplyWriter.MaxOverheadBytes : 0)
        + ((parts & (ElementParts.Pair | ElementParts.AlwaysPair)) != 0 ? RespReplyWriter.MaxOverheadBytes : 0);

    public bool Visit(in ElementView element)
    {
        if (!TryBegin(element.Field, element.Length))
        {
            return false;
        }

        if ((parts & ElementParts.Value) != 0)
        {
            element.CopyTo(_reply.BeginBulk(element.Length));
        }

        if ((parts & ElementParts.Score) != 0)
        {
            _reply.WriteDouble(element.Score);
        }

        return true;
    }

    /// <summary>Writes a member that is in no collection.</summary>
    /// <returns>False when it does not fit.</returns>
    public bool Write(scoped ReadOnlySpan<byte> member, double score)
    {
        if (!TryBegin(member, valueBytes: 0))
        {
            return false;
        }

        if ((parts & ElementParts.Score) != 0)
        {
            _reply.WriteDouble(score);
        }

        return true;
    }

    /// <summary>Makes the elements a part of the reply; an error takes the place of all of it if they did not fit.</summary>
    /// <param name="bytes">Their <see cref="Bytes"/>.</param>
    /// <param name="start">Where the head begins.</param>
    /// <param name="reply">The reply.</param>
    /// <returns>Whether they did.</returns>
    public static bool TryEnd(int bytes, int start, ref RespReplyWriter reply)
    {
        if (bytes >= 0)
        {
            reply.Take(bytes);
            return true;
        }

        reply.CutTo(start);
        RespErrors.WriteReplyTooLong(ref reply);
        return false;
    }

    private bool TryBegin(scoped ReadOnlySpan<byte> field, int valueBytes)
    {
        if (MostBytesOf(field.Length, valueBytes, parts) > _reply.Rest.Length)
        {
            _isTooLong = true;
            return false;
        }

        if (IsPaired(parts, _reply))
        {
            _reply.WriteArray(2);
        }

        if ((parts & ElementParts.Field) != 0)
        {
            _reply.WriteBulk(field);
        }

        return true;
    }

    private static bool IsPaired(ElementParts parts, in RespReplyWriter reply) =>
        (parts & ElementParts.AlwaysPair) != 0 || ((parts & ElementParts.Pair) != 0 && reply.IsVersion3);
}
