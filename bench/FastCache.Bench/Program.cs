using System.CommandLine;
using FastCache.Bench;
using FastCache.Bench.Check;
using FastCache.Bench.Growth;
using FastCache.Bench.MemoryUse;

RootCommand root = new("FastCache benchmarks.")
{
    CheckCommand.Create(),
    FloorCommand.Create(),
    GrowthCommand.Create(),
    MemoryCommand.Create(),
    MicroCommand.Create(),
};
return root.Parse(args).Invoke();
