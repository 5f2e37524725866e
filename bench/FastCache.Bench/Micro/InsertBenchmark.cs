using BenchmarkDotNet.Attributes;
using FastCache.Bench.Micro.Operations;

namespace FastCache.Bench.Micro;

/// <summary>What does a new key cost in a table that starts empty and grows?</summary>
public class InsertBenchmark : OperationBenchmark
{
    private const int Items = 1 << 20;

    [IterationSetup]
    public void Empty() => Reset();

    [GlobalSetup(Target = nameof(Dictionary))]
    public void SetUpDictionary() => Use(new ManagedGrow<DictionarySubject>(Items));

    [Benchmark(Baseline = true, OperationsPerInvoke = Items)]
    public int Dictionary() => Run();

    [GlobalSetup(Target = nameof(ConcurrentDictionary))]
    public void SetUpConcurrentDictionary() => Use(new ManagedGrow<ConcurrentDictionarySubject>(Items));

    [Benchmark(OperationsPerInvoke = Items)]
    public int ConcurrentDictionary() => Run();

    [GlobalSetup(Target = nameof(MemoryCache))]
    public void SetUpMemoryCache() => Use(new ManagedGrow<MemoryCacheSubject>(Items));

    [Benchmark(OperationsPerInvoke = Items)]
    public int MemoryCache() => Run();

    [GlobalSetup(Target = nameof(ShardBatched))]
    public void SetUpShardBatched() => Use(new Grow(Items, Calls.Batched));

    [Benchmark(OperationsPerInvoke = Items)]
    public int ShardBatched() => Run();

    [GlobalSetup(Target = nameof(ShardOneByOne))]
    public void SetUpShardOneByOne() => Use(new Grow(Items, Calls.OneByOne));

    [Benchmark(OperationsPerInvoke = Items)]
    public int ShardOneByOne() => Run();
}
