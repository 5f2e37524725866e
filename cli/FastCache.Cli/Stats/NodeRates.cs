namespace FastCache.Cli.Stats;

/// <summary>What a node, or all together, did between two samples, and what it has at the later one.</summary>
/// <param name="Operations">Requests in a second.</param>
/// <param name="Hits">Lookups in a second that found their key.</param>
/// <param name="Misses">Lookups in a second that did not.</param>
/// <param name="Connections">Open now.</param>
/// <param name="Items">Stored now.</param>
/// <param name="MemoryUsedBytes">Pages in use.</param>
/// <param name="MemoryLimitBytes">What --memory allows.</param>
/// <param name="Evictions">In a second.</param>
/// <param name="ReceivedBytes">In a second.</param>
/// <param name="SentBytes">In a second.</param>
/// <param name="Processors">How many processors were busy.</param>
internal readonly record struct NodeRates(
    double Operations,
    double Hits,
    double Misses,
    long Connections,
    long Items,
    long MemoryUsedBytes,
    long MemoryLimitBytes,
    double Evictions,
    double ReceivedBytes,
    double SentBytes,
    double Processors)
{
    /// <summary>Share of the lookups that found their key; null if there were none.</summary>
    public double? HitShare => Hits + Misses > 0 ? Hits / (Hits + Misses) : null;

    /// <summary>From two samples of a node; null if they say nothing, since it did not answer or was started in between.</summary>
    public static NodeRates? Between(NodeSample before, NodeSample after)
    {
        double seconds = (after["uptime_ms"] - before["uptime_ms"]) / 1e3;
        if (before.Counters is null || after.Counters is null || seconds <= 0)
        {
            return null;
        }

        return new(
            Rate("requests"),
            Rate("hits"),
            Rate("misses"),
            after["connections"],
            after["items"],
            after["memory_budget_bytes"] - after["memory_free_bytes"],
            after["memory_budget_bytes"],
            Rate("evictions"),
            Rate("bytes_received"),
            Rate("bytes_sent"),
            Rate("process_cpu_ns") / 1e9);

        double Rate(string name) => Math.Max(0, after[name] - before[name]) / seconds;
    }

    public static NodeRates operator +(NodeRates a, NodeRates b) => new(
        a.Operations + b.Operations,
        a.Hits + b.Hits,
        a.Misses + b.Misses,
        a.Connections + b.Connections,
        a.Items + b.Items,
        a.MemoryUsedBytes + b.MemoryUsedBytes,
        a.MemoryLimitBytes + b.MemoryLimitBytes,
        a.Evictions + b.Evictions,
        a.ReceivedBytes + b.ReceivedBytes,
        a.SentBytes + b.SentBytes,
        a.Processors + b.Processors);
}
