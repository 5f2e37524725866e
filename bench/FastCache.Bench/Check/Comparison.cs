using FastCache.Bench.Micro.Operations;

namespace FastCache.Bench.Check;

/// <summary>An operation, what it is compared with, and how many times as long it may take.</summary>
/// <param name="Name">The operation.</param>
/// <param name="Baseline">What it is compared with.</param>
/// <param name="MostRatio">The band: time over the baseline's time is at most this, or a change made it worse.</param>
/// <param name="Goal">The ratio that the engine is meant to reach; not held against a commit.</param>
/// <param name="Operation">Makes the operation.</param>
/// <param name="BaselineOperation">Makes the baseline.</param>
internal sealed record Comparison(
    string Name,
    string Baseline,
    double MostRatio,
    double? Goal,
    Func<CheckSubjects, Operation> Operation,
    Func<CheckSubjects, Operation> BaselineOperation)
{
    private const int GrowthItems = 1 << 18;

    /// <summary>The table that commits are held to.</summary>
    /// <remarks>
    /// A band ends above the largest ratio of a dozen runs in quiet minutes, most by 15% or more. A minute is quiet while the
    /// other guests of the machine leave its memory alone: a miss takes about 2.2 times the bare loop then, else up to 2.9.
    /// Whether the bands are near enough was tried by making the engine worse: without the prefetch of items in batches,
    /// four of the ratios leave them.
    /// </remarks>
    public static Comparison[] All { get; } =
    [
        new("lookup hit, batched", "bare loop", 4.2, 2,
            on => ShardOperations.Hit(on.Filled, on.Items, Calls.Batched), on => on.BareLoop),
        new("lookup miss, batched", "bare loop", 3.3, null,
            on => ShardOperations.Miss(on.Filled, on.Items, Calls.Batched), on => on.BareLoop),
        new("replace, batched", "bare loop", 4.7, null,
            on => ShardOperations.Replace(on.Filled, on.Items, Calls.Batched), on => on.BareLoop),
        new("set that evicts, batched", "bare loop", 24, 6,
            on => on.Evict(Calls.Batched), on => on.BareLoop),
        new("delete and set, batched", "bare loop", 20, null,
            on => new DeleteAndStore(on.Filled, on.Items, Calls.Batched), on => on.BareLoop),
        new("set, expire, look up, batched", "delete and set, batched", 1.05, null,
            on => new StoreAndExpire(on.Filled, CheckSubjects.FreshKeysOf(4), Calls.Batched),
            on => new DeleteAndStore(on.Filled, on.Items, Calls.Batched)),
        new("lookup hit, one by one", "ConcurrentDictionary", 0.72, 1 / 1.6,
            on => ShardOperations.Hit(on.Filled, on.Items, Calls.OneByOne),
            on => ManagedOperations.Hit(on.ConcurrentDictionary, on.Items)),
        new("lookup miss, one by one", "ConcurrentDictionary", 0.74, null,
            on => ShardOperations.Miss(on.Filled, on.Items, Calls.OneByOne),
            on => ManagedOperations.Miss(on.ConcurrentDictionary, on.Items)),
        // Where memory answers quickly the dictionary takes half of its time, and the batch, which waits for less of it, three
        // quarters: 0.14 (137 of 967 ns) and 0.21 to 0.23 (104 of 460 ns) were seen on one machine within the hour. Without the
        // prefetch of items it is 0.44 there.
        new("lookup hit, batched", "ConcurrentDictionary", 0.26, 1 / 4.0,
            on => ShardOperations.Hit(on.Filled, on.Items, Calls.Batched),
            on => ManagedOperations.Hit(on.ConcurrentDictionary, on.Items)),
        new("lookup hit, batched", "lookup hit, one by one", 0.5, null,
            on => ShardOperations.Hit(on.Filled, on.Items, Calls.Batched),
            on => ShardOperations.Hit(on.Filled, on.Items, Calls.OneByOne)),
        new("set that evicts, one by one", "set that evicts, batched", 1.45, null,
            on => on.Evict(Calls.OneByOne), on => on.Evict(Calls.Batched)),
        new("insert while growing, batched", "Dictionary that grows", 1.40, null,
            _ => new Grow(GrowthItems, Calls.Batched), _ => new ManagedGrow<DictionarySubject>(GrowthItems)),
        new("request by RESP", "request by FCP", 1.3, null,
            on => on.Door("RESP"), on => on.Door("FCP")),
        new("request by mg, ms", "request by FCP", 1.3, null,
            on => on.Door("meta"), on => on.Door("FCP")),
        new("hash of 16 bytes", "XxHash3", 0.85, null,
            _ => new HashKeys<ShardHash>(16, new()), _ => new HashKeys<XxHash3Hash>(16, new())),
        new("hash of 250 bytes", "XxHash3", 0.78, null,
            _ => new HashKeys<ShardHash>(250, new()), _ => new HashKeys<XxHash3Hash>(250, new())),
        new("tag probe, SIMD", "tag probe, scalar", 0.25, null,
            _ => new ProbeTags<VectorProbe>(), _ => new ProbeTags<ScalarProbe>()),
    ];
}
