using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastCache.Core.Memory;

namespace FastCache.Core.Items;

/// <summary>Values of several chunks: written piece by piece, read piece by piece, taken apart piece by piece.</summary>
/// <remarks>
/// A value is written into chunks that nobody else sees, and appears whole when it is committed. A reader pins the value
/// that it opened: when that value is replaced, deleted or evicted meanwhile, it leaves the index, but its chunks stay until
/// the last reader has closed it. So a reader sees the value that it opened, whole, whatever happens to the key.
/// <code>
///                    commit                     replaced, deleted, evicted
///   BEING WRITTEN ------------> LIVE item ---------------------------------+--------------> DYING: freed in
///        | abort                  ^ |  open: pins + 1                      | pins = 0        bounded steps
///        |                        | v                                      v pins > 0           ^   ^
///        |                       readers                               DETACHED: last close ----+   |
///        +------------------------------------------------------------------------------------------+
/// </code>
/// Heads that are not live carry <see cref="Item.LooseHead"/>.
/// <para>Invariants:
/// 1. A head that is being written is in one writer's slot; a detached one is in the slots of as many readers as it has pins;
/// a dying one is in the list that starts at <c>_dying</c>, threaded through <see cref="Item.Newer"/>.
/// 2. Pinned values together take at most half of the budget, values being written at most three eighths: so an eighth is
/// always left for everything else, which neither holds up.
/// </para>
/// </remarks>
internal sealed unsafe class LargeValues(ItemStore store, long maxPinnedBytes, long maxWrittenBytes)
{
    /// <summary>Most values being written at once.</summary>
    public const int MaxWriters = 256;

    /// <summary>The slot of values that are written at once: it is always free between operations.</summary>
    private const int SlotAtOnce = MaxWriters;

    /// <summary>Most readers at once.</summary>
    public const int MaxReaders = 1024;

    private readonly WriterSlot[] _writers = new WriterSlot[MaxWriters + 1];
    private readonly ReaderSlot[] _readers = new ReaderSlot[MaxReaders];
    private uint _dying;

    /// <summary>Chunks of values that are being written, detached or dying.</summary>
    public long LooseChunkBytes { get; private set; }

    /// <summary>Announced bytes of all values that are being written.</summary>
    public long WrittenBytes { get; private set; }

    /// <summary>Bytes of chunks of all values that readers have open.</summary>
    public long PinnedBytes { get; private set; }

    /// <summary>Whether there is a value to take apart.</summary>
    public bool HasDying => _dying != 0;

    /// <summary>Starts to write a value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="hash">Its hash.</param>
    /// <param name="length">Bytes of the value.</param>
    /// <param name="kind">The item's kind.</param>
    /// <param name="isWrittenAtOnce">Whether it will be published before any other operation, and holds nothing up.</param>
    /// <param name="isOutOfMemory">Whether it is memory that lacks, and not a slot or room among values being written.</param>
    /// <returns>The writer's slot, or -1 when memory (then <paramref name="isOutOfMemory"/>) or slots lack.</returns>
    public int Begin(ReadOnlySpan<byte> key, ulong hash, long length, uint kind, bool isWrittenAtOnce, out bool isOutOfMemory)
    {
        isOutOfMemory = false;
        int slot = isWrittenAtOnce ? SlotAtOnce : FindWriter(0);
        if (slot < 0 || (!isWrittenAtOnce && WrittenBytes + length > maxWrittenBytes))
        {
            return -1;
        }

        LargeLayout layout = LargeLayout.For(key.Length, length, kind);
        uint head = store.Room.Allocate(layout.SizeClass);
        if (head == 0)
        {
            isOutOfMemory = true;
            return -1;
        }

        Item* item = store.At(head);
        item->Packed = Item.LooseHead;
        item->Lengths = Item.PackLengths(key.Length, layout.HeadValueBytes, kind | Item.SeveralChunks);
        key.CopyTo(new Span<byte>(Item.Key(item), key.Length));
        *LargeHead.Of(item) = new LargeHead { Length = length, Segments = layout.Segments };
        new Span<uint>(LargeHead.Table(item), layout.Segments).Clear();
        LooseChunkBytes += SizeClasses.ChunkBytes(layout.SizeClass);
        WrittenBytes += length;
        ref WriterSlot taken = ref _writers[slot];
        taken.Head = head;
        taken.Hash = hash;
        taken.Written = 0;
        taken.Layout = layout;
        taken.Generation++;
        return slot;
    }

