using BenchmarkDotNet.Attributes;
using FastCache.Bench.Micro.Operations;
using FastCache.Core;

namespace FastCache.Bench.Micro;

/// <summary>What do the removal of a key and its return cost, both together?</summary>
public class DeleteBenchmark : OperationBenchmark
{
    /// <summary>Items in the table.</summary>
    [Params(1_000_000)]
    public int Items { get; set; }

    [GlobalSetup(Target = nameof(ConcurrentDictionary))]
    public void SetUpConcurrentDictionary() => SetUp<ConcurrentDictionarySubject>();

    [Benchmark(Baseline = true, OperationsPerInvoke = Operation.PerRun)]
    public int ConcurrentDictionary() => Run();

    [GlobalSetup(Target = nameof(Dictionary))]
    public void SetUpDictionary() => SetUp<DictionarySubject>();

    [Benchmark(OperationsPerInvoke = Operation.PerRun)]
    public int Dictionary() => Run();

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
        Use(shard, new DeleteAndStore(shard, Items, calls));
    }

    private void SetUp<TSubject>()
        where TSubject : struct, ISubject<TSubject> =>
        Use(new ManagedDeleteAndStore<TSubject>(ManagedOperations.Filled<TSubject>(Items), Items));
}
