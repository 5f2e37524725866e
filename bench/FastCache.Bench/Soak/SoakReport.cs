using System.Globalization;
using FastCache.Bench.Charts;
using FastCache.Core;
using FastCache.LoadGen.Reporting;
using HdrHistogram;

namespace FastCache.Bench.Soak;

/// <summary>What a soak prints and draws.</summary>
internal sealed class SoakReport(SoakContext soak, TextWriter output)
{
    private const double Mebi = 1 << 20;

    /// <summary>How much the native memory of the process may grow: what checks have used stays with the garbage collector for a while.</summary>
    private const long MostGrowthBytes = 128 << 20;

    /// <summary>The line whose native memory later ones are compared with.</summary>
    private const int GrowthFrom = 2;

    private readonly List<Sample> _samples = [];
    private readonly long _fixedBytes = soak.Shard.Statistics().BudgetBytes;
    private TimeSpan _lastTime;
    private long _lastOperations;
    private long _lastHits;
    private long _lastMisses;
    private long _lastAllocated;

    /// <summary>Walks over all invariants.</summary>
    public int Checks { get; set; }

    public void WriteHead()
    {
        output.WriteLine($"{"",8}{"",8}{"",8}{"",11} | memory in MiB: used by items, lost by rounding and tails, loose, free chunks, index, expiry, free pages, fixed");
        output.WriteLine($"{"time",8}{"ops/s",8}{"hits",8}{"items",11} |{"items",8}{"lost",6}{"loose",6}{"chunks",7}{"index",6}{"exp.",5}{"pages",7}{"fixed",6} |"
            + $"{"native",7}{"B/op",6} |{"p50",9}{"p99",9}{"p99.9",9}{"max",9}  longest pause, load");
    }

    /// <summary>Looks at the shard and prints a line.</summary>
    /// <exception cref="SoakFaultException">The accounts are wrong.</exception>
    public void Look(TimeSpan now)
    {
        ShardStatistics statistics = soak.Shard.Statistics();
        MemoryAccount memory = statistics.Memory;
        RequireSound(statistics);
        OperationMeter meter = soak.Meter;
        LongHistogram recent = meter.Recent;
        long lookups = statistics.Hits - _lastHits + statistics.Misses - _lastMisses;
        long operations = meter.Operations - _lastOperations;
        Sample sample = new(
            now.TotalSeconds,
            operations / (now - _lastTime).TotalSeconds,
            lookups == 0 ? 0 : (double)(statistics.Hits - _lastHits) / lookups,
            memory,
            ResidentBytes(),
            [.. new[] { 50, 99, 99.9, 100 }.Select(percentile => recent.TotalCount == 0 ? 0 : recent.GetValueAtPercentile(percentile) / 1e3)]);
        _samples.Add(sample);
        if (_samples.Count > GrowthFrom && sample.ResidentBytes > _samples[GrowthFrom].ResidentBytes + MostGrowthBytes)
        {
            throw new SoakFaultException($"the native memory of the process grew from {_samples[GrowthFrom].ResidentBytes:N0} to {sample.ResidentBytes:N0} bytes");
        }

        double allocated = operations == 0 ? 0 : Math.Max(0.0, meter.AllocatedBytes - _lastAllocated) / operations;
        output.WriteLine(
            $"{now:hh\\:mm\\:ss}{Rate(sample.Rate),8}{sample.HitRatio,8:P1}{statistics.Items,11:N0} |"
            + $"{memory.Items / Mebi,8:0.0}{(memory.Rounding + memory.PageTails) / Mebi,6:0.0}{memory.Loose / Mebi,6:0.0}{memory.FreeChunks / Mebi,7:0.0}"
            + $"{(memory.Index + memory.IndexFree) / Mebi,6:0.0}{(memory.Expiry + memory.ExpiryFree) / Mebi,5:0.0}{memory.FreePages / Mebi,7:0.0}"
            + $"{(memory.PageHeaders + memory.FixedTables + memory.Unused) / Mebi,6:0.0} |{sample.ResidentBytes / Mebi,7:0}{allocated,6:0.##} |"
            + string.Concat(sample.Micros.Select(micros => $"{Format.Micros(micros),9}"))
            + $"  {Text(meter.RecentWorst)}, {soak.Load.Name}");
        meter.ForgetRecent();
        (_lastTime, _lastOperations, _lastAllocated) = (now, meter.Operations, meter.AllocatedBytes);
        (_lastHits, _lastMisses) = (statistics.Hits, statistics.Misses);
    }

    public void WriteEnd(in MemoryAccount account) => output.WriteLine(
        $"closed and deleted everything: {account.FreePages / Mebi:0.0} MiB of pages are free, {(account.Index + account.IndexFree) / Mebi:0.0} MiB index, "
        + $"{(account.Expiry + account.ExpiryFree) / Mebi:0.0} MiB expiry, 0 bytes of items, 0 loose");

