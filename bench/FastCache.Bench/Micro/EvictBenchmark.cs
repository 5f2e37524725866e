using BenchmarkDotNet.Attributes;
using FastCache.Bench.Micro.Operations;
using FastCache.Core;

namespace FastCache.Bench.Micro;

/// <summary>What does a new key cost in a full cache, where it must evict another?</summary>
/// <remarks>The bar: within six times the bare loop.</remarks>
public class EvictBenchmark : OperationBenchmark
{
    /// <summary>Items that fill the cache.</summary>
    [Params(1_000_000, 10_000_000)]
    public int Items { get; set; }

    [GlobalSetup(Target = nameof(BareLoop))]
    public void SetUpBareLoop() => Use(new BareLoop(Items));

    [Benchmark(Baseline = true, OperationsPerInvoke = Operation.PerRun)]
    public int BareLoop() => Run();

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
        Shard shard = Shards.Full(Items, out ulong nextKey);
        Use(shard, ShardOperations.Evict(shard, nextKey, calls));
    }
}
