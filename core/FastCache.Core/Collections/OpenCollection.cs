using System.Diagnostics;
using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Core.Collections;

/// <summary>The collection that operations are done on: where its elements are, whatever form it has.</summary>
/// <remarks>
/// One is open at a time. Its item may move or go whenever memory is asked for; <see cref="Trees.Open"/> follows it.
/// </remarks>
internal sealed unsafe class OpenCollection(Shard shard)
{
    /// <summary>Largest chunk of a collection in one piece; a larger one becomes trees.</summary>
    public const int MaxSmallBytes = TreeNode.ChunkBytes;

    private readonly ItemStore _store = shard.Store;
    private readonly Trees _trees = shard.Store.Trees;
    private readonly byte[] _hashed = new byte[TreeNode.MaxKeyBytes];
    private readonly byte[] _scored = new byte[TreeNode.MaxKeyBytes];

    /// <summary>Hash of its key.</summary>
    public ulong Hash { get; private set; }

    public CollectionKind Kind { get; private set; }

    /// <summary>How often one was opened: tells which of them a view is of.</summary>
    public int Openings { get; private set; }

    /// <summary>Whether it is still there, and still what it was when it was opened.</summary>
    public bool IsOpen => _trees.Open != 0 && KindOf(Header) == Kind;

    public Item* Header => _store.At(_trees.Open);

    public bool IsSmall => !Header->IsInTrees;

    public SlotPage Small => new(Item.Value(Header), Header->ValueLength);

    public TreeHead* Head => TreeHead.Of(Header);

    public uint Count => IsSmall ? (uint)Small.Count : Head->First.Count;

    /// <summary>The tree that positions count in.</summary>
    public TreeRoot* Ordered => Kind == CollectionKind.SortedSet ? &Head->Second : &Head->First;

    public ElementTree Tree => _trees.Elements;

    public TreeChunks Chunks => _trees.Chunks;

    /// <summary>What a collection is, whatever form it has.</summary>
    public static CollectionKind KindOf(Item* item) =>
        (item->Kind & Item.Collection) == 0 ? CollectionKind.None : ((TreeRoot*)Item.Value(item))->Kind;

    public void Open(uint reference, ulong hash)
    {
        _trees.Open = reference;
        Hash = hash;
        Kind = KindOf(Header);
        Openings++;
    }

    /// <summary>A field as the key that the first tree has it under; valid until the next call.</summary>
    public ReadOnlySpan<byte> Hashed(ReadOnlySpan<byte> field) => ElementKey.Hashed(_store.Hasher, field, _hashed);

    /// <summary>A member as the key that the second tree has it under; valid until the next call.</summary>
    public ReadOnlySpan<byte> Scored(double score, ReadOnlySpan<byte> member) => ElementKey.Scored(score, member, _scored);

    /// <summary>Finds a field of a hash, a member of a set or sorted set.</summary>
    public bool Find(ReadOnlySpan<byte> field, out SlotPage page, out int slot)
    {
        if (IsSmall)
        {
            page = Small;
            if (Kind == CollectionKind.SortedSet)
            {
                return FindMember(page, field, out slot);
            }

            slot = page.LowerBound(field, out bool isExact);
            return isExact;
        }

        bool found = Tree.Seek(&Head->First, Hashed(field), out TreePath path);
        page = Tree.Leaf(path);
        slot = path.Slot(0);
        return found;
    }

    /// <summary>Finds a position below the number of elements; of a sorted set that is cut, below the number of its scores.</summary>
    public void Find(uint position, out SlotPage page, out int slot)
    {
        Debug.Assert(position < (IsSmall ? Count : Ordered->Count));
        if (IsSmall)
        {
            page = Small;
            slot = (int)position;
            return;
        }

        Tree.Seek(Ordered, position, out TreePath path);
        page = Tree.Leaf(path);
        slot = path.Slot(0);
    }

    /// <summary>Elements of a sorted set below a score and member.</summary>
    public uint Below(ReadOnlySpan<byte> scored, out bool isThere)
    {
        if (IsSmall)
        {
            return (uint)Small.LowerBound(scored, out isThere);
        }

        isThere = Tree.Seek(&Head->Second, scored, out TreePath path);
        return Tree.PositionOf(&Head->Second, path);
    }

    /// <summary>A look at an element.</summary>
    /// <param name="page">Where it is.</param>
    /// <param name="slot">Its slot.</param>
    /// <param name="isByScore">Whether the page is one of a sorted set's scores.</param>
    public ElementView View(SlotPage page, int slot, bool isByScore)
    {
        ReadOnlySpan<byte> key = page.Key(slot);
        ReadOnlySpan<byte> value = page.Value(slot, out bool isOutside);
        if (isByScore)
        {
            return new ElementView(Chunks, key[ElementKey.ScoreBytes..], default, false, ElementKey.ReadScore(key));
        }

        ReadOnlySpan<byte> field = IsSmall || Kind == CollectionKind.List ? key : key[ElementKey.HashBytes..];
        return Kind == CollectionKind.SortedSet
            ? new ElementView(Chunks, field, default, false, ElementKey.ReadScore(value))
            : new ElementView(Chunks, field, value, isOutside, 0);
    }

