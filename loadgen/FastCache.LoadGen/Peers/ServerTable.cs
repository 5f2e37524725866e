using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;

namespace FastCache.LoadGen.Peers;

/// <summary>A comparison as a table for people.</summary>
internal static class ServerTable
{
    /// <summary>Above this share of its processor the load generator itself may be what limits the throughput.</summary>
    public const double BusyLimit = 0.9;

    /// <summary>How far below the expected share of hits chance alone may bring a run.</summary>
    private const double HitRatioTolerance = 0.01;

    private const string Legend = """
          x         throughput and CPU in parts of FastCache's in the same round, median over the rounds
          p50 ...   latencies of hits; in a closed loop they are those of a full queue: connections times depth requests
          B/item    resident memory that storing the keys added, by item, less key and value; what a server takes at its
                    start is not in it
          load      share of its processor that the load generator used
        """;

    public static void Write(ServerComparison comparison, RunOptions options, TextWriter output)
    {
        TextTable table = new(
            "value", "depth", "server", "op/s", "x", "cpu/op", "x", "p50", "p99", "p99.9", "p99.99", "B/item", "load", "");
        table.Right(0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
        foreach (ServerLine line in comparison.Lines)
        {
            bool isFirst = line.Server == comparison.Servers[0];
            table.Add(
                isFirst ? $"{line.ValueBytes} B" : "",
                isFirst ? $"{line.Depth}" : "",
                line.Server,
                Quantity.FormatCount(line.Throughput),
                Format.Invariant($"{line.ThroughputRatio:0.00}"),
                Format.Nanos(line.CpuNanos),
                Format.Invariant($"{line.CpuRatio:0.00}"),
                Format.Micros(line.P50),
                Format.Micros(line.P99),
                Format.Micros(line.P999),
                Format.Micros(line.P9999),
                Format.Invariant($"{line.ItemBytes:0.0}"),
                Format.Invariant($"{line.LoadBusyShare * 100:0}%"),
                Note(line, options));
        }

        output.WriteLine();
        table.WriteTo(output);
        output.WriteLine();
        output.WriteLine(Legend);
        output.WriteLine();
    }

    /// <summary>What keeps a line from being the server's own figures; empty if nothing does.</summary>
    internal static string Note(ServerLine line, RunOptions options)
    {
        List<string> notes = [];
        if (!options.IsOpenLoop && line.LoadBusyShare >= BusyLimit)
        {
            notes.Add("the load generator was the limit");
        }

        if (options.Reads > 0 && line.HitRatio < 1 - options.Misses - HitRatioTolerance)
        {
            notes.Add($"{Format.Percent(line.HitRatio)} hits: it has evicted keys; give more --memory");
        }

        return string.Join("; ", notes);
    }
}
