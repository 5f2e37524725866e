using FastCache.LoadGen.Checks;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Machine;
using FastCache.LoadGen.Reporting;

namespace FastCache.LoadGen.Tests.Scenarios;

public sealed class CheckPolicyTests
{
    private static readonly Percentiles Fast = new(9_000_000, 50, 80, 100, 300, 400, 500);

    private static readonly PhaseResult AtRate = new()
    {
        Operations = 4_600_000,
        Elapsed = TimeSpan.FromSeconds(2),
        Rate = 2_300_000,
        Due = 4_600_000,
        Latencies = [Fast with { Count = 3_933_000 }, Fast with { Count = 207_000 }, Fast],
        LoadCpuNanosPerOperation = 100,
        LoadAllocatedBytesPerOperation = 0,
        NodeAllocatedBytesPerOperation = 0,
        NodeCpuNanosPerOperation = 120,
    };

    private static readonly PhaseResult Full = AtRate with { Operations = 15_000_000, Rate = 0, Due = 0 };

    private static readonly CheckAttempt Good = new(
        Full, AtRate, Full with { NodeCpuNanosPerOperation = 47, Operations = 30_000_000 },
        AtRate with { NodeCpuNanosPerOperation = 60 }, [new(0, "before", 10, 20, 50, 0.0001)]);

    [Fact]
    public void A_good_node_on_a_calm_machine_meets_everything() =>
        Assert.All(CheckPolicy.Judge(Good), verdict => Assert.Equal(Outcome.Met, verdict.Outcome));

    [Fact]
    public void A_slow_node_on_a_calm_machine_misses()
    {
        CheckAttempt slow = Good with
        {
            Node = Full with { Operations = 4_500_000, NodeCpuNanosPerOperation = 200 },
            NodeAtRate = AtRate with
            {
                Operations = 4_000_000,
                Latencies = [Tail(1_000), Tail(10_000), Tail(5_000)],
            },
        };
        Verdict[] verdicts = CheckPolicy.Judge(slow);
        Assert.Equal(
            ["throughput", "rate", "hit p99.9", "miss p99.9", "write p99.9", "hit ratio", "node cpu"],
            verdicts.Where(verdict => verdict.Outcome == Outcome.Missed).Select(verdict => verdict.Name));
    }

    [Fact]
    public void A_node_that_allocates_misses() => Assert.Equal(
        Outcome.Missed,
        CheckPolicy.Judge(Good with { Node = Full with { NodeAllocatedBytesPerOperation = 0.1 } })[^1].Outcome);

    [Fact]
    public void A_tail_that_the_byte_moving_program_has_too_is_not_judged()
    {
        CheckAttempt attempt = WithHitTail(3_000) with { FloorAtRate = AtRate with { Latencies = [Tail(600), default, default] } };
        Verdict verdict = Of(attempt, "hit p99.9");
        Assert.Equal(Outcome.NotJudged, verdict.Outcome);
        Assert.Equal("this machine cannot tell: p99.9 of the byte-moving program was 600 us", verdict.Note);
        Assert.Equal(Outcome.Met, Of(attempt, "write p99.9").Outcome);
    }

    [Fact]
    public void A_tail_far_beyond_what_the_machine_shows_is_missed() => Assert.Equal(
        Outcome.Missed,
        Of(WithHitTail(13_000) with { FloorAtRate = AtRate with { Latencies = [Tail(600), default, default] } }, "hit p99.9").Outcome);

    [Fact]
    public void A_tail_on_a_machine_that_stands_still_as_long_is_not_judged()
    {
        CheckAttempt attempt = WithHitTail(3_000) with { Stalls = [new(0, "before", 99, 100, MaxMicros: 2_000, LostShare: 0.01)] };
        Assert.Contains("stood still", Of(attempt, "hit p99.9").Note, StringComparison.Ordinal);
    }

    [Fact]
    public void A_machine_whose_processors_are_away_explains_all_that_has_to_do_with_time()
    {
        CheckAttempt attempt = Good with
        {
            Stalls = [new(0, "before", 99, 100, MaxMicros: 100, LostShare: 0.5)],
            Node = Full with { Operations = 2_000_000, NodeCpuNanosPerOperation = 300 },
            NodeAtRate = AtRate with { Operations = 2_000_000, Latencies = [Tail(9e6), Tail(9e6), Tail(9e6)] },
        };
        Assert.Equal(
            [
                Outcome.NotJudged, Outcome.NotJudged, Outcome.NotJudged, Outcome.NotJudged, Outcome.NotJudged,
                Outcome.Missed, Outcome.NotJudged, Outcome.Met,
            ],
            CheckPolicy.Judge(attempt).Select(verdict => verdict.Outcome));
    }

    [Fact]
    public void No_machine_explains_twice_the_cpu_that_is_allowed() => Assert.Equal(
        Outcome.Missed,
        Of(Good with { WaitShare = 0.8, Node = Full with { NodeCpuNanosPerOperation = 8.1 * 47 } }, "node cpu").Outcome);

    [Fact]
    public void Waits_while_it_was_measured_explain_as_well() => Assert.Equal(
        "this machine cannot tell: its processors were away for 30.00% of the time",
        Of(Good with { WaitShare = 0.3, Node = Full with { Operations = 1_000_000 } }, "throughput").Note);

    [Fact]
    public void A_machine_with_one_processor_explains_a_slow_node() => Assert.Equal(
        "this machine cannot tell: node and load generator share a processor",
        Of(Good with { IsShared = true, Node = Full with { Operations = 1_000_000 } }, "throughput").Note);

    [Fact]
    public void A_throughput_that_the_byte_moving_program_hardly_reaches_is_not_judged()
    {
        CheckAttempt attempt = Good with
        {
            Node = Full with { Operations = 4_000_000 },
            Floor = Full with { Operations = 8_000_000, NodeCpuNanosPerOperation = 47 },
        };
        Assert.Equal(Outcome.NotJudged, Of(attempt, "throughput").Outcome);
    }

    [Theory]
    [InlineData("missed met missed", nameof(Outcome.Met))]
    [InlineData("missed", nameof(Outcome.Missed))]
    [InlineData("missed unknown missed", nameof(Outcome.Missed))]
    [InlineData("missed unknown unknown", nameof(Outcome.NotJudged))]
    [InlineData("unknown unknown unknown", nameof(Outcome.NotJudged))]
    [InlineData("unknown met", nameof(Outcome.Met))]
    public void A_target_is_met_once_and_missed_twice(string attempts, string outcome)
    {
        Verdict[][] verdicts =
        [
            .. attempts.Split(' ').Select(word => new[]
            {
                new Verdict("x", "", "", word switch
                {
                    "met" => Outcome.Met,
                    "missed" => Outcome.Missed,
                    _ => Outcome.NotJudged,
                }),
            }),
        ];
        Assert.Equal(outcome, Assert.Single(CheckPolicy.Combine(verdicts)).Outcome.ToString());
    }

    private static CheckAttempt WithHitTail(double micros) =>
        Good with { NodeAtRate = AtRate with { Latencies = [Tail(micros) with { Count = 3_933_000 }, Fast with { Count = 207_000 }, Fast] } };

    private static Percentiles Tail(double p999) => Fast with { P999 = p999 };

    private static Verdict Of(CheckAttempt attempt, string name) =>
        CheckPolicy.Judge(attempt).Single(verdict => verdict.Name == name);
}
