using System.Diagnostics.CodeAnalysis;

namespace FastCache.Client.Near;

/// <summary>Says whether an entry is still worth something, for one key at one time.</summary>
/// <remarks>The key's number is read when an entry is judged, behind the entry: a change that was told until then counts, and the
/// two waits for memory overlap. Read before, under no entry yet, it was a wait of its own.</remarks>
/// <param name="feeds">All feeds by their places.</param>
/// <param name="generations">All keys' numbers.</param>
/// <param name="hash">The key's hash there.</param>
/// <param name="nowMillis">The time, in <see cref="Environment.TickCount64"/>.</param>
/// <param name="maxAgeMillis">How old an entry may be.</param>
internal readonly struct NearJudge(
    ChangeFeed?[] feeds, KeyGenerations generations, ulong hash, long nowMillis, long maxAgeMillis)
{
    /// <summary>Whether it may be served: it is current, its shard has been there lately, and it is not too old.</summary>
    public bool IsWorth(in NearEntry entry) =>
        IsCurrent(entry, out ChangeFeed? feed) && nowMillis < feed.TrustedUntil && nowMillis - entry.BornMillis < maxAgeMillis;

    /// <summary>Whether the key has not changed, as far as was told in the session in which it was asked for.</summary>
    public bool IsCurrent(in NearEntry entry, [NotNullWhen(true)] out ChangeFeed? feed)
    {
        int place = ChangeFeed.PlaceOf(entry.Session);
        feed = place < feeds.Length ? feeds[place] : null;
        return entry.Generation == generations.Of(hash) && feed is not null && feed.Session == entry.Session;
    }
}
