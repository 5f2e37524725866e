namespace FastCache.Core.Collections;

/// <summary>Changes of the open collection, each whole or not at all.</summary>
/// <param name="open">The collection.</param>
/// <param name="maxChunks">Most chunks of one: beyond, it would have to be evicted for its own room.</param>
internal sealed unsafe class CollectionEdits(OpenCollection open, long maxChunks)
{
    private readonly MemberRemovals _members = new(open);

    /// <summary>Sets the value of a field, or adds a member without one.</summary>
    public WriteOutcome Put(ReadOnlySpan<byte> field, ReadOnlySpan<byte> value, out bool isNew)
    {
        isNew = false;
        if (field.Length > CollectionView.MaxFieldBytes || value.Length > CollectionView.MaxValueBytes)
        {
            return WriteOutcome.ValueTooLarge;
        }

        while (open.IsSmall)
        {
            int slot = open.Small.LowerBound(field, out bool isThere);
            if (TryWriteSmall(slot, field, value, isThere))
            {
                isNew = !isThere;
                return Done();
            }

            if (!open.TryGrow(GrowthFor(field.Length, value.Length)))
            {
                return WriteOutcome.OutOfMemory;
            }
        }

        ReadOnlySpan<byte> key = open.Hashed(field);
        bool isFound = open.Tree.Seek(&open.Head->First, key, out TreePath path);
        WriteOutcome reserved = Reserve(path, key.Length, value.Length);
        if (reserved != WriteOutcome.Done)
        {
            return reserved;
        }

        if (open.Chunks.HasReserved)
        {
            open.Tree.Seek(&open.Head->First, key, out path);
        }

        isNew = !isFound;
        Write(path, key, value, isFound);
        return Done();
    }

    /// <summary>Puts an element into a list, or another in the place of one.</summary>
    public WriteOutcome PutAt(uint position, ReadOnlySpan<byte> value, bool replaces)
    {
        if (value.Length > CollectionView.MaxValueBytes)
        {
            return WriteOutcome.ValueTooLarge;
        }

        while (open.IsSmall)
        {
            if (TryWriteSmall((int)position, default, value, replaces))
            {
                return Done();
            }

            if (!open.TryGrow(GrowthFor(0, value.Length)))
            {
                return WriteOutcome.OutOfMemory;
            }
        }

        open.Tree.Seek(&open.Head->First, position, out TreePath path);
        WriteOutcome reserved = Reserve(path, 0, value.Length);
        if (reserved != WriteOutcome.Done)
        {
            return reserved;
        }

        if (open.Chunks.HasReserved)
        {
            open.Tree.Seek(&open.Head->First, position, out path);
        }

        Write(path, default, value, replaces);
        return Done();
    }

    /// <summary>Gives a member of a sorted set a score.</summary>
    public WriteOutcome PutScore(ReadOnlySpan<byte> member, double score, out bool isNew)
    {
        isNew = false;
        if (member.Length > CollectionView.MaxFieldBytes)
        {
            return WriteOutcome.ValueTooLarge;
        }

        while (open.IsSmall)
        {
            bool isThere = open.Find(member, out SlotPage page, out int old);
            ReadOnlySpan<byte> scored = open.Scored(score, member);
            if (isThere)
            {
                if (page.Key(old).SequenceEqual(scored))
                {
                    return WriteOutcome.Done;
                }

                page.Remove(old);
            }

            if (TryWriteSmall(page.LowerBound(scored, out _), scored, default, replaces: false))
            {
                isNew = !isThere;
                return Done();
            }

            if (!open.TryGrow(SlotPage.EntryBytes(scored.Length, 0)))
            {
                return WriteOutcome.OutOfMemory;
            }
        }

        return PutScoreInTrees(member, score, out isNew);
    }

    /// <summary>Removes a field or member; the last one takes the collection with it.</summary>
    public bool Remove(ReadOnlySpan<byte> field)
    {
        if (open.IsSmall)
        {
            if (!open.Find(field, out SlotPage page, out int slot))
            {
                return false;
            }

            page.Remove(slot);
        }
        else
        {
            if (!open.Tree.Seek(&open.Head->First, open.Hashed(field), out TreePath path))
            {
                return false;
            }

            if (open.Kind == CollectionKind.SortedSet)
            {
                RemoveScore(ElementKey.ReadScore(open.Tree.Leaf(path).Value(path.Slot(0), out _)), field);
            }

            open.Tree.Remove(&open.Head->First, path);
        }

        Removed();
        return true;
    }

    /// <summary>Removes the element of a position below the number of elements.</summary>
    public void RemoveAt(uint position)
    {
        TakeAt(position);
        Removed();
    }

    /// <summary>Removes one or more elements from a position on; all must be there.</summary>
    public void RemoveRange(uint position, uint count)
    {
        if (count == open.Count)
        {
            open.Remove();
            return;
        }

        if (open.IsSmall)
        {
            for (; count > 0; count--)
            {
                open.Small.Remove((int)(position + count - 1));
            }
        }
        else
        {
            if (open.Kind == CollectionKind.SortedSet)
            {
                _members.Remove(position, count);
            }

            open.Tree.RemoveRange(open.Ordered, position, count);
        }

        open.Changed();
    }

