using FastCache.Core.Items;

namespace FastCache.Core;

/// <summary>Names a value that is being written; valid until it is committed or aborted.</summary>
public readonly record struct ValueWriter
{
    internal ValueWriter(int owner, int slot, uint generation)
    {
        Owner = owner;
        Slot = slot;
        Generation = generation;
    }

    /// <summary>Which shard's it is, from 1: slots and generations of two shards are alike.</summary>
    internal int Owner { get; }

    internal int Slot { get; }

    internal uint Generation { get; }
}

/// <summary>Names a value that is being read; valid until it is closed.</summary>
public readonly record struct ValueReader
{
    internal ValueReader(int owner, int slot, uint generation)
    {
        Owner = owner;
        Slot = slot;
        Generation = generation;
    }

    /// <summary>Which shard's it is, from 1: slots and generations of two shards are alike.</summary>
    internal int Owner { get; }

    internal int Slot { get; }

    internal uint Generation { get; }
}

/// <summary>Values written and read piece by piece, between other operations of the shard.</summary>
/// <remarks>
/// A value appears whole when it is committed; until then the key has what it had. A reader sees the value that it opened,
/// whole and unchanged, whatever is done to the key meanwhile, because the chunks of that value stay until it is closed.
/// See <see cref="LargeValues"/>. A value that is open cannot be forced out: all that are open together may take half of the
/// budget, and who opens readers must close them.
/// </remarks>
public sealed unsafe class ValueStreams
{
    private static int _owners;

    private readonly Shard _shard;
    private readonly LargeValues _large;
    private readonly int _owner = Interlocked.Increment(ref _owners);

    internal ValueStreams(Shard shard)
    {
        _shard = shard;
        _large = shard.Store.Large;
    }

    /// <summary>Longest value in bytes that is stored in one chunk and cannot be written or opened here.</summary>
    /// <remarks>Shorter ones are written with <see cref="Shard.Set(ReadOnlySpan{byte}, ReadOnlySpan{byte}, in SetOptions, out ulong)"/>
    /// and read with <see cref="Shard.TryGet(ReadOnlySpan{byte}, out ItemView)"/>.</remarks>
    public static int MaxContiguousBytes(int keyLength) => Memory.SizeClasses.LargestChunk - Item.Bytes(keyLength, 0, 0);

    /// <summary>Starts to write a value.</summary>
    /// <param name="key"><see cref="Shard.MinKeyBytes"/> to <see cref="Shard.MaxKeyBytes"/> bytes.</param>
    /// <param name="length">Bytes of the value: more than <see cref="MaxContiguousBytes"/>, at most <see cref="Shard.MaxValueBytes"/>.</param>
    /// <param name="options">Checked now, to refuse early; they decide at the commit.</param>
    /// <param name="writer">For the calls that follow, if <see cref="WriteOutcome.Done"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The key's length is out of range, or the value is too short.</exception>
    public WriteOutcome Begin(ReadOnlySpan<byte> key, long length, in SetOptions options, out ValueWriter writer)
    {
        Shard.ThrowIfNotKey(key);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(length, MaxContiguousBytes(key.Length));
        writer = default;
        if (length > _shard.MaxValueBytes)
        {
            return WriteOutcome.ValueTooLarge;
        }

        fixed (byte* start = key)
        {
            LookupKey hashed = _shard.Hashed(start, key.Length);
            uint existing = _shard.FindResident(hashed, out bool isLive);
            WriteOutcome permitted = _shard.Permits(hashed, options, isLive ? existing : 0);
            if (permitted != WriteOutcome.Done)
            {
                return permitted;
            }

            uint kind = Life.From(options, _shard.Now).Kind;
            int slot = _large.Begin(key, hashed.Hash, length, kind, isWrittenAtOnce: false, out bool isOutOfMemory);
            if (slot < 0)
            {
                return isOutOfMemory ? WriteOutcome.OutOfMemory : WriteOutcome.TooManyOpen;
            }

            writer = new ValueWriter(_owner, slot, _large.WriterGeneration(slot));
            return WriteOutcome.Done;
        }
    }

    /// <summary>Adds the next bytes of a value.</summary>
    /// <returns><see cref="WriteOutcome.Done"/>, or <see cref="WriteOutcome.OutOfMemory"/>: then the writer has been aborted.</returns>
    /// <exception cref="ArgumentException">The writer is not in use, or the piece goes beyond the length that was announced.</exception>
    public WriteOutcome Append(ValueWriter writer, ReadOnlySpan<byte> piece)
    {
        int slot = SlotOf(writer);
        if (piece.Length > _large.RestOfWriter(slot))
        {
            throw new ArgumentException($"{piece.Length} bytes are more than the {_large.RestOfWriter(slot)} that are missing.", nameof(piece));
        }

        if (_large.TryAppend(slot, piece))
        {
            return WriteOutcome.Done;
        }

        _large.Abort(slot);
        return WriteOutcome.OutOfMemory;
    }

