using FastCache.LoadGen.Checks;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Scenarios;

namespace FastCache.LoadGen.Reporting.Records;

/// <summary>What runs came to, as records.</summary>
internal static class RecordParts
{
    private const string Subject = "fastcache";
    private const string FloorSubject = "byte-moving program";

    public static RunRecord Of(
        ScenarioOptions options,
        Scenario scenario,
        ScenarioResult result,
        IReadOnlyList<Verdict> verdicts,
        IReadOnlyList<Stall> stalls,
        MachineDescription machine,
        DateTimeOffset started) => new()
        {
            Kind = "scenario",
            Name = scenario.Name,
            Command = CommandLine(),
            Started = started,
            Commit = SourceCommit.Read(),
            Machine = Of(machine),
            Options = new Dictionary<string, string>(Options(options.Run))
            {
                ["shape"] = options.Shape.ToString().ToLowerInvariant(),
                ["rate"] = Format.Invariant($"{options.Rate}"),
                ["quiet_connections"] = $"{options.Run.QuietConnections}",
            },
            Calibration = new(null, null, null, [.. stalls.Select(Of)]),
            Subjects =
            [
                new(Subject, "",
                [
                    Of(result.Phase) with { HitRatio = result.Counts.HitRatio, ServerResidentBytes = result.ResidentBytes },
                ]),
            ],
            Verdicts = [.. verdicts.Select(Of)],
        };

    public static RunRecord Of(
        CheckOptions options,
        IReadOnlyList<CheckAttempt> attempts,
        IReadOnlyList<Verdict> verdicts,
        MachineDescription machine,
        DateTimeOffset started) => new()
        {
            Kind = "check",
            Name = "specification",
            Command = CommandLine(),
            Started = started,
            Commit = SourceCommit.Read(),
            Machine = Of(machine),
            Options = new Dictionary<string, string>(Options(options.Run)) { ["tries"] = $"{options.Tries}" },
            Calibration = new(
                attempts.Max(attempt => attempt.Floor.OperationsPerSecond),
                attempts.Min(attempt => attempt.Floor.NodeCpuNanosPerOperation),
                attempts.Min(attempt => attempt.FloorAtRate[ReplyKind.Hit].P999),
                [.. attempts.SelectMany(attempt => attempt.Stalls).Select(Of)]),
            Subjects =
            [
                new(Subject, "full speed", [.. attempts.Select(attempt => Of(attempt.Node))]),
                new(Subject, "at the rate", [.. attempts.Select(attempt => Of(attempt.NodeAtRate))]),
                new(FloorSubject, "full speed", [.. attempts.Select(attempt => Of(attempt.Floor))]),
                new(FloorSubject, "at the rate", [.. attempts.Select(attempt => Of(attempt.FloorAtRate))]),
            ],
            Verdicts = [.. verdicts.Select(Of)],
        };

    public static RoundRecord Of(PhaseResult result) => new()
    {
        Operations = result.Operations,
        Seconds = result.Elapsed.TotalSeconds,
        Rate = result.IsOpenLoop ? result.Rate : null,
        ServerCpuNanos = result.NodeCpuNanosPerOperation,
        LoadCpuNanos = result.LoadCpuNanosPerOperation,
        ServerAllocatedBytes = result.NodeAllocatedBytesPerOperation,
        LoadAllocatedBytes = result.LoadAllocatedBytesPerOperation,
        HitRatio = result[ReplyKind.Hit].Count + result[ReplyKind.Miss].Count > 0 ? result.HitRatio : null,
        Latencies = ReplyKinds.All
            .Where(kind => result[kind].Count > 0)
            .ToDictionary(kind => kind.Name(), kind => LatencyRecord.Of(result[kind], histogram: "")),
    };

    public static StallRecord Of(Stall stall) =>
        new(stall.Cpu, stall.When, stall.Gaps, stall.P999Micros, stall.MaxMicros, stall.LostShare);

    public static MachineRecord Of(MachineDescription machine) =>
        new(machine.Cpu, machine.Cpus, machine.Kernel, machine.Runtime);

    public static VerdictRecord Of(Verdict verdict) => new(
        verdict.Name,
        verdict.Target,
        verdict.Measured,
        verdict.Outcome switch
        {
            Outcome.Met => "met",
            Outcome.Missed => "missed",
            _ => "cannot tell",
        },
        verdict.Note);

    private static string CommandLine() => string.Join(' ', Environment.GetCommandLineArgs().Skip(1));

    private static Dictionary<string, string> Options(RunOptions options) => new()
    {
        ["keys"] = $"{options.Keys}",
        ["connections"] = $"{options.Connections}",
        ["depth"] = $"{options.Depth}",
        ["duration"] = Quantity.FormatDuration(options.Duration),
        ["warmup"] = Quantity.FormatDuration(options.WarmUp),
        ["node_cpus"] = $"{options.NodeCpus}",
        ["load_cpus"] = $"{options.LoadCpus}",
        ["memory"] = options.Memory,
        ["seed"] = $"{options.Seed}",
    };
}
