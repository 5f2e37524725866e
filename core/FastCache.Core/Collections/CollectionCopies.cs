using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Core.Collections;

/// <summary>Puts collections under other keys, in the place of whatever these have.</summary>
/// <remarks>
/// In one chunk a collection is copied as it is. In trees it is moved by moving its head, which the trees then have as their parent;
/// a copy is made element by element.
/// </remarks>
internal sealed unsafe class CollectionCopies(Shard shard, CollectionStore collections, OpenCollection open)
{
    private readonly ItemStore _store = shard.Store;

    /// <summary>Moves a collection.</summary>
    /// <param name="source">Its item.</param>
    /// <param name="from">Its key.</param>
    /// <param name="to">Another one.</param>
    /// <returns><see cref="WriteOutcome.Done"/> or <see cref="WriteOutcome.OutOfMemory"/>.</returns>
    public WriteOutcome Move(uint source, scoped in LookupKey from, scoped in LookupKey to)
    {
        open.Open(source, from.Hash);
        uint chunk = CopyItem(to);
        if (chunk == 0)
        {
            return WriteOutcome.OutOfMemory;
        }

        shard.LeaseTable.Revoke(from.Hash);
        RemoveAt(to);
        uint moved = _store.Trees.Open;
        Item* item = _store.At(moved);
        bool wasHot = (item->Packed & Item.Hot) != 0;
        _store.Trees.Moved(moved, chunk);
        if (item->IsInTrees)
        {
            // What goes is a collection without trees.
            _store.AccountChunks(item, -(int)TreeHead.Of(item)->Chunks);
            item->Lengths &= ~Item.SeveralChunks;
        }

        _store.Remove(moved, from.Hash);
        return Publish(chunk, to, wasHot);
    }

    /// <summary>Copies a collection.</summary>
    /// <param name="source">Its item.</param>
    /// <param name="from">Its key.</param>
    /// <param name="to">Another one.</param>
    /// <param name="scratch">Where elements in trees can lie meanwhile.</param>
    /// <returns><see cref="WriteOutcome.Done"/>, <see cref="WriteOutcome.ValueTooLarge"/> or <see cref="WriteOutcome.OutOfMemory"/>.</returns>
    public WriteOutcome Copy(uint source, scoped in LookupKey from, scoped in LookupKey to, Span<byte> scratch)
    {
        open.Open(source, from.Hash);
        if (!open.IsSmall)
        {
            return CopyElements(from, to, scratch);
        }

        uint chunk = CopyItem(to);
        if (chunk == 0)
        {
            return WriteOutcome.OutOfMemory;
        }

        RemoveAt(to);
        return Publish(chunk, to, startsHot: false);
    }

    /// <summary>Copies the open collection's item, with the other key, to a chunk that nobody knows.</summary>
    /// <returns>0 when there is no memory, or the collection went while it was looked for.</returns>
    private uint CopyItem(scoped in LookupKey to)
    {
        int valueBytes = open.Header->ValueLength;
        int sizeClass = open.IsSmall ? SizeClasses.For(Item.Bytes(to.Length, valueBytes, Item.Collection)) : TreeNode.SizeClass;
        _store.Sample(sizeClass, to.Hash);
        uint chunk = _store.Room.Allocate(sizeClass);
        if (chunk == 0 || !open.IsOpen)
        {
            if (chunk != 0)
            {
                _store.Slab.Free(chunk);
            }

            return 0;
        }

        Item* header = open.Header;
        Item* item = _store.At(chunk);
        item->Packed = header->Expiry;
        item->Version = shard.NextVersion();
        item->Lengths = Item.PackLengths(to.Length, valueBytes, header->Kind);
        Bytes.Copy(to.Start, Item.Key(item), to.Length);
        Bytes.Copy(Item.Value(header), Item.Value(item), valueBytes);
        return chunk;
    }

    private void RemoveAt(scoped in LookupKey key)
    {
        shard.LeaseTable.Revoke(key.Hash);
        uint existing = shard.FindAny(key);
        if (existing != 0)
        {
            _store.Remove(existing, key.Hash);
        }
    }

    private WriteOutcome Publish(uint chunk, scoped in LookupKey to, bool startsHot)
    {
        if (!_store.TryPublish(chunk, to.Hash, startsHot))
        {
            _store.Discard(chunk);
            return WriteOutcome.OutOfMemory;
        }

        shard.NoteInsertion(chunk);
        return WriteOutcome.Done;
    }

    private WriteOutcome CopyElements(scoped in LookupKey from, scoped in LookupKey to, Span<byte> scratch)
    {
        CollectionKind kind = open.Kind;
        Life life = Life.Of(open.Header);
        collections.Open(from, kind, out CollectionView source);
        int count = source.Count;
        scoped Packer packer = new(scratch);
        if (count <= ItemCopies.MaxElements)
        {
            source.Walk(0, count, ref packer);
        }

        if (packer.Packed < count)
        {
            return WriteOutcome.ValueTooLarge;
        }

        RemoveAt(to);
        if (collections.OpenOrCreate(to, kind, out CollectionView copy) != CollectionAnswer.Open)
        {
            return WriteOutcome.OutOfMemory;
        }

        ReadOnlySpan<byte> rest = scratch;
        for (int i = 0; i < count; i++)
        {
            if (PutNext(copy, ref rest) != WriteOutcome.Done)
            {
                RemoveAt(to);
                return WriteOutcome.OutOfMemory;
            }
        }

        _store.At(_store.Trees.Open)->Lengths |= life.Kind;
        shard.SetExpiry(_store.Trees.Open, life.Expiry);
        return WriteOutcome.Done;
    }

    private static WriteOutcome PutNext(scoped CollectionView copy, ref ReadOnlySpan<byte> rest)
    {
        PackedElement head = MemoryMarshal.Read<PackedElement>(rest);
        int fieldAt = Unsafe.SizeOf<PackedElement>();
        int valueAt = fieldAt + head.FieldBytes;
        ReadOnlySpan<byte> field = rest[fieldAt..valueAt];
        ReadOnlySpan<byte> value = rest.Slice(valueAt, head.ValueBytes);
        rest = rest[(valueAt + head.ValueBytes)..];
        return copy.Kind switch
        {
            CollectionKind.List => copy.Insert(copy.Count, value),
            CollectionKind.SortedSet => copy.PutScore(field, head.Score, out _),
            _ => copy.Put(field, value, out _),
        };
    }

    private struct PackedElement
    {
        public int FieldBytes;
        public int ValueBytes;
        public double Score;
    }

    /// <summary>Puts elements one behind the other, as far as there is room.</summary>
    private ref struct Packer(Span<byte> room) : IElementVisitor
    {
        private Span<byte> _rest = room;

        public int Packed { get; private set; }

        public bool Visit(in ElementView element)
        {
            PackedElement head = new() { FieldBytes = element.Field.Length, ValueBytes = element.Length, Score = element.Score };
            int valueAt = Unsafe.SizeOf<PackedElement>() + head.FieldBytes;
            if (valueAt + head.ValueBytes > _rest.Length)
            {
                return false;
            }

            MemoryMarshal.Write(_rest, head);
            element.Field.CopyTo(_rest[Unsafe.SizeOf<PackedElement>()..]);
            element.CopyTo(_rest.Slice(valueAt, head.ValueBytes));
            _rest = _rest[(valueAt + head.ValueBytes)..];
            Packed++;
            return true;
        }
    }
}