    /// <summary>What a slot's generation is now; a handle that names another one is stale.</summary>
    public uint WriterGeneration(int slot) => _writers[slot].Generation;

    /// <inheritdoc cref="WriterGeneration"/>
    public uint ReaderGeneration(int slot) => _readers[slot].Generation;

    /// <summary>The head that a writer writes.</summary>
    public uint HeadOfWriter(int slot) => _writers[slot].Head;

    /// <summary>The hash of the key that a writer writes.</summary>
    public ulong HashOfWriter(int slot) => _writers[slot].Hash;

    /// <summary>Bytes that a writer has still to get.</summary>
    public long RestOfWriter(int slot) => LargeHead.Of(store.At(_writers[slot].Head))->Length - _writers[slot].Written;

    public bool IsWriter(int slot, uint generation) =>
        (uint)slot < MaxWriters && _writers[slot].Head != 0 && _writers[slot].Generation == generation;

    public bool IsReader(int slot, uint generation) =>
        (uint)slot < MaxReaders && _readers[slot].Head != 0 && _readers[slot].Generation == generation;

    /// <summary>Adds the next bytes of a value.</summary>
    /// <param name="slot">A writer in use.</param>
    /// <param name="piece">At most <see cref="RestOfWriter"/> bytes.</param>
    /// <returns>False when there is no memory; the writer can only be aborted then.</returns>
    public bool TryAppend(int slot, ReadOnlySpan<byte> piece)
    {
        ref WriterSlot writer = ref _writers[slot];
        Debug.Assert(piece.Length <= RestOfWriter(slot));
        while (piece.Length > 0)
        {
            byte* target = Place(ref writer, out int room);
            if (target is null)
            {
                return false;
            }

            int count = Math.Min(room, piece.Length);
            piece[..count].CopyTo(new Span<byte>(target, count));
            writer.Written += count;
            piece = piece[count..];
        }

        return true;
    }

    /// <summary>Lets go of a writer whose value is about to be published.</summary>
    /// <returns>The head.</returns>
    public uint Release(int slot)
    {
        ref WriterSlot writer = ref _writers[slot];
        uint head = writer.Head;
        writer.Head = 0;
        WrittenBytes -= LargeHead.Of(store.At(head))->Length;
        LooseChunkBytes -= ChunkBytesOf(head);
        return head;
    }

    /// <summary>Gives up a value that is being written.</summary>
    public void Abort(int slot)
    {
        uint head = _writers[slot].Head;
        _writers[slot].Head = 0;
        WrittenBytes -= LargeHead.Of(store.At(head))->Length;
        Kill(head);
    }

    /// <summary>Pins a live value for a reader.</summary>
    /// <returns>The reader's slot, or -1 when slots lack or too much is pinned.</returns>
    public int Open(uint head)
    {
        LargeHead* large = LargeHead.Of(store.At(head));
        long bytes = ChunkBytesOf(head);
        int slot = FindFreeReader();
        if (slot < 0 || (large->Pins == 0 && PinnedBytes + bytes > maxPinnedBytes))
        {
            return -1;
        }

        PinnedBytes += large->Pins == 0 ? bytes : 0;
        large->Pins++;
        _readers[slot].Head = head;
        _readers[slot].Generation++;
        return slot;
    }

    /// <summary>The head that a reader has open.</summary>
    public uint HeadOfReader(int slot) => _readers[slot].Head;

    /// <summary>Ends a reader; the last one of a detached value lets it die.</summary>
    public void Close(int slot)
    {
        uint head = _readers[slot].Head;
        _readers[slot].Head = 0;
        Item* item = store.At(head);
        if (--LargeHead.Of(item)->Pins > 0)
        {
            return;
        }

        PinnedBytes -= ChunkBytesOf(head);
        if ((item->Packed & Item.Live) == 0)
        {
            Kill(head);
        }
    }

