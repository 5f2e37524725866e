using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;
using FastCache.LoadGen.Reporting.Records;

namespace FastCache.LoadGen.Peers;

/// <summary>A comparison as a record: a subject for each server, value size and depth.</summary>
internal static class CompareRecord
{
    private const string Kind = "compare";

    public static RunRecord Of(
        CompareOptions options, ServerComparison comparison, MachineDescription machine, IEnumerable<Stall> stalls, DateTimeOffset started) => new()
        {
            Kind = Kind,
            Name = "peers",
            Command = string.Join(' ', Environment.GetCommandLineArgs().Skip(1)),
            Started = started,
            Commit = SourceCommit.Read(),
            Machine = new(machine.Cpu, machine.Cpus, machine.Kernel, machine.Runtime),
            Options = Options(options),
            Calibration = new(null, null, null, [.. stalls.Select(Of)]),
            Subjects =
            [
                .. comparison.Samples
                    .GroupBy(sample => (sample.Server, sample.ValueBytes, sample.Depth))
                    .Select(group => new SubjectRecord(
                        group.Key.Server,
                        $"{group.Key.ValueBytes} B, depth {group.Key.Depth}",
                        [.. group.OrderBy(sample => sample.Round).Select(Of)])),
            ],
        };

    private static RoundRecord Of(ServerSample sample)
    {
        PhaseResult result = sample.Result;
        return new()
        {
            Operations = result.Operations,
            Seconds = result.Elapsed.TotalSeconds,
            Rate = result.IsOpenLoop ? result.Rate : null,
            ServerCpuNanos = result.NodeCpuNanosPerOperation,
            LoadCpuNanos = result.LoadCpuNanosPerOperation,
            LoadBusyShare = result.LoadBusyShare,
            LoadAllocatedBytes = result.LoadAllocatedBytesPerOperation,
            ServerResidentBytes = sample.ResidentBytes,
            ServerItemBytes = sample.ItemBytes,
            HitRatio = result[ReplyKind.Hit].Count + result[ReplyKind.Miss].Count > 0 ? result.HitRatio : null,
            Latencies = ReplyKinds.All
                .Where(kind => result[kind].Count > 0)
                .ToDictionary(kind => kind.Name(), kind => LatencyRecord.Of(result[kind], histogram: "")),
        };
    }

    private static StallRecord Of(Stall stall) =>
        new(stall.Cpu, stall.When, stall.Gaps, stall.P999Micros, stall.MaxMicros, stall.LostShare);

    private static Dictionary<string, string> Options(CompareOptions options) => new()
    {
        ["with"] = options.With is null ? "all found" : string.Join(',', options.With.Select(peer => peer.Name)),
        ["depths"] = string.Join(',', options.Depths),
        ["value_sizes"] = string.Join(',', options.ValueSizes),
        ["keys"] = Format.Invariant($"{options.Load.Keys}"),
        ["key_size"] = Format.Invariant($"{options.Load.KeySize}"),
        ["reads"] = Format.Invariant($"{options.Load.Reads}"),
        ["misses"] = Format.Invariant($"{options.Load.Misses}"),
        ["connections"] = Format.Invariant($"{options.Load.Connections}"),
        ["duration"] = Quantity.FormatDuration(options.Load.Duration),
        ["warmup"] = Quantity.FormatDuration(options.Load.WarmUp),
        ["rate"] = Format.Invariant($"{options.Load.Rate}"),
        ["rounds"] = Format.Invariant($"{options.Load.Rounds}"),
        ["node_cpus"] = options.Load.NodeCpus.ToString(),
        ["load_cpus"] = options.Load.LoadCpus.ToString(),
        ["memory"] = options.Load.Memory,
        ["seed"] = Format.Invariant($"{options.Load.Seed}"),
    };
}
