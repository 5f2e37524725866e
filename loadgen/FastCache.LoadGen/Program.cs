using System.CommandLine;
using System.CommandLine.Invocation;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Runs;

RootCommand root = new("FastCache load generator: drives load at a node and holds it to its targets.")
{
    RunCommand.Create(Runner.Execute),
    ScenarioCommand.Create(ScenarioRun.Execute),
    CheckCommand.Create(CheckRun.Execute),
    ReportCommand.Create(),
    CompareCommand.Create(CompareRunner.Execute),
};
ParseResult parsed = root.Parse(args);
if (parsed.Action is ParseErrorAction refusal)
{
    refusal.ShowHelp = false; // The help is long, and would bury what is wrong.
}

return parsed.Invoke();
