using System.Diagnostics;

namespace FastCache.Core.Collections;

/// <summary>A B+ tree that counts: finds its elements by key or by position, and says the one of the other.</summary>
/// <remarks>
/// Comer, "The Ubiquitous B-Tree" (Computing Surveys 11, 1979); every inner entry also has the number of elements below it. A
/// tree whose keys are all empty is a list.
/// <para>It allocates nothing: what <see cref="ChunksFor"/> says must be reserved.</para>
/// </remarks>
internal sealed unsafe class ElementTree
{
    private readonly TreeChunks _chunks;
    private readonly TreeMerges _merges;
    private readonly TreeCuts _cuts;

    /// <param name="chunks">What trees are made of.</param>
    /// <param name="trees">Takes over what is cut out of one.</param>
    public ElementTree(TreeChunks chunks, Trees trees)
    {
        _chunks = chunks;
        _merges = new TreeMerges(chunks, this);
        _cuts = new TreeCuts(chunks, this, _merges, trees);
    }

    /// <summary>Makes a tree without elements, of one reserved chunk.</summary>
    /// <param name="root">Where it begins.</param>
    /// <param name="item">The item that it belongs to.</param>
    public void Create(TreeRoot* root, uint item)
    {
        root->Node = _chunks.Take(0, item);
        root->Height = 0;
        root->Count = root->Outside = 0;
    }

    /// <summary>Finds where a key is, or belongs.</summary>
    public bool Seek(TreeRoot* root, ReadOnlySpan<byte> key, out TreePath path)
    {
        uint leaf = SeekLeaf(root, key, out path);
        path.Set(0, leaf, Page(leaf).LowerBound(key, out bool isExact));
        return isExact;
    }

    /// <summary>Finds the leaf where a key is, or belongs, without a look at it.</summary>
    public uint SeekLeaf(TreeRoot* root, ReadOnlySpan<byte> key, out TreePath path)
    {
        path = default;
        uint node = root->Node;
        for (int height = root->Height; height > 0; height--)
        {
            SlotPage inner = Page(node);
            int slot = inner.LowerBound(key, out bool isSeparator);
            slot = isSeparator ? slot : slot - 1;
            slot = Math.Max(slot, 0);
            path.Set(height, node, slot);
            node = ChildAt(inner, slot)->Node;
        }

        path.Set(0, node, 0);
        return node;
    }

    /// <summary>Finds a position: 0 to the number of elements.</summary>
    public void Seek(TreeRoot* root, uint position, out TreePath path)
    {
        Debug.Assert(position <= root->Count);
        path = default;
        uint node = root->Node;
        for (int height = root->Height; height > 0; height--)
        {
            SlotPage inner = Page(node);
            int slot = 0;
            int last = inner.Count - 1;
            for (uint below; slot < last && position >= (below = ChildAt(inner, slot)->Count); slot++)
            {
                position -= below;
            }

            path.Set(height, node, slot);
            node = ChildAt(inner, slot)->Node;
        }

        path.Set(0, node, (int)position);
    }

    /// <summary>Elements before that of a path.</summary>
    public uint PositionOf(TreeRoot* root, in TreePath path)
    {
        uint position = (uint)path.Slot(0);
        for (int height = root->Height; height > 0; height--)
        {
            SlotPage inner = Page(path.Node(height));
            for (int slot = path.Slot(height) - 1; slot >= 0; slot--)
            {
                position += ChildAt(inner, slot)->Count;
            }
        }

        return position;
    }

    /// <summary>The leaf of a path.</summary>
    public SlotPage Leaf(in TreePath path) => Page(path.Node(0));

    /// <summary>Chunks that an insertion can need at most; -1: the tree would become too high.</summary>
    public int ChunksFor(TreeRoot* root, in TreePath path, int keyLength, int valueLength)
    {
        if (SlotPage.EntryBytes(keyLength, valueLength) <= Leaf(path).FreeBytes)
        {
            return 0;
        }

        int separator = SlotPage.EntryBytes(keyLength == 0 ? 0 : TreeNode.MaxKeyBytes, sizeof(Child));
        int splits = 1;
        for (int height = 1; height <= root->Height; height++)
        {
            if (Page(path.Node(height)).FreeBytes >= separator)
            {
                return splits;
            }

            splits++;
        }

        return root->Height < TreePath.MaxHeight ? splits + 1 : -1;
    }

    /// <summary>Puts an element before that of a path.</summary>
    public void Insert(
        TreeRoot* root, in TreePath path, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isOutside)
    {
        root->Count++;
        root->Outside += isOutside ? 1u : 0;
        for (int height = 1; height <= root->Height; height++)
        {
            ChildAt(Page(path.Node(height)), path.Slot(height))->Count++;
        }

        InsertAt(root, path, 0, path.Slot(0), key, value, isOutside);
    }

    /// <summary>Gives the element of a path another value; the key stays.</summary>
    public void Replace(
        TreeRoot* root, in TreePath path, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isOutside)
    {
        SlotPage leaf = Leaf(path);
        FreeOutsideAt(root, leaf, path.Slot(0));
        leaf.Remove(path.Slot(0));
        root->Outside += isOutside ? 1u : 0;
        InsertAt(root, path, 0, path.Slot(0), key, value, isOutside);
    }

    /// <summary>Removes the element of a path; a value outside is freed.</summary>
    public void Remove(TreeRoot* root, in TreePath path)
    {
        SlotPage leaf = Leaf(path);
        int slot = path.Slot(0);
        FreeOutsideAt(root, leaf, slot);
        leaf.Remove(slot);
        TakeNote(root, path, removed: 1);
    }

