using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.Bench.Client;
using FastCache.Bench.Options;
using FastCache.LoadGen.Options;

namespace FastCache.Bench.Near;

/// <summary><c>near</c>: what a hit in the client's near cache costs, and how old what it serves can be.</summary>
internal static class NearCommand
{
    public static Command Create()
    {
        TextOption<TimeSpan> duration = LoadOptions.Duration(
            "--duration", "2s", TimeSpan.FromMilliseconds(200), TimeSpan.FromMinutes(10), "Length of each measurement.");
        TextOption<TimeSpan> staleness = LoadOptions.Duration(
            "--staleness-duration", "10s", TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10), "How long the writer writes.");
        TextOption<int> rounds = BenchOptions.Count("--rounds", "3", 1, 101, "How often each side is measured; medians are printed.");
        TextOption<int> keys = BenchOptions.Count("--keys", "10K", 1, 1_000_000, "Hot keys, all of them in the near cache.");
        TextOption<int> valueBytes = BenchOptions.Count("--value-size", "100", 8, 61_440, "Bytes of a value.");
        Command command = new(
            "near",
            """
            Hits a second and core of the client's near cache, on one thread and on two, in turn with BitFaster's ConcurrentLru and
            with MemoryCache, which copy their value out as well; then a writer and a reader, two clients of one node: the time from
            the writer's acknowledgement to the first read that sees the new value.

            There is no bar: the tables are the answer.
            """);
        foreach (ITextOption option in new ITextOption[] { duration, staleness, rounds, keys, valueBytes })
        {
            option.AddTo(command);
        }

        command.SetAction(parsed =>
        {
            SymbolResult given = parsed.CommandResult;
            NearRun run = new(new ClientItems(keys.Of(given), valueBytes.Of(given)), parsed.InvocationConfiguration.Output);
            return GuardedRun.ExitCode(parsed, () =>
            {
                run.Hits(duration.Of(given), rounds.Of(given));
                run.Staleness(staleness.Of(given));
                return true;
            });
        });
        return command;
    }
}