    /// <summary>Lets a complete value take the place of what the key has, if the conditions hold now.</summary>
    /// <param name="writer">Ended by this, whatever the outcome.</param>
    /// <param name="options">The same as at the beginning; the life counts from now.</param>
    /// <param name="version">The value's version; 0 unless <see cref="WriteOutcome.Done"/>.</param>
    /// <exception cref="ArgumentException">The writer is not in use, or bytes are missing; then it is still in use.</exception>
    public WriteOutcome Commit(ValueWriter writer, in SetOptions options, out ulong version)
    {
        version = 0;
        int slot = SlotOf(writer);
        if (_large.RestOfWriter(slot) > 0)
        {
            throw new ArgumentException($"{_large.RestOfWriter(slot)} bytes of the value are missing.", nameof(writer));
        }

        Item* head = _shard.At(_large.HeadOfWriter(slot));
        Life life = Life.From(options, _shard.Now);
        if (life.Kind != (head->Kind & ~Item.SeveralChunks))
        {
            throw new ArgumentException("The life must be of the kind that was announced at the beginning.", nameof(options));
        }

        // The key is copied out: the head may move before the last comparison with it.
        byte* key = stackalloc byte[Shard.MaxKeyBytes];
        int keyLength = head->KeyLength;
        new ReadOnlySpan<byte>(Item.Key(head), keyLength).CopyTo(new Span<byte>(key, keyLength));
        LookupKey hashed = new(key, keyLength, _large.HashOfWriter(slot), 0);
        uint existing = _shard.FindResident(hashed, out bool isLive);
        WriteOutcome permitted = _shard.Permits(hashed, options, isLive ? existing : 0);
        if (permitted != WriteOutcome.Done)
        {
            _large.Abort(slot);
            return permitted;
        }

        return _shard.Writer.PublishLarge(hashed, slot, life, _shard.VersionFor(options), out version);
    }

    /// <summary>Gives up a value that is being written; the key keeps what it has.</summary>
    /// <exception cref="ArgumentException">The writer is not in use.</exception>
    public void Abort(ValueWriter writer) => _large.Abort(SlotOf(writer));

    /// <summary>Opens a value for reading piece by piece.</summary>
    /// <remarks>
    /// Counts as a hit when the key has such a value, as a miss when it is absent, and not at all when its value lies in one
    /// chunk: the lookup that reads it counts.
    /// </remarks>
    /// <param name="key"><see cref="Shard.MinKeyBytes"/> to <see cref="Shard.MaxKeyBytes"/> bytes.</param>
    /// <param name="reader">For the calls that follow, if <see cref="WriteOutcome.Done"/>; to be closed.</param>
    /// <param name="length">Bytes of the value.</param>
    /// <param name="version">Its version.</param>
    /// <returns>
    /// <see cref="WriteOutcome.NotFound"/> when the key is absent; <see cref="WriteOutcome.Exists"/> when its value lies in
    /// one chunk, which <see cref="Shard.TryGet(ReadOnlySpan{byte}, out ItemView)"/> reads;
    /// <see cref="WriteOutcome.TooManyOpen"/> when readers or the memory that they may pin are used up.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">The key's length is out of range.</exception>
    public WriteOutcome Open(ReadOnlySpan<byte> key, out ValueReader reader, out long length, out ulong version)
    {
        Shard.ThrowIfNotKey(key);
        reader = default;
        length = 0;
        version = 0;
        fixed (byte* start = key)
        {
            LookupKey hashed = _shard.Hashed(start, key.Length);
            uint reference = _shard.FindResident(hashed, out bool isLive);
            if (!isLive || (_shard.At(reference)->Kind & Item.Collection) != 0)
            {
                _shard.CountMiss();
                return WriteOutcome.NotFound;
            }

            if (!_shard.At(reference)->IsLarge)
            {
                return WriteOutcome.Exists;
            }

            _shard.CountHit();
            _shard.Use(reference, hashed.Hash);
            int slot = _large.Open(reference);
            if (slot < 0)
            {
                return WriteOutcome.TooManyOpen;
            }

            reader = new ValueReader(_owner, slot, _large.ReaderGeneration(slot));
            length = LargeHead.Of(_shard.At(reference))->Length;
            version = _shard.At(reference)->Version;
            return WriteOutcome.Done;
        }
    }

    /// <summary>Copies a part of an open value.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="offset">Where to begin, not negative; at or beyond the end nothing is copied.</param>
    /// <param name="destination">Filled as far as the value goes.</param>
    /// <returns>Bytes copied.</returns>
    /// <exception cref="ArgumentException">The reader is not in use, or the offset is negative.</exception>
    public int Read(ValueReader reader, long offset, Span<byte> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return _large.Read(_large.HeadOfReader(SlotOf(reader)), offset, destination);
    }

    /// <summary>The bytes of an open value from a position to the end of the chunk that holds it, in the shard's own memory; valid until the next operation.</summary>
    /// <param name="reader">The reader.</param>
    /// <param name="offset">Where to begin, not negative; at or beyond the end the answer is empty.</param>
    /// <exception cref="ArgumentException">The reader is not in use, or the offset is negative.</exception>
    public ReadOnlySpan<byte> Peek(ValueReader reader, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        return _large.Peek(_large.HeadOfReader(SlotOf(reader)), offset);
    }

    /// <summary>Ends a reader.</summary>
    /// <exception cref="ArgumentException">The reader is not in use.</exception>
    public void Close(ValueReader reader) => _large.Close(SlotOf(reader));

    private int SlotOf(ValueWriter writer) => writer.Owner == _owner && _large.IsWriter(writer.Slot, writer.Generation)
        ? writer.Slot
        : throw new ArgumentException("The writer is not in use: it was committed or aborted, or is another shard's.", nameof(writer));

    private int SlotOf(ValueReader reader) => reader.Owner == _owner && _large.IsReader(reader.Slot, reader.Generation)
        ? reader.Slot
        : throw new ArgumentException("The reader is not in use: it was closed, or is another shard's.", nameof(reader));
}
