using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.Bench.Options;
using FastCache.LoadGen.Options;

namespace FastCache.Bench.Stampede;

/// <summary><c>stampede</c>: how often a slow source is asked when everybody wants at once what is missing.</summary>
internal static class StampedeCommand
{
    /// <summary>Calls at once that one client takes: the most that its <c>MaxOutstanding</c> may be.</summary>
    private const int MostCalls = 1 << 20;

    public static Command Create()
    {
        TextOption<int> processes = BenchOptions.Count("--processes", "4", 1, 32, "Processes with callers, each with a client of its own.");
        TextOption<int> callers = Callers();
        TextOption<int> keys = Keys();
        TextOption<int> rounds = BenchOptions.Count("--rounds", "3", 1, 100, "How often all callers call, each time after all values have expired.");
        TextOption<TimeSpan> delay = SourceDelay();
        TextOption<TimeSpan> timeToLive = TimeToLive();
        Command command = new(
            "stampede",
            """
            Processes of callers that all want the same missing keys at the same moment, of one node and of a slow source that
            counts its calls: first with the client's GetOrFillAsync, which leases the right to ask, then with a get, the source
            and a set. When the values have expired they all come again.

            Exit code 1 if GetOrFillAsync has the source asked more than once for a key in one of its lives.
            """);
        foreach (ITextOption option in new ITextOption[] { processes, callers, keys, rounds, delay, timeToLive })
        {
            option.AddTo(command);
        }

        command.Validators.Add(given =>
        {
            if ((long)callers.Of(given) * keys.Of(given) > MostCalls)
            {
                given.AddError($"--callers times --keys is {(long)callers.Of(given) * keys.Of(given):N0}; allowed: up to {MostCalls:N0}.");
            }
        });
        command.SetAction(parsed =>
        {
            SymbolResult given = parsed.CommandResult;
            StampedeOptions options = new()
            {
                Processes = processes.Of(given),
                Callers = callers.Of(given),
                Keys = keys.Of(given),
                Rounds = rounds.Of(given),
                SourceDelay = delay.Of(given),
                TimeToLive = timeToLive.Of(given),
            };
            return GuardedRun.ExitCode(
                parsed, () => new StampedeRun(options, parsed.InvocationConfiguration.Output).RunAsync().GetAwaiter().GetResult());
        });
        return command;
    }

    public static TextOption<int> Callers() => BenchOptions.Count("--callers", "1K", 1, 100_000, "Callers of a process; each wants all keys.");

    public static TextOption<int> Keys() => BenchOptions.Count("--keys", "5", 1, 1_000, "Keys that are missing.");

    public static TextOption<TimeSpan> SourceDelay() => LoadOptions.Duration(
        "--source-delay", "200ms", TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(10), "How long the source takes for an answer.");

    public static TextOption<TimeSpan> TimeToLive() => LoadOptions.Duration(
        "--ttl", "1s", TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1), "How long a value lives.");
}

/// <summary>What <c>stampede</c> was asked to do.</summary>
internal sealed record StampedeOptions
{
    public required int Processes { get; init; }

    /// <summary>Of each process.</summary>
    public required int Callers { get; init; }

    public required int Keys { get; init; }

    public required int Rounds { get; init; }

    public required TimeSpan SourceDelay { get; init; }

    public required TimeSpan TimeToLive { get; init; }
}
