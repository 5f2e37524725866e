using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Reporting;

namespace FastCache.LoadGen.Tests.Examples;

public sealed class LatencyTests
{
    [Fact]
    public void Percentiles_are_those_of_the_recorded_kind()
    {
        LatencyRecorder recorder = new();
        recorder.Record(ReplyKind.Hit, 1_000, 9_990);
        recorder.Record(ReplyKind.Hit, 2_000_000, 9);
        recorder.Record(ReplyKind.Hit, 5_000_000, 1);
        recorder.Record(ReplyKind.Write, 70_000, 1);
        Percentiles hits = recorder.Summarize(ReplyKind.Hit);
        Assert.Equal(10_000, hits.Count);
        AssertNear(1, hits.P50);
        AssertNear(1, hits.P999);
        AssertNear(2_000, hits.P9999);
        AssertNear(5_000, hits.Max);
        AssertNear(70, recorder.Summarize(ReplyKind.Write).P50);
        Assert.Equal(default, recorder.Summarize(ReplyKind.Miss));
    }

    [Fact]
    public void Reset_forgets_all_but_the_live_counts()
    {
        LatencyRecorder recorder = new();
        recorder.Record(ReplyKind.Hit, 1_000, 3);
        recorder.Reset();
        Assert.Equal(0, recorder.Summarize(ReplyKind.Hit).Count);
        long[] live = new long[LiveCounts.Buckets];
        recorder.Live.CopyTo(live);
        Assert.Equal(3, live.Sum());
    }

    [Fact]
    public void What_recorders_have_recorded_adds_up_by_kind()
    {
        LatencyRecorder recorder = new();
        recorder.Record(ReplyKind.Hit, 1_000, 3);
        LatencyRecorder other = new();
        other.Record(ReplyKind.Hit, 9_000, 1);
        other.Record(ReplyKind.Miss, 2_000, 2);
        recorder.Add(other);
        Assert.Equal(4, recorder.Summarize(ReplyKind.Hit).Count);
        AssertNear(9, recorder.Summarize(ReplyKind.Hit).Max);
        Assert.Equal(2, recorder.Summarize(ReplyKind.Miss).Count);
        Assert.Equal(1, other.Summarize(ReplyKind.Hit).Count);
    }

    [Fact]
    public void Absurd_latencies_are_kept_in_range()
    {
        LatencyRecorder recorder = new();
        recorder.Record(ReplyKind.Hit, -5, 1);
        recorder.Record(ReplyKind.Hit, long.MaxValue, 1);
        Percentiles hits = recorder.Summarize(ReplyKind.Hit);
        Assert.Equal(2, hits.Count);
        AssertNear(60e6, hits.Max);
    }

    [Fact]
    public void Live_buckets_are_in_order_and_six_percent_wide()
    {
        int last = -1;
        for (long nanos = 0; nanos < 1L << 40; nanos += 1 + (nanos / 50))
        {
            int bucket = LiveCounts.BucketOf(nanos);
            Assert.InRange(bucket, Math.Max(0, last), LiveCounts.Buckets - 1);
            Assert.InRange(LiveCounts.Floor(bucket), nanos * 15 / 16, nanos);
            last = bucket;
        }

        Assert.InRange(LiveCounts.BucketOf(long.MaxValue), 0, LiveCounts.Buckets - 1);
    }

    [Fact]
    public void Live_line_shows_the_last_second_only()
    {
        LatencyRecorder recorder = new() { Phase = "measured" };
        using StringWriter output = new();
        LiveLine line = new(recorder, output, isTerminal: false);
        recorder.Record(ReplyKind.Hit, 1_000_000_000, 1_000_000);
        line.Show();
        recorder.Record(ReplyKind.Hit, 100_000, 2_000_000);
        line.Show();
        line.Show();
        string[] lines = output.ToString().TrimEnd().Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Matches(@"measured +[\d.]+[KMG]/s   p50   98.3 us", lines[1]);
        Assert.Contains("p99.9   98.3 us", lines[1], StringComparison.Ordinal);
        Assert.Contains("no replies", lines[2], StringComparison.Ordinal);
    }

    private static void AssertNear(double expected, double actual) =>
        Assert.InRange(actual, expected * 0.998, expected * 1.002);
}
