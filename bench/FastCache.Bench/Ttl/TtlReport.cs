using FastCache.Bench.Charts;
using FastCache.Core;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;

namespace FastCache.Bench.Ttl;

/// <summary>Runs <c>ttl</c>, prints a line a second, and compares the worst with what is allowed.</summary>
internal static class TtlReport
{
    /// <summary>Share of the bytes that may belong to items that expired over two seconds ago.</summary>
    private const double MostOverdue = 0.01;

    /// <summary>Share of the processor time that Maintain may take.</summary>
    private const double MostCpu = 0.02;

    private const double Mebi = 1 << 20;

    /// <returns>Whether both bars were met in every second.</returns>
    public static bool Run(TtlOptions options, TextWriter output)
    {
        Compile(options);
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = options.BudgetBytes, HashSeed = options.Seed, Prefault = true });
        shard.Advance(0, 0);
        TtlLoad load = new(shard, options);
        load.Fill();
        MemoryAccount full = shard.Statistics().Memory;
        output.WriteLine($"{options.Items:N0} items of 16+100 bytes, {full.Items / Mebi:N0} MiB and {full.Expiry / Mebi:0.0} MiB for their expiry, expire at random within "
            + $"{Quantity.FormatDuration(options.Horizon)}; {options.Rate:N0} operations a second, {options.ReadShare:P0} reads, {options.TouchShare:P0} touches, "
            + $"{options.SlidingShare:P0} of the items slide; {options.Speed:0.#} times real time; seed {options.Seed}");
        output.WriteLine($"{"second",8}{"items",12}{"MiB",8}{"overdue",9}{"of bytes",10}{"expired",10}{"ops",10}{"passes",9}{"Maintain cpu",14}{"wall",9}{"longest",10}");
        List<TtlSecond> seconds = [];
        new TtlRun(shard, load, options).Run(second =>
        {
            seconds.Add(second);
            output.WriteLine($"{second.Number,8:N0}{second.Items,12:N0}{second.Bytes / Mebi,8:0.0}{second.OverdueItems,9:N0}{second.OverdueShare,10:P3}{second.Expired,10:N0}"
                + $"{second.Operations,10:N0}{second.Passes,9:N0}{second.CpuShare,14:P3}{second.WallShare,9:P3}{Format.Micros(second.LongestCpuMicros),10}");
        });
        bool isMet = WriteVerdict(seconds, output);
        if (options.ChartPath is string path)
        {
            Draw(seconds, path);
            output.WriteLine($"  chart: {path}");
        }

        return isMet;
    }

    /// <summary>Runs everything once, so that the first second does not pay for compiling it.</summary>
    private static void Compile(TtlOptions options)
    {
        TtlOptions few = options with { Items = 1_000, Horizon = TimeSpan.FromSeconds(1), BudgetBytes = 16 << 20, Rate = 1_000, Speed = 100 };
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = few.BudgetBytes });
        shard.Advance(0, 0);
        TtlLoad load = new(shard, few);
        load.Fill();
        new TtlRun(shard, load, few).Run(_ => { });
    }

    private static bool WriteVerdict(List<TtlSecond> seconds, TextWriter output)
    {
        TtlSecond latest = seconds.MaxBy(second => second.OverdueShare)!;
        TtlSecond busiest = seconds.MaxBy(second => second.CpuShare)!;
        TtlSecond slowest = seconds.MaxBy(second => second.WallShare)!;
        bool isInTime = latest.OverdueShare <= MostOverdue;
        bool isCheap = busiest.CpuShare <= MostCpu;
        output.WriteLine($"  at most {MostOverdue:P0} of the bytes expired over two seconds ago: {(isInTime ? "met" : "MISSED")}; "
            + $"the most were {latest.OverdueShare:P3}, {latest.OverdueItems:N0} items, in second {latest.Number}");
        output.WriteLine($"  at most {MostCpu:P0} of the processor time for Maintain: {(isCheap ? "met" : "MISSED")}; "
            + $"the most was {busiest.CpuShare:P3} in second {busiest.Number}, {busiest.CpuShare * 1e9 / Math.Max(1, busiest.Expired):N0} ns an expired item with all passes");
        output.WriteLine($"  by the wall clock, stalls of the machine included: at most {slowest.WallShare:P3}, in second {slowest.Number}");
        return isInTime && isCheap;
    }

    private static void Draw(List<TtlSecond> seconds, string path)
    {
        LineChart chart = new("Items that expire at random", "seconds of the shard's clock");
        chart.Panel("thousand items", least: 0)
            .Line("items", Points(second => second.Items / 1e3))
            .Line("expired in this second", Points(second => second.Expired / 1e3));
        chart.Panel("percent of the bytes", least: 0).Line("expired over two seconds ago", Points(second => 100 * second.OverdueShare));
        chart.Panel("percent of the second", least: 0)
            .Line("Maintain, processor time", Points(second => 100 * second.CpuShare))
            .Line("Maintain, wall clock", Points(second => 100 * second.WallShare));
        chart.WriteSvg(path);

        IEnumerable<(double X, double Y)> Points(Func<TtlSecond, double> of) => seconds.Select(second => ((double)second.Number, of(second)));
    }
}
