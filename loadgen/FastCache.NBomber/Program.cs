using System.CommandLine;
using System.CommandLine.Invocation;
using FastCache.NBomber;

ParseResult parsed = NBomberCommand.Create(NBomberRun.Execute).Parse(args);
if (parsed.Action is ParseErrorAction refusal)
{
    refusal.ShowHelp = false; // The help is long, and would bury what is wrong.
}

return parsed.Invoke();
