using FastCache.Core;

namespace FastCache.Bench.Soak;

/// <summary>Draws what is written: values, conditions, lives.</summary>
internal sealed class WriteChoices(SoakContext soak)
{
    private const long DayMillis = 86_400_000;

    private SoakRandom Random => soak.Random;

    /// <summary>A value for a key, of a length that suits the load.</summary>
    /// <param name="key">The key.</param>
    /// <param name="content">What the value is.</param>
    /// <returns>The value, until the next call.</returns>
    public ReadOnlySpan<byte> Value(long key, out Content content)
    {
        switch (SoakKeys.FamilyOf(key))
        {
            case ValueFamily.Counter:
                ulong number = Counter(key);
                int digits = CounterText.Write(key, number, soak.Value);
                content = new Content(digits, number);
                return soak.Value[..digits];
            case ValueFamily.Cells:
                int most = Math.Min(ValueEdits.MaxValueBytes, soak.MostValueBytes) / CellText.CellBytes;
                int cells = Math.Clamp(soak.Load.NextLength() / CellText.CellBytes, 1, most);
                return Cells(key, cells, descending: false, out content);
            default:
                int length = soak.Load.NextLength();
                ValuePattern pattern = new(key, soak.NextGeneration++, length);
                pattern.Fill(0, soak.Value[..length]);
                content = new Content(length, pattern.Generation);
                return soak.Value[..length];
        }
    }

    /// <summary>New cells for a key.</summary>
    public ReadOnlySpan<byte> Cells(long key, int count, bool descending, out Content content)
    {
        Span<byte> cells = soak.Value[..(count * CellText.CellBytes)];
        CellText.Write(key, soak.NextSerial, descending, cells);
        soak.NextSerial += (ulong)count;
        content = new Content(cells.Length, CellText.FirstSerial(cells), CellText.LastSerial(cells));
        return cells;
    }

    /// <summary>A number that a counter may start with.</summary>
    public ulong Counter(long key)
    {
        ulong steps = Random.OneIn(8) ? Random.Next() >> 2 : Random.Next() % 1_000;
        return steps / CounterText.StepOf(key) * CounterText.StepOf(key);
    }

    /// <summary>Conditions and life of a write.</summary>
    public SetOptions Options(long key)
    {
        SetCondition condition = Random.Below(16) switch
        {
            0 => SetCondition.IfAbsent,
            1 => SetCondition.IfPresent,
            2 => SetCondition.IfVersionMatches,
            3 => SetCondition.IfNewer,
            _ => SetCondition.Always,
        };
        ulong version = condition switch
        {
            SetCondition.IfVersionMatches => KnownVersion(key),
            SetCondition.IfNewer => VersionElsewhere(key),
            _ => 0,
        };
        return Lives(condition, version);
    }

    /// <summary>A version that the key may have, more often than not.</summary>
    public ulong KnownVersion(long key) => KeyModel.Knows(key) && !Random.OneIn(4)
        ? soak.Model[key].Version
        : soak.LastVersion - (ulong)Random.Below(1_000);

    /// <summary>Milliseconds that an item may live: 0, or anything from one to the end of all times.</summary>
    public ulong TimeToLive() => Random.Below(8) switch
    {
        < 4 => 0,
        4 => (ulong)Random.Logarithmic(1, 1_000),
        5 => (ulong)Random.Logarithmic(1_000, 100_000),
        6 => (ulong)Random.Logarithmic(100_000, 30 * DayMillis),
        _ => Random.OneIn(4) ? ulong.MaxValue - (ulong)Random.Below(3) : (ulong)Random.Logarithmic(1, 10 * DayMillis),
    };

    private SetOptions Lives(SetCondition condition, ulong version)
    {
        ulong timeToLive = TimeToLive();
        bool sliding = Random.OneIn(5);
        return new SetOptions(condition, version, timeToLive)
        {
            Sliding = sliding,
            SlidingLimitMillis = sliding && Random.OneIn(2) ? TimeToLive() : 0,
            KeepStale = Random.OneIn(3),
        };
    }

    private ulong VersionElsewhere(long key) => Random.Below(16) switch
    {
        0 => (ulong)Random.Below(1_000),
        1 => soak.Clock.VersionElsewhere(SoakClock.WrongAheadMillis),
        // Never above what the shard has seen: it may be told now that an hour from now lies below.
        < 6 => Math.Min(soak.LastVersion, KnownVersion(key) + (ulong)Random.Below(3)),
        _ => soak.Clock.VersionElsewhere(Random.Below(2 * SoakClock.RightAheadMillis) - SoakClock.RightAheadMillis),
    };
}
