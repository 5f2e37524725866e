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
/// </remarks>
internal sealed unsafe class TreeCuts(TreeChunks chunks, ElementTree tree, TreeMerges merges)
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
            Clear(height, left.Node(height), BehindPath(left, height), tree.Page(left.Node(height)).Count);
            Clear(height, right.Node(height), 0, right.Slot(height));
            right.Set(height, right.Node(height), 0);
            CountAnew(left, height);
            CountAnew(right, height);
        }

        int parting = height;
        Clear(parting, left.Node(parting), BehindPath(left, parting), right.Slot(parting));
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
    private void Clear(int height, uint node, int first, int end)
    {
        SlotPage page = tree.Page(node);
        for (int slot = end - 1; slot >= first; slot--)
        {
            if (height == 0)
            {
                tree.FreeOutsideAt(page, slot);
            }
            else
            {
                Free(height - 1, ElementTree.ChildAt(page, slot)->Node);
            }

            page.Remove(slot);
        }

        ElementTree.BlankFirst(height, page);
    }

    private void Free(int height, uint node)
    {
        SlotPage page = tree.Page(node);
        for (int slot = 0; slot < page.Count; slot++)
        {
            if (height == 0)
            {
                tree.FreeOutsideAt(page, slot);
            }
            else
            {
                Free(height - 1, ElementTree.ChildAt(page, slot)->Node);
            }
        }

        chunks.Free(node);
    }
}
