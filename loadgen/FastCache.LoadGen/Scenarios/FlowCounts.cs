namespace FastCache.LoadGen.Scenarios;

/// <summary>What the actors of a scenario met with, beyond kinds and latencies.</summary>
internal struct FlowCounts
{
    /// <summary>Lookups that the scenario's hit ratio is about.</summary>
    public long Lookups;

    /// <summary>Those of them that found a value.</summary>
    public long Hits;

    /// <summary>Writes that were refused: the version was another, the lease had ended, no memory.</summary>
    public long Refusals;

    /// <summary>Values that were fetched from the slow source.</summary>
    public long Fetches;

    /// <summary>Flows that came to their end.</summary>
    public long Flows;

    /// <summary>Hits among lookups; null without lookups.</summary>
    public readonly double? HitRatio => Lookups == 0 ? null : Hits / (double)Lookups;

    public void Add(in FlowCounts other)
    {
        Lookups += other.Lookups;
        Hits += other.Hits;
        Refusals += other.Refusals;
        Fetches += other.Fetches;
        Flows += other.Flows;
    }
}
