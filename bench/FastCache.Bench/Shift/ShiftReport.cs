using System.Diagnostics;
using FastCache.Bench.Charts;
using FastCache.Bench.Machine;
using FastCache.Core;
using FastCache.LoadGen.Reporting;

namespace FastCache.Bench.Shift;

/// <summary>Runs the phases of <c>shift</c> and the fresh shards that they are compared with, and prints what came of it.</summary>
internal sealed class ShiftReport(ShiftOptions options, TextWriter output)
{
    /// <summary>The share of a fresh shard's memory that a load is to get.</summary>
    private const double Bar = 0.9;

    /// <summary>Capacities that the first load writes: one fills the shard, the others use it.</summary>
    private const int FillCapacities = 3;

    /// <summary>Looks between two lines.</summary>
    private const int LooksPerLine = 5;

    private static readonly int[] Mix = [100, 1_000, 10_000];

    private readonly LineChart _chart = new(
        "Memory of a load after the sizes shifted, as a share of a fresh shard's", "writes since the shift, in times the budget");

    /// <returns>Whether every load got its memory.</returns>
    public static bool Run(ShiftOptions options, TextWriter output) => new ShiftReport(options, output).Run();

    private bool Run()
    {
        Stopwatch elapsed = Stopwatch.StartNew();
        output.WriteLine($"A shard of {options.BudgetBytes >> 20:N0} MiB; {options.ReadShare:P0} of the operations read, Zipf {options.Skew}, "
            + $"over keys of {options.KeySpace:0.#} times the budget; seed {options.Seed}");
        using Shard shard = NewShard();
        bool isMet = true;
        RunPhase(shard, Load(0), FillCapacities, goal: null);
        for (byte mark = 1; mark <= 2; mark++)
        {
            ShiftPhase fresh = Fresh(mark);
            ShiftPhase phase = RunPhase(shard, Load(mark), options.Capacities, fresh);
            isMet &= WriteVerdict(phase, fresh);
            Draw(phase, fresh);
        }

        if (options.ChartPath is string path)
        {
            _chart.WriteSvg(path);
            output.WriteLine($"  chart: {path}");
        }

        output.WriteLine($"  took {elapsed.Elapsed.TotalSeconds:N0} s");
        return isMet;
    }

    private Shard NewShard() => new(new ShardOptions { MemoryBudgetBytes = options.BudgetBytes, HashSeed = options.Seed, Prefault = true });

    private SizedLoad Load(byte mark) => mark switch
    {
        0 => new SizedLoad("values of 100 bytes", mark, [100], options),
        1 => new SizedLoad("values of 1,000 bytes", mark, [1_000], options),
        _ => new SizedLoad("equal bytes of values of 100, 1,000 and 10,000 bytes", mark, Mix, options),
    };

    private ShiftPhase Fresh(byte mark)
    {
        using Shard shard = NewShard();
        ShiftPhase phase = new(shard, Load(mark), options.Capacities);
        output.WriteLine();
        output.WriteLine($"{phase.Load.Name}, a fresh shard: {options.Capacities} times the budget ...");
        phase.Run(_ => { });
        return phase;
    }

    private ShiftPhase RunPhase(Shard shard, SizedLoad load, int capacities, ShiftPhase? goal)
    {
        output.WriteLine();
        output.WriteLine($"{load.Name}, {(goal is null ? "filling the shard" : "after the shift")}:");
        output.WriteLine($"  {"written",8}  {(goal is null ? "held MiB" : "held"),9}  {Sizes(load)}{"hits",7}  {"page moves",10}  {"items moved",12}  {"worst set",10}");
        ShiftPhase phase = new(shard, load, capacities);
        int looks = 0;
        phase.Run(sample =>
        {
            if (++looks % LooksPerLine == 0)
            {
                output.WriteLine(Line(sample, goal?.Final));
            }
        });
        return phase;
    }

    private static string Sizes(SizedLoad load) => load.ValueBytes.Length == 1
        ? ""
        : string.Concat(load.ValueBytes.Select(bytes => $"{bytes,7:N0}  "));

