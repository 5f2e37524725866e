using System.Diagnostics.CodeAnalysis;

namespace FastCache.Client.Near;

/// <summary>Says whether an entry is still worth something, for one key at one time.</summary>
/// <param name="feeds">All feeds by their places.</param>
/// <param name="generation">The key's number now.</param>
/// <param name="nowMillis">The time, in <see cref="Environment.TickCount64"/>.</param>
/// <param name="maxAgeMillis">How old an entry may be.</param>
internal readonly struct NearJudge(ChangeFeed?[] feeds, long generation, long nowMillis, long maxAgeMillis)
{
    /// <summary>Whether it may be served: it is current, its shard has been there lately, and it is not too old.</summary>
    public bool IsWorth(in NearEntry entry) =>
        IsCurrent(entry, out ChangeFeed? feed) && nowMillis < feed.TrustedUntil && nowMillis - entry.BornMillis < maxAgeMillis;

    /// <summary>Whether the key has not changed, as far as was told in the session in which it was asked for.</summary>
    public bool IsCurrent(in NearEntry entry, [NotNullWhen(true)] out ChangeFeed? feed)
    {
        int place = ChangeFeed.PlaceOf(entry.Session);
        feed = place < feeds.Length ? feeds[place] : null;
        return entry.Generation == generation && feed is not null && feed.Session == entry.Session;
    }
}
