using BenchmarkDotNet.Attributes;
using FastCache.Bench.Micro.Operations;
using FastCache.Core;

namespace FastCache.Bench.Micro;

/// <summary>What does a new value for a key cost that is there, when its size class stays?</summary>
public class ReplaceBenchmark : OperationBenchmark
{
    /// <summary>Items in the table; the keys are drawn from them at random.</summary>
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

    [GlobalSetup(Target = nameof(ConcurrentDictionary))]
    public void SetUpConcurrentDictionary() =>
        Use(ManagedOperations.Replace(ManagedOperations.Filled<ConcurrentDictionarySubject>(Items), Items));

    [Benchmark(OperationsPerInvoke = Operation.PerRun)]
    public int ConcurrentDictionary() => Run();

    private void SetUpShard(Calls calls)
    {
        Shard shard = Shards.Filled(Items);
        Use(shard, ShardOperations.Replace(shard, Items, calls));
    }
}
