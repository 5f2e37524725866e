using System.CommandLine;
using FastCache.Bench;
using FastCache.Bench.Shift;
using FastCache.Bench.Soak;

RootCommand root = new("FastCache benchmarks.")
{
    FloorCommand.Create(),
    MemoryCommand.Create(),
    MicroCommand.Create(),
    ShiftCommand.Create(),
    SoakCommand.Create(),
};
return root.Parse(args).Invoke();
