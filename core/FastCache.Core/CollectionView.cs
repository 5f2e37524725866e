using System.Buffers.Binary;
using FastCache.Core.Collections;

namespace FastCache.Core;

/// <summary>An open list, hash, set or sorted set; valid until the next operation on its shard that is not one of its own.</summary>
/// <remarks>
/// One collection is open at a time. Spans that are given must not lie in the shard's own memory. A write that finds no memory
/// leaves the collection as it was, unless it was itself evicted in the search: then it is gone as a whole, and
/// <see cref="Exists"/> says so. Of a collection that is gone every lookup finds nothing, and writes answer
/// <see cref="WriteOutcome.NotFound"/>.
/// </remarks>
public readonly unsafe ref struct CollectionView
{
    /// <summary>Longest field of a hash, member of a set or sorted set, in bytes.</summary>
    public const int MaxFieldBytes = TreeNode.MaxKeyBytes - ElementKey.ScoreBytes;

    /// <summary>Longest element of a list and value of a hash's field, in bytes.</summary>
    public const int MaxValueBytes = 256 << 10;

    private readonly OpenCollection _open;
    private readonly CollectionEdits _edits;
    private readonly int _opening;

    internal CollectionView(OpenCollection open, CollectionEdits edits)
    {
        _open = open;
        _edits = edits;
        _opening = open.Openings;
    }

    /// <summary>What it is.</summary>
    public CollectionKind Kind => Opened.Kind;

    /// <summary>Whether it is still there: the removal of its last element and the search for memory can end it.</summary>
    public bool Exists => Opened.IsOpen;

    /// <summary>Elements.</summary>
    public int Count => Exists ? (int)_open.Count : 0;

    /// <summary>The version of the last change; 0 when it is gone.</summary>
    public ulong Version => Exists ? _open.Header->Version : 0;

    /// <summary>Whether it lies in one chunk; otherwise it is in trees.</summary>
    public bool IsSmall => Exists && _open.IsSmall;

    private OpenCollection Opened => _open is not null && _open.Openings == _opening ? _open : ThrowNotOpen();

    /// <summary>Finds a field of a hash, a member of a set or sorted set.</summary>
    public bool TryFind(ReadOnlySpan<byte> field, out ElementView element)
    {
        ThrowIfList();
        element = default;
        if (!Exists || field.Length > MaxFieldBytes || !_open.Find(field, out SlotPage page, out int slot))
        {
            return false;
        }

        element = _open.View(page, slot, isByScore: _open.IsSmall && Kind == CollectionKind.SortedSet);
        return true;
    }

    /// <summary>Finds the element of a position: of a list its index, of a sorted set its rank, else in an order of no meaning.</summary>
    public bool TryGetAt(int position, out ElementView element)
    {
        element = default;
        if ((uint)position >= (uint)Count)
        {
            return false;
        }

        _open.Find((uint)position, out SlotPage page, out int slot);
        element = _open.View(page, slot, Kind == CollectionKind.SortedSet);
        return true;
    }

    /// <summary>Sees elements from a position on, in order.</summary>
    /// <param name="position">0 or more.</param>
    /// <param name="count">Most elements.</param>
    /// <param name="visitor">Sees each, until it says otherwise.</param>
    public void Walk<TVisitor>(int position, int count, ref TVisitor visitor)
        where TVisitor : IElementVisitor, allows ref struct
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        int end = (int)Math.Min(Count, (long)position + count);
        while (position < end)
        {
            _open.Find((uint)position, out SlotPage page, out int slot);
            for (; slot < page.Count && position < end; slot++, position++)
            {
                if (!visitor.Visit(_open.View(page, slot, Kind == CollectionKind.SortedSet)))
                {
                    return;
                }
            }
        }
    }

    /// <summary>Sees elements from a position on, in the order from the last to the first.</summary>
    /// <param name="position">0 to <see cref="Count"/> - 1; from there on nothing is seen.</param>
    /// <param name="count">Most elements.</param>
    /// <param name="visitor">Sees each, until it says otherwise.</param>
    public void WalkBack<TVisitor>(int position, int count, ref TVisitor visitor)
        where TVisitor : IElementVisitor, allows ref struct
    {
        if ((uint)position >= (uint)Count)
        {
            return;
        }

        int end = Math.Max(-1, position - count);
        while (position > end)
        {
            _open.Find((uint)position, out SlotPage page, out int slot);
            for (; slot >= 0 && position > end; slot--, position--)
            {
                if (!visitor.Visit(_open.View(page, slot, Kind == CollectionKind.SortedSet)))
                {
                    return;
                }
            }
        }
    }

    /// <summary>Sees the next elements of a hash, set or sorted set, in an order of no meaning.</summary>
    /// <remarks>
    /// Whatever changes between the steps: what is there from the first to the last is seen exactly once; a small
    /// collection is seen whole in one step.
    /// </remarks>
    /// <param name="cursor">0, or what the step before has returned.</param>
    /// <param name="count">About how many; those whose hashes are the same are seen together.</param>
    /// <param name="visitor">Sees each; what it returns is not asked.</param>
    /// <returns>The cursor of the next step; 0 when there is none.</returns>
    public ulong Scan<TVisitor>(ulong cursor, int count, ref TVisitor visitor)
        where TVisitor : IElementVisitor, allows ref struct
    {
        ThrowIfList();
        if (!Exists || cursor > uint.MaxValue)
        {
            return 0;
        }

        if (_open.IsSmall)
        {
            Walk(0, Count, ref visitor);
            return 0;
        }

        return ScanTree((uint)cursor, count, ref visitor);
    }

    /// <summary>Sets the value of a hash's field, or adds a member to a set; the value of a member is empty.</summary>
    /// <returns><see cref="WriteOutcome.Done"/>, <see cref="WriteOutcome.ValueTooLarge"/>, <see cref="WriteOutcome.OutOfMemory"/> or <see cref="WriteOutcome.NotFound"/>.</returns>
    public WriteOutcome Put(ReadOnlySpan<byte> field, ReadOnlySpan<byte> value, out bool isNew)
    {
        ThrowUnless(Kind == CollectionKind.Hash || (Kind == CollectionKind.Set && value.IsEmpty), "a hash, or a set and no value");
        isNew = false;
        return Exists ? _edits.Put(field, value, out isNew) : WriteOutcome.NotFound;
    }

    /// <summary>Gives a member of a sorted set a score, and adds it if need be.</summary>
    /// <exception cref="ArgumentException">The score is not a number.</exception>
    /// <inheritdoc cref="Put"/>
    public WriteOutcome PutScore(ReadOnlySpan<byte> member, double score, out bool isNew)
    {
        ThrowUnless(Kind == CollectionKind.SortedSet, "a sorted set");
        if (double.IsNaN(score))
        {
            throw new ArgumentException("A score must be a number.", nameof(score));
        }

        isNew = false;
        return Exists ? _edits.PutScore(member, score, out isNew) : WriteOutcome.NotFound;
    }

    /// <summary>Puts an element into a list before that of a position, 0 to <see cref="Count"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The position is out of range.</exception>
    /// <inheritdoc cref="Put"/>
    public WriteOutcome Insert(int position, ReadOnlySpan<byte> value) => PutAt(position, value, replaces: false);

    /// <summary>Puts an element of a list in the place of another.</summary>
    /// <inheritdoc cref="Insert"/>
    public WriteOutcome Replace(int position, ReadOnlySpan<byte> value) => PutAt(position, value, replaces: true);

    /// <summary>Removes a field or member.</summary>
    /// <returns>Whether there was one.</returns>
    public bool Remove(ReadOnlySpan<byte> field)
    {
        ThrowIfList();
        return Exists && field.Length <= MaxFieldBytes && _edits.Remove(field);
    }

    /// <summary>Removes the element of a position.</summary>
    /// <returns>Whether there was one.</returns>
    public bool RemoveAt(int position)
    {
        if ((uint)position >= (uint)Count)
        {
            return false;
        }

        _edits.RemoveAt((uint)position);
        return true;
    }

    /// <summary>Removes elements from a position on.</summary>
    /// <remarks>Whole nodes go at once, and their memory later, as that of a collection that is removed; but each member of a sorted set
    /// leaves the tree of its hash by itself, some 130 to 250 ns. All of a collection goes as it does when it is deleted.</remarks>
    /// <param name="position">0 or more.</param>
    /// <param name="count">Most elements; 0 or less: none.</param>
    /// <returns>How many there were.</returns>
    public int RemoveRange(int position, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(position);
        count = Math.Min(count, Count - position);
        if (count <= 0)
        {
            return 0;
        }

        _edits.RemoveRange((uint)position, (uint)count);
        return count;
    }

    /// <summary>Members of a sorted set that come before a score and member: the rank of that member, if it has the score.</summary>
    /// <param name="score">A number.</param>
    /// <param name="member">Empty: before all members of the score.</param>
    public int CountBelow(double score, ReadOnlySpan<byte> member)
    {
        // All that come before a member that is too long come before, or are, what it begins with.
        int below = CountBelow(score, member, out bool isThere);
        return isThere && member.Length > MaxFieldBytes ? below + 1 : below;
    }

    /// <summary>Members of a sorted set that come before a score and member, and that one itself if it is there.</summary>
    /// <inheritdoc cref="CountBelow(double, ReadOnlySpan{byte})"/>
    public int CountThrough(double score, ReadOnlySpan<byte> member) =>
        CountBelow(score, member, out bool isThere) + (isThere ? 1 : 0);

    /// <summary>Ends a collection that has no elements.</summary>
    public void RemoveIfEmpty()
    {
        if (Exists && _open.Count == 0)
        {
            _open.Remove();
        }
    }

    private static OpenCollection ThrowNotOpen() =>
        throw new InvalidOperationException("The collection is not open: none was found, or another was opened since.");

    private static void ThrowUnless(bool holds, string needed)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"The operation needs {needed}.");
        }
    }

    private void ThrowIfList() => ThrowUnless(Kind != CollectionKind.List, "a hash, set or sorted set");

    private int CountBelow(double score, ReadOnlySpan<byte> member, out bool isThere)
    {
        ThrowUnless(Kind == CollectionKind.SortedSet, "a sorted set");
        isThere = false;
        return Exists ? (int)_open.Below(_open.Scored(score, member[..Math.Min(member.Length, MaxFieldBytes)]), out isThere) : 0;
    }

    private WriteOutcome PutAt(int position, ReadOnlySpan<byte> value, bool replaces)
    {
        ThrowUnless(Kind == CollectionKind.List, "a list");
        if (!Exists)
        {
            return WriteOutcome.NotFound;
        }

        ArgumentOutOfRangeException.ThrowIfNegative(position);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(position, replaces ? Count - 1 : Count);
        return _edits.PutAt((uint)position, value, replaces);
    }

    private ulong ScanTree<TVisitor>(uint hash, int count, ref TVisitor visitor)
        where TVisitor : IElementVisitor, allows ref struct
    {
        TreeRoot* root = &_open.Head->First;
        Span<byte> key = stackalloc byte[ElementKey.HashBytes];
        BinaryPrimitives.WriteUInt32BigEndian(key, hash);
        _open.Tree.Seek(root, key, out TreePath path);
        uint position = _open.Tree.PositionOf(root, path);
        while (position < root->Count)
        {
            _open.Tree.Seek(root, position, out path);
            SlotPage leaf = _open.Tree.Leaf(path);
            for (int slot = path.Slot(0); slot < leaf.Count; slot++, position++)
            {
                uint next = BinaryPrimitives.ReadUInt32BigEndian(leaf.Key(slot));
                if (count <= 0 && next != hash)
                {
                    return next;
                }

                hash = next;
                count--;
                visitor.Visit(_open.View(leaf, slot, isByScore: false));
            }
        }

        return 0;
    }
}