    private void TakeAt(uint position)
    {
        if (open.IsSmall)
        {
            open.Small.Remove((int)position);
        }
        else
        {
            open.Tree.Seek(open.Ordered, position, out TreePath path);
            if (open.Kind == CollectionKind.SortedSet)
            {
                ReadOnlySpan<byte> member = open.Tree.Leaf(path).Key(path.Slot(0))[ElementKey.ScoreBytes..];
                open.Tree.Seek(&open.Head->First, open.Hashed(member), out TreePath byMember);
                open.Tree.Remove(&open.Head->First, byMember);
            }

            open.Tree.Remove(open.Ordered, path);
        }
    }

    /// <summary>Whether an entry is short enough for a small collection, and stays so with the hash that a tree adds.</summary>
    private static bool FitsSmall(int keyLength, int valueLength) =>
        SlotPage.EntryBytes(keyLength + ElementKey.HashBytes, valueLength) <= TreeNode.MaxEntryBytes;

    /// <summary>Bytes that a small collection needs for an entry; more than any can have if the entry needs trees.</summary>
    private static int GrowthFor(int keyLength, int valueLength) =>
        FitsSmall(keyLength, valueLength) ? SlotPage.EntryBytes(keyLength, valueLength) : OpenCollection.MaxSmallBytes;

    private WriteOutcome PutScoreInTrees(ReadOnlySpan<byte> member, double score, out bool isNew)
    {
        ReadOnlySpan<byte> hashed = open.Hashed(member);
        isNew = !open.Tree.Seek(&open.Head->First, hashed, out TreePath path);
        double old = 0;
        if (!isNew)
        {
            old = ElementKey.ReadScore(open.Tree.Leaf(path).Value(path.Slot(0), out _));
            if (old == score)
            {
                return WriteOutcome.Done;
            }
        }

        ReadOnlySpan<byte> scored = open.Scored(score, member);
        int needed = isNew ? open.Tree.ChunksFor(&open.Head->First, path, hashed.Length, ElementKey.ScoreBytes) : 0;
        open.Tree.Seek(&open.Head->Second, scored, out TreePath byScore);
        int neededByScore = open.Tree.ChunksFor(&open.Head->Second, byScore, scored.Length, 0);
        WriteOutcome reserved = needed < 0 || neededByScore < 0 ? WriteOutcome.ValueTooLarge : Reserve(needed + neededByScore);
        if (reserved != WriteOutcome.Done)
        {
            return reserved;
        }

        if (open.Chunks.HasReserved)
        {
            open.Tree.Seek(&open.Head->Second, scored, out byScore);
            open.Tree.Seek(&open.Head->First, hashed, out path);
        }

        open.Tree.Insert(&open.Head->Second, byScore, scored, default, isOutside: false);
        if (isNew)
        {
            open.Tree.Insert(&open.Head->First, path, hashed, scored[..ElementKey.ScoreBytes], isOutside: false);
        }
        else
        {
            ElementKey.WriteScore(score, open.Tree.Leaf(path).Value(path.Slot(0), out _));
            RemoveScore(old, member);
        }

        open.Chunks.GiveBack();
        return Done();
    }

    private void RemoveScore(double score, ReadOnlySpan<byte> member)
    {
        open.Tree.Seek(&open.Head->Second, open.Scored(score, member), out TreePath path);
        open.Tree.Remove(&open.Head->Second, path);
    }

    private bool TryWriteSmall(int slot, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool replaces)
    {
        SlotPage page = open.Small;
        int entryBytes = SlotPage.EntryBytes(key.Length, value.Length);
        int free = page.FreeBytes + (replaces ? page.EntryBytesAt(slot) : 0);
        if (entryBytes > free || (value.Length > 0 && !FitsSmall(key.Length, value.Length)))
        {
            return false;
        }

        if (replaces)
        {
            page.Remove(slot);
        }

        page.Insert(slot, key, value);
        return true;
    }

    private WriteOutcome Reserve(in TreePath path, int keyLength, int valueLength)
    {
        bool isOutside = IsOutside(keyLength, valueLength);
        int splits = open.Tree.ChunksFor(&open.Head->First, path, keyLength, isOutside ? SlotPage.OutsideMark : valueLength);
        return splits < 0
            ? WriteOutcome.ValueTooLarge
            : Reserve(splits + (isOutside ? TreeChunks.OutsideChunks(valueLength) : 0));
    }

    private WriteOutcome Reserve(int chunks)
    {
        if (chunks > 0 && open.Head->Chunks + chunks > maxChunks)
        {
            return WriteOutcome.ValueTooLarge;
        }

        if (!open.Chunks.TryReserve(chunks))
        {
            return WriteOutcome.OutOfMemory;
        }

        if (open.IsOpen)
        {
            return WriteOutcome.Done;
        }

        open.Chunks.GiveBack();
        return WriteOutcome.OutOfMemory;
    }

    private static bool IsOutside(int keyLength, int valueLength) =>
        SlotPage.EntryBytes(keyLength, valueLength) > TreeNode.MaxEntryBytes;

    private void Write(in TreePath path, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool replaces)
    {
        Outside outside;
        bool isOutside = IsOutside(key.Length, value.Length);
        if (isOutside)
        {
            outside = open.Chunks.WriteOutside(value);
            value = new ReadOnlySpan<byte>(&outside, sizeof(Outside));
        }

        if (replaces)
        {
            open.Tree.Replace(&open.Head->First, path, key, value, isOutside);
        }
        else
        {
            open.Tree.Insert(&open.Head->First, path, key, value, isOutside);
        }

        open.Chunks.GiveBack();
    }

    private WriteOutcome Done()
    {
        open.Changed();
        return WriteOutcome.Done;
    }

    private void Removed()
    {
        open.Changed();
        if (open.Count == 0)
        {
            open.Remove();
        }
    }
}
