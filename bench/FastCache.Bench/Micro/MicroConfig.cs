using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using Perfolizer.Horology;

namespace FastCache.Bench.Micro;

/// <summary>How all micro-benchmarks are run.</summary>
/// <remarks>
/// Compiled like the node, optimised at once and without a profile. Iterations are short and few so that the suite stays
/// bounded: most cases spend their time filling tables. For a closer look at one case give more:
/// <c>--iterationCount 30</c>.
/// </remarks>
internal sealed class MicroConfig : ManualConfig
{
    public MicroConfig()
    {
        AddJob(Job.Default
            .WithEnvironmentVariables(new("DOTNET_TC_QuickJit", "0"), new("DOTNET_TieredPGO", "0"))
            .WithWarmupCount(2)
            .WithIterationCount(8)
            .WithIterationTime(TimeInterval.FromMilliseconds(200)));
        AddDiagnoser(MemoryDiagnoser.Default);
        HideColumns(Column.Error, Column.StdDev, Column.RatioSD, Column.Gen0, Column.Gen1, Column.Gen2, Column.AllocRatio);
        AddColumn(StatisticColumn.Median, StatisticColumn.Min);
    }
}
