using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.Bench.Options;
using FastCache.LoadGen.Options;

namespace FastCache.Bench.Pauses;

/// <summary><c>pauses</c>: the longest single calls of the engine under the worst that can happen to it.</summary>
internal static class PausesCommand
{
    public static Command Create()
    {
        TextOption<int> operations = BenchOptions.Count(
            "--operations", "1M", 10_000, 1_000_000_000, "Ordinary operations of each loop, without the event and with it.");
        TextOption<string> only = new(
            "--only", "text", null, "part of the name of an event", "Run only the events whose name contains this.",
            (string text, out string value) =>
            {
                value = text;
                return PauseEvents.All.Any(one => one.Name.Contains(text, StringComparison.OrdinalIgnoreCase));
            });
        Command command = new(
            "pauses",
            """
            Runs a loop of ordinary operations and Maintain, first without and then with an event that is as bad as it gets:
            values of 512 MiB deleted, replaced and evicted, pages moved between the extremes of sizes, a million items
            that expire in one second, an index that shrinks. Prints how long single calls took. Takes two minutes and 2 GiB.

            There is no bar: the table is the answer. Times are processor times of the thread, the wall clock's beside them.
            """);
        operations.AddTo(command);
        only.AddTo(command);
        command.SetAction(parsed =>
        {
            SymbolResult given = parsed.CommandResult;
            return GuardedRun.ExitCode(parsed, () =>
            {
                PausesReport.Run(operations.Of(given), only.Of(given), parsed.InvocationConfiguration.Output);
                return true;
            });
        });
        return command;
    }
}
