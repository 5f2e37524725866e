using FastCache.Core;

namespace FastCache.Bench.Soak;

/// <summary>Values written and read piece by piece, many at once, between all other operations.</summary>
internal sealed class StreamOperations(SoakContext soak, WriteChoices choices, ValueReading reading, KnownAnswers answers)
{
    private const int MostWriters = 24;
    private const int MostReaders = 48;
    private const int MostPieceBytes = 256 << 10;

    /// <summary>Keys with values of several chunks that are remembered: one at random would hardly ever have such a value.</summary>
    private const int RecentKeys = 64;

    private readonly ValueStreams _streams = soak.Shard.Streams;
    private readonly OpenWriter[] _writers = new OpenWriter[MostWriters];
    private readonly OpenReader[] _readers = new OpenReader[MostReaders];
    private readonly long[] _recent = new long[RecentKeys];
    private int _writerCount;
    private int _readerCount;
    private int _recentCount;

    /// <summary>Values being written and read now.</summary>
    public int Open => _writerCount + _readerCount;

    /// <summary>A key whose value can probably be opened, if there is any.</summary>
    public bool TryNextToOpen(out long key)
    {
        key = _recentCount == 0 ? 0 : _recent[soak.Random.Below(Math.Min(_recentCount, RecentKeys))];
        return _recentCount > 0;
    }

    /// <summary>Remembers a key whose value can be opened.</summary>
    public void Remember(long key) => _recent[_recentCount++ % RecentKeys] = key;

    /// <summary>Begins to write a value, or goes on with one, or ends one.</summary>
    /// <param name="key">For a new value.</param>
    /// <returns>Bytes that were written and committed.</returns>
    public long Write(in KeyInHand key)
    {
        if (_writerCount < MostWriters && (_writerCount == 0 || soak.Random.OneIn(4)))
        {
            Begin(key);
            return 0;
        }

        int index = soak.Random.Below(_writerCount);
        return _writers[index].Written < _writers[index].Value.Length && !soak.Random.OneIn(100) ? Append(index) : End(index);
    }

    /// <summary>Opens a value, or reads a piece of one, or closes one.</summary>
    /// <param name="key">To be opened.</param>
    public void Read(in KeyInHand key)
    {
        if (_readerCount < MostReaders && (_readerCount == 0 || soak.Random.OneIn(4)))
        {
            OpenOne(key);
            return;
        }

        int index = soak.Random.Below(_readerCount);
        if (soak.Random.OneIn(6))
        {
            Close(index);
        }
        else
        {
            ReadPiece(_readers[index]);
        }
    }

    /// <summary>Ends all writers and readers.</summary>
    public void CloseAll()
    {
        while (_readerCount > 0)
        {
            Close(0);
        }

        while (_writerCount > 0)
        {
            _streams.Abort(_writers[0].Handle);
            _writers[0] = _writers[--_writerCount];
        }
    }

    private void Begin(in KeyInHand key)
    {
        int least = ValueStreams.MaxContiguousBytes(key.Bytes.Length) + 1;
        ValuePattern value = new(key.Number, soak.NextGeneration++, Math.Min(soak.MostValueBytes, Math.Max(least, soak.Load.NextLength())));
        SetOptions options = choices.Options(key.Number);
        soak.Meter.Begin();
        WriteOutcome outcome = _streams.Begin(key.Bytes, value.Length, options, out ValueWriter handle);
        soak.Meter.End(OperationKind.StreamOpen, value.Length);
        soak.Note((int)outcome);
        answers.Judged(key.Number, options, outcome);
        if (outcome == WriteOutcome.Done)
        {
            _writers[_writerCount++] = new OpenWriter(handle, value, key.Number, options, 0);
        }
        else if (outcome is WriteOutcome.OutOfMemory or WriteOutcome.TooManyOpen)
        {
            soak.Refused++;
        }
    }

    private long Append(int index)
    {
        ref OpenWriter writer = ref _writers[index];
        int rest = writer.Value.Length - writer.Written;
        Span<byte> piece = soak.Value[..(int)Math.Min(rest, soak.Random.Logarithmic(1, MostPieceBytes))];
        writer.Value.Fill(writer.Written, piece);
        soak.Meter.Begin();
        WriteOutcome outcome = _streams.Append(writer.Handle, piece);
        soak.Meter.End(OperationKind.StreamWrite, piece.Length);
        soak.Note((int)outcome);
        if (outcome == WriteOutcome.Done)
        {
            writer = writer with { Written = writer.Written + piece.Length };
        }
        else if (outcome == WriteOutcome.OutOfMemory)
        {
            writer = _writers[--_writerCount];
            soak.Refused++;
        }
        else
        {
            throw soak.Fault($"a piece of {piece.Length} bytes was answered with {outcome}", writer.Key);
        }

        return 0;
    }

