using FastCache.Io;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;
using FastCache.LoadGen.Reporting.Records;
using HdrHistogram;
using HdrHistogram.Utilities;

namespace FastCache.LoadGen.Tests.Examples;

/// <summary>What runs leave for programs and for later.</summary>
public sealed class RecordTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void A_run_comes_back_from_its_file_as_it_was_written()
    {
        RunRecord written = RunRecords.Of(Report(Phase(1_000)));
        RecordFile.Write(written, _file);
        RunRecord read = RecordFile.Read(_file);
        Assert.Equal("run", read.Kind);
        Assert.Equal("standard", read.Name);
        Assert.Equal(written.Commit, read.Commit);
        Assert.Equal("cpu model", read.Machine.Cpu);
        Assert.Equal("1K", read.Options["keys"]);
        Assert.Equal(written.Verdicts, read.Verdicts);
        Assert.Equal(123.4, read.Calibration!.Stalls[0].MaxMicros);
        RoundRecord round = Assert.Single(Assert.Single(read.Subjects).Rounds);
        Assert.Equal(3_000, round.Operations);
        Assert.Equal(121.4, round.ServerCpuNanos);
        Assert.Equal(0.5, round.HitRatio);
        Assert.Equal(["hit", "miss", "write"], round.Latencies.Keys);
        Assert.Equal(written.Subjects[0].Rounds[0].Timeline, round.Timeline);
        Assert.Equal(2, round.Timeline.Count);
    }

    [Fact]
    public void The_histogram_of_a_record_has_the_latencies_that_were_recorded()
    {
        LatencyRecord hit = RoundRecords.Of(Phase(1_000)).Latencies["hit"];
        HistogramBase histogram =
            HistogramEncoding.DecodeFromCompressedByteBuffer(ByteBuffer.Allocate(Convert.FromBase64String(hit.Histogram)), 0);
        Assert.Equal(hit.Count, histogram.TotalCount);
        Assert.Equal(hit.P999 * 1_000, histogram.GetValueAtPercentile(99.9));
        Assert.Equal(hit.Max * 1_000, histogram.GetValueAtPercentile(100));
    }

    [Fact]
    public void A_comparison_with_the_floor_has_both_with_all_their_rounds()
    {
        PhaseResult node = Phase(1_000);
        PhaseResult floor = node with { NodeCpuNanosPerOperation = 60.7 };
        RunRecord record = RunRecords.Of(
            Report(node, RunMode.Floor) with { Floor = new(42, 102, [new(node, floor), new(node, floor)]) });
        Assert.Equal("floor", record.Name);
        Assert.Equal(["fastcache", "byte-moving program"], record.Subjects.Select(subject => subject.Name));
        Assert.All(record.Subjects, subject => Assert.Equal(2, subject.Rounds.Count));
        Assert.Equal(60.7, record.Calibration!.FloorCpuNanos);
    }

    [Fact]
    public void A_comparison_of_backends_has_each_at_each_depth()
    {
        PhaseResult phase = Phase(10);
        IoComparison io = new([
            new(0, IoBackend.Uring, 128, phase), new(0, IoBackend.Epoll, 128, phase),
            new(1, IoBackend.Uring, 128, phase), new(1, IoBackend.Epoll, 128, phase),
        ]);
        RunRecord record = RunRecords.Of(Report(phase, RunMode.CompareIo) with { Phase = null, Io = io });
        Assert.Equal(["uring, depth 128", "epoll, depth 128"], record.Subjects.Select(subject => subject.Variant));
        Assert.All(record.Subjects, subject => Assert.Equal(2, subject.Rounds.Count));
    }

    [Fact]
    public void A_search_has_every_rate_that_was_tried_and_the_highest_that_held()
    {
        PhaseResult phase = Phase(10);
        RateFinding finding = new(2e6, [new(2e6, phase, true), new(4e6, phase, false), new(4e6, phase, false)]);
        RunRecord record = RunRecords.Of(Report(phase, RunMode.FindRate) with { Finding = finding });
        Assert.Equal([1, 2], record.Subjects.Select(subject => subject.Rounds.Count));
        Assert.Contains(record.Verdicts, verdict => verdict is { Name: "highest rate", Measured: "2M/s" });
    }

    [Theory]
    [InlineData("{}", "no schema")]
    [InlineData("{\"schema\": 2}", "schema 2")]
    [InlineData("{\"schema\": 1}", "not a record")]
    [InlineData("{\"schema\": 1, \"subjects\": [null]}", "it has a null")]
    [InlineData("{\"schema\": 1, \"options\": {\"a\": null}}", "it has a null")]
    [InlineData("[1]", "not a record")]
    [InlineData("{\"schema\": 1, ", "not a record")]
    public void What_is_no_record_is_refused_by_name(string text, string why)
    {
        File.WriteAllText(_file, text);
        InvalidDataException refusal = Assert.Throws<InvalidDataException>(() => RecordFile.Read(_file));
        Assert.Contains(_file, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(why, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_command_is_repeated_without_its_outputs() =>
        Assert.Equal(
            ["run", "--depth", "16", "--floor"],
            OptionTexts.Measuring(["run", "--json", "a.json", "--depth", "16", "--record=b.json", "--page:c.html", "--floor"]));

    [Fact]
    public void A_second_that_two_phases_share_belongs_to_none()
    {
        LatencyRecorder recorder = new();
        LiveSeconds seconds = new(recorder);
        recorder.Record(ReplyKind.Hit, 1_000, 10);
        recorder.Reset();
        recorder.Record(ReplyKind.Hit, 1_000, 30);
        Assert.Equal(40, seconds.Next().Operations);
        recorder.Record(ReplyKind.Hit, 2_000, 5);
        recorder.Record(ReplyKind.Miss, 2_000, 15);
        Second whole = seconds.Next();
        Assert.Equal(20, whole.Operations);
        Assert.Equal(0.25, whole.HitRatio);
        Assert.InRange(whole.P50, 2 / 1.07, 2);
        Assert.Equal([whole], recorder.Timeline.Take());
        seconds.Next();
        Assert.Empty(recorder.Timeline.Take());
    }

    private static PhaseResult Phase(int replies)
    {
        LatencyRecorder recorder = new();
        LiveSeconds seconds = new(recorder);
        foreach (ReplyKind kind in ReplyKinds.All)
        {
            for (int i = 1; i <= replies; i++)
            {
                recorder.Record(kind, i * 1_000L, 1);
            }
        }

        seconds.Next();
        seconds.Next();
        return PhaseResult.Of(new(3 * replies, TimeSpan.FromSeconds(1), 240, 0), default, default, recorder, null, 0) with
        {
            NodeCpuNanosPerOperation = 121.4,
        };
    }

    private static RunReport Report(PhaseResult phase, RunMode mode = RunMode.Measure) => new()
    {
        Options = new() { Keys = 1_000, Depth = 128, Mode = mode, Texts = new Dictionary<string, string> { ["keys"] = "1K" } },
        Machine = new("cpu model", 2, "Linux", ".NET"),
        Stalls = [new(0, "before", 10, 20.5, 123.4, 0.01)],
        Phase = phase,
    };
}