    /// <summary>Takes in a value that has just left index and clock.</summary>
    public void Detach(uint head)
    {
        LooseChunkBytes += ChunkBytesOf(head);
        store.At(head)->Packed = Item.LooseHead;
        if (LargeHead.Of(store.At(head))->Pins == 0)
        {
            Kill(head);
        }
    }

    /// <summary>Copies a part of a value.</summary>
    /// <param name="head">The value's head.</param>
    /// <param name="offset">0 to the value's length.</param>
    /// <param name="destination">Filled as far as the value goes.</param>
    /// <returns>Bytes copied.</returns>
    public int Read(uint head, long offset, Span<byte> destination)
    {
        int copied = 0;
        while (copied < destination.Length)
        {
            ReadOnlySpan<byte> piece = Peek(head, offset + copied);
            if (piece.IsEmpty)
            {
                break;
            }

            piece = piece[..Math.Min(piece.Length, destination.Length - copied)];
            piece.CopyTo(destination[copied..]);
            copied += piece.Length;
        }

        return copied;
    }

    /// <summary>The bytes of a value from a position to the end of the chunk that holds it; empty at the value's end.</summary>
    public ReadOnlySpan<byte> Peek(uint head, long offset)
    {
        Item* item = store.At(head);
        LargeLayout layout = LargeLayout.Of(item, store.Slab.ClassOf(head));
        long length = LargeHead.Of(item)->Length;
        if (offset >= length)
        {
            return default;
        }

        if (offset < layout.HeadDataBytes)
        {
            return new ReadOnlySpan<byte>(LargeHead.Data(item) + offset, (int)(layout.HeadDataBytes - offset));
        }

        (long number, long within) = Math.DivRem(offset - layout.HeadDataBytes, layout.SegmentDataBytes);
        byte* segment = store.Slab.Address(LargeHead.Table(item)[number]);
        int bytes = (int)Math.Min(layout.SegmentDataBytes - within, length - offset);
        return new ReadOnlySpan<byte>(segment + LargeLayout.SegmentHeaderBytes + within, bytes);
    }

    /// <summary>Frees up to <paramref name="chunks"/> chunks of dying values.</summary>
    public void Reap(int chunks)
    {
        while (_dying != 0 && chunks-- > 0)
        {
            uint head = _dying;
            Item* item = store.At(head);
            LargeHead* large = LargeHead.Of(item);
            if (large->Segments > 0)
            {
                uint segment = LargeHead.Table(item)[--large->Segments];
                // The table shrinks towards its start, so that Data moves; nobody reads a dying value.
                if (segment != 0)
                {
                    LooseChunkBytes -= SizeClasses.ChunkBytes(store.Slab.ClassOf(segment));
                    store.Slab.Free(segment);
                }

                continue;
            }

            _dying = item->Newer;
            LooseChunkBytes -= SizeClasses.ChunkBytes(store.Slab.ClassOf(head));
            store.Slab.Free(head);
        }
    }

    /// <summary>Tells all that know a head where its copy is; the old place still holds the head as it was.</summary>
    /// <param name="head">The old place.</param>
    /// <param name="copy">The new place, already complete.</param>
    public void Moved(uint head, uint copy)
    {
        Item* item = store.At(copy);
        uint* table = LargeHead.Table(item);
        int segments = LargeHead.Of(item)->Segments;
        for (int i = 0; i < segments; i++)
        {
            if (table[i] != 0)
            {
                ((Segment*)store.Slab.Address(table[i]))->Head = copy;
            }
        }

        if (LargeHead.Of(item)->Pins > 0)
        {
            foreach (ref ReaderSlot reader in _readers.AsSpan())
            {
                reader.Head = reader.Head == head ? copy : reader.Head;
            }
        }
        else if ((item->Packed & Item.LooseHead) != 0)
        {
            foreach (ref WriterSlot writer in _writers.AsSpan())
            {
                writer.Head = writer.Head == head ? copy : writer.Head;
            }
        }
    }

    /// <summary>Lets a segment's copy take its place.</summary>
    public void MovedSegment(uint copy)
    {
        Segment* segment = (Segment*)store.Slab.Address(copy);
        LargeHead.Table(store.At(segment->Head))[segment->Number] = copy;
    }

