namespace FastCache.Core.Collections;

/// <summary>Puts nodes of a tree together that removals have emptied.</summary>
/// <remarks>
/// A node that is left less than half full takes its neighbour in, or goes into it, if that leaves room for an eighth: so
/// removals and insertions in turn do not merge and split the same nodes.
/// </remarks>
internal sealed unsafe class TreeMerges(TreeChunks chunks, ElementTree tree)
{
    private const int MaxMergedBytes = TreeNode.PageBytes * 7 / 8;

    /// <summary>Merges nodes that a removal has left too empty, from the leaf up.</summary>
    public void Mend(TreeRoot* root, in TreePath path)
    {
        for (int height = 0; height < root->Height && TryMend(path, height); height++)
        {
        }

        Lower(root);
    }

    /// <summary>Looks after the node of a path at a height, which a removal may have left too empty or without entries.</summary>
    /// <param name="path">The node above is in it too, with the right slot.</param>
    /// <param name="height">Below the root's.</param>
    /// <returns>Whether the node above has changed.</returns>
    public bool TryMend(in TreePath path, int height)
    {
        uint node = path.Node(height);
        SlotPage page = tree.Page(node);
        SlotPage parent = tree.Page(path.Node(height + 1));
        int slot = path.Slot(height + 1);
        if (page.Count == 0)
        {
            parent.Remove(slot);
            chunks.Free(node);
        }
        else if (page.UsedBytes > TreeNode.PageBytes / 2
            || (!TryMerge(height, parent, slot) && !TryMerge(height, parent, slot - 1)))
        {
            return false;
        }

        ElementTree.BlankFirst(height + 1, parent);
        return true;
    }

    /// <summary>Takes away roots that have one child only.</summary>
    public void Lower(TreeRoot* root)
    {
        while (root->Height > 0 && tree.Page(root->Node).Count == 1)
        {
            uint top = root->Node;
            root->Node = ElementTree.ChildAt(tree.Page(top), 0)->Node;
            root->Height--;
            chunks.At(root->Node)->Parent = chunks.At(top)->Parent;
            chunks.Free(top);
        }
    }

    /// <summary>Takes the node behind that of <paramref name="slot"/> into it, if both are there and fit.</summary>
    private bool TryMerge(int height, SlotPage parent, int slot)
    {
        if (slot < 0 || slot + 1 >= parent.Count)
        {
            return false;
        }

        Child* left = ElementTree.ChildAt(parent, slot);
        Child* right = ElementTree.ChildAt(parent, slot + 1);
        SlotPage leftPage = tree.Page(left->Node);
        SlotPage rightPage = tree.Page(right->Node);
        ReadOnlySpan<byte> separator = parent.Key(slot + 1);
        int added = rightPage.UsedBytes + (height > 0 ? SlotPage.EntryBytes(separator.Length, sizeof(Child)) : 0);
        if (leftPage.UsedBytes + added > MaxMergedBytes)
        {
            return false;
        }

        int first = leftPage.Count;
        if (height > 0)
        {
            Child child = *ElementTree.ChildAt(rightPage, 0);
            rightPage.Remove(0);
            rightPage.Insert(0, separator, new(&child, sizeof(Child)));
        }

        rightPage.MoveTail(0, leftPage);
        tree.Adopt(left->Node, first);
        left->Count += right->Count;
        chunks.Free(right->Node);
        parent.Remove(slot + 1);
        return true;
    }
}
