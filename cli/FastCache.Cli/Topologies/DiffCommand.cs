using System.CommandLine;
using System.Text.Json;
using FastCache.Cli.Shell;
using FastCache.Cluster;
using FastCache.Protocol;

namespace FastCache.Cli.Topologies;

/// <summary>The command <c>topology diff</c>.</summary>
internal static class DiffCommand
{
    private const string Summary = "Says what going from one topology to another moves.";

    private const string Details = """
        A slot moves if it gets another primary; a copy is filled on a node that did not have the slot before. Shares are of
        slots, and of keys as far as keys are spread evenly.

        Examples:
          fastcache topology diff cluster.json next.json
          fastcache topology diff cluster.json next.json --slots
          fastcache topology diff cluster.json next.json --json | jq .movedShare
        """;

    public static Command Create(Terminal terminal)
    {
        Argument<string> before = TopologyCommand.File("old", "The topology that holds.");
        Argument<string> after = TopologyCommand.File("new", "The topology that is to come.");
        Option<bool> slots = new("--slots") { Description = "List every range of slots that changes." };
        Option<bool> json = TopologyCommand.Json();
        Command command = new DetailedCommand("diff", Summary, Details) { before, after, slots, json };
        command.Runs(terminal, result =>
        {
            ClusterTopology old = TopologyDocument.ReadFile(result.GetRequiredValue(before));
            ClusterTopology next = TopologyDocument.ReadFile(result.GetRequiredValue(after));
            TopologyDiff diff = TopologyDiff.Between(old, next);
            if (result.GetValue(json))
            {
                terminal.ShowJson(writer => Write(writer, old, next, diff));
                return ExitCode.Done;
            }

            terminal.Out.WriteLine($"from {TopologyTables.Describe(old)}");
            terminal.Out.WriteLine($"to   {TopologyTables.Describe(next)}");
            terminal.Out.WriteLine();
            terminal.Show(TopologyTables.Nodes(terminal, diff));
            terminal.Out.WriteLine();
            if (diff.MovedPrimaries > 0)
            {
                terminal.Show(TopologyTables.Moves(terminal, diff));
                terminal.Out.WriteLine();
            }

            if (result.GetValue(slots) && diff.Slots.Count > 0)
            {
                terminal.Show(TopologyTables.Ranges(terminal, diff));
                terminal.Out.WriteLine();
            }

            terminal.Out.WriteLine(TopologyTables.Describe(diff));
            if (next.Epoch <= old.Epoch)
            {
                terminal.Out.WriteLine($"note: nodes that know epoch {old.Epoch} do not take epoch {next.Epoch}; it must be higher.");
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(Utf8JsonWriter json, ClusterTopology before, ClusterTopology after, TopologyDiff diff)
    {
        json.WriteNumber("epochBefore", before.Epoch);
        json.WriteNumber("epochAfter", after.Epoch);
        json.WriteNumber("movedSlots", diff.MovedPrimaries);
        json.WriteNumber("movedShare", Math.Round((double)diff.MovedPrimaries / KeySlot.Count, 6));
        json.WriteNumber("filledCopies", diff.FilledCopies);
        json.WritePropertyName("nodes");
        JsonSerializer.Serialize(json, diff.Nodes, Options);
        json.WriteStartArray("slots");
        foreach (SlotChange change in diff.Slots)
        {
            json.WriteStartObject();
            json.WriteString("range", TopologyTables.RangeText(change));
            json.WritePropertyName("before");
            JsonSerializer.Serialize(json, change.Before);
            json.WritePropertyName("after");
            JsonSerializer.Serialize(json, change.After);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);
}
