using System.CommandLine;
using System.Text.Json;
using FastCache.Cli.Shell;
using FastCache.Cluster;
using FastCache.Protocol;

namespace FastCache.Cli.Topologies;

/// <summary>The command <c>topology check</c>.</summary>
internal static class CheckCommand
{
    private const string Summary = "Reads a topology as a node would, and shows it.";

    private const string Details = """
        Examples:
          fastcache topology check cluster.json
          fastcache topology check cluster.json --json && deploy

        Exit code 2 if no node would take it; the error names what is wrong. What is allowed but hardly meant is a note.
        """;

    public static Command Create(Terminal terminal)
    {
        Argument<string> file = TopologyCommand.File("file", "The topology.");
        Option<bool> json = TopologyCommand.Json();
        Command command = new DetailedCommand("check", Summary, Details) { file, json };
        command.Runs(terminal, result =>
        {
            ClusterTopology topology = TopologyDocument.ReadFile(result.GetRequiredValue(file));
            string[] notes = [.. NotesOn(topology)];
            if (result.GetValue(json))
            {
                terminal.ShowJson(writer =>
                {
                    writer.WriteNumber("epoch", topology.Epoch);
                    writer.WriteNumber("nodes", topology.Nodes.Count);
                    writer.WriteNumber("leastReplicas", topology.Ranges.Min(range => range.Copies.Count) - 1);
                    writer.WritePropertyName("notes");
                    JsonSerializer.Serialize(writer, notes);
                });
                return ExitCode.Done;
            }

            terminal.Show(TopologyTables.Nodes(terminal, topology));
            terminal.Out.WriteLine();
            terminal.Out.WriteLine(TopologyTables.Describe(topology));
            foreach (string note in notes)
            {
                terminal.Out.WriteLine($"note: {note}");
            }

            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>What is allowed, and still is hardly what somebody wants.</summary>
    private static IEnumerable<string> NotesOn(ClusterTopology topology)
    {
        for (int i = 0; i < topology.Nodes.Count; i++)
        {
            if (!topology.Ranges.Any(range => range.Copies.Contains(i)))
            {
                yield return $"node {topology.Nodes[i].Name} has no slots.";
            }
        }

        int[] primaries = [.. topology.Nodes.Select((_, i) => topology.Ranges.Where(range => range.Primary == i).Sum(range => range.Count))];
        if (primaries.Max() > primaries.Min() + 1)
        {
            yield return $"the primaries of nodes range from {Figures.Count(primaries.Min())} to {Figures.Count(primaries.Max())} slots; "
                + "topology create --from balances them.";
        }

        if (topology.Nodes.Any(node => node.Zone is null) || topology.Nodes.Select(node => node.Zone).Distinct().Count() == 1)
        {
            yield break;
        }

        int together = topology.Ranges.Where(range => range.Copies.Count > 1
            && range.Copies.Select(copy => topology.Nodes[copy].Zone).Distinct().Count() == 1).Sum(range => range.Count);
        if (together > 0)
        {
            yield return $"{Figures.Count(together)} of {Figures.Count(KeySlot.Count)} slots have all of their copies in one zone.";
        }
    }
}
