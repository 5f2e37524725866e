using BenchmarkDotNet.Attributes;
using FastCache.Bench.Micro.Operations;
using FastCache.Core;

namespace FastCache.Bench.Micro;

/// <summary>What the benchmark classes have in common: one operation a process, its table made in the global setup.</summary>
/// <remarks>BenchmarkDotNet runs every case in a process of its own, so each setup makes what its case needs and no more.</remarks>
[Config(typeof(MicroConfig))]
public abstract class OperationBenchmark
{
    private Operation? _operation;
    private Shard? _shard;

    [GlobalCleanup]
    public void TearDown()
    {
        _operation?.Dispose();
        _shard?.Dispose();
    }

    internal void Use(Operation operation)
    {
        _operation = operation;
        operation.Reset();
        operation.RunChecked();
    }

    internal void Use(Shard shard, Operation operation)
    {
        _shard = shard;
        Use(operation);
    }

    internal void Reset() => _operation!.Reset();

    internal int Run() => _operation!.Run();
}
