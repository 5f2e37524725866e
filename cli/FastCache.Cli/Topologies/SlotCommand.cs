using System.CommandLine;
using FastCache.Cli.Shell;
using FastCache.Cluster;
using FastCache.Protocol;
using Spectre.Console;

namespace FastCache.Cli.Topologies;

/// <summary>The command <c>topology slot</c>.</summary>
internal static class SlotCommand
{
    private const string Summary = "Says which slot a key belongs to, and who has it.";

    private const string Details = """
        Keys with the same {tag} are in one slot.

        Examples:
          fastcache topology slot user:42 '{user:42}:cart'
          fastcache topology slot user:42 --file cluster.json      with the nodes that have it, the primary first
        """;

    public static Command Create(Terminal terminal)
    {
        KeyArgument keys = new(many: true);
        Option<string> file = new("--file", "-f") { HelpName = "file", Description = "A topology, for the nodes." };
        Option<bool> json = TopologyCommand.Json();
        Command command = new DetailedCommand("slot", Summary, Details) { file, json };
        keys.AddTo(command);
        command.Runs(terminal, result =>
        {
            ClusterTopology? topology = result.GetValue(file) is string path ? TopologyDocument.ReadFile(path) : null;
            Table table = topology is null ? terminal.NewTable("key", "slot") : terminal.NewTable("key", "slot", "nodes");
            foreach ((string text, byte[] key) in keys.TextsOf(result).Zip(keys.AllOf(result)))
            {
                int slot = KeySlot.Of(key);
                string[] nodes = topology is null ? [] : [.. topology.CopiesOf(slot).Select(copy => topology.Nodes[copy].Name)];
                if (!result.GetValue(json))
                {
                    Text[] cells = [new(text), new($"{slot}"), new(string.Join(' ', nodes))];
                    table.AddRow(cells[..table.Columns.Count]);
                    continue;
                }

                terminal.ShowJson(writer =>
                {
                    JsonBytes.Write(writer, "key", key);
                    writer.WriteNumber("slot", slot);
                    if (topology is not null)
                    {
                        writer.WriteString("primary", nodes[0]);
                        writer.WriteStartArray("replicas");
                        foreach (string replica in nodes[1..])
                        {
                            writer.WriteStringValue(replica);
                        }

                        writer.WriteEndArray();
                    }
                });
            }

            if (!result.GetValue(json))
            {
                terminal.Show(table);
            }

            return ExitCode.Done;
        });
        return command;
    }
}
