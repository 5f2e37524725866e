using FastCache.Io;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;

namespace FastCache.LoadGen.Tests.Examples;

public sealed class ReportTests
{
    private static readonly PhaseResult Good = new()
    {
        Operations = 23_000_000,
        Elapsed = TimeSpan.FromSeconds(10),
        Latencies = [Latency(19_665_000, 900), Latency(1_035_000, 1_200), Latency(2_300_000, 4_999)],
        LoadCpuNanosPerOperation = 80,
        LoadAllocatedBytesPerOperation = 0,
        NodeCpuNanosPerOperation = 121.4,
        NodeAllocatedBytesPerOperation = 0.001,
    };

    private static readonly PhaseResult AtRate = Good with { Rate = 2_300_000, Due = 23_000_000 };

    [Fact]
    public void All_targets_are_met_at_the_rate()
    {
        IReadOnlyList<Verdict> verdicts = Targets.Judge(AtRate, depth: 128);
        Assert.Equal(6, verdicts.Count);
        Assert.All(verdicts, verdict => Assert.Equal("met", verdict.Word));
    }

    [Fact]
    public void A_closed_loop_is_not_judged_by_its_latencies()
    {
        IReadOnlyList<Verdict> verdicts = Targets.Judge(Good, depth: 128);
        Assert.Equal(Outcome.Met, verdicts[0].Outcome);
        Assert.All(verdicts.Skip(1).Take(3), verdict =>
        {
            Assert.Equal("-", verdict.Word);
            Assert.Contains("--rate", verdict.Note, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Throughput_is_judged_at_the_depth_that_it_is_meant_for()
    {
        PhaseResult slow = Good with { Operations = 22_999_999 };
        Assert.Equal(Outcome.Missed, Targets.Judge(slow, depth: 128)[0].Outcome);
        Assert.Equal(Outcome.NotJudged, Targets.Judge(slow, depth: 1)[0].Outcome);
    }

    [Theory]
    [InlineData("hit p99.9", 999, 1_000)]
    [InlineData("miss p99.9", 9_999, 10_000)]
    [InlineData("write p99.9", 4_999, 5_000)]
    public void A_latency_target_is_met_below_its_limit(string name, double met, double missed)
    {
        Assert.Equal(Outcome.Met, Judge(met).Outcome);
        Assert.Equal(Outcome.Missed, Judge(missed).Outcome);

        Verdict Judge(double p999)
        {
            Percentiles latency = Latency(1, p999);
            PhaseResult result = AtRate with { Latencies = [latency, latency, latency] };
            return Assert.Single(Targets.Judge(result, 128), verdict => verdict.Name == name);
        }
    }

    [Fact]
    public void A_rate_is_not_held_when_requests_stay_due()
    {
        PhaseResult late = AtRate with { Due = 23_500_000, Unsent = 500_000, Rate = 2_350_000 };
        Verdict verdict = Targets.Judge(late, 128)[0];
        Assert.Equal(Outcome.Missed, verdict.Outcome);
        Assert.Contains("500,000", verdict.Note, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kind_without_operations_and_an_unknown_allocation_are_not_judged()
    {
        PhaseResult result = AtRate with { Latencies = new Percentiles[3], NodeAllocatedBytesPerOperation = null };
        IReadOnlyList<Verdict> verdicts = Targets.Judge(result, 128);
        Assert.All(verdicts.Skip(1).Take(4), verdict => Assert.Equal(Outcome.NotJudged, verdict.Outcome));
    }

    [Fact]
    public void Allocation_is_missed_from_a_twentieth_of_a_byte_on() =>
        Assert.Equal(
            Outcome.Missed, Targets.Judge(Good with { NodeAllocatedBytesPerOperation = 0.06 }, 128)[4].Outcome);

    [Theory]
    [InlineData(new[] { 3.0 }, 3)]
    [InlineData(new[] { 3.0, 1 }, 2)]
    [InlineData(new[] { 9.0, 1, 5 }, 5)]
    public void Median_is_the_middle(double[] values, double expected) =>
        Assert.Equal(expected, FloorComparison.Median(values));

    [Fact]
    public void Backends_are_compared_within_a_round()
    {
        IoComparison io = new([
            Sample(0, IoBackend.Uring, 100), Sample(0, IoBackend.Epoll, 110),
            Sample(1, IoBackend.Uring, 200), Sample(1, IoBackend.Epoll, 210),
            Sample(2, IoBackend.Uring, 150), Sample(2, IoBackend.Epoll, 300),
        ]);
        Assert.Equal(1.1, io.Ratio(IoBackend.Epoll, 128), 6);
        Assert.Equal(210, io.CpuNanos(IoBackend.Epoll, 128));
        Assert.Equal([IoBackend.Uring, IoBackend.Epoll], io.Backends);
        using StringWriter table = new();
        ReportTable.Write(Report() with { Phase = null, Io = io }, table);
        Assert.Contains("1.10", table.ToString(), StringComparison.Ordinal);
    }

    private static IoSample Sample(int round, IoBackend backend, double cpuNanos) =>
        new(round, backend, 128, Good with { NodeCpuNanosPerOperation = cpuNanos });

    [Fact]
    public void Table_shows_targets_verdicts_and_the_stall_beside_the_tail()
    {
        using StringWriter output = new();
        ReportTable.Write(Report(), output);
        string text = output.ToString();
        string[] figures =
            ["hit p99.9", "< 1 ms", "900 us", "met", "121.4 ns/op", "cpu 0, before the run", "123 us"];
        foreach (string expected in figures)
        {
            Assert.Contains(expected, text, StringComparison.Ordinal);
        }
    }

    private static Percentiles Latency(long count, double p999) =>
        new(count, p999 / 8, p999 / 4, p999 / 2, p999, p999 * 2, p999 * 3);

    private static RunReport Report() => new()
    {
        Options = new() { Keys = 1_000, Depth = 128 },
        Machine = new("cpu model", 2, "Linux", ".NET"),
        Stalls = [new(0, "before", 10, 20.5, 123.4, 0.01)],
        Phase = AtRate,
    };
}
