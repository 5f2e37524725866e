using FastCache.LoadGen.Options;
using FastCache.LoadGen.Scenarios.Flows;

namespace FastCache.LoadGen.Scenarios;

/// <summary>All scenarios. Limits are for one node on one processor and a generator on another.</summary>
internal static class ScenarioCatalog
{
    private const double Milli = 1_000;
    private const double MiB = 1 << 20;

    private static readonly ScenarioTarget Held = new(Figure.Held, 0.99);
    private static readonly ScenarioTarget NodeAllocation = new(Figure.NodeAllocation, 0.05);
    private static readonly ScenarioTarget LoadAllocation = new(Figure.LoadAllocation, 0.05);
    private static readonly ScenarioTarget Memory = new(Figure.MemoryBeyondBudget, 128 * MiB);

    public static readonly IReadOnlyList<Scenario> All =
    [
        new()
        {
            Name = "standard",
            Use = "the specification: 90% reads of which 5% miss, 10% writes, at 2.3M operations a second",
            Keys = 1_000_000,
            Rate = 2_300_000,
            CreateFlow = place => new MixFlow(place, ValueSizes.Fixed(100), new(Reads: 0.9, Misses: 0.05)),
            Targets =
            [
                Held, .. Tail(hit: 1, miss: 10, write: 5), new(Figure.HitRatio, 0.949), new(Figure.NodeCpu, 1e9 / 2_300_000),
                NodeAllocation, LoadAllocation,
            ],
        },
        new()
        {
            Name = "session-store",
            Use = "web sessions that live as long as they are used, read and rewritten by version",
            Keys = 200_000,
            Distribution = KeyDistribution.Zipf,
            ZipfExponent = 0.6,
            Rate = 300_000,
            Memory = "256MiB",
            CreateFlow = place => new SessionFlow(place, ValueSizes.Uniform(64, 256), changes: 0.3, TimeSpan.FromSeconds(5)),
            Targets = [Held, .. Tail(hit: 1, miss: 10, write: 5), new(Figure.HitRatio, 0.95), NodeAllocation, LoadAllocation],
        },
        new()
        {
            Name = "database-cache",
            Use = "rows of a slow database: one client fetches a missing one under a lease, the others wait or take the stale value",
            Keys = 100_000,
            Distribution = KeyDistribution.Zipf,
            Rate = 200_000,
            Memory = "256MiB",
            NodeArguments = ["--stale-time", "10"],
            CreateFlow = place => new LeaseFlow(
                place, ValueSizes.Uniform(100, 1_000), changes: 0.01, additions: 0.02,
                fetch: TimeSpan.FromMilliseconds(5), life: TimeSpan.FromSeconds(4)),
            Targets =
            [
                Held, .. Tail(hit: 1, miss: 10, write: 5), new(Figure.HitRatio, 0.95), new(Figure.WastedFetches, 0.05),
                NodeAllocation, LoadAllocation,
            ],
        },
        new()
        {
            Name = "cdn-objects",
            Streams = true,
            Use = "an edge server's objects of 1 KiB to 4 MiB, read whole or by ranges; large ones go in streams",
            Keys = 4_000,
            Distribution = KeyDistribution.Zipf,
            ZipfExponent = 0.8,
            Connections = 16,
            Actors = 16,
            Rate = 3_000,
            Memory = "384MiB",
            CreateFlow = place => new ObjectFlow(
                place, ValueSizes.LogNormal(median: 24 << 10, sigma: 1.8, least: 1 << 10, most: 4 << 20),
                new(Ranges: 0.3, Updates: 0.05), plainBytes: 1 << 20),
            Targets =
            [
                Held, .. Tail(hit: 50, miss: 50, write: 50), new(Figure.HitRatio, 0.85), NodeAllocation, LoadAllocation, Memory,
            ],
        },
        new()
        {
            Name = "hot-key",
            Use = "one key takes 30% of all operations, as when something goes viral",
            Keys = 500_000,
            Rate = 1_000_000,
            Memory = "512MiB",
            CreateFlow = place => new MixFlow(place, ValueSizes.Fixed(100), new(Reads: 0.95, Hot: 0.3)),
            Targets = [Held, .. Tail(hit: 1, miss: null, write: 5), new(Figure.HitRatio, 0.9999), NodeAllocation, LoadAllocation],
        },
        new()
        {
            Name = "scan",
            Use = "a one-time sweep through many times the memory, beside a working set that must stay",
            Keys = 100_000,
            Distribution = KeyDistribution.Zipf,
            Rate = 500_000,
            Memory = "64MiB",
            CreateFlow = place => new SweepFlow(place, ValueSizes.Fixed(200), sweeps: 0.3),
            Targets = [Held, .. Tail(hit: 1, miss: 10, write: 5), new(Figure.HitRatio, 0.98), NodeAllocation, LoadAllocation],
        },
        new()
        {
            Name = "growth",
            Use = "new items without end, far beyond the memory, of very different sizes",
            Keys = 50_000,
            Distribution = KeyDistribution.Zipf,
            Rate = 200_000,
            Memory = "128MiB",
            CreateFlow = place => new SweepFlow(place, ValueSizes.LogNormal(median: 300, sigma: 1, least: 16, most: 16 << 10), sweeps: 0.8),
            Targets = [Held, .. Tail(hit: 1, miss: 10, write: 5), new(Figure.HitRatio, 0.8), Memory, NodeAllocation, LoadAllocation],
        },
        new()
        {
            Name = "write-heavy",
            Use = "telemetry: 70% writes of 64 to 1,024 bytes over and over the same keys",
            Keys = 300_000,
            Rate = 500_000,
            Memory = "512MiB",
            CreateFlow = place => new MixFlow(place, ValueSizes.Uniform(64, 1_024), new(Reads: 0.3)),
            Targets = [Held, .. Tail(hit: 1, miss: null, write: 5), new(Figure.HitRatio, 0.9999), NodeAllocation, LoadAllocation],
        },
        new()
        {
            Name = "idle-herd",
            Use = "10,000 connections that only are there, while eight others work",
            Keys = 100_000,
            Connections = 8,
            QuietConnections = 10_000,
            Rate = 50_000,
            Memory = "128MiB",
            CreateFlow = place => new MixFlow(place, ValueSizes.Fixed(100), new(Reads: 0.9, Misses: 0.05)),
            Targets =
            [
                Held, .. Tail(hit: 1, miss: 10, write: 5), new(Figure.HerdMemory, 64 * MiB), new(Figure.HerdCpu, 0.01),
                NodeAllocation, LoadAllocation,
            ],
        },
    ];

    /// <summary>The scenario of a name; null: there is none.</summary>
    public static Scenario? Find(string name) => All.FirstOrDefault(scenario => scenario.Name == name);

    /// <summary>Limits at p99.9, in milliseconds.</summary>
    private static IEnumerable<ScenarioTarget> Tail(double hit, double? miss, double write)
    {
        yield return new(Figure.HitP999, hit * Milli);
        if (miss is double limit)
        {
            yield return new(Figure.MissP999, limit * Milli);
        }

        yield return new(Figure.WriteP999, write * Milli);
    }
}
