using System.Xml.Linq;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Reporting.Micro;
using FastCache.LoadGen.Reporting.Pages;
using FastCache.LoadGen.Reporting.Records;
using HdrHistogram;

namespace FastCache.LoadGen.Tests.Reports;

/// <summary>What records look like.</summary>
public sealed class PageTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_page_needs_nothing_but_itself()
    {
        string html = Page(SampleRecords.Run());
        Assert.DoesNotContain("http", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<script", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("src=", html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("@import", html, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_page_escapes_what_records_say()
    {
        RunRecord record = SampleRecords.Run() with { Command = "run <script>alert(1)</script>" };
        record = record with { Subjects = [record.Subjects[0] with { Name = "<i>peer</i>" }] };
        string html = Page(record);
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<i>peer", html, StringComparison.Ordinal);
        Assert.Contains("a &lt;cpu&gt; &amp; more", html, StringComparison.Ordinal);
        Assert.Contains("&lt;1M&gt;", html, StringComparison.Ordinal);
        Assert.Contains("&quot;quoted&quot; &lt;b&gt;", html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_page_has_every_chart_in_colours_of_its_own_style()
    {
        string html = Page(SampleRecords.Run(rounds: 2));
        string[] titles =
        [
            "Latency by percentile", "Throughput over time", "Latency over time", "Server cpu over time", "Server memory over time",
        ];
        Assert.All(titles, title => Assert.Contains(title, html, StringComparison.Ordinal));
        Assert.Contains("99.99%", html, StringComparison.Ordinal);
        Assert.DoesNotContain("rgb(", html, StringComparison.Ordinal);
        XElement[] charts = [.. html.Split("<svg").Skip(1).Select(rest => XElement.Parse("<svg" + rest.Split("</svg>")[0] + "</svg>"))];
        Assert.Equal(6, charts.Length);
        string[] clips = [.. charts.SelectMany(chart => chart.Descendants("clipPath")).Select(clip => clip.Attribute("id")!.Value)];
        Assert.Equal(clips.Length, clips.Distinct().Count());
    }

    [Fact]
    public void Servers_under_the_same_load_share_a_chart_and_many_have_none_of_their_own()
    {
        RunRecord run = SampleRecords.Run();
        SubjectRecord[] subjects =
        [
            .. from depth in (int[])[1, 16, 128, 256]
               from server in (string[])["fastcache", "redis"]
               select run.Subjects[0] with { Name = server, Variant = $"depth {depth}" },
        ];
        string html = Page(run with { Subjects = subjects });
        Assert.Equal(4, html.Split("<svg").Length - 1);
        Assert.Contains("one beside the other", html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_without_histograms_and_seconds_has_a_page_without_charts()
    {
        RunRecord record = SampleRecords.Run();
        RoundRecord bare = record.Subjects[0].Rounds[0] with { Latencies = new Dictionary<string, LatencyRecord>(), Timeline = [] };
        string html = Page(record with { Subjects = [new("fastcache", "", [bare])], Calibration = null });
        Assert.DoesNotContain("<svg", html, StringComparison.Ordinal);
        Assert.Contains("fastcache", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Histograms_come_back_with_the_same_percentiles_however_large()
    {
        Random random = new(7);
        for (int round = 0; round < 20; round++)
        {
            LatencyRecorder recorder = new();
            for (int i = 0; i < 1 << round; i++)
            {
                recorder.Record(ReplyKind.Hit, (long)Math.Exp(random.NextDouble() * 24), 1);
            }

            HistogramBase read = StoredHistogram.Read(recorder.Encode(ReplyKind.Hit))!;
            Percentiles expected = recorder.Summarize(ReplyKind.Hit);
            Assert.Equal(expected.Count, read.TotalCount);
            Assert.Equal(expected.P50, read.GetValueAtPercentile(50) / 1e3);
            Assert.Equal(expected.P999, read.GetValueAtPercentile(99.9) / 1e3);
            Assert.Equal(expected.Max, read.GetValueAtPercentile(100) / 1e3);
            Assert.Equal(expected.Max, StoredHistogram.Curve(read).Last().Micros);
        }
    }

    [Theory]
    [InlineData("no base 64")]
    [InlineData("AAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void A_histogram_that_is_none_is_refused(string text) =>
        Assert.Throws<InvalidDataException>(() => StoredHistogram.Read(text));

    [Fact]
    public void A_summary_has_targets_figures_and_latencies_as_tables()
    {
        using StringWriter output = new();
        SummaryText.Write(SampleRecords.Run(), output);
        string text = output.ToString();
        Assert.Contains("### FastCache run: standard", text, StringComparison.Ordinal);
        Assert.Contains("| hit p99.9 | &lt; 1 ms | 900 us | met |", text, StringComparison.Ordinal);
        Assert.Contains("| fastcache | hit | 20,000 |", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_of_trends_is_the_same_for_the_same_records_and_in_order_of_time()
    {
        string records = Directory.CreateDirectory(Path.Combine(_directory, "records")).FullName;
        RecordFile.Write(SampleRecords.Run(seed: 2), Path.Combine(records, "a.json"));
        RecordFile.Write(SampleRecords.Run(seed: 1), Path.Combine(records, "b.json"));
        RecordFile.Write(SampleRecords.Run(seed: 3) with { Kind = MicroRecord.Kind, Name = "<check>" }, Path.Combine(records, "c.json"));
        Assert.Equal(3, TrendPage.Write(_directory));
        string first = File.ReadAllText(Path.Combine(_directory, "index.html"));
        Assert.Equal(3, TrendPage.Write(_directory));
        Assert.Equal(first, File.ReadAllText(Path.Combine(_directory, "index.html")));
        Assert.True(first.IndexOf("records/b.json", StringComparison.Ordinal) < first.IndexOf("records/a.json", StringComparison.Ordinal));
        Assert.Contains("micro: &lt;check&gt;", first, StringComparison.Ordinal);
        Assert.DoesNotContain("http", first, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(3, first.Split("<svg").Length - 1); // Those of the two runs; one record of the other makes no trend.
    }

    [Fact]
    public void Servers_under_the_same_load_share_a_chart_of_trends()
    {
        RunRecord run = SampleRecords.Run() with { Kind = "compare", Name = "peers" };
        SubjectRecord[] subjects =
        [
            .. from depth in (int[])[1, 128]
               from server in (string[])["fastcache", "redis"]
               select run.Subjects[0] with { Name = server, Variant = $"depth {depth}" },
        ];
        RunRecord compared = run with { Subjects = subjects };
        string html = TrendPage.Build([("a.json", compared), ("b.json", compared)]).ToString();
        Assert.Equal(2 * 3, html.Split("<svg").Length - 1);
        Assert.Contains("Throughput by record, depth 128", html, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_record_keeps_the_page_of_trends_from_being_written()
    {
        string records = Directory.CreateDirectory(Path.Combine(_directory, "records")).FullName;
        File.WriteAllText(Path.Combine(records, "old.json"), "{}");
        Assert.Contains(
            "old.json", Assert.Throws<InvalidDataException>(() => TrendPage.Write(_directory)).Message, StringComparison.Ordinal);
    }

    private static string Page(RunRecord record) => RunPage.Build([record]).ToString();
}
