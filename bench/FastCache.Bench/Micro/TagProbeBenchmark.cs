using BenchmarkDotNet.Attributes;
using FastCache.Bench.Micro.Operations;

namespace FastCache.Bench.Micro;

/// <summary>What does comparing the 12 tags of a bucket cost, all at once and one after another?</summary>
public class TagProbeBenchmark : OperationBenchmark
{
    [GlobalSetup(Target = nameof(Scalar))]
    public void SetUpScalar() => Use(new ProbeTags<ScalarProbe>());

    [Benchmark(Baseline = true, OperationsPerInvoke = Operation.PerRun)]
    public int Scalar() => Run();

    [GlobalSetup(Target = nameof(Simd))]
    public void SetUpSimd() => Use(new ProbeTags<VectorProbe>());

    [Benchmark(OperationsPerInvoke = Operation.PerRun)]
    public int Simd() => Run();
}