    private long End(int index)
    {
        OpenWriter writer = _writers[index];
        _writers[index] = _writers[--_writerCount];
        soak.Meter.Begin();
        if (writer.Written < writer.Value.Length || soak.Random.OneIn(10))
        {
            _streams.Abort(writer.Handle);
            soak.Meter.End(OperationKind.StreamClose);
            return 0;
        }

        WriteOutcome outcome = _streams.Commit(writer.Handle, writer.Options, out ulong version);
        soak.Meter.End(OperationKind.StreamCommit, writer.Value.Length);
        soak.Note((int)outcome, version);
        answers.Judged(writer.Key, writer.Options, outcome);
        if (outcome == WriteOutcome.Done)
        {
            answers.Written(writer.Key, new Content(writer.Value.Length, writer.Value.Generation), version, writer.Options);
            Remember(writer.Key);
            return writer.Value.Length;
        }

        if (outcome == WriteOutcome.OutOfMemory)
        {
            answers.Lost(writer.Key);
            soak.Refused++;
        }

        return 0;
    }

    private void OpenOne(in KeyInHand key)
    {
        soak.Meter.Begin();
        WriteOutcome outcome = _streams.Open(key.Bytes, out ValueReader handle, out long length, out ulong version);
        soak.Meter.End(OperationKind.StreamOpen, length);
        soak.Note((int)outcome, version);
        if (outcome != WriteOutcome.Done)
        {
            // A value in one chunk is not opened, and not used either; one that cannot be opened is.
            answers.Used(key.Number, outcome == WriteOutcome.TooManyOpen);
            return;
        }

        if (SoakKeys.FamilyOf(key.Number) != ValueFamily.Pattern)
        {
            ReadWhole(key.Number, handle, length, version);
            _streams.Close(handle);
            return;
        }

        Span<byte> header = soak.Copy[..ValuePattern.HeaderBytes];
        int copied = _streams.Read(handle, 0, header);
        if (copied != header.Length || !ValuePattern.TryRead(key.Number, length, header, out ValuePattern value))
        {
            throw soak.Fault($"wrong bytes at the start of an open value of {length}", key.Number);
        }

        answers.Found(key.Number, new Content(length, value.Generation), version);
        _readers[_readerCount++] = new OpenReader(handle, value, key.Number);
    }

    private void ReadWhole(long key, ValueReader handle, long length, ulong version)
    {
        Span<byte> whole = soak.Copy[..(int)length];
        int copied = _streams.Read(handle, 0, whole);
        answers.Found(key, reading.Verify(key, whole[..copied]), version);
    }

    private void ReadPiece(in OpenReader reader)
    {
        long offset = soak.Random.Below(reader.Value.Length + 2L);
        long rest = Math.Max(0, reader.Value.Length - offset);
        ReadOnlySpan<byte> piece;
        bool isRight;
        soak.Meter.Begin();
        if (soak.Random.OneIn(2))
        {
            piece = _streams.Peek(reader.Handle, offset);
            isRight = piece.Length <= rest && piece.IsEmpty == (rest == 0);
        }
        else
        {
            Span<byte> copy = soak.Copy[..(int)soak.Random.Logarithmic(1, MostPieceBytes)];
            int copied = _streams.Read(reader.Handle, offset, copy);
            piece = copy[..copied];
            isRight = copied == Math.Min(copy.Length, rest);
        }

        soak.Meter.End(OperationKind.StreamRead, piece.Length);
        soak.Note(piece.Length);
        soak.VerifiedBytes += piece.Length;
        if (!isRight || !reader.Value.Matches(offset, piece))
        {
            throw soak.Fault($"wrong bytes in an open value of {reader.Value.Length}, {piece.Length} from {offset}", reader.Key);
        }
    }

    private void Close(int index)
    {
        soak.Meter.Begin();
        _streams.Close(_readers[index].Handle);
        soak.Meter.End(OperationKind.StreamClose);
        _readers[index] = _readers[--_readerCount];
    }

    private readonly record struct OpenWriter(ValueWriter Handle, ValuePattern Value, long Key, SetOptions Options, int Written);

    private readonly record struct OpenReader(ValueReader Handle, ValuePattern Value, long Key);
}
