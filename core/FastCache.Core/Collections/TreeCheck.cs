using FastCache.Core.Items;

namespace FastCache.Core.Collections;

/// <summary>Walks a tree and throws when an invariant of <see cref="TreeNode"/> does not hold.</summary>
internal static unsafe class TreeCheck
{
    /// <summary>Counts everything anew.</summary>
    /// <param name="store">Where it is.</param>
    /// <param name="root">Where it begins.</param>
    /// <param name="item">The item that it belongs to.</param>
    /// <returns>Chunks of the tree.</returns>
    public static int Run(ItemStore store, TreeRoot* root, uint item)
    {
        uint chunks = 0;
        uint outside = 0;
        uint elements = Walk(store, root->Node, item, root->Height, default, default, isBounded: false, ref chunks, ref outside);
        Invariant.Require(elements == root->Count, "a tree miscounts its elements");
        Invariant.Require(outside == root->Outside, "a tree miscounts its values outside");
        return (int)chunks;
    }

    private static uint Walk(
        ItemStore store,
        uint chunk,
        uint parent,
        int height,
        ReadOnlySpan<byte> from,
        ReadOnlySpan<byte> below,
        bool isBounded,
        ref uint chunks,
        ref uint outside)
    {
        chunks++;
        TreeNode* node = (TreeNode*)store.At(chunk);
        Invariant.Require(
            node->Packed == Item.Node && node->Height == height && node->Parent == parent
            && store.Slab.ClassOf(chunk) == TreeNode.SizeClass,
            "a tree has lost a node");
        SlotPage page = TreeNode.Page(node);
        page.Check();
        uint elements = 0;
        for (int slot = 0; slot < page.Count; slot++)
        {
            ReadOnlySpan<byte> key = page.Key(slot);
            Invariant.Require(
                key.IsEmpty || (key.SequenceCompareTo(from) >= 0 && (!isBounded || key.SequenceCompareTo(below) < 0)),
                "a key is in the wrong node");
            if (height == 0)
            {
                elements++;
                page.Value(slot, out bool isOutside);
                outside += isOutside ? 1u : 0;
                chunks += isOutside ? CheckOutside(store, *(Outside*)page.Word(slot), chunk) : 0;
                continue;
            }

            Invariant.Require(slot > 0 || key.IsEmpty, "the first entry of an inner node has a key");
            Child* child = ElementTree.ChildAt(page, slot);
            bool hasNext = slot + 1 < page.Count && !page.Key(slot + 1).IsEmpty;
            uint found = Walk(
                store, child->Node, chunk, height - 1, slot == 0 ? from : key,
                hasNext ? page.Key(slot + 1) : below, hasNext || isBounded, ref chunks, ref outside);
            Invariant.Require(found == child->Count && found > 0, "a node miscounts the elements below it");
            elements += found;
        }

        return elements;
    }

    private static uint CheckOutside(ItemStore store, Outside outside, uint leaf)
    {
        uint chunks = 0;
        uint before = leaf;
        for (uint chunk = outside.First; chunk != 0; chunk = *TreeNode.Next((TreeNode*)store.At(chunk)))
        {
            TreeNode* node = (TreeNode*)store.At(chunk);
            Invariant.Require(
                node->Packed == Item.Node && node->Height == TreeNode.OutsideHeight && node->Parent == before,
                "a part of a value outside is lost");
            before = chunk;
            chunks++;
        }

        Invariant.Require(chunks == TreeChunks.OutsideChunks((int)outside.Length), "a value outside has too few parts");
        return chunks;
    }
}
