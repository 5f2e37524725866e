using BenchmarkDotNet.Attributes;
using FastCache.Bench.Micro.Operations;

namespace FastCache.Bench.Micro;

/// <summary>What does the hash of a key cost, against unkeyed XxHash3 and the runtime's HashCode?</summary>
public class KeyHashBenchmark : OperationBenchmark
{
    /// <summary>Length of the keys in bytes.</summary>
    [Params(8, 16, 40, 250)]
    public int Bytes { get; set; }

    [GlobalSetup(Target = nameof(XxHash3))]
    public void SetUpXxHash3() => Use(new HashKeys<XxHash3Hash>(Bytes, new()));

    [Benchmark(Baseline = true, OperationsPerInvoke = Operation.PerRun)]
    public int XxHash3() => Run();

    [GlobalSetup(Target = nameof(HashCodeAddBytes))]
    public void SetUpHashCodeAddBytes() => Use(new HashKeys<HashCodeHash>(Bytes, new()));

    [Benchmark(OperationsPerInvoke = Operation.PerRun)]
    public int HashCodeAddBytes() => Run();

    [GlobalSetup(Target = nameof(KeyHasher))]
    public void SetUpKeyHasher() => Use(new HashKeys<ShardHash>(Bytes, new()));

    [Benchmark(OperationsPerInvoke = Operation.PerRun)]
    public int KeyHasher() => Run();
}
