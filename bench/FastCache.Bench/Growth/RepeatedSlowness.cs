namespace FastCache.Bench.Growth;

/// <summary>The sets that were slow in every pass.</summary>
/// <remarks>
/// With the same hash seed, the same set of every pass takes the same page, splits the same bucket. What growth costs is
/// therefore slow at the same set every time, and at least as slow as in the fastest pass. When the machine takes the
/// processor away, it does so at another set each time.
/// </remarks>
internal static class RepeatedSlowness
{
    /// <summary>Sets that are slow in all passes, with the shortest of their times, by number.</summary>
    public static SlowSet[] Of(IReadOnlyList<GrowthPass> passes)
    {
        Dictionary<int, long> shortest = passes[0].Slow.ToDictionary(set => set.Number, set => set.Nanos);
        foreach (GrowthPass pass in passes.Skip(1))
        {
            Dictionary<int, long> both = [];
            foreach (SlowSet set in pass.Slow)
            {
                if (shortest.TryGetValue(set.Number, out long nanos))
                {
                    both[set.Number] = Math.Min(nanos, set.Nanos);
                }
            }

            shortest = both;
        }

        return [.. shortest.Select(set => new SlowSet(set.Key, set.Value)).OrderBy(set => set.Number)];
    }
}
