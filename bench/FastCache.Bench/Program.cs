using System.CommandLine;
using FastCache.Bench;
using FastCache.Bench.Pauses;
using FastCache.Bench.Shift;
using FastCache.Bench.Soak;
using FastCache.Bench.Ttl;

RootCommand root = new("FastCache benchmarks.")
{
    FloorCommand.Create(),
    MemoryCommand.Create(),
    MicroCommand.Create(),
    PausesCommand.Create(),
    ShiftCommand.Create(),
    SoakCommand.Create(),
    TtlCommand.Create(),
};
return root.Parse(args).Invoke();
