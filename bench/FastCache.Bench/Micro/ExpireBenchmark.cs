using BenchmarkDotNet.Attributes;
using FastCache.Bench.Micro.Operations;
using FastCache.Core;

namespace FastCache.Bench.Micro;

/// <summary>What does the whole life of an item cost that expires: stored, outlived, looked up in vain?</summary>
public class ExpireBenchmark : OperationBenchmark
{
    /// <summary>Items in the table that do not expire.</summary>
    [Params(1_000_000)]
    public int Items { get; set; }

    [GlobalSetup(Target = nameof(MemoryCache))]
    public void SetUpMemoryCache()
    {
        MemoryCacheSubject subject = ManagedOperations.Filled<MemoryCacheSubject>(Items);
        Use(new MemoryCacheStoreAndExpire(subject, (ulong)Items));
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Operation.PerRun)]
    public int MemoryCache() => Run();

    [GlobalSetup(Target = nameof(ShardBatched))]
    public void SetUpShardBatched() => SetUpShard(Calls.Batched);

    [Benchmark(OperationsPerInvoke = Operation.PerRun)]
    public int ShardBatched() => Run();

    [GlobalSetup(Target = nameof(ShardOneByOne))]
    public void SetUpShardOneByOne() => SetUpShard(Calls.OneByOne);

    [Benchmark(OperationsPerInvoke = Operation.PerRun)]
    public int ShardOneByOne() => Run();

    private void SetUpShard(Calls calls)
    {
        Shard shard = Shards.Filled(Items);
        Use(shard, new StoreAndExpire(shard, (ulong)Items, calls));
    }
}
