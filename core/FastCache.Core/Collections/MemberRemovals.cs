using System.Buffers.Binary;
using System.Diagnostics;
using FastCache.Core.Memory;

namespace FastCache.Core.Collections;

/// <summary>Takes the members of a range of ranks out of a sorted set's first tree, in the order of that tree.</summary>
/// <remarks>
/// Members in the order of their scores lie all over the tree of their hashes: one by one each costs a way down from the root and a leaf
/// that is in no cache. In the order of their hashes those of a leaf go together, and it is loaded in one go: a third of the time where
/// 65,536 of a million go.
/// </remarks>
internal sealed unsafe class MemberRemovals(OpenCollection open)
{
    /// <summary>Most members that are put in order at once.</summary>
    private const int MostTogether = 65_536;

    /// <summary>Most leaves of the second tree that they come from.</summary>
    private const int MostLeaves = 1 << LeafBits;

    /// <summary>With fewer the counts of digits are more work than the sort.</summary>
    private const int FewestForRadix = 256;

    /// <summary>Members of a leaf of the first tree, about.</summary>
    private const int LeafMembers = 100;

    private const int LeafBits = 13;
    private const int SlotBits = 12;
    private const int HashShift = 32;
    private const int DigitBits = 8;
    private const int CacheLineBytes = 64;

    /// <summary>Of each member: hash, which leaf of the second tree it is in, and its slot there.</summary>
    private readonly Lazy<ulong[]> _places = new(() => GC.AllocateUninitializedArray<ulong>(MostTogether));

    private readonly Lazy<ulong[]> _sorted = new(() => GC.AllocateUninitializedArray<ulong>(MostTogether));

    private readonly Lazy<uint[]> _leaves = new(() => GC.AllocateUninitializedArray<uint>(MostLeaves));

    /// <summary>Removes members; the second tree stays as it is.</summary>
    /// <param name="rank">The first one's.</param>
    /// <param name="count">Fewer than there are.</param>
    public void Remove(uint rank, uint count)
    {
        for (uint end = rank + count; rank < end;)
        {
            rank = Gather(rank, end, out int gathered);
            Span<ulong> places = _places.Value.AsSpan(0, gathered);
            if (gathered < FewestForRadix)
            {
                places.Sort();
            }
            else
            {
                SortByHash(places, _sorted.Value);
            }

            Remove(places);
        }
    }

    /// <summary>Notes where members are, as far as there is room.</summary>
    /// <returns>The rank behind them.</returns>
    private uint Gather(uint rank, uint end, out int gathered)
    {
        ulong[] places = _places.Value;
        gathered = 0;
        end = Math.Min(end, rank + MostTogether);
        for (int leaf = 0; leaf < MostLeaves && rank < end; leaf++)
        {
            open.Tree.Seek(&open.Head->Second, rank, out TreePath path);
            _leaves.Value[leaf] = path.Node(0);
            SlotPage page = open.Tree.Leaf(path);
            for (int slot = path.Slot(0); slot < page.Count && rank < end; slot++, rank++)
            {
                uint hash = BinaryPrimitives.ReadUInt32BigEndian(open.Hashed(MemberAt(page, slot)));
                places[gathered++] = ((ulong)hash << HashShift) | ((ulong)(uint)leaf << SlotBits) | (uint)slot;
            }
        }

        return rank;
    }

    /// <summary>Radix sort, a byte of the hash after the other: a tenth of the time of a sort by comparisons.</summary>
    /// <param name="places">An even number of passes later they are in order.</param>
    /// <param name="others">As many at least.</param>
    private static void SortByHash(Span<ulong> places, Span<ulong> others)
    {
        Span<int> starts = stackalloc int[1 << DigitBits];
        others = others[..places.Length];
        for (int shift = HashShift; shift < 64; shift += DigitBits)
        {
            starts.Clear();
            foreach (ulong place in places)
            {
                starts[(byte)(place >> shift)]++;
            }

            int start = 0;
            foreach (ref int digit in starts)
            {
                (digit, start) = (start, start + digit);
            }

            foreach (ulong place in places)
            {
                others[starts[(byte)(place >> shift)]++] = place;
            }

            Span<ulong> sorted = others;
            others = places;
            places = sorted;
        }
    }

    private void Remove(ReadOnlySpan<ulong> places)
    {
        TreeRoot* root = &open.Head->First;
        bool isDense = places.Length > root->Count / LeafMembers;
        for (int i = 0; i < places.Length;)
        {
            uint leaf = open.Tree.SeekLeaf(root, KeyAt(places[i]), out TreePath path);
            if (isDense)
            {
                Load(leaf);
            }

            SlotPage page = open.Tree.Page(leaf);
            uint removed = 0;
            for (int slot = 0; i < places.Length && TryFind(page, places[i], ref slot); i++, removed++)
            {
                page.Remove(slot);
            }

            Debug.Assert(removed > 0, "the trees of a sorted set disagree");
            open.Tree.TakeNote(root, path, removed);
        }
    }

    /// <summary>Finds a member in a leaf of the first tree.</summary>
    /// <param name="page">The leaf.</param>
    /// <param name="place">The member's.</param>
    /// <param name="slot">Where to begin: none before it has the hash. Then the member's.</param>
    /// <returns>False when it is in another leaf, or may be before the slot.</returns>
    private bool TryFind(SlotPage page, ulong place, ref int slot)
    {
        uint hash = (uint)(place >> HashShift);
        slot = page.LowerBound(hash, slot);
        if (slot == page.Count)
        {
            return false;
        }

        if (slot > 0 && slot + 1 < page.Count && page.FirstOf(slot) == hash && page.FirstOf(slot - 1) != hash && page.FirstOf(slot + 1) != hash)
        {
            return true; // No other member has this hash, so there is no need to look at it.
        }

        slot = page.LowerBound(KeyAt(place), out bool isThere);
        return isThere;
    }

    private void Load(uint leaf)
    {
        byte* node = (byte*)open.Chunks.At(leaf);
        for (int at = 0; at < TreeNode.ChunkBytes; at += CacheLineBytes)
        {
            Prefetch.ToFirstLevel(node + at);
        }
    }

    private ReadOnlySpan<byte> KeyAt(ulong place)
    {
        uint leaf = _leaves.Value[(int)((uint)place >> SlotBits)];
        return open.Hashed(MemberAt(open.Tree.Page(leaf), (int)(place & ((1u << SlotBits) - 1))));
    }

    private static ReadOnlySpan<byte> MemberAt(SlotPage page, int slot) => page.Key(slot)[ElementKey.ScoreBytes..];
}
