using FastCache.Core;

namespace FastCache.Bench.Soak;

/// <summary>What a value is, as far as it can be told from its bytes.</summary>
/// <param name="Length">Bytes.</param>
/// <param name="First">Generation of a pattern, number of a counter, first serial of cells.</param>
/// <param name="Last">Last serial of cells.</param>
internal readonly record struct Content(long Length, ulong First, ulong Last = 0);

/// <summary>What the shard has to say about a key, if it has not evicted it.</summary>
internal struct KnownKey
{
    public bool IsPresent;
    public bool IsSliding;
    public bool KeepsStale;

    public Content Content;
    public ulong Version;

    /// <summary>Milliseconds of the shard's clock; 0: never.</summary>
    public ulong Expiry;
    public ulong PeriodMillis;
    public ulong LatestExpiry;

    /// <summary>The grant to fill the key; 0: none.</summary>
    public ulong LeaseToken;
    public ulong LeaseDeadline;

    public readonly bool IsLive(ulong now) => IsPresent && (Expiry == 0 || Expiry > now);

    public readonly bool IsStale(ulong now, ulong staleMillis) => IsPresent && KeepsStale && !IsLive(now) && Expiry + staleMillis > now;

    public readonly bool HoldsLease(ulong now) => LeaseToken != 0 && LeaseDeadline > now;

    /// <summary>The key was written.</summary>
    public void Write(in Content content, ulong version, in SetOptions options, ulong now)
    {
        IsPresent = true;
        Content = content;
        Version = version;
        IsSliding = options.Sliding && options.TimeToLiveMillis != 0;
        KeepsStale = options.KeepStale;
        PeriodMillis = IsSliding ? options.TimeToLiveMillis : 0;
        LatestExpiry = IsSliding ? After(now, options.SlidingLimitMillis) : 0;
        Expiry = After(now, options.TimeToLiveMillis);
        Limit();
        LeaseToken = 0;
    }

    /// <summary>The key was changed in place: its life stays.</summary>
    public void Edit(in Content content, ulong version)
    {
        Content = content;
        Version = version;
        LeaseToken = 0;
    }

    /// <summary>A lookup hit.</summary>
    public void Use(ulong now)
    {
        if (IsSliding)
        {
            Expiry = After(now, PeriodMillis);
            Limit();
        }
    }

    public void Touch(ulong timeToLiveMillis, ulong now)
    {
        PeriodMillis = IsSliding ? timeToLiveMillis : 0;
        Expiry = After(now, timeToLiveMillis);
        Limit();
    }

    private void Limit()
    {
        if (LatestExpiry != 0 && (Expiry == 0 || Expiry > LatestExpiry))
        {
            Expiry = LatestExpiry;
        }
    }

    /// <summary>An item holds its expiry in 40 bits; what lies beyond is cut.</summary>
    private static ulong After(ulong now, ulong millis)
    {
        const ulong Latest = (1UL << 40) - 1;
        return millis == 0 ? 0 : Math.Min(now + Math.Min(millis, Latest), Latest);
    }
}

/// <summary>Exact knowledge of one key in sixteen.</summary>
internal sealed class KeyModel(long keys)
{
    /// <summary>Eight neighbours, one of each family, out of 128.</summary>
    private const int BlockShift = 3;

    private const int BlocksPerKnown = 16;

    private readonly KnownKey[] _known = new KnownKey[(keys / BlocksPerKnown) + (1 << BlockShift)];
    private KnownKey _unknown;

    public static bool Knows(long key) => (key >> BlockShift) % BlocksPerKnown == 0;

    /// <summary>What is known of a key; of one that is not known, something that must not be used.</summary>
    public ref KnownKey this[long key] => ref Knows(key)
        ? ref _known[((key >> BlockShift) / BlocksPerKnown << BlockShift) + (key & ((1 << BlockShift) - 1))]
        : ref _unknown;
}
