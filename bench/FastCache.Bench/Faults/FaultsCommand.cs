using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.Bench.Options;
using FastCache.Io;
using FastCache.LoadGen.Options;

namespace FastCache.Bench.Faults;

/// <summary><c>faults</c>: a node among peers that do it every harm they can, while clients that behave verify every reply.</summary>
internal static class FaultsCommand
{
    public static Command Create()
    {
        TextOption<TimeSpan> duration = LoadOptions.Duration(
            "--duration", "2m", TimeSpan.FromSeconds(2), TimeSpan.FromDays(1), "How long.");
        TextOption<ulong> seed = LoadOptions.Seed(null, "What the random numbers start from; a random one without it.");
        TextOption<IoBackend> io = new(
            "--io", "backend", "auto", IoBackendNames.Allowed, "How the node reaches its sockets.",
            (string text, out IoBackend value) => IoBackendNames.TryParse(text, out value));
        TextOption<int> shards = BenchOptions.Count("--shards", "2", 1, 8, "Shards of the node.");
        TextOption<int> clients = BenchOptions.Count("--clients", "4", 1, 64, "Clients that behave.");
        TextOption<int> hostile = BenchOptions.Count("--hostile", "3", 0, 16, "Faults that are done at the same time.");
        TextOption<TimeSpan> reportEvery = LoadOptions.Duration(
            "--report-every", "5s", TimeSpan.FromSeconds(1), TimeSpan.FromHours(1), "Time between two lines.");
        Command command = new(
            "faults",
            """
            Starts a node with small limits and does at random what peers must not: not read, begin frames and not end them,
            send a byte now and then, say nothing, send garbage, come by the thousand, use up its descriptors, vanish. All the
            while clients that behave write, read and delete keys of their own and compare every reply with a model; the node
            has room for all of them, so a write that was acknowledged is there to the end. Then the node is told to stop.

            Exit code 1 for a wrong or missing reply, a lost write, a client that behaves and is disconnected, memory of the
            process beyond its budgets and a stated allowance, connections that are not forgotten, or an unclean end.

            The seed replays what each peer does, not how the threads meet.
            """);
        foreach (ITextOption option in new ITextOption[] { duration, seed, io, shards, clients, hostile, reportEvery })
        {
            option.AddTo(command);
        }

        command.SetAction(parsed =>
        {
            SymbolResult given = parsed.CommandResult;
            FaultsOptions options = new()
            {
                Duration = duration.Of(given),
                Seed = seed.IsGiven(given) ? seed.Of(given) : (ulong)Random.Shared.NextInt64(1_000_000_000),
                Io = io.Of(given),
                Shards = shards.Of(given),
                Clients = clients.Of(given),
                Hostile = hostile.Of(given),
                ReportEvery = reportEvery.Of(given),
            };
            return GuardedRun.ExitCode(parsed, () =>
            {
                using FaultsRun run = new(options, parsed.InvocationConfiguration.Output);
                return run.Run();
            });
        });
        return command;
    }
}
