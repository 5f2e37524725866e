namespace FastCache.Client.Near;

/// <summary>Says whether an entry is still worth something, for one key at one time.</summary>
/// <param name="feeds">All feeds by their places.</param>
/// <param name="generation">The key's number now.</param>
/// <param name="nowMillis">The time, in <see cref="Environment.TickCount64"/>.</param>
/// <param name="maxAgeMillis">How old an entry may be.</param>
internal readonly struct NearJudge(ChangeFeed?[] feeds, long generation, long nowMillis, long maxAgeMillis)
{
    /// <summary>Whether the key has not changed, its shard goes on telling and has done so lately, and the entry is not too old.</summary>
    public bool IsWorth(in NearEntry entry)
    {
        int place = ChangeFeed.PlaceOf(entry.Session);
        return entry.Generation == generation
            && place < feeds.Length
            && feeds[place] is ChangeFeed feed
            && feed.Session == entry.Session
            && nowMillis < feed.TrustedUntil
            && nowMillis - entry.BornMillis < maxAgeMillis;
    }
}
