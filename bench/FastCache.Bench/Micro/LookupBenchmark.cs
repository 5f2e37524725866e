using BenchmarkDotNet.Attributes;
using FastCache.Bench.Micro.Operations;
using FastCache.Core;

namespace FastCache.Bench.Micro;

/// <summary>Whether the keys that are looked up are there.</summary>
public enum Lookup
{
    /// <summary>They are.</summary>
    Hit,

    /// <summary>They are not.</summary>
    Miss,
}

/// <summary>What does a lookup cost that copies its value out, against dictionaries and against memory itself?</summary>
/// <remarks>The bar, at 10M: a batched hit within twice the bare loop, and 4 times, one by one 1.6 times, as fast as ConcurrentDictionary.</remarks>
public class LookupBenchmark : OperationBenchmark
{
    /// <summary>Items in the table; the keys are drawn from them at random.</summary>
    [Params(100_000, 1_000_000, 10_000_000)]
    public int Items { get; set; }

    /// <summary>What becomes of the lookups.</summary>
    [ParamsAllValues]
    public Lookup Lookup { get; set; }

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
    public void SetUpConcurrentDictionary() => SetUp<ConcurrentDictionarySubject>();

    [Benchmark(OperationsPerInvoke = Operation.PerRun)]
    public int ConcurrentDictionary() => Run();

    [GlobalSetup(Target = nameof(Dictionary))]
    public void SetUpDictionary() => SetUp<DictionarySubject>();

    [Benchmark(OperationsPerInvoke = Operation.PerRun)]
    public int Dictionary() => Run();

    private void SetUpShard(Calls calls)
    {
        Shard shard = Shards.Filled(Items);
        Use(shard, Lookup == Lookup.Hit
            ? ShardOperations.Hit(shard, Items, calls)
            : ShardOperations.Miss(shard, Items, calls));
    }

    private void SetUp<TSubject>()
        where TSubject : struct, ISubject<TSubject>
    {
        TSubject subject = ManagedOperations.Filled<TSubject>(Items);
        Use(Lookup == Lookup.Hit
            ? ManagedOperations.Hit(subject, Items)
            : ManagedOperations.Miss(subject, Items));
    }
}
