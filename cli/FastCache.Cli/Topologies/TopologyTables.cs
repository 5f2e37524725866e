using FastCache.Cli.Shell;
using FastCache.Cluster;
using FastCache.Protocol;
using Spectre.Console;

namespace FastCache.Cli.Topologies;

/// <summary>Topologies, and what changes between them, for people.</summary>
internal static class TopologyTables
{
    /// <summary>A topology in a line.</summary>
    public static string Describe(ClusterTopology topology)
    {
        int least = topology.Ranges.Min(range => range.Copies.Count) - 1;
        int most = topology.Ranges.Max(range => range.Copies.Count) - 1;
        return $"epoch {topology.Epoch}, {topology.Nodes.Count} {(topology.Nodes.Count == 1 ? "node" : "nodes")}, "
            + $"{(least == most ? $"{least}" : $"{least} to {most}")} {(most == 1 ? "replica" : "replicas")} of each slot";
    }

    /// <summary>What moves, in a line.</summary>
    public static string Describe(TopologyDiff diff) => diff.Slots.Count == 0
        ? "nothing moves"
        : $"{Share(diff.MovedPrimaries)} of the keys get another primary ({Figures.Count(diff.MovedPrimaries)} slots); "
            + $"{Figures.Count(diff.FilledCopies)} copies of slots are filled";

    /// <summary>The nodes with their shares.</summary>
    public static Table Nodes(Terminal terminal, ClusterTopology topology)
    {
        Table table = terminal.NewTable("node", "address", "zone", "region", "primary of", "share", "copies");
        for (int i = 0; i < topology.Nodes.Count; i++)
        {
            ClusterNode node = topology.Nodes[i];
            int primaries = topology.Ranges.Where(range => range.Primary == i).Sum(range => range.Count);
            int copies = topology.Ranges.Where(range => range.Copies.Contains(i)).Sum(range => range.Count);
            AddRow(
                table, node.Name, node.Address, node.Zone ?? "-", node.Region ?? "-", Figures.Count(primaries), Share(primaries),
                Figures.Count(copies));
        }

        return table;
    }

    /// <summary>The nodes before and after.</summary>
    public static Table Nodes(Terminal terminal, TopologyDiff diff)
    {
        Table table = terminal.NewTable("node", "", "primary of", "then", "copies", "then", "filled", "dropped");
        foreach (NodeChange node in diff.Nodes)
        {
            string what = node.Before is null ? "new" : node.After is null ? "leaves" : node.Before != node.After ? "moves" : "";
            AddRow(
                table, node.Name, what, Figures.Count(node.PrimariesBefore), Figures.Count(node.PrimariesAfter),
                Figures.Count(node.CopiesBefore), Figures.Count(node.CopiesAfter), Figures.Count(node.Filled), Figures.Count(node.Dropped));
        }

        return table;
    }

    /// <summary>Who gives how much to whom.</summary>
    public static Table Moves(Terminal terminal, TopologyDiff diff)
    {
        Table table = terminal.NewTable("from", "to", "slots", "of the keys");
        var moves = diff.Slots.Where(change => change.MovesPrimary)
            .GroupBy(change => (From: change.Before[0], To: change.After[0]))
            .Select(group => (group.Key.From, group.Key.To, Slots: group.Sum(change => change.Count)))
            .OrderByDescending(move => move.Slots);
        foreach ((string from, string to, int slots) in moves)
        {
            AddRow(table, from, to, Figures.Count(slots), Share(slots));
        }

        return table;
    }

    /// <summary>Every range that changes.</summary>
    public static Table Ranges(Terminal terminal, TopologyDiff diff)
    {
        Table table = terminal.NewTable("slots", "before", "after");
        foreach (SlotChange change in diff.Slots)
        {
            AddRow(table, RangeText(change), string.Join(' ', change.Before), string.Join(' ', change.After));
        }

        return table;
    }

    /// <summary>A range as documents have it.</summary>
    public static string RangeText(SlotChange change) => change.First == change.Last ? $"{change.First}" : $"{change.First}-{change.Last}";

    private static string Share(int slots) => Figures.Percent((double)slots / KeySlot.Count);

    private static void AddRow(Table table, params ReadOnlySpan<string> cells)
    {
        Text[] texts = new Text[cells.Length];
        for (int i = 0; i < cells.Length; i++)
        {
            texts[i] = new(cells[i]);
        }

        table.AddRow(texts);
    }
}