    public void WriteSummary(TimeSpan elapsed, SoakOptions options)
    {
        ShardStatistics statistics = soak.Shard.Statistics();
        OperationMeter meter = soak.Meter;
        output.WriteLine();
        TextTable table = new("call", "calls", "p50", "p99", "p99.9", "max", "longest, stalls of the machine taken off");
        table.Right(1, 2, 3, 4, 5, 6);
        foreach (OperationKind kind in OperationMeter.Kinds.Where(kind => meter[kind].TotalCount > 0))
        {
            LongHistogram calls = meter[kind];
            table.Add(
                kind.ToString(), $"{calls.TotalCount:N0}", Micros(calls, 50), Micros(calls, 99), Micros(calls, 99.9), Micros(calls, 100),
                Format.Micros(meter.WorstNanos(kind) / 1e3));
        }

        table.WriteTo(output);
        output.WriteLine($"  {meter.Operations:N0} operations in {elapsed:hh\\:mm\\:ss}, {soak.VerifiedBytes / Mebi / 1024:N1} GiB read and verified, {soak.Load.Shifts} loads, {Checks} checks of all invariants");
        output.WriteLine($"  {statistics.Evictions:N0} evicted, {statistics.Expirations:N0} expired, {statistics.PageMoves:N0} pages and {statistics.ItemsMoved:N0} items moved, "
            + $"{soak.Refused:N0} writes refused for lack of memory, {soak.Shard.Store.Mover.Abandoned:N0} pages not emptied, {soak.Shard.Store.Wheel.Refused:N0} expiries without an entry");
        output.WriteLine($"  longest pause: {Text(meter.Worst)}, operation {meter.Worst.Operation:N0}");
        output.WriteLine($"  managed bytes allocated by the shard's thread: {meter.AllocatedBytes:N0}");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  seed {options.Seed}, digest {soak.Digest:x16}; the same again: soak --seed {options.Seed} --memory {options.MemoryBytes >> 20}MiB --operations {meter.Operations}"));
        if (options.ChartPath is string path && _samples.Count > 1)
        {
            Draw(path);
            output.WriteLine($"  chart: {path}");
        }
    }

    /// <summary>What is resident of the process's native memory: the shard, the code, and room for two values.</summary>
    private static long ResidentBytes() => Environment.WorkingSet - GC.GetGCMemoryInfo(GCKind.Any).TotalCommittedBytes;

    private static string Text(in Pause pause) =>
        $"{Format.Micros(pause.Nanos / 1e3)} {pause.Kind}{(pause.Bytes > 0 ? $" of {pause.Bytes:N0} bytes" : "")}";

    private static string Rate(double perSecond) => perSecond >= 1e6 ? $"{perSecond / 1e6:0.00}M" : $"{perSecond / 1e3:0}K";

    private static string Micros(LongHistogram calls, double percentile) => Format.Micros(calls.GetValueAtPercentile(percentile) / 1e3);

    private void RequireSound(in ShardStatistics statistics)
    {
        MemoryAccount memory = statistics.Memory;
        ReadOnlySpan<long> parts =
        [
            memory.Items, memory.Rounding, memory.Loose, memory.FreeChunks, memory.PageTails, memory.Index, memory.IndexFree,
            memory.Expiry, memory.ExpiryFree, memory.FreePages, memory.PageHeaders, memory.FixedTables, memory.Unused,
        ];
        bool hasNegative = false;
        foreach (long part in parts)
        {
            hasNegative |= part < 0;
        }

        if (memory.Total != _fixedBytes || hasNegative || statistics.DamagedValues > 0)
        {
            throw new SoakFaultException($"the accounts are wrong: {memory}, together {memory.Total:N0} of {_fixedBytes:N0}; {statistics.DamagedValues} damaged values");
        }
    }

    private void Draw(string path)
    {
        LineChart chart = new("soak", "seconds");
        chart.Panel("MiB", least: 0)
            .Line("items", Points(sample => sample.Memory.Items / Mebi))
            .Line("items and what they lose", Points(sample => (sample.Memory.Items + sample.Memory.Rounding + sample.Memory.PageTails) / Mebi))
            .Line("loose", Points(sample => sample.Memory.Loose / Mebi))
            .Line("free", Points(sample => (sample.Memory.FreeChunks + sample.Memory.FreePages) / Mebi))
            .Line("index", Points(sample => (sample.Memory.Index + sample.Memory.IndexFree) / Mebi))
            .Line("resident native memory of the process", Points(sample => sample.ResidentBytes / Mebi));
        chart.Panel("hits in percent", least: 0, most: 100).Line("hit ratio", Points(sample => 100 * sample.HitRatio));
        chart.Panel("thousand operations a second", least: 0).Line("operations", Points(sample => sample.Rate / 1e3));
        chart.Panel("microseconds", isLogarithmic: true)
            .Line("p50", Points(sample => sample.Micros[0]))
            .Line("p99", Points(sample => sample.Micros[1]))
            .Line("p99.9", Points(sample => sample.Micros[2]))
            .Line("max", Points(sample => sample.Micros[3]));
        chart.WriteSvg(path);
    }

    private IEnumerable<(double X, double Y)> Points(Func<Sample, double> of) => _samples.Select(sample => (sample.Seconds, of(sample)));

    private sealed record Sample(double Seconds, double Rate, double HitRatio, MemoryAccount Memory, long ResidentBytes, double[] Micros);
}
