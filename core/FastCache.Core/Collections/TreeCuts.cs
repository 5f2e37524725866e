namespace FastCache.Core.Collections;

/// <summary>Takes a range of positions out of a tree: whole nodes where it covers them.</summary>
/// <remarks>
/// <code>
///                      the node where the two paths part
///                     /         : covered :         \
///        path to the first      : : : : : :       path to the first behind
///       /        \ : : : : : : : : : : : : : : : : :  /        \
/// </code>
/// On the left path everything behind it goes, on the right one everything before it; what both leave is then mended from the
/// leaves up, the right one first: what it merges with lies behind the left path or takes in what is behind its end.
/// <para>Covered nodes die as they are, and are freed later like collections that were removed (<see cref="Trees.TakeOver"/>). Nothing is
/// allocated for that: a chunk of theirs becomes the head. Only leaves beside the paths are freed at once.</para>
/// </remarks>
internal sealed unsafe class TreeCuts(TreeChunks chunks, ElementTree tree, TreeMerges merges, Trees trees)
{
    /// <summary>Removes elements.</summary>
    /// <param name="root">Where it begins.</param>
    /// <param name="position">The first one.</param>
    /// <param name="count">1 or more, and fewer than there are: a tree is never empty afterwards.</param>
    public void Remove(TreeRoot* root, uint position, uint count)
    {
        tree.Seek(root, position, out TreePath left);
        tree.Seek(root, position + count, out TreePath right);
        int height = 0;
        for (; left.Node(height) != right.Node(height); height++)
        {
            Clear(root, height, left.Node(height), BehindPath(left, height), tree.Page(left.Node(height)).Count);
            Clear(root, height, right.Node(height), 0, right.Slot(height));
            right.Set(height, right.Node(height), 0);
            CountAnew(left, height);
            CountAnew(right, height);
        }

        int parting = height;
        Clear(root, parting, left.Node(parting), BehindPath(left, parting), right.Slot(parting));
        right.Set(parting, right.Node(parting), BehindPath(left, parting));
        root->Count -= count;
        for (; height < root->Height; height++)
        {
            ElementTree.ChildAt(tree.Page(left.Node(height + 1)), left.Slot(height + 1))->Count -= count;
        }

        for (height = 0; height < parting; height++)
        {
            merges.TryMend(right, height);
        }

        for (height = 0; height < root->Height; height++)
        {
            merges.TryMend(left, height);
        }

        merges.Lower(root);
    }

    /// <summary>The first slot that is not needed to go on along the left path.</summary>
    private static int BehindPath(in TreePath left, int height) => left.Slot(height) + (height > 0 ? 1 : 0);

    private void CountAnew(in TreePath path, int height) =>
        ElementTree.ChildAt(tree.Page(path.Node(height + 1)), path.Slot(height + 1))->Count =
            ElementTree.Elements(height, tree.Page(path.Node(height)));

    /// <summary>Removes entries of a node with all that is below them.</summary>
    private void Clear(TreeRoot* root, int height, uint node, int first, int end)
    {
        SlotPage page = tree.Page(node);
        for (int slot = end - 1; slot >= first; slot--)
        {
            if (height == 0)
            {
                tree.FreeOutsideAt(root, page, slot);
            }
            else
            {
                Drop(root, height - 1, ElementTree.ChildAt(page, slot)->Node);
            }

            page.Remove(slot);
        }

        ElementTree.BlankFirst(height, page);
    }

    /// <summary>Frees a node with all that is below it, or lets it die.</summary>
    private void Drop(TreeRoot* root, int height, uint node)
    {
        uint head = height > 0 ? TakeLastLeaf(root, height, node) : TakeOutside(root, tree.Page(node));
        if (head == 0)
        {
            chunks.Free(node); // A leaf without anything outside.
            return;
        }

        uint outside = root->Outside;
        int left = 1 + Count(root, height, node);
        chunks.GiveUp(left);
        trees.TakeOver(node, height, outside - root->Outside, head, left);
    }

    /// <summary>Takes the last leaf away from a node that is above leaves.</summary>
    private uint TakeLastLeaf(TreeRoot* root, int height, uint node)
    {
        SlotPage inner = tree.Page(node);
        uint child = ElementTree.ChildAt(inner, inner.Count - 1)->Node;
        for (; height > 1; height--)
        {
            inner = tree.Page(child);
            child = ElementTree.ChildAt(inner, inner.Count - 1)->Node;
        }

        SlotPage leaf = tree.Page(child);
        for (int slot = 0; slot < leaf.Count && root->Outside > 0; slot++)
        {
            tree.FreeOutsideAt(root, leaf, slot);
        }

        inner.Remove(inner.Count - 1);
        return child;
    }

    /// <summary>Takes the first chunk of a value outside away from a leaf, and frees the others of that value.</summary>
    /// <returns>0 when nothing is outside.</returns>
    private uint TakeOutside(TreeRoot* root, SlotPage leaf)
    {
        for (int slot = leaf.Count - 1; slot >= 0 && root->Outside > 0; slot--)
        {
            leaf.Value(slot, out bool isOutside);
            if (isOutside)
            {
                uint first = ((Outside*)leaf.Word(slot))->First;
                chunks.FreeOutside(*TreeNode.Next(chunks.At(first)));
                leaf.Remove(slot);
                root->Outside--;
                return first;
            }
        }

        return 0;
    }

    /// <summary>Chunks of a node and all that is below it. Only where something is outside are leaves looked at.</summary>
    private int Count(TreeRoot* root, int height, uint node)
    {
        SlotPage page = tree.Page(node);
        if (height == 1 && root->Outside == 0)
        {
            return 1 + page.Count;
        }

        int count = 1;
        for (int slot = 0; slot < page.Count && (height > 0 || root->Outside > 0); slot++)
        {
            if (height > 0)
            {
                count += Count(root, height - 1, ElementTree.ChildAt(page, slot)->Node);
                continue;
            }

            page.Value(slot, out bool isOutside);
            if (isOutside)
            {
                count += TreeChunks.OutsideChunks((int)((Outside*)page.Word(slot))->Length);
                root->Outside--;
            }
        }

        return count;
    }
}
