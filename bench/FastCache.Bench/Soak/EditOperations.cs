using FastCache.Core;

namespace FastCache.Bench.Soak;

/// <summary>Counters, append, prepend.</summary>
internal sealed class EditOperations(SoakContext soak, WriteChoices choices, KnownAnswers answers)
{
    /// <summary>Longest piece that is appended, in cells.</summary>
    private const int MostCells = 2_048;

    private readonly ValueEdits _edits = soak.Shard.Edits;

    /// <summary>Changes a counter, or tries to change something that is none.</summary>
    /// <param name="key">Of a counter or of cells.</param>
    public void Count(in KeyInHand key)
    {
        CounterChange change = Change(key.Number);
        soak.Meter.Begin();
        WriteOutcome outcome = key.IsPrepared
            ? _edits.Count(key.Prepared, change, out ulong result, out ulong version)
            : _edits.Count(key.Bytes, change, out result, out version);
        soak.Meter.End(OperationKind.Count);
        soak.Note((int)outcome, version);
        if (!IsPossible(key.Number, change, outcome, result))
        {
            throw soak.Fault($"{change} was answered with {outcome}, {result}", key.Number);
        }

        if (outcome == WriteOutcome.Done)
        {
            soak.RequireNewVersion(version, key.Number);
            CountDone(key.Number, change, result, version);
        }
        else if (outcome == WriteOutcome.OutOfMemory)
        {
            answers.Lost(key.Number);
            soak.Refused++;
        }
        else if (outcome == WriteOutcome.NotFound)
        {
            answers.Missed(key.Number);
        }
    }

    /// <summary>Puts cells behind or before those of a value.</summary>
    /// <param name="key">Of cells.</param>
    /// <returns>Bytes written: the whole value is put together anew.</returns>
    public long Append(in KeyInHand key)
    {
        bool atFront = soak.Random.OneIn(2);
        int most = Math.Min(MostCells, soak.MostValueBytes / CellText.CellBytes);
        ReadOnlySpan<byte> piece = choices.Cells(key.Number, (int)soak.Random.Logarithmic(1, most), descending: atFront, out Content added);
        soak.Meter.Begin();
        WriteOutcome outcome = key.IsPrepared
            ? _edits.Append(key.Prepared, piece, atFront, out ulong version)
            : _edits.Append(key.Bytes, piece, atFront, out version);
        soak.Meter.End(OperationKind.Append, piece.Length);
        soak.Note((int)outcome, version);
        switch (outcome)
        {
            case WriteOutcome.Done:
                soak.RequireNewVersion(version, key.Number);
                AppendDone(key.Number, added, atFront, version);
                return piece.Length;
            case WriteOutcome.NotFound:
                answers.Missed(key.Number);
                return 0;
            case WriteOutcome.OutOfMemory or WriteOutcome.TooManyOpen:
                answers.Lost(key.Number);
                soak.Refused++;
                return 0;
            case WriteOutcome.ValueTooLarge:
                RequireTooLarge(key.Number, piece.Length);
                return 0;
            default:
                throw soak.Fault($"an append was answered with {outcome}", key.Number);
        }
    }

    private CounterChange Change(long key)
    {
        ulong step = CounterText.StepOf(key);
        ulong amount = soak.Random.OneIn(8) ? (soak.Random.Next() >> 1) / step * step : step * (ulong)soak.Random.Below(1_000);
        CounterChange change = new(
            CounterText.KindOf(key), amount, soak.Random.OneIn(2), InitialTimeToLiveMillis: soak.Random.OneIn(2) ? choices.TimeToLive() : 0);
        bool starts = SoakKeys.FamilyOf(key) == ValueFamily.Counter && soak.Random.OneIn(2);
        ulong initial = choices.Counter(key);
        // A counter that started must not look like one that counted: their lives differ.
        starts &= !KeyModel.Knows(key) || !CounterText.TryApply(soak.Model[key].Content.First, change, out ulong counted) || counted != initial;
        return starts ? change with { Initial = initial } : change;
    }

    /// <summary>Whether a change of a counter can have been answered so.</summary>
    private bool IsPossible(long key, in CounterChange change, WriteOutcome outcome, ulong result)
    {
        bool isCounter = SoakKeys.FamilyOf(key) == ValueFamily.Counter;
        bool isPossible = outcome switch
        {
            WriteOutcome.Done => isCounter && CounterText.IsOf(key, result),
            WriteOutcome.NotFound => change.Initial is null,
            WriteOutcome.NotANumber => !isCounter,
            WriteOutcome.Overflow => isCounter && change.Kind == CounterKind.Checked,
            _ => outcome == WriteOutcome.OutOfMemory,
        };
        if (!isPossible || !KeyModel.Knows(key) || outcome is WriteOutcome.OutOfMemory or WriteOutcome.NotFound)
        {
            return isPossible;
        }

        ref KnownKey known = ref soak.Model[key];
        bool hasStarted = outcome == WriteOutcome.Done && result == change.Initial;
        return hasStarted || (known.IsLive(soak.Now) && (!isCounter
            || (CounterText.TryApply(known.Content.First, change, out ulong expected)
                ? outcome == WriteOutcome.Done && result == expected
                : outcome == WriteOutcome.Overflow)));
    }

    private void CountDone(long key, in CounterChange change, ulong result, ulong version)
    {
        if (!KeyModel.Knows(key))
        {
            return;
        }

        Span<byte> text = stackalloc byte[CounterText.MaxDigits];
        Content content = new(CounterText.Write(key, result, text), result);
        if (result == change.Initial)
        {
            soak.Model[key].Write(content, version, new SetOptions(TimeToLiveMillis: change.InitialTimeToLiveMillis), soak.Now);
        }
        else
        {
            soak.Model[key].Edit(content, version);
        }
    }

    private void AppendDone(long key, in Content added, bool atFront, ulong version)
    {
        if (!KeyModel.Knows(key))
        {
            return;
        }

        ref KnownKey known = ref soak.Model[key];
        if (!known.IsLive(soak.Now))
        {
            throw soak.Fault("an append found a key that cannot be there", key);
        }

        Content whole = known.Content with { Length = known.Content.Length + added.Length };
        known.Edit(atFront ? whole with { First = added.First } : whole with { Last = added.Last }, version);
    }

    private void RequireTooLarge(long key, int pieceBytes)
    {
        if (KeyModel.Knows(key) && soak.Model[key] is KnownKey known
            && (!known.IsLive(soak.Now)
                || known.Content.Length + pieceBytes <= Math.Min(ValueEdits.MaxValueBytes, soak.MostValueBytes)))
        {
            throw soak.Fault($"an append of {pieceBytes} bytes was answered with {WriteOutcome.ValueTooLarge}", key);
        }
    }
}
