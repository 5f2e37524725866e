using System.Diagnostics;
using FastCache.Io;
using FastCache.LoadGen.Checks;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Scenarios;

namespace FastCache.LoadGen.Reporting.Records;

/// <summary>What each command measured, as a record.</summary>
internal static class RunRecords
{
    public const string Node = "fastcache";
    public const string Floor = "byte-moving program";

    /// <summary>Of <c>run</c>.</summary>
    public static RunRecord Of(RunReport report) => Begin("run", NameOf(report.Options.Mode), report.Options, report.Machine) with
    {
        Calibration = Calibrate(report.Floor, report.Stalls),
        Subjects = SubjectsOf(report),
        Verdicts = [.. report.Verdicts.Select(Of), .. HighestRate(report.Finding)],
    };

    /// <summary>Of <c>scenario</c>.</summary>
    public static RunRecord Of(
        Scenario scenario, RunOptions options, MachineDescription machine, ScenarioResult result,
        IReadOnlyList<Verdict> verdicts, IReadOnlyList<Stall> stalls)
    {
        RoundRecord round = RoundRecords.Of(result.Phase) with
        {
            HitRatio = result.Counts.HitRatio,
            ServerResidentBytes = result.ResidentBytes,
        };
        return Begin("scenario", scenario.Name, options, machine) with
        {
            Calibration = Calibrate(null, stalls),
            Subjects = [new(Node, "", [round])],
            Verdicts = [.. verdicts.Select(Of)],
        };
    }

    /// <summary>Of <c>check</c>.</summary>
    public static RunRecord Of(
        CheckOptions options, MachineDescription machine, IReadOnlyList<CheckAttempt> attempts, IReadOnlyList<Verdict> verdicts)
    {
        string atRate = $"{Quantity.FormatCount(Targets.OperationsPerSecond)}/s";
        const string FullSpeed = "full speed";
        return Begin("check", "standard", options.Run, machine) with
        {
            Calibration = new(
                Median(attempt => attempt.Floor.OperationsPerSecond),
                attempts.Any(attempt => attempt.Floor.NodeCpuNanosPerOperation is null)
                    ? null
                    : Median(attempt => attempt.Floor.NodeCpuNanosPerOperation!.Value),
                Median(attempt => attempt.FloorAtRate[ReplyKind.Hit].P999),
                [.. attempts.SelectMany(attempt => attempt.Stalls).Select(Of)]),
            Subjects =
            [
                Subject(Node, FullSpeed, attempt => attempt.Node),
                Subject(Node, atRate, attempt => attempt.NodeAtRate),
                Subject(Floor, FullSpeed, attempt => attempt.Floor),
                Subject(Floor, atRate, attempt => attempt.FloorAtRate),
            ],
            Verdicts = [.. verdicts.Select(Of)],
        };

        double Median(Func<CheckAttempt, double> figure) => FloorComparison.Median(attempts.Select(figure));

        SubjectRecord Subject(string name, string variant, Func<CheckAttempt, PhaseResult> phase) =>
            new(name, variant, [.. attempts.Select(attempt => RoundRecords.Of(phase(attempt)))]);
    }

    /// <summary>A record that has everything but what was measured.</summary>
    public static RunRecord Begin(string kind, string name, RunOptions options, MachineDescription machine) => new()
    {
        Kind = kind,
        Name = name,
        Command = "dotnet run -c Release --project loadgen/FastCache.LoadGen -- " +
            string.Join(' ', OptionTexts.Measuring([.. Environment.GetCommandLineArgs().Skip(1)])),
        Started = Process.GetCurrentProcess().StartTime.ToUniversalTime(),
        Commit = Revision.Read(),
        Machine = new(machine.Cpu, machine.Cpus, machine.Kernel, machine.Runtime),
        Options = options.Texts,
        Subjects = [],
    };

    public static VerdictRecord Of(Verdict verdict) => new(
        verdict.Name, verdict.Target, verdict.Measured,
        verdict.Outcome switch { Outcome.Met => "met", Outcome.Missed => "missed", _ => "cannot tell" },
        verdict.Note);

    public static StallRecord Of(Stall stall) =>
        new(stall.Cpu, stall.When, stall.Gaps, stall.P999Micros, stall.MaxMicros, stall.LostShare);

    private static string NameOf(RunMode mode) => mode switch
    {
        RunMode.Floor => "floor",
        RunMode.FindRate => "find-rate",
        RunMode.CompareIo => "compare-io",
        _ => "standard",
    };

    private static CalibrationRecord Calibrate(FloorComparison? floor, IReadOnlyList<Stall> stalls) =>
        new(floor?.FloorOperationsPerSecond, floor?.FloorCpuNanos, null, [.. stalls.Select(Of)]);

    private static IReadOnlyList<SubjectRecord> SubjectsOf(RunReport report) => report switch
    {
        { Floor: FloorComparison floor } =>
        [
            new(Node, "", [.. floor.Rounds.Select(round => RoundRecords.Of(round.Node))]),
            new(Floor, "", [.. floor.Rounds.Select(round => RoundRecords.Of(round.Floor))]),
        ],
        { Io: IoComparison io } =>
        [
            .. io.Samples.GroupBy(sample => (sample.Backend, sample.Depth)).Select(group => new SubjectRecord(
                Node, $"{IoBackendNames.Of(group.Key.Backend)}, depth {group.Key.Depth}",
                [.. group.Select(sample => RoundRecords.Of(sample.Result))])),
        ],
        { Finding: RateFinding finding } =>
        [
            .. finding.Steps.GroupBy(step => step.Rate).Select(group => new SubjectRecord(
                Node, $"{Quantity.FormatCount(group.Key)}/s", [.. group.Select(step => RoundRecords.Of(step.Result))])),
        ],
        { Phase: PhaseResult phase } => [new(Node, "", [RoundRecords.Of(phase)])],
        _ => [],
    };

    private static IEnumerable<VerdictRecord> HighestRate(RateFinding? finding) => finding is null
        ? []
        : [new("highest rate", "hit p99.9 < 1 ms", $"{Quantity.FormatCount(finding.Highest)}/s", finding.Highest > 0 ? "met" : "cannot tell", "")];
}
