using System.CommandLine;
using FastCache.Bench;

RootCommand root = new("FastCache benchmarks.")
{
    FloorCommand.Create(),
    MemoryCommand.Create(),
    MicroCommand.Create(),
};
return root.Parse(args).Invoke();
