using System.Runtime.CompilerServices;
using FastCache.Core.Items;

namespace FastCache.Core.Collections;

/// <summary>The trees of all collections: how they follow their items, move with their pages, and are taken apart.</summary>
/// <remarks>
/// A collection whose item has left the index is dead, and so is what is cut out of a tree. Dead ones are in a list through <see cref="Item.Newer"/>, and lose
/// their chunks a few at a time, from the leaves up.
/// </remarks>
internal sealed unsafe class Trees
{
    private readonly ItemStore _store;
    private uint _dying;

    public Trees(ItemStore store)
    {
        _store = store;
        Chunks = new TreeChunks(store);
        Elements = new ElementTree(Chunks, this);
    }

    public TreeChunks Chunks { get; }

    public ElementTree Elements { get; }

    /// <summary>The item of the collection that is open; 0 when it has gone.</summary>
    public uint Open { get; set; }

    /// <summary>Bytes of chunks of dead collections.</summary>
    public long LooseChunkBytes { get; private set; }

    public bool HasDying => _dying != 0;

    /// <summary>A collection has left the index; if it is in trees, its chunks are taken over.</summary>
    /// <returns>Whether the item's own chunk is taken over too.</returns>
    public bool Detach(uint reference)
    {
        Open = Open == reference ? 0 : Open;
        Item* item = _store.At(reference);
        if (!item->IsInTrees)
        {
            return false;
        }

        LooseChunkBytes += TreeHead.ChunkBytes(item) + TreeNode.ChunkBytes;
        item->Packed = Item.LooseHead;
        item->Newer = _dying;
        _dying = reference;
        return true;
    }

    /// <summary>Takes over what was cut out of a tree, as if it had been a collection of its own.</summary>
    /// <param name="node">The highest node of it.</param>
    /// <param name="height">That node's.</param>
    /// <param name="outside">Its elements whose values lie outside.</param>
    /// <param name="head">A chunk beside it, which becomes the dead collection's item.</param>
    /// <param name="chunks">All that there are, the head too.</param>
    public void TakeOver(uint node, int height, uint outside, uint head, int chunks)
    {
        Item* item = _store.At(head);
        item->Packed = Item.LooseHead;
        item->Lengths = Item.PackLengths(keyLength: 1, TreeHead.Bytes, Item.Trees);
        item->Newer = _dying;
        TreeHead* tree = TreeHead.Of(item);
        *tree = default;
        tree->First.Node = node;
        tree->First.Height = (byte)height;
        tree->First.Outside = outside;
        Chunks.At(node)->Parent = head;
        LooseChunkBytes += (long)chunks * TreeNode.ChunkBytes;
        _dying = head;
    }

    /// <summary>A collection's item has a new place; the old one is still as it was.</summary>
    public void Moved(uint reference, uint copy)
    {
        Open = Open == reference ? copy : Open;
        Item* item = _store.At(copy);
        if (!item->IsInTrees)
        {
            return;
        }

        TreeHead* head = TreeHead.Of(item);
        Chunks.At(head->First.Node)->Parent = copy;
        if (head->Second.Node != 0)
        {
            Chunks.At(head->Second.Node)->Parent = copy;
        }
    }

    /// <summary>The item that a chunk of a tree belongs to.</summary>
    public uint ItemOf(uint chunk)
    {
        while (Chunks.At(chunk)->Packed == Item.Node)
        {
            chunk = Chunks.At(chunk)->Parent;
        }

        return chunk;
    }

    /// <summary>Lets a copy of a chunk take its place in its tree.</summary>
    public void MovedChunk(uint chunk, uint copy)
    {
        TreeNode* node = Chunks.At(copy);
        if (node->Height == TreeNode.OutsideHeight)
        {
            uint next = *TreeNode.Next(node);
            if (next != 0)
            {
                Chunks.At(next)->Parent = copy;
            }
        }
        else
        {
            Elements.Adopt(copy, 0);
        }

        *NameOf(chunk, node->Parent) = copy;
    }

    /// <summary>Frees up to <paramref name="chunks"/> chunks of dead collections.</summary>
    /// <remarks>A value outside goes at once: it has at most 64 chunks.</remarks>
    public void Reap(int chunks)
    {
        for (; _dying != 0 && chunks > 0; chunks -= Math.Max(1, -Settle()))
        {
            uint reference = _dying;
            TreeHead* head = TreeHead.Of(_store.At(reference));
            TreeRoot* root = head->First.Node != 0 ? &head->First : &head->Second;
            if (root->Node != 0)
            {
                FreeOne(root);
                continue;
            }

            _dying = _store.At(reference)->Newer;
            Chunks.Free(reference);
        }
    }

    /// <summary>Throws when an invariant of a collection does not hold.</summary>
    public void Check(uint reference)
    {
        Item* item = _store.At(reference);
        if (!item->IsInTrees)
        {
            new SlotPage(Item.Value(item), item->ValueLength).Check();
            return;
        }

        TreeHead* head = TreeHead.Of(item);
        int chunks = TreeCheck.Run(_store, &head->First, reference);
        bool isSorted = head->First.Kind == CollectionKind.SortedSet;
        chunks += isSorted ? TreeCheck.Run(_store, &head->Second, reference) : 0;
        Invariant.Require(!isSorted || head->First.Count == head->Second.Count, "the trees of a sorted set disagree");
        Invariant.Require(chunks == (int)head->Chunks, "a collection miscounts its chunks");
    }

    /// <summary>The last leaf that is left, element by element as far as values lie outside, or an inner node without children.</summary>
    private void FreeOne(TreeRoot* root)
    {
        SlotPage parent = default;
        uint node = root->Node;
        for (int height = root->Height; height > 0 && Elements.Page(node) is { Count: > 0 } inner; height--)
        {
            parent = inner;
            node = ElementTree.ChildAt(inner, inner.Count - 1)->Node;
        }

        SlotPage page = Elements.Page(node);
        if (Chunks.At(node)->Height == 0)
        {
            while (page.Count > 0)
            {
                page.Value(page.Count - 1, out bool isOutside);
                if (isOutside)
                {
                    Elements.FreeOutsideAt(root, page, page.Count - 1);
                    page.Remove(page.Count - 1);
                    return;
                }

                page.Remove(page.Count - 1);
            }
        }

        Chunks.Free(node);
        if (node == root->Node)
        {
            root->Node = 0;
        }
        else
        {
            parent.Remove(parent.Count - 1);
        }
    }

    /// <summary>Takes note of chunks of the dead that were freed.</summary>
    private int Settle()
    {
        int balance = Chunks.TakeBalance();
        LooseChunkBytes += (long)balance * TreeNode.ChunkBytes;
        return balance;
    }

    /// <summary>Where a chunk's parent names it.</summary>
    private uint* NameOf(uint chunk, uint parent)
    {
        TreeNode* node = Chunks.At(parent);
        if (node->Packed != Item.Node)
        {
            TreeHead* head = TreeHead.Of(_store.At(parent));
            return head->First.Node == chunk ? &head->First.Node : &head->Second.Node;
        }

        if (node->Height == TreeNode.OutsideHeight)
        {
            return TreeNode.Next(node);
        }

        SlotPage page = TreeNode.Page(node);
        int slot = 0;
        while (!Names(page, node->Height, slot, chunk))
        {
            slot++;
        }

        return (uint*)page.Word(slot);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Names(SlotPage page, int height, int slot, uint chunk)
    {
        bool isOutside = true;
        if (height == 0)
        {
            page.Value(slot, out isOutside);
        }

        return isOutside && *(uint*)page.Word(slot) == chunk;
    }
}
