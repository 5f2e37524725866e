using System.Runtime.CompilerServices;
using FastCache.Core.Compression;
using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Core;

/// <summary>Stores values whose conditions have been checked: in place, in a new chunk, in several, compressed or not.</summary>
/// <remarks>Every write ends the grant to fill its key.</remarks>
internal sealed unsafe class ItemWriter(Shard shard, ValueScratch scratch, ShardOptions options)
{
    private readonly ItemStore _store = shard.Store;
    private readonly int _compressFromBytes = options.CompressFromBytes == 0 ? int.MaxValue : options.CompressFromBytes;
    private readonly double _compressedShare = 1 - options.CompressionMinSaving;

    /// <summary>Writes that stored.</summary>
    public long Sets { get; private set; }

    /// <summary>Writes that stored a compressed value.</summary>
    public long CompressedSets { get; private set; }

    /// <summary>Stores a value that is permitted.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">At most <see cref="Shard.MaxValueBytes"/> bytes, not in the shard's own items.</param>
    /// <param name="existing">The item of the key, live or stale, or 0.</param>
    /// <param name="life">Its life.</param>
    /// <param name="newVersion">Its version.</param>
    /// <param name="version">The same if it was stored, else 0.</param>
    public WriteOutcome Write(
        scoped in LookupKey key, ReadOnlySpan<byte> value, uint existing, in Life life, ulong newVersion, out ulong version)
    {
        fixed (byte* start = value)
        {
            if (value.Length >= _compressFromBytes && TryCompress(key.Length, start, value.Length, life.Kind, out int frameBytes))
            {
                WriteOutcome outcome = WriteStored(
                    key, scratch.Frame, frameBytes, life.Kind | Item.Compressed, existing, life, newVersion, out version);
                CompressedSets += outcome == WriteOutcome.Done ? 1 : 0;
                return outcome;
            }

            return Item.Bytes(key.Length, value.Length, life.Kind) > SizeClasses.LargestChunk
                ? WriteLarge(key, value, life, newVersion, out version)
                : WriteStored(key, start, value.Length, life.Kind, existing, life, newVersion, out version);
        }
    }

    /// <summary>Lets a value that was written piece by piece take the place of what the key had.</summary>
    public WriteOutcome PublishLarge(scoped in LookupKey key, int slot, in Life life, ulong newVersion, out ulong version)
    {
        version = 0;
        shard.LeaseTable.Revoke(key.Hash);
        // Looked for again: making room for the new value may have moved or evicted the old one.
        uint existing = shard.FindAny(key);
        bool wasHot = existing != 0 && (_store.At(existing)->Packed & Item.Hot) != 0;
        if (existing != 0)
        {
            _store.Remove(existing, key.Hash);
        }

        uint head = _store.Large.Release(slot);
        _store.Sample(_store.Slab.ClassOf(head), key.Hash);
        Item* item = _store.At(head);
        item->Packed = life.Expiry;
        item->Version = newVersion;
        life.WriteTrailers(item);

        if (!_store.TryPublish(head, key.Hash, wasHot))
        {
            _store.Large.Detach(head);
            return WriteOutcome.OutOfMemory;
        }

        Sets++;
        version = newVersion;
        return WriteOutcome.Done;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fill(Item* item, int keyLength, byte* stored, int length, uint kind, in Life life, ulong version)
    {
        item->Version = version;
        item->Lengths = Item.PackLengths(keyLength, length, kind);
        Bytes.Copy(stored, Item.Value(item), length);
        if ((kind & Item.HasTrailer) != 0)
        {
            life.WriteTrailers(item);
        }
    }

    /// <summary>Stores a value in one chunk, as it is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private WriteOutcome WriteStored(
        scoped in LookupKey key,
        byte* stored,
        int length,
        uint kind,
        uint existing,
        in Life life,
        ulong newVersion,
        out ulong version)
    {
        version = 0;
        shard.LeaseTable.Revoke(key.Hash);
        int sizeClass = SizeClasses.For(Item.Bytes(key.Length, length, kind));
        uint chunk = existing;
        Item* item;
        if (existing != 0 && _store.Slab.ClassOf(existing) == sizeClass && (_store.At(existing)->Kind & Item.SeveralChunks) == 0)
        {
            item = _store.At(chunk);
            _store.AccountOverwrite(item, length, kind);
            item->Packed = (item->Packed & ~Item.ExpiryMask) | life.Expiry;
            Fill(item, key.Length, stored, length, kind, life, newVersion);
            shard.Refer(chunk, key.Hash);
            _store.ScheduleExpiry(chunk);
        }
        else
        {
            bool wasHot = existing != 0 && (_store.At(existing)->Packed & Item.Hot) != 0;
            if (existing != 0)
            {
                _store.Remove(existing, key.Hash);
            }

            _store.Sample(sizeClass, key.Hash);
            chunk = _store.Room.Allocate(sizeClass);
            if (chunk == 0)
            {
                return WriteOutcome.OutOfMemory;
            }

            item = _store.At(chunk);
            item->Packed = life.Expiry;
            Bytes.Copy(key.Start, Item.Key(item), key.Length);
            Fill(item, key.Length, stored, length, kind, life, newVersion);
            if (!_store.TryPublish(chunk, key.Hash, wasHot))
            {
                _store.Slab.Free(chunk);
                return WriteOutcome.OutOfMemory;
            }

            shard.NoteInsertion(chunk);
        }

        Sets++;
        version = newVersion;
        return WriteOutcome.Done;
    }

    private bool TryCompress(int keyLength, byte* value, int length, uint kind, out int frameBytes)
    {
        frameBytes = 0;
        if (length > ValueFrame.MaxValueBytes)
        {
            return false;
        }

        // What does not fit one chunk would have to be put together before it can be expanded.
        int most = Math.Min((int)(length * _compressedShare), SizeClasses.LargestChunk - Item.Bytes(keyLength, 0, kind));
        frameBytes = ValueFrame.TryWrite(value, length, scratch.Frame, most);
        return frameBytes > 0;
    }

    private WriteOutcome WriteLarge(
        scoped in LookupKey key, ReadOnlySpan<byte> value, in Life life, ulong newVersion, out ulong version)
    {
        version = 0;
        LargeValues large = _store.Large;
        int slot = large.Begin(key.Bytes, key.Hash, value.Length, life.Kind, isWrittenAtOnce: true, out _);
        if (slot < 0 || !large.TryAppend(slot, value))
        {
            if (slot >= 0)
            {
                large.Abort(slot);
            }

            Drop(key);
            return WriteOutcome.OutOfMemory;
        }

        return PublishLarge(key, slot, life, newVersion, out version);
    }

    /// <summary>A write that was permitted failed: an older value must not outlive it.</summary>
    private void Drop(scoped in LookupKey key)
    {
        shard.LeaseTable.Revoke(key.Hash);
        uint existing = shard.FindAny(key);
        if (existing != 0)
        {
            _store.Remove(existing, key.Hash);
        }
    }
}
