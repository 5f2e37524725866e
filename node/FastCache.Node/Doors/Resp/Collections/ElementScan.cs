using System.Buffers.Text;
using FastCache.Core;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Collections;

/// <summary>HSCAN and its like: some elements of a collection, and the cursor to go on with.</summary>
internal static class ElementScan
{
    /// <summary>Executes a call: name, key, cursor, words.</summary>
    /// <param name="call">The call.</param>
    /// <param name="collections">Opens the collection.</param>
    /// <param name="kind">What it must be.</param>
    /// <param name="reply">Where the reply goes.</param>
    public static void Run(scoped Call call, CollectionAccess collections, CollectionKind kind, ref RespReplyWriter reply)
    {
        if (!Utf8Parser.TryParse(call[2], out ulong cursor, out int used) || used != call[2].Length)
        {
            reply.WriteError(RespErrors.BadCursor);
            return;
        }

        switch (collections.Open(call.Key, kind, ref reply, out CollectionView collection))
        {
            case CollectionAnswer.Absent:
                ScanReply.Write(cursor: 0, count: 0, bytes: 0, ref reply);
                break;
            case CollectionAnswer.Open when ScanWords.TryRead(
                call, 3, takesType: false, takesNoValues: kind == CollectionKind.Hash, out ScanWords words, ref reply):
                ElementParts parts = ElementParts.Field | kind switch
                {
                    CollectionKind.Hash when !words.HasNoValues => ElementParts.Value,
                    CollectionKind.SortedSet => ElementParts.Score,
                    _ => default,
                };
                scoped Found found = new(reply, words.PatternAt == 0 ? default : call[words.PatternAt], words.PatternAt != 0, parts);
                // Not more at once than fit, whatever they are; those whose hashes are the same come together nevertheless.
                int most = ElementReply.MostBytesOf(CollectionView.MaxFieldBytes, CollectionView.MaxValueBytes, parts);
                int left = words.Looks;
                do
                {
                    int step = Math.Clamp(found.RoomBytes / most, 1, left);
                    cursor = collection.Scan(cursor, step, ref found);
                    left -= step;
                }
                while (left > 0 && cursor != 0 && found.RoomBytes >= most);
                int start = reply.Length;
                if (ElementReply.TryEnd(found.Bytes, start, ref reply))
                {
                    reply.CutTo(start);
                    ScanReply.Write(cursor, ElementReply.CountFor(found.Count, parts, reply), found.Bytes, ref reply);
                }

                break;
        }
    }

    /// <summary>Writes the elements whose fields fit a pattern.</summary>
    private ref struct Found(RespReplyWriter reply, ReadOnlySpan<byte> pattern, bool hasPattern, ElementParts parts) : IElementVisitor
    {
        private readonly ReadOnlySpan<byte> _pattern = pattern;
        private ElementReply _elements = new(Behind(reply), parts);

        public int Count { get; private set; }

        public readonly int Bytes => _elements.Bytes;

        public readonly int RoomBytes => _elements.RoomBytes;

        public bool Visit(in ElementView element)
        {
            if (hasPattern && !RespPattern.Matches(_pattern, element.Field))
            {
                return true;
            }

            Count++;
            return _elements.Visit(element);
        }

        /// <summary>Of version 2: scores are bulks here in either version.</summary>
        private static RespReplyWriter Behind(RespReplyWriter reply) => new(reply.Rest[ScanReply.HeadBytes..], isVersion3: false);
    }
}