    /// <summary>Takes note of elements that were removed from the leaf of a path.</summary>
    public void TakeNote(TreeRoot* root, in TreePath path, uint removed)
    {
        root->Count -= removed;
        for (int height = 1; height <= root->Height; height++)
        {
            ChildAt(Page(path.Node(height)), path.Slot(height))->Count -= removed;
        }

        _merges.Mend(root, path);
    }

    /// <summary>Removes elements of a range of positions, in time that the number of its inner nodes bounds: leaves are freed later.</summary>
    /// <param name="root">Where it begins.</param>
    /// <param name="position">The first one.</param>
    /// <param name="count">1 or more, and fewer than there are.</param>
    public void RemoveRange(TreeRoot* root, uint position, uint count) => _cuts.Remove(root, position, count);

    /// <summary>Frees what a leaf's entry has outside, if it has.</summary>
    public void FreeOutsideAt(TreeRoot* root, SlotPage leaf, int slot)
    {
        leaf.Value(slot, out bool isOutside);
        if (isOutside)
        {
            _chunks.FreeOutside(((Outside*)leaf.Word(slot))->First);
            root->Outside--;
        }
    }

    public static Child* ChildAt(SlotPage inner, int slot) => (Child*)inner.Word(slot);

    public SlotPage Page(uint node) => TreeNode.Page(_chunks.At(node));

    /// <summary>Tells what a node's entries from <paramref name="first"/> on name that it is their parent.</summary>
    public void Adopt(uint node, int first)
    {
        SlotPage page = Page(node);
        for (int slot = first; slot < page.Count; slot++)
        {
            AdoptOne(node, page, slot);
        }
    }

    private void InsertAt(
        TreeRoot* root,
        in TreePath path,
        int height,
        int slot,
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> value,
        bool isOutside)
    {
        uint node = path.Node(height);
        SlotPage page = Page(node);
        int valueLength = isOutside ? SlotPage.OutsideMark : value.Length;
        int entryBytes = SlotPage.EntryBytes(key.Length, valueLength);
        if (entryBytes <= page.FreeBytes)
        {
            page.Insert(slot, key, value, isOutside);
            AdoptOne(node, page, slot);
            return;
        }

        uint right = _chunks.Take((byte)height, _chunks.At(node)->Parent);
        SlotPage rightPage = Page(right);
        bool staysLeft = slot == 0 && IsAtFront(root, path, height);
        // At either end a new entry gets a node for itself: elements that come in order fill all nodes but one.
        int split = staysLeft ? 0
            : slot == page.Count && IsAtEnd(root, path, height) ? slot
            : page.SplitPoint(slot, entryBytes, out staysLeft);
        page.MoveTail(split, rightPage);
        if (staysLeft)
        {
            page.Insert(slot, key, value, isOutside);
            AdoptOne(node, page, slot);
        }
        else
        {
            rightPage.Insert(slot - split, key, value, isOutside);
        }

        Adopt(right, 0);
        Span<byte> separator = stackalloc byte[rightPage.Key(0).Length];
        rightPage.Key(0).CopyTo(separator);
        BlankFirst(height, rightPage);
        Child behind = new() { Node = right, Count = Elements(height, rightPage) };
        Child before = new() { Node = node, Count = Elements(height, page) };
        if (height < root->Height)
        {
            *ChildAt(Page(path.Node(height + 1)), path.Slot(height + 1)) = before;
            InsertAt(root, path, height + 1, path.Slot(height + 1) + 1, separator, new(&behind, sizeof(Child)), false);
            return;
        }

        uint top = _chunks.Take((byte)(height + 1), _chunks.At(node)->Parent);
        Page(top).Insert(0, default, new(&before, sizeof(Child)));
        Page(top).Insert(1, separator, new(&behind, sizeof(Child)));
        Adopt(top, 0);
        root->Node = top;
        root->Height++;
    }

    private void AdoptOne(uint node, SlotPage page, int slot)
    {
        bool isOutside = true;
        if (_chunks.At(node)->Height == 0)
        {
            page.Value(slot, out isOutside);
        }

        if (isOutside)
        {
            // A child and a value outside are named alike: by the first word.
            _chunks.At(*(uint*)page.Word(slot))->Parent = node;
        }
    }

    /// <summary>The key of an inner node's first entry would become wrong unnoticed; nothing needs it.</summary>
    public static void BlankFirst(int height, SlotPage page)
    {
        if (height > 0 && page.Count > 0 && !page.Key(0).IsEmpty)
        {
            Child child = *ChildAt(page, 0);
            page.Remove(0);
            page.Insert(0, default, new(&child, sizeof(Child)));
        }
    }

    /// <summary>Elements below a node of a height.</summary>
    public static uint Elements(int height, SlotPage page)
    {
        if (height == 0)
        {
            return (uint)page.Count;
        }

        uint sum = 0;
        for (int slot = 0; slot < page.Count; slot++)
        {
            sum += ChildAt(page, slot)->Count;
        }

        return sum;
    }

    private static bool IsAtFront(TreeRoot* root, in TreePath path, int height)
    {
        while (++height <= root->Height)
        {
            if (path.Slot(height) > 0)
            {
                return false;
            }
        }

        return true;
    }

    private bool IsAtEnd(TreeRoot* root, in TreePath path, int height)
    {
        while (++height <= root->Height)
        {
            if (path.Slot(height) < Page(path.Node(height)).Count - 1)
            {
                return false;
            }
        }

        return true;
    }
}