    private static string Line(ShiftSample sample, long[]? goal)
    {
        string held = goal is null ? $"{sample.HeldBytes.Sum() >> 20:N0}" : $"{ShiftPhase.ShareOf(sample, goal):P1}";
        string sizes = goal is null || goal.Length == 1
            ? ""
            : string.Concat(Enumerable.Range(0, goal.Length).Select(size => $"{ShiftPhase.ShareOf(sample, goal, size),7:P1}  "));
        return $"  {sample.Capacities,7:0.0}x  {held,9}  {sizes}{sample.HitRatio,7:P1}  {sample.PageMoves,10:N0}  "
            + $"{sample.ItemsMoved,12:N0}  {Format.Micros(sample.WorstSetNanos / 1e3),10}";
    }

    private bool WriteVerdict(ShiftPhase phase, ShiftPhase fresh)
    {
        WriteLatencies(phase, fresh);
        double? reached = phase.ReachedAt(Bar, fresh.Final);
        output.WriteLine($"  {Bar:P0} of a fresh shard's memory: {Times(reached)}; a fresh shard itself: {Times(fresh.ReachedAt(Bar, fresh.Final))}");
        for (int size = 0; size < fresh.Final.Length && fresh.Final.Length > 1; size++)
        {
            output.WriteLine($"    values of {phase.Load.ValueBytes[size],6:N0} bytes: {Times(phase.ReachedAt(Bar, fresh.Final, size))}; "
                + $"a fresh shard: {Times(fresh.ReachedAt(Bar, fresh.Final, size))}, holding {fresh.Final[size] >> 20:N0} MiB");
        }

        output.WriteLine($"  hit ratio at the end: {phase.Samples[^1].HitRatio:P2}; a fresh shard's: {fresh.Samples[^1].HitRatio:P2}");
        output.WriteLine($"  {Bar:P0} within {options.Capacities} times the budget: {(reached is null ? "MISSED" : "met")}");
        return reached is not null;
    }

    private void WriteLatencies(ShiftPhase phase, ShiftPhase fresh)
    {
        TextTable table = new("", "calls", "p50", "p99.9", "p99.99", "max", "wall p99.9", "p99.99", "max");
        table.Right(1, 2, 3, 4, 5, 6, 7, 8);
        Add("sets after the shift", phase.Sets);
        Add("sets of a fresh shard", fresh.Sets);
        Add("Maintain after the shift", phase.Maintenance);
        Add("Maintain of a fresh shard", fresh.Maintenance);
        table.WriteTo(output);

        void Add(string name, LatencyLog log) => table.Add(
            name,
            $"{log.Count:N0}",
            Format.Micros(log.CpuMicros(50)),
            Format.Micros(log.CpuMicros(99.9)),
            Format.Micros(log.CpuMicros(99.99)),
            Format.Micros(log.MaxCpuNanos / 1e3),
            Format.Micros(log.WallMicros(99.9)),
            Format.Micros(log.WallMicros(99.99)),
            Format.Micros(log.MaxWallNanos / 1e3));
    }

    private static string Times(double? capacities) => capacities is double reached ? $"after {reached:0.0}x the budget" : "never";

    private void Draw(ShiftPhase phase, ShiftPhase fresh)
    {
        _chart.Panel($"percent, {phase.Load.ShortName}", least: 0);
        _chart.Line("after the shift", Points(phase, null));
        _chart.Line("a fresh shard", Points(fresh, null));
        for (int size = 0; size < fresh.Final.Length && fresh.Final.Length > 1; size++)
        {
            _chart.Line($"{phase.Load.ValueBytes[size]:N0} bytes, after it", Points(phase, size));
        }

        IEnumerable<(double X, double Y)> Points(ShiftPhase drawn, int? size) =>
            drawn.Samples.Select(sample => (sample.Capacities, 100 * ShiftPhase.ShareOf(sample, fresh.Final, size)));
    }
}