    /// <summary>Whether an item's chunks stay when it is evicted, because a reader has it open.</summary>
    public static bool IsPinned(Item* item) => item->IsLarge && LargeHead.Of(item)->Pins > 0;

    /// <summary>Whether a loose head waits to be taken apart.</summary>
    public bool IsDying(uint head)
    {
        Item* item = store.At(head);
        return (item->Packed & Item.LooseHead) != 0 && LargeHead.Of(item)->Pins == 0
            && FindWriter(head) < 0;
    }

    /// <summary>Throws when an invariant does not hold.</summary>
    public void Check()
    {
        Dictionary<uint, int> pins = [];
        foreach (ReaderSlot reader in _readers)
        {
            if (reader.Head != 0)
            {
                pins[reader.Head] = pins.GetValueOrDefault(reader.Head) + 1;
            }
        }

        long pinned = 0;
        foreach ((uint head, int count) in pins)
        {
            pinned += ChunkBytesOf(head);
            Invariant.Require(LargeHead.Of(store.At(head))->Pins == count, $"value {head:x8} miscounts its readers");
        }

        long written = 0;
        foreach (WriterSlot writer in _writers)
        {
            written += writer.Head == 0 ? 0 : LargeHead.Of(store.At(writer.Head))->Length;
        }

        Invariant.Require(written == WrittenBytes, "bytes being written are miscounted");
        Invariant.Require(pinned == PinnedBytes, "pinned bytes are miscounted");
    }

    /// <summary>Bytes of all chunks that a value has now.</summary>
    public long ChunkBytesOf(uint head)
    {
        Item* item = store.At(head);
        int chunks = 1;
        uint* table = LargeHead.Table(item);
        int segments = LargeHead.Of(item)->Segments;
        // Segments are added in order: the first that is missing is found by halving.
        int low = 0;
        int high = segments;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = table[middle] != 0 ? (middle + 1, high) : (low, middle);
        }

        chunks += low;
        return (long)chunks * SizeClasses.ChunkBytes(store.Slab.ClassOf(head));
    }

    /// <summary>Where the next byte of a value goes, in a new segment if need be.</summary>
    private byte* Place(ref WriterSlot writer, out int room)
    {
        LargeLayout layout = writer.Layout;
        if (writer.Written < layout.HeadDataBytes)
        {
            room = (int)(layout.HeadDataBytes - writer.Written);
            return LargeHead.Data(store.At(writer.Head)) + writer.Written;
        }

        (long number, long within) = Math.DivRem(writer.Written - layout.HeadDataBytes, layout.SegmentDataBytes);
        room = (int)(layout.SegmentDataBytes - within);
        uint chunk = LargeHead.Table(store.At(writer.Head))[number];
        if (chunk == 0)
        {
            chunk = store.Room.Allocate(layout.SizeClass);
            if (chunk == 0)
            {
                return null;
            }

            store.Wheel.Forget(chunk);
            // Read again: making room may have moved the head.
            uint head = writer.Head;
            *(Segment*)store.Slab.Address(chunk) = new Segment { Head = head, Number = (uint)number, Packed = Item.Segment };
            LargeHead.Table(store.At(head))[number] = chunk;
            LooseChunkBytes += SizeClasses.ChunkBytes(layout.SizeClass);
        }

        return store.Slab.Address(chunk) + LargeLayout.SegmentHeaderBytes + within;
    }

    /// <param name="head">The head of a value that is being written; 0: any free slot for a value that is written in pieces.</param>
    private int FindWriter(uint head)
    {
        int slot = head == 0 ? MaxWriters - 1 : SlotAtOnce;
        while (slot >= 0 && _writers[slot].Head != head)
        {
            slot--;
        }

        return slot;
    }

    private int FindFreeReader()
    {
        int slot = MaxReaders - 1;
        while (slot >= 0 && _readers[slot].Head != 0)
        {
            slot--;
        }

        return slot;
    }

    private void Kill(uint head)
    {
        store.At(head)->Newer = _dying;
        _dying = head;
    }

    private struct WriterSlot
    {
        public uint Head;
        public uint Generation;
        public ulong Hash;
        public long Written;
        public LargeLayout Layout;
    }

    private struct ReaderSlot
    {
        public uint Head;
        public uint Generation;
    }
}
