using FastCache.Core.Items;

namespace FastCache.Core.Tests.Properties;

/// <summary>Conditions, lives, versions and tokens that often are right for what the model has, and often are not.</summary>
internal sealed class RandomRequests(CacheModel model, Random random)
{
    private readonly List<ulong> _tokens = [];

    /// <summary>A token that was granted: may be drawn from now on, also for other keys and when it is over.</summary>
    public void Granted(ulong token) => _tokens.Add(token);

    public SetOptions Options(string key)
    {
        CacheModel.Entry? known = model.Find(key);
        SetCondition condition = random.Next(2) == 0 ? SetCondition.Always : (SetCondition)random.Next(6);
        bool comparesOwn = known is { OwnUnique: not 0 } && (condition == SetCondition.IfUniqueMatches ? random.Next(4) > 0 : random.Next(4) == 0);
        ulong version = condition == SetCondition.IfNewer ? ForeignVersion(known)
            : (comparesOwn ? known!.OwnUnique : known?.Version ?? 1) + (ulong)random.Next(2);
        return new SetOptions(condition, version, TimeToLive())
        {
            Sliding = random.Next(3) == 0,
            SlidingLimitMillis = random.Next(2) == 0 ? 0 : (ulong)random.Next(1, 2_000),
            KeepStale = random.Next(3) == 0,
            Unique = Unique(known),
            LeaseToken = random.Next(4) == 0 ? Token(key) : 0,
        };
    }

    public ulong TimeToLive() => random.Next(6) switch
    {
        < 2 => 0,
        2 => (ulong)random.Next(1, 60),
        3 => (ulong)random.Next(1, 2_000),
        4 => (ulong)random.Next(1, 20_000_000),
        _ => random.Next(20) == 0 ? ulong.MaxValue : (ulong)random.Next(1, 300),
    };

    /// <summary>What a client may give to a value as its unique: nothing, or any number.</summary>
    public ulong Unique(CacheModel.Entry? known) => random.Next(8) switch
    {
        < 4 => 0,
        4 => ulong.MaxValue - (ulong)random.Next(2),
        5 => known?.Version ?? model.LastVersion + 1,
        6 => (ulong)random.Next(1, 5),
        _ => (ulong)random.NextInt64(),
    };

    /// <summary>A token that was granted at some time for some key, or never.</summary>
    public ulong Token(string key) =>
        random.Next(3) > 0 && model.GrantOf(key) is CacheModel.Grant grant ? grant.Token
            : _tokens.Count > 0 && random.Next(4) > 0 ? _tokens[random.Next(_tokens.Count)]
            : (ulong)random.NextInt64(1, long.MaxValue);

    /// <summary>A version as another node would send it: near the known one, near now, or from a broken clock.</summary>
    private ulong ForeignVersion(CacheModel.Entry? known)
    {
        ulong now = (ulong)model.UnixMillis << 16;
        ulong version = random.Next(8) switch
        {
            < 3 => known is null ? now : known.Version + (ulong)random.Next(3) - 1,
            < 6 => (ulong)(model.UnixMillis + random.Next(-3_000_000, 3_000_000)) << 16,
            6 => (ulong)(model.UnixMillis + (365L * 86_400_000)) << 16,
            _ => (ulong)random.NextInt64(VersionClock.OriginUnixMillis << 16),
        };
        // The shard has also used up versions that nobody saw: what lies just beyond the last one that was seen is no test.
        return version > model.LastVersion && !model.IsBelievable(version) ? ulong.MaxValue >> 1 : version;
    }
}
