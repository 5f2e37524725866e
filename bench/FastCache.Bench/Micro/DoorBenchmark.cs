using BenchmarkDotNet.Attributes;
using FastCache.Bench.Micro.Operations;

namespace FastCache.Bench.Micro;

/// <summary>What does a request of the standard workload cost the node's own code by each protocol, the kernel's part left out?</summary>
public class DoorBenchmark : OperationBenchmark
{
    [Params(1_000_000)]
    public int Items { get; set; }

    [GlobalSetup(Target = nameof(Fcp))]
    public void SetUpFcp() => Use(new DoorRequests("FCP", Items));

    [Benchmark(Baseline = true, OperationsPerInvoke = Operation.PerRun)]
    public int Fcp() => Run();

    [GlobalSetup(Target = nameof(Resp))]
    public void SetUpResp() => Use(new DoorRequests("RESP", Items));

    [Benchmark(OperationsPerInvoke = Operation.PerRun)]
    public int Resp() => Run();

    [GlobalSetup(Target = nameof(Meta))]
    public void SetUpMeta() => Use(new DoorRequests("meta", Items));

    [Benchmark(OperationsPerInvoke = Operation.PerRun)]
    public int Meta() => Run();

    [GlobalSetup(Target = nameof(Classic))]
    public void SetUpClassic() => Use(new DoorRequests("classic", Items));

    [Benchmark(OperationsPerInvoke = Operation.PerRun)]
    public int Classic() => Run();
}
