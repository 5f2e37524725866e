using BenchmarkDotNet.Attributes;
using FastCache.Bench.Micro.Operations;
using FastCache.Core;

namespace FastCache.Bench.Micro;

/// <summary>What does a new key cost in a full cache, against managed caches that evict?</summary>
public class EvictAgainstCachesBenchmark : OperationBenchmark
{
    /// <summary>Items that fill the cache. With 10M the managed ones take minutes to fill.</summary>
    [Params(1_000_000)]
    public int Items { get; set; }

    [GlobalSetup(Target = nameof(ShardOneByOne))]
    public void SetUpShardOneByOne()
    {
        Shard shard = Shards.Full(Items, out ulong nextKey);
        Use(shard, ShardOperations.Evict(shard, nextKey, Calls.OneByOne));
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

    private void SetUp<TSubject>()
        where TSubject : struct, ISubject<TSubject>
    {
        TSubject subject = ManagedOperations.Filled<TSubject>(2 * Items, capacity: Items);
        Use(ManagedOperations.Evict(subject, 2 * (ulong)Items));
    }
}
