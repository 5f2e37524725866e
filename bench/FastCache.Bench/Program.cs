using System.CommandLine;
using System.CommandLine.Invocation;
using FastCache.Bench;
using FastCache.Bench.Check;
using FastCache.Bench.Client;
using FastCache.Bench.Collections;
using FastCache.Bench.Faults;
using FastCache.Bench.Fuzz;
using FastCache.Bench.Growth;
using FastCache.Bench.MemoryUse;
using FastCache.Bench.Near;
using FastCache.Bench.Pauses;
using FastCache.Bench.Replicas;
using FastCache.Bench.Shift;
using FastCache.Bench.Simulate;
using FastCache.Bench.Soak;
using FastCache.Bench.Stampede;
using FastCache.Bench.Ttl;

RootCommand root = new("FastCache benchmarks.")
{
    CallersCommand.Create(),
    CheckCommand.Create(),
    ClientCommand.Create(),
    CollectionsCommand.Create(),
    FaultsCommand.Create(),
    FloorCommand.Create(),
    FuzzCommand.Create(),
    GrowthCommand.Create(),
    MemoryCommand.Create(),
    MicroCommand.Create(),
    NearCommand.Create(),
    PausesCommand.Create(),
    ReplicasCommand.Create(),
    ShiftCommand.Create(),
    SimulateCommand.Create(),
    SoakCommand.Create(),
    StampedeCommand.Create(),
    TtlCommand.Create(),
};
ParseResult parsed = root.Parse(args);
if (parsed.Action is ParseErrorAction refusal)
{
    refusal.ShowHelp = false; // The help is long, and would bury what is wrong.
}

return parsed.Invoke();
