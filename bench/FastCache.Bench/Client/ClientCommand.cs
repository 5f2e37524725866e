using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.Bench.Options;
using FastCache.LoadGen.Options;

namespace FastCache.Bench.Client;

/// <summary><c>client</c>: what the client costs, beside StackExchange.Redis and beside the load generator.</summary>
internal static class ClientCommand
{
    public static Command Create()
    {
        TextOption<TimeSpan> duration = LoadOptions.Duration(
            "--duration", "3s", TimeSpan.FromMilliseconds(200), TimeSpan.FromMinutes(10), "Length of each measurement.");
        TextOption<int> rounds = BenchOptions.Count("--rounds", "3", 1, 101, "How often each side is measured; medians are printed.");
        TextOption<int> tasks = BenchOptions.Count("--tasks", "256", 1, 10_000, "Tasks that await one request after the other.");
        TextOption<int> callers = BenchOptions.Count("--callers", "32", 1, 1_000, "Callers that execute batches.");
        TextOption<int> threads = BenchOptions.Count("--threads", "1", 1, 1_000, "Threads that these callers are on.");
        TextOption<int> depth = BenchOptions.Count("--depth", "128", 1, 16_384, "Requests of a batch.");
        TextOption<int> keys = BenchOptions.Count("--keys", "100K", 1, 10_000_000, "Keys that are stored; all reads hit.");
        TextOption<int> valueBytes = BenchOptions.Count("--value-size", "100", 0, 65_536, "Bytes of a value.");
        Option<bool> topology = new("--topology")
        {
            Description = "Measure what a topology costs client and node instead: the same loads at a node that is in no cluster and "
                + "at one that is a cluster of itself, in turn.",
        };
        Command command = new(
            "client",
            """
            Two tables, each measured in turn, medians of the rounds: 90% get and 10% set by tasks that await one request after
            the other, over FastCache.Client against a node of one shard and over StackExchange.Redis against redis-server
            (which must be installed); and batches of gets and sets over FastCacheBatch and by the load generator
            (which must be built) against the same node. Processor time and allocation are those of the client's process.

            There is no bar: the tables are the answer.
            """);
        foreach (ITextOption option in new ITextOption[] { duration, rounds, tasks, callers, threads, depth, keys, valueBytes })
        {
            option.AddTo(command);
        }

        command.Options.Add(topology);
        command.SetAction(parsed =>
        {
            SymbolResult given = parsed.CommandResult;
            ClientItems items = new(keys.Of(given), valueBytes.Of(given));
            TextWriter output = parsed.InvocationConfiguration.Output;
            return GuardedRun.ExitCode(parsed, () =>
            {
                if (parsed.GetValue(topology))
                {
                    TopologyRun nodes = new(items, duration.Of(given), rounds.Of(given), output);
                    nodes.Compare(tasks.Of(given), callers.Of(given), threads.Of(given), depth.Of(given));
                    return true;
                }

                ClientRun run = new(items, duration.Of(given), rounds.Of(given), output);
                run.CompareAwaits(tasks.Of(given));
                run.CompareBatches(callers.Of(given), threads.Of(given), depth.Of(given));
                return true;
            });
        });
        return command;
    }
}
