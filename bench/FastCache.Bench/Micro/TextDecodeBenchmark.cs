using BenchmarkDotNet.Attributes;
using FastCache.Bench.Micro.Operations;

namespace FastCache.Bench.Micro;

/// <summary>What does reading a request of Redis's or memcached's protocol cost by the short way, against the one for all requests?</summary>
public class TextDecodeBenchmark : OperationBenchmark
{
    /// <summary>What is asked: 16-byte keys, 100-byte values.</summary>
    [Params("GET", "SET", "get", "set", "mg", "ms")]
    public string Request { get; set; } = "";

    [GlobalSetup(Target = nameof(Whole))]
    public void SetUpWhole() => Use(new TextDecodes(Request, isSimple: false));

    [Benchmark(Baseline = true, OperationsPerInvoke = Operation.PerRun)]
    public int Whole() => Run();

    [GlobalSetup(Target = nameof(Simple))]
    public void SetUpSimple() => Use(new TextDecodes(Request, isSimple: true));

    [Benchmark(OperationsPerInvoke = Operation.PerRun)]
    public int Simple() => Run();
}
