using FastCache.LoadGen.Workload;

namespace FastCache.Bench.Simulate.Traces;

/// <summary>The kinds of generated traces.</summary>
internal static class Workloads
{
    public const string Items = "items";
    public const string Requests = "requests";
    public const string Seed = "seed";
    public const string SmallestSize = "smallest";
    public const string LargestSize = "largest";

    private const string Skew = "skew";
    private const string Every = "every";
    private const string Length = "length";
    private const int MaxItems = 50_000_000;

    private static readonly WorkloadParameter ItemsParameter = new(Items, 100_000, 1, MaxItems, "keys to draw from");

    private static readonly WorkloadParameter SkewParameter =
        new(Skew, 1, 0.01, 5, "the k-th most popular key is drawn in proportion to 1/k^skew") { IsCount = false };

    private static readonly WorkloadParameter LengthParameter =
        new(Length, 50_000, 1, TraceReader.MaxRequests, "keys of a scan");

    /// <summary>What can be set for every kind.</summary>
    public static IReadOnlyList<WorkloadParameter> Common { get; } =
    [
        new(Requests, 1_000_000, 1, TraceReader.MaxRequests, "length of the trace"),
        new(Seed, 1, 0, 1_000_000_000, "same seed, same trace"),
        new(SmallestSize, 1, 1, TraceReader.MaxSize, "with largest: bytes of the smallest objects"),
        new(LargestSize, 0, 0, TraceReader.MaxSize, "bytes of the largest objects, log-uniform; 0: no sizes"),
    ];

    public static IReadOnlyList<Workload> All { get; } =
    [
        new("zipf", "a few keys are asked for most of the time", [ItemsParameter, SkewParameter], Zipf),
        new("scan", "zipf, interrupted by runs of keys that are never asked for again",
            [ItemsParameter, SkewParameter, Often(50_000, "zipf requests between two scans"), LengthParameter], Scan),
        new("loop", "all keys in turn, again and again", [ItemsParameter with { Default = 10_000 }], Loop),
        new("shift", "zipf, whose most popular tenth becomes the least popular now and then",
            [ItemsParameter, SkewParameter, Often(100_000, "requests between two shifts")], Shift),
    ];

    private static WorkloadParameter Often(int standard, string meaning) =>
        new(Every, standard, 1, TraceReader.MaxRequests, meaning);

    private static IEnumerable<ulong> Zipf(IReadOnlyDictionary<string, double> values)
    {
        ZipfSampler sampler = new((int)values[Items], values[Skew]);
        SplitMix random = new((ulong)values[Seed]);
        while (true)
        {
            yield return (ulong)sampler.Next(ref random);
        }
    }

    private static IEnumerable<ulong> Scan(IReadOnlyDictionary<string, double> values)
    {
        ulong neverAsked = MaxItems;
        int untilScan = (int)values[Every];
        foreach (ulong key in Zipf(values))
        {
            yield return key;
            if (--untilScan == 0)
            {
                untilScan = (int)values[Every];
                for (int i = 0; i < (int)values[Length]; i++)
                {
                    yield return neverAsked++;
                }
            }
        }
    }

    private static IEnumerable<ulong> Loop(IReadOnlyDictionary<string, double> values)
    {
        ulong items = (ulong)values[Items];
        for (ulong key = 0; ; key = (key + 1) % items)
        {
            yield return key;
        }
    }

    private static IEnumerable<ulong> Shift(IReadOnlyDictionary<string, double> values)
    {
        ulong items = (ulong)values[Items];
        ulong step = Math.Max(1, items / 10);
        ulong first = 0;
        int untilShift = (int)values[Every];
        foreach (ulong rank in Zipf(values))
        {
            yield return (first + rank) % items;
            if (--untilShift == 0)
            {
                untilShift = (int)values[Every];
                first = (first + step) % items;
            }
        }
    }
}
