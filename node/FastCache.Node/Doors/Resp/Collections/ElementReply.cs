using FastCache.Core;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>What of an element is written.</summary>
[Flags]
internal enum ElementParts
{
    Field = 1,
    Value = 2,
}

/// <summary>Writes elements behind the head of an array, set or map, as far as they fit into a reply.</summary>
/// <remarks>Replies are bounded by the room that they are written into: what does not fit makes the whole reply an error, <see cref="End"/>.</remarks>
/// <param name="reply">The head is written already; nothing else may be written until <see cref="End"/>.</param>
/// <param name="start">Where the head begins: <see cref="RespReplyWriter.Length"/> before it.</param>
/// <param name="parts">What is written.</param>
internal ref struct ElementReply(RespReplyWriter reply, int start, ElementParts parts) : IElementVisitor
{
    private RespReplyWriter _reply = reply;
    private bool _isTooLong;

    public bool Visit(in ElementView element)
    {
        int bytes = ((parts & ElementParts.Field) != 0 ? element.Field.Length + RespReplyWriter.MaxOverheadBytes : 0)
            + ((parts & ElementParts.Value) != 0 ? element.Length + RespReplyWriter.MaxOverheadBytes : 0);
        if (bytes > _reply.Rest.Length)
        {
            _isTooLong = true;
            return false;
        }

        if ((parts & ElementParts.Field) != 0)
        {
            _reply.WriteBulk(element.Field);
        }

        if ((parts & ElementParts.Value) != 0)
        {
            element.CopyTo(_reply.BeginBulk(element.Length));
        }

        return true;
    }

    /// <summary>Gives the reply back; an error if the elements did not fit.</summary>
    /// <returns>Whether they did.</returns>
    public readonly bool End(ref RespReplyWriter reply)
    {
        reply = _reply;
        if (_isTooLong)
        {
            reply.CutTo(start);
            RespErrors.WriteReplyTooLong(ref reply);
        }

        return !_isTooLong;
    }
}
