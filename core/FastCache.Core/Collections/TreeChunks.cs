using System.Diagnostics;
using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Core.Collections;

/// <summary>The chunks of trees: reserved before a change, taken during it, so that a change is whole or not at all.</summary>
/// <remarks>
/// Making room may evict or move anything, the very collection that needs it too. So a change first looks how many chunks it
/// can need, reserves them, looks again where everything is, and only then begins.
/// </remarks>
internal sealed unsafe class TreeChunks(ItemStore store)
{
    /// <summary>Most chunks of one change: a split on each level of two trees, and a value outside.</summary>
    private const int MaxReserved = (2 * (TreePath.MaxHeight + 2)) + MaxOutsideChunks;

    /// <summary>Most chunks of a value outside.</summary>
    private const int MaxOutsideChunks = (CollectionView.MaxValueBytes + TreeNode.OutsideBytes - 1) / TreeNode.OutsideBytes;

    private readonly uint[] _reserved = new uint[MaxReserved];
    private int _count;

    /// <summary>Chunks taken less chunks freed since <see cref="TakeBalance"/>.</summary>
    private int _balance;

    public TreeNode* At(uint chunk) => (TreeNode*)store.At(chunk);

    /// <summary>Chunks that a value of so many bytes takes outside.</summary>
    public static int OutsideChunks(int length) => (length + TreeNode.OutsideBytes - 1) / TreeNode.OutsideBytes;

    /// <summary>Gets chunks for a change. Anything may have moved or gone afterwards.</summary>
    /// <returns>False when there is no memory; nothing is reserved then.</returns>
    public bool TryReserve(int chunks)
    {
        Debug.Assert(_count == 0 && chunks <= MaxReserved);
        while (_count < chunks)
        {
            uint chunk = store.Room.Allocate(TreeNode.SizeClass);
            if (chunk == 0)
            {
                GiveBack();
                return false;
            }

            _reserved[_count++] = chunk;
        }

        return true;
    }

    /// <summary>Whether a change has asked for memory: then paths that were found before are wrong.</summary>
    public bool HasReserved => _count > 0;

    /// <summary>Ends a change: what it did not need is free again.</summary>
    public void GiveBack()
    {
        while (_count > 0)
        {
            store.Slab.Free(_reserved[--_count]);
        }
    }

    /// <summary>Chunks that changes since the last call have added.</summary>
    public int TakeBalance()
    {
        int balance = _balance;
        _balance = 0;
        return balance;
    }

    /// <summary>Takes note of chunks that belong to the collection no more, but are not freed yet.</summary>
    public void GiveUp(int chunks) => _balance -= chunks;

    /// <summary>A reserved chunk for an item; not counted.</summary>
    public uint TakeItem() => _reserved[--_count];

    /// <summary>A reserved chunk, as a node without entries.</summary>
    public uint Take(byte height, uint parent)
    {
        uint chunk = _reserved[--_count];
        TreeNode* node = At(chunk);
        node->Parent = parent;
        node->Height = height;
        node->Packed = Item.Node;
        if (height != TreeNode.OutsideHeight)
        {
            TreeNode.Page(node).Clear();
        }

        _balance++;
        return chunk;
    }

    public void Free(uint chunk)
    {
        store.Slab.Free(chunk);
        _balance--;
    }

    /// <summary>Puts a value into reserved chunks; its parent is set when a leaf names it.</summary>
    public Outside WriteOutside(ReadOnlySpan<byte> value)
    {
        Outside outside = new() { Length = (uint)value.Length };
        uint before = 0;
        while (value.Length > 0)
        {
            uint chunk = Take(TreeNode.OutsideHeight, before);
            TreeNode* node = At(chunk);
            *TreeNode.Next(node) = 0;
            int length = Math.Min(value.Length, TreeNode.OutsideBytes);
            value[..length].CopyTo(new Span<byte>(TreeNode.Part(node), length));
            value = value[length..];
            if (before == 0)
            {
                outside.First = chunk;
            }
            else
            {
                *TreeNode.Next(At(before)) = chunk;
            }

            before = chunk;
        }

        return outside;
    }

    public void FreeOutside(uint first)
    {
        while (first != 0)
        {
            uint next = *TreeNode.Next(At(first));
            Free(first);
            first = next;
        }
    }

    /// <summary>Copies a value that lies outside.</summary>
    /// <param name="outside">Where it is.</param>
    /// <param name="destination">As long as the value.</param>
    public void ReadOutside(Outside outside, Span<byte> destination)
    {
        for (uint chunk = outside.First; destination.Length > 0; chunk = *TreeNode.Next(At(chunk)))
        {
            int length = Math.Min(destination.Length, TreeNode.OutsideBytes);
            new ReadOnlySpan<byte>(TreeNode.Part(At(chunk)), length).CopyTo(destination);
            destination = destination[length..];
        }
    }
}
