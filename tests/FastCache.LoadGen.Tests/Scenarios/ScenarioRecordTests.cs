using FastCache.LoadGen.Checks;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;
using FastCache.LoadGen.Reporting.Records;
using FastCache.LoadGen.Scenarios;

namespace FastCache.LoadGen.Tests.Scenarios;

public sealed class ScenarioRecordTests
{
    private static readonly MachineDescription Machine = new("cpu", 2, "Linux", ".NET");
    private static readonly Stall Calm = new(1, "before", 10, 20, 50, 0.01);

    private static readonly PhaseResult Phase = new()
    {
        Operations = 100,
        Elapsed = TimeSpan.FromSeconds(2),
        Rate = 50,
        Latencies = [new(80, 1, 2, 3, 4, 5, 6), new(10, 1, 2, 3, 4, 5, 6), default],
        LoadCpuNanosPerOperation = 7,
        LoadAllocatedBytesPerOperation = 0,
        NodeCpuNanosPerOperation = 99,
    };

    private static readonly Verdict Unknown = new("hit p99.9", "< 1 ms", "3 ms", Outcome.NotJudged, "why");

    [Fact]
    public void A_scenarios_record_has_its_load_its_figures_and_its_verdicts()
    {
        ScenarioOptions options = new(ScenarioCatalog.Find("scan"), ShapeKind.Ramp, 50, new RunOptions { Keys = 7, Texts = new Dictionary<string, string> { ["keys"] = "7" } }, null);
        ScenarioResult result = new(
            Phase, new FlowCounts { Lookups = 4, Hits = 3 }, LoadShape.Of(ShapeKind.Ramp, 50, TimeSpan.FromSeconds(2)))
        {
            ResidentBytes = 5,
        };
        RunRecord record = RoundTrip(RunRecords.Of(options.Scenario!, options.Run, Machine, result, [Unknown], [Calm]));
        Assert.Equal(("scenario", "scan", "7"), (record.Kind, record.Name, record.Options["keys"]));
        RoundRecord round = Assert.Single(Assert.Single(record.Subjects).Rounds);
        Assert.Equal((100, 50.0, 99.0, 0.75, 5L), (
            round.Operations, round.OperationsPerSecond, round.ServerCpuNanos, round.HitRatio, round.ServerResidentBytes));
        Assert.Equal(["hit", "miss"], round.Latencies.Keys);
        Assert.Equal(new VerdictRecord("hit p99.9", "< 1 ms", "3 ms", "cannot tell", "why"), Assert.Single(record.Verdicts));
        Assert.Equal(0.01, Assert.Single(record.Calibration!.Stalls).LostShare);
    }

    [Fact]
    public void A_checks_record_has_node_and_byte_moving_program_of_every_attempt()
    {
        CheckAttempt attempt = new(Phase, Phase, Phase with { NodeCpuNanosPerOperation = 47 }, Phase, [Calm]);
        RunRecord record = RoundTrip(RunRecords.Of(
            new CheckOptions(new RunOptions(), 3, null), Machine, [attempt, attempt], [Unknown]));
        Assert.Equal(("check", 47.0), (record.Kind, record.Calibration!.FloorCpuNanos));
        Assert.Equal(4, record.Subjects.Count);
        Assert.All(record.Subjects, subject => Assert.Equal(2, subject.Rounds.Count));
    }

    private static RunRecord RoundTrip(RunRecord record)
    {
        string path = Path.GetTempFileName();
        try
        {
            RecordFile.Write(record, path);
            return RecordFile.Read(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
