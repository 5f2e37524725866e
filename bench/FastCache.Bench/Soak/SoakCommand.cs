using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.Bench.Options;
using FastCache.LoadGen.Options;

namespace FastCache.Bench.Soak;

/// <summary><c>soak</c>: everything that a shard can do, at random, for as long as one likes, every byte verified.</summary>
internal static class SoakCommand
{
#if DEBUG
    private const string CheckEvery = "2s";
#else
    private const string CheckEvery = "10s";
#endif

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100);

    public static Command Create()
    {
        TextOption<TimeSpan> duration = LoadOptions.Duration(
            "--duration", "10m", Shortest, TimeSpan.FromDays(30), "How long.");
        TextOption<long> operations = Count("--operations", "End after so many operations instead: replays a run exactly.");
        TextOption<ulong> seed = LoadOptions.Seed(null, "What the random numbers start from; a random one without it.");
        TextOption<long> memory = LoadOptions.Memory("256MiB", 16L << 20, 8L << 30);
        TextOption<TimeSpan> reportEvery = LoadOptions.Duration(
            "--report-every", "5s", Shortest, TimeSpan.FromHours(1), "Time between two lines.");
        TextOption<TimeSpan> checkEvery = LoadOptions.Duration(
            "--check-every", CheckEvery, Shortest, TimeSpan.FromHours(1), "Time between two walks over all invariants; longer if they take long.");
        TextOption<long> checkEveryOperations = Count("--check-every-operations", "Walk after so many operations too, to find where an invariant breaks.");
        TextOption<string> chart = LoadOptions.Chart();
        Command command = new(
            "soak",
            """
            Runs all operations of a shard at random, at full speed: plain ones, edits, leases, streams, in batches and one by
            one, with values from 1 byte to several MiB, lives of all kinds, a clock that jumps, and sizes that shift every so
            often. Every value says whose it is, so every byte that is read is verified; of one key in sixteen the exact value,
            version, life and lease are known. Needs the shard's memory and about 200 MiB.

            Exit code 1 for a wrong byte or answer, a broken invariant, memory beyond the budget, memory that does not come
            back, or a managed allocation in the shard's thread.

            Time in the shard goes by with the operations, so a seed and a number of operations replay a run exactly:
              soak --seed 7 --memory 256MiB --operations 1234567
            """);
        foreach (ITextOption option in new ITextOption[]
        {
            duration, operations, seed, memory, reportEvery, checkEvery, checkEveryOperations, chart,
        })
        {
            option.AddTo(command);
        }

        command.SetAction(parsed =>
        {
            SymbolResult given = parsed.CommandResult;
            SoakOptions options = new()
            {
                Duration = duration.Of(given),
                Operations = operations.Of(given),
                Seed = seed.IsGiven(given) ? seed.Of(given) : (ulong)Random.Shared.NextInt64(1_000_000_000),
                MemoryBytes = memory.Of(given),
                ReportEvery = reportEvery.Of(given),
                CheckEvery = checkEvery.Of(given),
                CheckEveryOperations = checkEveryOperations.Of(given),
                ChartPath = chart.Of(given),
            };
            return GuardedRun.ExitCode(parsed, () =>
            {
                using SoakRun run = new(options, parsed.InvocationConfiguration.Output);
                return run.Run();
            });
        });
        return command;
    }

    private static TextOption<long> Count(string name, string description) => new(
        name, "n", null, "1 to 1T", description,
        (string text, out long value) => Quantity.TryParseCount(text, out value) && value is >= 1 and <= 1_000_000_000_000);
}
