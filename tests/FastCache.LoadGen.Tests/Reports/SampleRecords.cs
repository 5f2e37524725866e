using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Reporting.Records;

namespace FastCache.LoadGen.Tests.Reports;

/// <summary>Records as runs write them, with figures drawn around given ones.</summary>
internal static class SampleRecords
{
    /// <summary>One round of some seconds.</summary>
    /// <param name="nanos">Server CPU per operation, around which the seconds lie within 2%.</param>
    /// <param name="seed">Of the draws.</param>
    /// <param name="rounds">How many rounds.</param>
    public static RunRecord Run(double nanos = 120, int seed = 1, int rounds = 1)
    {
        Random random = new(seed);
        return new()
        {
            Kind = "run",
            Name = "standard",
            Command = "run --depth 128",
            Started = new(2026, 11, 26, 1, seed % 60, 0, TimeSpan.Zero),
            Commit = $"{seed:x40}",
            Machine = new("a <cpu> & more", 2, "Linux 6.1", ".NET 10"),
            Options = new Dictionary<string, string> { ["depth"] = "128", ["keys"] = "<1M>" },
            Calibration = new(4e6, 47, null, [new(0, "before", 12, 3.5, 80, 0.001)]),
            Subjects = [new("fastcache", "", [.. Enumerable.Range(0, rounds).Select(_ => Round(random, nanos))])],
            Verdicts = [new("hit p99.9", "< 1 ms", "900 us", "met", "\"quoted\" <b>")],
        };
    }

    public static RoundRecord Round(Random random, double nanos)
    {
        LatencyRecorder recorder = new();
        for (int i = 0; i < 20_000; i++)
        {
            recorder.Record(ReplyKind.Hit, (long)(50_000 * Math.Exp(2 * random.NextDouble())), 1);
        }

        double drawn = Draw(nanos);
        return new()
        {
            Operations = 20_000_000,
            Seconds = 20_000_000 * drawn / 1e9,
            ServerCpuNanos = drawn,
            ServerResidentBytes = 1L << 30,
            HitRatio = 0.95,
            Latencies = new Dictionary<string, LatencyRecord>
            {
                ["hit"] = LatencyRecord.Of(recorder.Summarize(ReplyKind.Hit), recorder.Encode(ReplyKind.Hit)),
            },
            Timeline = [.. Enumerable.Range(1, 10).Select(Second)],
        };

        double Draw(double around) => around * (0.99 + (0.02 * random.NextDouble()));

        SecondRecord Second(int at)
        {
            double operations = 1e9 / Draw(nanos);
            return new(at, (long)operations, Draw(90), Draw(200), Draw(400), Draw(nanos) * operations / 1e9, 1L << 30, 0.95);
        }
    }
}
