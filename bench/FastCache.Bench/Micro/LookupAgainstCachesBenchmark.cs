using BenchmarkDotNet.Attributes;
using FastCache.Bench.Micro.Operations;
using FastCache.Core;

namespace FastCache.Bench.Micro;

/// <summary>What does a lookup cost that copies its value out, against managed caches?</summary>
public class LookupAgainstCachesBenchmark : OperationBenchmark
{
    /// <summary>BitFaster's caches keep their promise of capacity only roughly; none of the keys may be evicted.</summary>
    private const double SpareCapacity = 1.25;

    /// <summary>Items in the table; the keys are drawn from them at random. With 10M the managed caches take minutes to fill.</summary>
    [Params(100_000, 1_000_000)]
    public int Items { get; set; }

    /// <summary>What becomes of the lookups.</summary>
    [ParamsAllValues]
    public Lookup Lookup { get; set; }

    [GlobalSetup(Target = nameof(ShardOneByOne))]
    public void SetUpShardOneByOne()
    {
        Shard shard = Shards.Filled(Items);
        Use(shard, Lookup == Lookup.Hit
            ? ShardOperations.Hit(shard, Items, Calls.OneByOne)
            : ShardOperations.Miss(shard, Items, Calls.OneByOne));
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Operation.PerRun)]
    public int ShardOneByOne() => Run();

    [GlobalSetup(Target = nameof(ConcurrentLru))]
    public void SetUpConcurrentLru() => SetUp<ConcurrentLruSubject>();

    [Benchmark(OperationsPerInvoke = Operation.PerRun)]
    public int ConcurrentLru() => Run();

    [GlobalSetup(Target = nameof(ConcurrentLfu))]
    public void SetUpConcurrentLfu() => SetUp<ConcurrentLfuSubject>();

    [Benchmark(OperationsPerInvoke = Operation.PerRun)]
    public int ConcurrentLfu() => Run();

    [GlobalSetup(Target = nameof(MemoryCache))]
    public void SetUpMemoryCache() => SetUp<MemoryCacheSubject>();

    [Benchmark(OperationsPerInvoke = Operation.PerRun)]
    public int MemoryCache() => Run();

    private void SetUp<TSubject>()
        where TSubject : struct, ISubject<TSubject>
    {
        TSubject subject = ManagedOperations.Filled<TSubject>(Items, (int)(Items * SpareCapacity));
        Use(Lookup == Lookup.Hit
            ? ManagedOperations.Hit(subject, Items)
            : ManagedOperations.Miss(subject, Items));
    }
}
