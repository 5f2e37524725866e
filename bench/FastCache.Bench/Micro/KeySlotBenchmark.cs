using BenchmarkDotNet.Attributes;
using FastCache.Bench.Micro.Operations;

namespace FastCache.Bench.Micro;

/// <summary>What does the slot of a key cost, against its checksum alone by tables?</summary>
public class KeySlotBenchmark : OperationBenchmark
{
    /// <summary>Length of the keys in bytes.</summary>
    [Params(8, 16, 40, 250)]
    public int Bytes { get; set; }

    [GlobalSetup(Target = nameof(Tables))]
    public void SetUpTables() => Use(new HashKeys<SlotTableHash>(Bytes, new()));

    [Benchmark(Baseline = true, OperationsPerInvoke = Operation.PerRun)]
    public int Tables() => Run();

    [GlobalSetup(Target = nameof(Slot))]
    public void SetUpSlot() => Use(new HashKeys<SlotHash>(Bytes, new()));

    [Benchmark(OperationsPerInvoke = Operation.PerRun)]
    public int Slot() => Run();
}
