using FastCache.Core.Collections;
using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Core;

/// <summary>What became of the opening of a collection.</summary>
public enum CollectionAnswer : byte
{
    /// <summary>It is open.</summary>
    Open,

    /// <summary>The key is absent.</summary>
    Absent,

    /// <summary>The key has a plain value, or a collection of another kind.</summary>
    WrongKind,

    /// <summary>There is no memory for a new one.</summary>
    OutOfMemory,
}

/// <summary>Lists, hashes, sets and sorted sets: values that have elements.</summary>
/// <remarks>
/// A collection is an item like any other: it has a life and a version, is evicted and removed as a whole, and its bytes are
/// in the budget. Up to 4 KiB it lies in one chunk, beyond it is in trees of 4 KiB chunks (<see cref="Collections.TreeHead"/>).
/// Every operation takes time in proportion to the logarithm of the number of elements, and to the bytes that it is given.
/// A collection without elements does not stay.
/// </remarks>
public sealed unsafe class CollectionStore
{
    /// <summary>Room for the first elements.</summary>
    private const int FirstBytes = 48;

    private readonly Shard _shard;
    private readonly OpenCollection _open;
    private readonly CollectionEdits _edits;

    internal CollectionStore(Shard shard)
    {
        _shard = shard;
        _open = new OpenCollection(shard);
        _edits = new CollectionEdits(_open, MaxBytes(shard.Store.BudgetBytes) / TreeNode.ChunkBytes);
        Copies = new CollectionCopies(shard, this, _open);
    }

    /// <summary>Collections under other keys.</summary>
    internal CollectionCopies Copies { get; }

    /// <summary>Most bytes of one collection, with everything: a quarter of the shard's budget.</summary>
    public static long MaxBytes(long budgetBytes) => budgetBytes / 4;

    /// <summary>What a key has: <see cref="CollectionKind.None"/> for a plain value and for nothing. Counts as no use.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The key's length is out of range.</exception>
    public CollectionKind KindOf(ReadOnlySpan<byte> key)
    {
        Shard.ThrowIfNotKey(key);
        fixed (byte* start = key)
        {
            return KindOf(_shard.Hashed(start, key.Length));
        }
    }

    /// <inheritdoc cref="KindOf(ReadOnlySpan{byte})"/>
    public CollectionKind KindOf(scoped in LookupKey key)
    {
        uint reference = _shard.FindResident(key, out bool isLive);
        return isLive ? OpenCollection.KindOf(_shard.At(reference)) : CollectionKind.None;
    }

    /// <summary>Opens the collection of a key.</summary>
    /// <param name="key"><see cref="Shard.MinKeyBytes"/> to <see cref="Shard.MaxKeyBytes"/> bytes.</param>
    /// <param name="kind">What it must be.</param>
    /// <param name="collection">Valid until the next operation on the shard that is not one of its own.</param>
    /// <exception cref="ArgumentOutOfRangeException">The key's length or the kind is out of range.</exception>
    public CollectionAnswer Open(ReadOnlySpan<byte> key, CollectionKind kind, out CollectionView collection)
    {
        Shard.ThrowIfNotKey(key);
        fixed (byte* start = key)
        {
            return Open(_shard.Hashed(start, key.Length), kind, out collection);
        }
    }

    /// <inheritdoc cref="Open(ReadOnlySpan{byte}, CollectionKind, out CollectionView)"/>
    public CollectionAnswer Open(scoped in LookupKey key, CollectionKind kind, out CollectionView collection)
    {
        ThrowIfNoKind(kind);
        collection = default;
        uint reference = _shard.FindResident(key, out bool isLive);
        if (!isLive)
        {
            _shard.CountMiss();
            return CollectionAnswer.Absent;
        }

        _shard.CountHit();
        _shard.Use(reference, key.Hash);
        if (OpenCollection.KindOf(_shard.At(reference)) != kind)
        {
            return CollectionAnswer.WrongKind;
        }

        collection = View(reference, key.Hash);
        return CollectionAnswer.Open;
    }

    /// <summary>Opens the collection of a key, or a new one without elements and without an expiry: give it an element at once, or <see cref="CollectionView.RemoveIfEmpty"/>.</summary>
    /// <inheritdoc cref="Open(ReadOnlySpan{byte}, CollectionKind, out CollectionView)"/>
    public CollectionAnswer OpenOrCreate(ReadOnlySpan<byte> key, CollectionKind kind, out CollectionView collection)
    {
        Shard.ThrowIfNotKey(key);
        fixed (byte* start = key)
        {
            return OpenOrCreate(_shard.Hashed(start, key.Length), kind, out collection);
        }
    }

    /// <inheritdoc cref="OpenOrCreate(ReadOnlySpan{byte}, CollectionKind, out CollectionView)"/>
    public CollectionAnswer OpenOrCreate(scoped in LookupKey key, CollectionKind kind, out CollectionView collection)
    {
        CollectionAnswer answer = Open(key, kind, out collection);
        if (answer != CollectionAnswer.Absent)
        {
            return answer;
        }

        ItemStore store = _shard.Store;
        _shard.LeaseTable.Revoke(key.Hash);
        int sizeClass = SizeClasses.For(Item.Bytes(key.Length, SlotPage.HeaderBytes + FirstBytes, Item.Collection));
        store.Sample(sizeClass, key.Hash);
        uint chunk = store.Room.Allocate(sizeClass);
        if (chunk == 0)
        {
            return CollectionAnswer.OutOfMemory;
        }

        // A stale value, if making room has left one.
        uint stale = _shard.FindAny(key);
        if (stale != 0)
        {
            store.Remove(stale, key.Hash);
        }

        Item* item = _shard.At(chunk);
        item->Packed = 0;
        item->Version = _shard.NextVersion();
        int valueBytes = SizeClasses.ChunkBytes(sizeClass) - Item.Bytes(key.Length, 0, Item.Collection);
        item->Lengths = Item.PackLengths(key.Length, valueBytes, Item.Collection);
        Bytes.Copy(key.Start, Item.Key(item), key.Length);
        new SlotPage(Item.Value(item), valueBytes).Clear();
        ((TreeRoot*)Item.Value(item))->Kind = kind;
        if (!store.TryPublish(chunk, key.Hash, startsHot: false))
        {
            store.Slab.Free(chunk);
            return CollectionAnswer.OutOfMemory;
        }

        _shard.NoteInsertion(chunk);
        collection = View(chunk, key.Hash);
        return CollectionAnswer.Open;
    }

    private static void ThrowIfNoKind(CollectionKind kind)
    {
        if (kind is CollectionKind.None or > CollectionKind.SortedSet)
        {
            throw new ArgumentOutOfRangeException(nameof(kind), kind, "A collection is a list, hash, set or sorted set.");
        }
    }

    private CollectionView View(uint reference, ulong hash)
    {
        _open.Open(reference, hash);
        return new CollectionView(_open, _edits);
    }
}