    /// <summary>Takes note of a change.</summary>
    public void Changed()
    {
        Header->Version = shard.NextVersion();
        if (!IsSmall)
        {
            _store.AccountChunks(Header, Chunks.TakeBalance());
        }
    }

    /// <summary>Removes the collection.</summary>
    public void Remove() => _store.Remove(_trees.Open, Hash);

    /// <summary>Gives a small collection more room: a larger chunk, or trees.</summary>
    /// <param name="entryBytes">What the next entry takes.</param>
    /// <returns>False when there is no memory, or the collection went while it was looked for.</returns>
    public bool TryGrow(int entryBytes)
    {
        int headerBytes = Item.Bytes(Header->KeyLength, 0, 0);
        int needed = headerBytes + Small.UsedBytes + entryBytes;
        int wanted = needed + (needed / 8);
        return entryBytes > TreeNode.MaxEntryBytes || needed > MaxSmallBytes
            ? TryPlant()
            : TryEnlarge(SizeClasses.For(Math.Min(wanted, MaxSmallBytes)));
    }

    private static bool FindMember(SlotPage page, ReadOnlySpan<byte> member, out int slot)
    {
        for (slot = 0; slot < page.Count; slot++)
        {
            if (page.Key(slot)[ElementKey.ScoreBytes..].SequenceEqual(member))
            {
                return true;
            }
        }

        return false;
    }

    private bool TryEnlarge(int sizeClass)
    {
        uint chunk = _store.Room.Allocate(sizeClass);
        if (chunk == 0 || !IsOpen)
        {
            if (chunk != 0)
            {
                _store.Slab.Free(chunk);
            }

            return false;
        }

        Item* item = CopyHead(chunk, SizeClasses.ChunkBytes(sizeClass), Item.Collection);
        SlotPage page = new(Item.Value(item), item->ValueLength);
        page.Clear();
        SlotPage old = Small;
        for (int slot = 0; slot < old.Count; slot++)
        {
            page.Insert(slot, old.Key(slot), old.Value(slot, out _));
        }

        ((TreeRoot*)Item.Value(item))->Kind = Kind;
        return TryReplace(chunk);
    }

    /// <summary>Makes trees of a small collection.</summary>
    private bool TryPlant()
    {
        // The item; up to 4 KiB of entries, with hashes up to 14, halved at worst; as many scores; a node above each.
        const int MostChunks = 1 + 8 + 4 + 2;
        if (!Chunks.TryReserve(MostChunks))
        {
            return false;
        }

        if (!IsOpen)
        {
            Chunks.GiveBack();
            return false;
        }

        uint chunk = Chunks.TakeItem();
        Item* item = CopyHead(chunk, headValueBytes: TreeHead.Bytes);
        TreeHead* head = TreeHead.Of(item);
        *head = default;
        head->First.Kind = Kind;
        Tree.Create(&head->First, chunk);
        if (Kind == CollectionKind.SortedSet)
        {
            Tree.Create(&head->Second, chunk);
        }

        SlotPage old = Small;
        for (int slot = 0; slot < old.Count; slot++)
        {
            Transplant(head, old.Key(slot), old.Value(slot, out _));
        }

        Chunks.GiveBack();
        head->Chunks = (uint)Chunks.TakeBalance();
        return TryReplace(chunk);
    }

    private void Transplant(TreeHead* head, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        TreePath path;
        if (Kind == CollectionKind.List)
        {
            Tree.Seek(&head->First, head->First.Count, out path);
            Tree.Insert(&head->First, path, default, value, false);
            return;
        }

        ReadOnlySpan<byte> field = key;
        if (Kind == CollectionKind.SortedSet)
        {
            Tree.Seek(&head->Second, head->Second.Count, out path);
            Tree.Insert(&head->Second, path, key, default, false);
            field = key[ElementKey.ScoreBytes..];
            value = key[..ElementKey.ScoreBytes];
        }

        ReadOnlySpan<byte> hashed = Hashed(field);
        Tree.Seek(&head->First, hashed, out path);
        Tree.Insert(&head->First, path, hashed, value, false);
    }

    private Item* CopyHead(uint chunk, int chunkBytes, uint kind)
    {
        int keyLength = Header->KeyLength;
        return CopyHead(chunk, keyLength, chunkBytes - Item.Bytes(keyLength, 0, 0), kind);
    }

    private Item* CopyHead(uint chunk, int headValueBytes) =>
        CopyHead(chunk, Header->KeyLength, headValueBytes, Item.Trees);

    private Item* CopyHead(uint chunk, int keyLength, int valueBytes, uint kind)
    {
        Item* item = _store.At(chunk);
        item->Packed = Header->Expiry;
        item->Version = Header->Version;
        item->Lengths = Item.PackLengths(keyLength, valueBytes, kind | (Header->Kind & Item.KeepStale));
        Bytes.Copy(Item.Key(Header), Item.Key(item), keyLength);
        return item;
    }

    /// <summary>Lets a larger form take the place of the collection's item.</summary>
    private bool TryReplace(uint chunk)
    {
        bool wasHot = (Header->Packed & Item.Hot) != 0;
        _store.Remove(_trees.Open, Hash);
        if (!_store.TryPublish(chunk, Hash, wasHot))
        {
            _store.Discard(chunk);
            return false;
        }

        _trees.Open = chunk;
        shard.NoteInsertion(chunk);
        return true;
    }
}
