using System.CommandLine;
using FastCache.Bench;
using FastCache.Bench.Check;

RootCommand root = new("FastCache benchmarks.")
{
    CheckCommand.Create(),
    FloorCommand.Create(),
    MemoryCommand.Create(),
    MicroCommand.Create(),
};
return root.Parse(args).Invoke();
