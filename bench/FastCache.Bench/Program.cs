using System.CommandLine;
using FastCache.Bench;
using FastCache.Bench.Shift;

RootCommand root = new("FastCache benchmarks.")
{
    FloorCommand.Create(),
    MemoryCommand.Create(),
    MicroCommand.Create(),
    ShiftCommand.Create(),
};
return root.Parse(args).Invoke();
