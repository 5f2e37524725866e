namespace FastCache.Client.Replicas;

/// <summary>Which of a slot's copies a read goes to: pure policy.</summary>
/// <remarks>
/// A copy's cost is its latency times the requests that it has, and the one of this read. Of the copies of the nearest tier two
/// are drawn and the cheaper one is taken (the power of two choices: everybody would run to the one cheapest). One from farther
/// away, drawn likewise, is taken instead while it costs less than a quarter.
/// </remarks>
internal static class CopyChoice
{
    /// <summary>So many times as cheap as a nearer copy must a farther one be.</summary>
    public const int FartherFactor = 4;

    /// <summary>The cost of a copy that cannot be asked.</summary>
    public const long Unusable = long.MaxValue;

    /// <summary>The cost of a copy.</summary>
    /// <param name="latencyTicks">To be expected.</param>
    /// <param name="outstanding">Requests without an answer; may be off, also below 0.</param>
    public static long Cost(long latencyTicks, int outstanding) =>
        Math.Min(latencyTicks, long.MaxValue >> 32) * (Math.Max(0, outstanding) + 1L);

    /// <summary>Chooses.</summary>
    /// <param name="costs">Of each copy, ordered by tiers, the nearest first.</param>
    /// <param name="tiers">Of each copy.</param>
    /// <param name="random">Any number.</param>
    /// <returns>The place of the copy; -1 if none is usable.</returns>
    public static int Choose(ReadOnlySpan<long> costs, ReadOnlySpan<byte> tiers, uint random)
    {
        int near = -1;
        int start = 0;
        while (near < 0 && start < costs.Length)
        {
            int end = EndOf(tiers, start);
            near = BetterOfTwo(costs, start, end, random);
            start = end;
        }

        int far = start < costs.Length ? BetterOfTwo(costs, start, costs.Length, random) : -1;
        return far >= 0 && costs[far] < costs[near] / FartherFactor ? far : near;
    }

    private static int EndOf(ReadOnlySpan<byte> tiers, int start)
    {
        int end = start + 1;
        while (end < tiers.Length && tiers[end] == tiers[start])
        {
            end++;
        }

        return end;
    }

    /// <summary>The cheaper of two different usable ones of a stretch, drawn at random.</summary>
    private static int BetterOfTwo(ReadOnlySpan<long> costs, int start, int end, uint random)
    {
        uint usable = 0;
        for (int i = start; i < end; i++)
        {
            usable += costs[i] == Unusable ? 0u : 1u;
        }

        if (usable <= 1)
        {
            return usable == 0 ? -1 : NthUsable(costs, start, 0);
        }

        uint first = (random & 0xFFFF) % usable;
        uint second = (first + 1 + ((random >> 16) % (usable - 1))) % usable;
        int one = NthUsable(costs, start, first);
        int other = NthUsable(costs, start, second);
        return costs[other] < costs[one] ? other : one;
    }

    private static int NthUsable(ReadOnlySpan<long> costs, int start, uint nth)
    {
        int i = start;
        while (costs[i] == Unusable || nth-- > 0)
        {
            i++;
        }

        return i;
    }
}
