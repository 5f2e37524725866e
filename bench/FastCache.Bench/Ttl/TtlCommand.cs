using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.Bench.Options;
using FastCache.LoadGen.Options;

namespace FastCache.Bench.Ttl;

/// <summary><c>ttl</c>: how soon the memory of expired items comes back, and what that costs.</summary>
internal static class TtlCommand
{
    public static Command Create()
    {
        TextOption<int> items = BenchOptions.Count("--items", "1M", 1_000, 50_000_000, "Items of 16+100 bytes that are stored at the start.");
        TextOption<TimeSpan> horizon = LoadOptions.Duration(
            "--horizon", "60s", TimeSpan.FromSeconds(5), TimeSpan.FromDays(30), "They expire at random within this time.");
        TextOption<long> memory = LoadOptions.Memory("512MiB", 16L << 20, 32L << 30);
        TextOption<int> rate = BenchOptions.Count("--rate", "50K", 0, 2_000_000, "Operations of the background load, a second of the shard's clock.");
        TextOption<double> reads = LoadOptions.Decimal("--reads", "0.9", 0, 1, "Share of reads among them; the others store an item, with a new life.");
        TextOption<double> touches = LoadOptions.Decimal("--touch", "0", 0, 1, "Share of them that touch an item instead, with a new life.");
        TextOption<double> sliding = LoadOptions.Decimal("--sliding", "0", 0, 1, "Share of items whose life every read renews.");
        TextOption<double> speed = LoadOptions.Decimal("--speed", "1", 0.1, 1_000, "How many times as fast as the wall clock the shard's goes.");
        TextOption<ulong> seed = LoadOptions.Seed("1", "What the random numbers start from.");
        TextOption<string> chart = LoadOptions.Chart();
        Command command = new(
            "ttl",
            """
            Stores items that expire at random within the next minute, and then runs a shard like a node does, with a background
            load, until all of them have expired. Prints, for every second, the memory of items that expired over two seconds
            ago, counted exactly, and the processor time that Maintain took. Takes a little over the horizon.

            Exit code 1 when in any second over 1% of the bytes belonged to such items, or Maintain took over 2% of the
            processor time. Processor time is that of the thread, so it does not count when the machine stands still.
            """);
        foreach (ITextOption option in new ITextOption[] { items, horizon, memory, rate, reads, touches, sliding, speed, seed, chart })
        {
            option.AddTo(command);
        }

        command.SetAction(parsed =>
        {
            SymbolResult given = parsed.CommandResult;
            TtlOptions options = new()
            {
                Items = items.Of(given),
                Horizon = horizon.Of(given),
                BudgetBytes = memory.Of(given),
                Rate = rate.Of(given),
                ReadShare = reads.Of(given),
                TouchShare = touches.Of(given),
                SlidingShare = sliding.Of(given),
                Speed = speed.Of(given),
                Seed = seed.Of(given),
                ChartPath = chart.Of(given),
            };
            return GuardedRun.ExitCode(parsed, () => TtlReport.Run(options, parsed.InvocationConfiguration.Output));
        });
        return command;
    }
}

/// <summary>What <c>ttl</c> was asked for.</summary>
internal sealed record TtlOptions
{
    public required int Items { get; init; }

    public required TimeSpan Horizon { get; init; }

    public required long BudgetBytes { get; init; }

    /// <summary>Operations a second of the shard's clock.</summary>
    public required int Rate { get; init; }

    public required double ReadShare { get; init; }

    public required double TouchShare { get; init; }

    public required double SlidingShare { get; init; }

    /// <summary>Milliseconds of the shard's clock in a millisecond.</summary>
    public required double Speed { get; init; }

    public required ulong Seed { get; init; }

    public string? ChartPath { get; init; }
}
