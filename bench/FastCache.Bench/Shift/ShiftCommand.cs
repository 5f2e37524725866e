using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.Bench.Options;
using FastCache.LoadGen.Options;

namespace FastCache.Bench.Shift;

/// <summary><c>shift</c>: whether memory follows the load when the sizes of values change.</summary>
internal static class ShiftCommand
{
    public static Command Create()
    {
        TextOption<long> memory = LoadOptions.Memory("1GiB", 32L << 20, 8L << 30);
        TextOption<int> capacities = BenchOptions.Count(
            "--capacities", "10", 1, 1_000, "How much each phase writes, in times the budget.");
        TextOption<double> reads = LoadOptions.Decimal(
            "--reads", "0.5", 0, 0.95, "Share of reads among the operations. A read that misses writes the value.");
        TextOption<double> skew = LoadOptions.Decimal("--skew", "0.9", 0.1, 2, "Exponent of the Zipf distribution of the reads.");
        TextOption<double> keySpace = LoadOptions.Decimal(
            "--keys", "4", 1.5, 100, "Keys of each phase: what all of them would take, in times the budget.");
        TextOption<ulong> seed = LoadOptions.Seed("1", "What the random numbers start from.");
        TextOption<string> chart = LoadOptions.Chart();
        Command command = new(
            "shift",
            """
            Fills a shard with values of 100 bytes, then writes values of 1,000 bytes, then equal bytes of 100, 1,000 and
            10,000, and prints how much of the memory each new load gets, compared with a fresh shard of the same budget
            under the same load. Takes two to four minutes at 1 GiB, and twice the budget of memory.

            Exit code 1 when a load has not got 90% of that within --capacities (10 by default).
            """);
        foreach (ITextOption option in new ITextOption[] { memory, capacities, reads, skew, keySpace, seed, chart })
        {
            option.AddTo(command);
        }

        command.SetAction(parsed =>
        {
            SymbolResult given = parsed.CommandResult;
            ShiftOptions options = new()
            {
                BudgetBytes = memory.Of(given),
                Capacities = capacities.Of(given),
                ReadShare = reads.Of(given),
                Skew = skew.Of(given),
                KeySpace = keySpace.Of(given),
                Seed = seed.Of(given),
                ChartPath = chart.Of(given),
            };
            return GuardedRun.ExitCode(parsed, () => ShiftReport.Run(options, parsed.InvocationConfiguration.Output));
        });
        return command;
    }
}

/// <summary>What <c>shift</c> was asked for.</summary>
internal sealed record ShiftOptions
{
    public required long BudgetBytes { get; init; }

    /// <summary>Writes of each phase in times the budget.</summary>
    public required int Capacities { get; init; }

    public required double ReadShare { get; init; }

    public required double Skew { get; init; }

    /// <summary>What all keys of a phase would take in times the budget.</summary>
    public required double KeySpace { get; init; }

    public required ulong Seed { get; init; }

    public string? ChartPath { get; init; }
}
