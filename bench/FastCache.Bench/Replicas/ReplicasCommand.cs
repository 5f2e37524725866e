using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.Bench.Client;
using FastCache.Bench.Options;
using FastCache.LoadGen.Options;

namespace FastCache.Bench.Replicas;

/// <summary><c>replicas</c>: what choosing among copies is worth when one node is slow.</summary>
internal static class ReplicasCommand
{
    public static Command Create()
    {
        TextOption<TimeSpan> duration = LoadOptions.Duration(
            "--duration", "700ms", TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1), "Length of each measurement.");
        TextOption<int> rounds = BenchOptions.Count("--rounds", "3", 1, 101, "How often each way is measured; medians are printed.");
        TextOption<TimeSpan> slow = LoadOptions.Duration(
            "--slow", "20ms", TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1), "How much later one of the nodes answers.");
        TextOption<int> rate = BenchOptions.Count("--rate", "2K", 100, 20_000, "Reads a second.");
        TextOption<int> keys = BenchOptions.Count("--keys", "100", 10, 100_000, "Keys, read equally often.");
        TextOption<int> valueBytes = BenchOptions.Count("--value-size", "100", 1, 65_536, "Bytes of a value.");
        Command command = new(
            "replicas",
            """
            Reads at a fixed rate from three nodes that it starts, every slot on all of them, each behind a forwarder of this
            process; one of them answers late. Prints latencies, and which node was asked how often: primaries only, the best copy,
            and the best copy with hedges; then how soon the slow node is avoided, and used again when it is quick.

            The exit code is 1 if p99 of the best copy is not below that of the primaries.
            """);
        foreach (ITextOption option in new ITextOption[] { duration, rounds, slow, rate, keys, valueBytes })
        {
            option.AddTo(command);
        }

        command.SetAction(parsed =>
        {
            SymbolResult given = parsed.CommandResult;
            ReplicasRun run = new(
                new ClientItems(keys.Of(given), valueBytes.Of(given)),
                rate.Of(given),
                slow.Of(given),
                duration.Of(given),
                rounds.Of(given),
                parsed.InvocationConfiguration.Output);
            return GuardedRun.ExitCode(parsed, () => run.RunAsync().GetAwaiter().GetResult());
        });
        return command;
    }
}
