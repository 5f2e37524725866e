using FastCache.Core;

namespace FastCache.Bench.Soak;

/// <summary>The plain operations: get, set, delete, touch.</summary>
internal sealed class ItemOperations(SoakContext soak, WriteChoices choices, ValueReading reading, KnownAnswers answers)
{
    /// <summary>Values from this length on are timed apart: most of their time is copying.</summary>
    private const int LargeFrom = 64 << 10;

    private readonly Shard _shard = soak.Shard;

    public void Get(in KeyInHand key)
    {
        soak.Meter.Begin();
        bool found = key.IsPrepared ? _shard.TryGet(key.Prepared, out ItemView item) : _shard.TryGet(key.Bytes, out item);
        soak.Meter.End(OperationKind.Get);
        soak.Note(found ? 1 : 0, found ? item.Version : 0);
        if (found)
        {
            answers.Found(key.Number, reading.Read(key.Number, item), item.Version);
        }
        else
        {
            answers.Missed(key.Number);
        }
    }

    /// <returns>Bytes written.</returns>
    public long Set(in KeyInHand key) => Set(key, choices.Options(key.Number));

    /// <returns>Bytes written.</returns>
    public long Set(in KeyInHand key, in SetOptions options)
    {
        ReadOnlySpan<byte> value = choices.Value(key.Number, out Content content);
        soak.Meter.Begin();
        WriteOutcome outcome = key.IsPrepared
            ? _shard.Set(key.Prepared, value, options, out ulong version)
            : _shard.Set(key.Bytes, value, options, out version);
        soak.Meter.End(value.Length < LargeFrom ? OperationKind.Set : OperationKind.LargeSet, value.Length);
        soak.Note((int)outcome, version);
        answers.Judged(key.Number, options, outcome);
        switch (outcome)
        {
            case WriteOutcome.Done:
                answers.Written(key.Number, content, version, options);
                return value.Length;
            case WriteOutcome.OutOfMemory or WriteOutcome.TooManyOpen:
                answers.Lost(key.Number);
                soak.Refused++;
                break;
            case WriteOutcome.ValueTooLarge or WriteOutcome.NotANumber or WriteOutcome.Overflow:
                throw soak.Fault($"a set of {value.Length} bytes was answered with {outcome}", key.Number);
        }

        return 0;
    }

    /// <summary>Sets a value that is too long for the shard.</summary>
    public void SetTooLong(in KeyInHand key)
    {
        soak.Meter.Begin();
        WriteOutcome outcome = _shard.Set(key.Bytes, soak.Value[..(soak.MostValueBytes + 1)], default, out _);
        soak.Meter.End(OperationKind.Set);
        if (outcome != WriteOutcome.ValueTooLarge)
        {
            throw soak.Fault($"a value of {soak.MostValueBytes + 1} bytes was answered with {outcome}", key.Number);
        }
    }

    public void Delete(in KeyInHand key)
    {
        ulong? version = soak.Random.OneIn(4) ? choices.KnownVersion(key.Number) : null;
        soak.Meter.Begin();
        WriteOutcome outcome = key.IsPrepared ? _shard.Delete(key.Prepared, version) : _shard.Delete(key.Bytes, version);
        soak.Meter.End(OperationKind.Delete);
        soak.Note((int)outcome);
        if (!KeyModel.Knows(key.Number))
        {
            return;
        }

        ref KnownKey known = ref soak.Model[key.Number];
        WriteOutcome expected = !known.IsLive(soak.Now) ? WriteOutcome.NotFound
            : version is ulong wanted && wanted != known.Version ? WriteOutcome.VersionMismatch
            : WriteOutcome.Done;
        if (outcome != expected && outcome != WriteOutcome.NotFound)
        {
            throw soak.Fault($"a delete of version {version} was answered with {outcome}", key.Number);
        }

        if (outcome != WriteOutcome.VersionMismatch)
        {
            answers.Lost(key.Number);
        }
    }

    public void Touch(in KeyInHand key)
    {
        ulong timeToLive = choices.TimeToLive();
        soak.Meter.Begin();
        bool found = key.IsPrepared ? _shard.Touch(key.Prepared, timeToLive) : _shard.Touch(key.Bytes, timeToLive);
        soak.Meter.End(OperationKind.Touch);
        soak.Note(found ? 1 : 0);
        if (!found)
        {
            answers.Missed(key.Number);
        }
        else if (KeyModel.Knows(key.Number))
        {
            ref KnownKey known = ref soak.Model[key.Number];
            if (!known.IsLive(soak.Now))
            {
                throw soak.Fault("a touch found a key that cannot be there", key.Number);
            }

            known.Touch(timeToLive, soak.Now);
        }
    }
}
