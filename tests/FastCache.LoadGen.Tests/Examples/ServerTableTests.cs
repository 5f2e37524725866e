using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Peers;
using FastCache.LoadGen.Reporting.Records;

namespace FastCache.LoadGen.Tests.Examples;

public sealed class ServerTableTests
{
    private static readonly RunOptions Load = new() { Reads = 0.9, Misses = 0.05 };

    [Fact]
    public void Ratios_are_medians_of_the_ratios_of_a_round()
    {
        ServerLine line = Three().Line("redis 7", 100, 16);
        Assert.Equal(0.25, line.ThroughputRatio, 6);
        Assert.Equal(4, line.CpuRatio, 6);
        Assert.Equal(600, line.CpuNanos, 6);
        Assert.Equal(50, line.ItemBytes, 6);
    }

    [Fact]
    public void Fastcache_comes_first_and_its_ratio_is_1()
    {
        ServerLine first = Three().Lines.First();
        Assert.Equal((RunRecords.Node, 1.0, 1.0), (first.Server, first.ThroughputRatio, first.CpuRatio));
    }

    [Fact]
    public void Table_says_when_the_load_generator_was_the_limit()
    {
        ServerLine line = Three().Lines.First();
        Assert.Equal("", ServerTable.Note(line with { LoadBusyShare = 0.5 }, Load));
        Assert.Equal("the load generator was the limit", ServerTable.Note(line with { LoadBusyShare = 0.95 }, Load));
        Assert.Equal("", ServerTable.Note(line with { LoadBusyShare = 1 }, Load with { Rate = 1_000 }));
    }

    [Fact]
    public void Table_says_when_a_server_has_evicted() => Assert.Contains(
        "80.00% hits: it has evicted keys",
        ServerTable.Note(Three().Lines.First() with { HitRatio = 0.8 }, Load),
        StringComparison.Ordinal);

    [Fact]
    public void Table_and_chart_show_every_server()
    {
        using StringWriter output = new();
        ServerTable.Write(Three(), Load, output);
        Assert.Contains("redis 7", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("600.0 ns", output.ToString(), StringComparison.Ordinal);
        System.Xml.Linq.XDocument chart = System.Xml.Linq.XDocument.Parse(ServerChart.Draw(Three()));
        string[] texts = [.. chart.Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value)];
        Assert.Contains("redis 7", texts);
        Assert.Contains("depth 16", texts);
        Assert.Contains("600", texts);
        Assert.Contains("250K", texts);
    }

    private static ServerComparison Three() => new(
    [
        Sample(0, RunRecords.Node, 100, 1_000_000, 30), Sample(0, "redis 7", 500, 200_000, 40),
        Sample(1, RunRecords.Node, 200, 1_000_000, 31), Sample(1, "redis 7", 600, 250_000, 50),
        Sample(2, RunRecords.Node, 150, 1_000_000, 32), Sample(2, "redis 7", 600, 300_000, 60),
    ]);

    private static ServerSample Sample(int round, string server, double cpuNanos, long perSecond, double itemBytes) => new(
        round,
        server,
        ValueBytes: 100,
        Depth: 16,
        new()
        {
            Operations = perSecond,
            Elapsed = TimeSpan.FromSeconds(1),
            Latencies = [new(95, 1, 2, 3, 4, 5, 6), new(5, 1, 2, 3, 4, 5, 6), new(10, 1, 2, 3, 4, 5, 6)],
            LoadCpuNanosPerOperation = 70,
            LoadAllocatedBytesPerOperation = 0,
            NodeCpuNanosPerOperation = cpuNanos,
        },
        itemBytes,
        ResidentBytes: 1 << 20);
}
