using FastCache.Cli.Shell;
using Spectre.Console;

namespace FastCache.Cli.Stats;

/// <summary>The rates of nodes: as a table, or as lines that can be appended to each other.</summary>
internal static class RateTable
{
    private const int NameWidth = 24;
    private const string Total = "total";

    private static readonly Column[] Columns =
    [
        new("op/s", 8, rates => Figures.Rate(rates.Operations)),
        new("hits", 7, rates => rates.HitShare is double share ? Figures.Percent(share) : "-"),
        new("conns", 7, rates => Figures.Count(rates.Connections)),
        new("items", 12, rates => Figures.Count(rates.Items), OnlyInLines: true),
        new("memory", 10, rates => Figures.Bytes(rates.MemoryUsedBytes)),
        new("limit", 10, rates => Figures.Bytes(rates.MemoryLimitBytes)),
        new("evicted/s", 10, rates => Figures.Rate(rates.Evictions)),
        new("in/s", 10, rates => Figures.Bytes(rates.ReceivedBytes)),
        new("out/s", 10, rates => Figures.Bytes(rates.SentBytes)),
        new("cpu", 7, rates => Figures.Percent(rates.Processors)),
    ];

    /// <summary>What fits on a terminal of 80 columns.</summary>
    private static readonly Column[] Narrow = [.. Columns.Where(column => !column.OnlyInLines)];

    /// <summary>A table, with a row of sums if there are several nodes.</summary>
    public static Table Of(Terminal terminal, IReadOnlyList<NodeSample> nodes, IReadOnlyList<NodeRates?> rates)
    {
        Table table = terminal.NewTable(["node", .. Narrow.Select(column => column.Head)]);
        for (int i = 0; i < nodes.Count; i++)
        {
            string name = nodes[i].Failure is string failure ? $"{nodes[i].Node.Name}: {failure}" : nodes[i].Node.Name;
            table.AddRow([new Text(name), .. Cells(Narrow, rates[i]).Select(cell => new Text(cell))]);
        }

        if (nodes.Count > 1)
        {
            table.AddEmptyRow();
            table.AddRow([new Text(Total), .. Cells(Narrow, Sum(rates)).Select(cell => new Text(cell))]);
        }

        return table;
    }

    /// <summary>The heads above the lines.</summary>
    public static string HeadLine =>
        $"{"time",-8}  {"node",-NameWidth}{string.Concat(Columns.Select(column => "  " + column.Head.PadLeft(column.Width)))}";

    /// <summary>A line for each node, and one of sums if there are several.</summary>
    public static IEnumerable<string> LinesOf(DateTime time, IReadOnlyList<NodeSample> nodes, IReadOnlyList<NodeRates?> rates)
    {
        for (int i = 0; i < nodes.Count; i++)
        {
            yield return nodes[i].Failure is string failure
                ? $"{time:HH:mm:ss}  {nodes[i].Node.Name,-NameWidth}  {failure}"
                : Line(nodes[i].Node.Name, rates[i]);
        }

        if (nodes.Count > 1)
        {
            yield return Line(Total, Sum(rates));
        }

        string Line(string name, NodeRates? values) =>
            $"{time:HH:mm:ss}  {name,-NameWidth}{string.Concat(Cells(Columns, values).Zip(Columns, (cell, column) => "  " + cell.PadLeft(column.Width)))}";
    }

    private static NodeRates Sum(IReadOnlyList<NodeRates?> rates) =>
        rates.OfType<NodeRates>().Aggregate(default(NodeRates), (sum, next) => sum + next);

    private static IEnumerable<string> Cells(Column[] columns, NodeRates? rates) =>
        columns.Select(column => rates is NodeRates known ? column.Cell(known) : "-");

    private sealed record Column(string Head, int Width, Func<NodeRates, string> Cell, bool OnlyInLines = false);
}
