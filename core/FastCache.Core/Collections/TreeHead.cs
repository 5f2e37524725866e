using System.Runtime.InteropServices;
using FastCache.Core.Items;

namespace FastCache.Core.Collections;

/// <summary>What stands in place of the value of a collection in trees.</summary>
/// <remarks>
/// <code>
///                first tree, by                     second tree, by
/// list           position: elements                 -
/// hash           hash of field 4, field: values     -
/// set            hash of member 4, member: nothing  -
/// sorted set     hash of member 4, member: score 8  score 8, member: nothing
/// </code>
/// The hash in front (seeded; high byte first) makes keys differ in their first bytes, and lets a scan go on from a number.
/// Scores are in a form whose bytes are in the order of the numbers. A small collection is a <see cref="SlotPage"/> with the
/// same entries without the hash; a small sorted set is what its second tree would be.
/// </remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = Bytes)]
internal unsafe struct TreeHead
{
    public const int Bytes = (2 * TreeRoot.Bytes) + sizeof(uint);

    public TreeRoot First;
    public TreeRoot Second;

    /// <summary>Chunks of both trees and of values outside.</summary>
    public uint Chunks;

    public static TreeHead* Of(Item* item) => (TreeHead*)Item.Value(item);

    /// <summary>Bytes of the chunks beside the item's own.</summary>
    public static long ChunkBytes(Item* item) => (long)Of(item)->Chunks * TreeNode.ChunkBytes;
}
