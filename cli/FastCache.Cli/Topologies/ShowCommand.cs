using System.CommandLine;
using FastCache.Cli.Shell;
using FastCache.Client;
using FastCache.Cluster;

namespace FastCache.Cli.Topologies;

/// <summary>The command <c>topology show</c>.</summary>
internal static class ShowCommand
{
    private const string Summary = "Asks a node for the topology of its cluster, and shows which nodes can be reached.";

    private const string Details = """
        Examples:
          fastcache topology show
          fastcache topology show --document > cluster.json     as nodes and the other commands read it
          fastcache topology show --json | jq .epoch

        Exit code 1 if the node is in no cluster, 3 if a node cannot be reached.
        """;

    public static Command Create(Terminal terminal)
    {
        ConnectOptions connect = new(terminal);
        Option<bool> document = new("--document") { Description = "Print the document itself." };
        Command command = new DetailedCommand("show", Summary, Details) { document };
        connect.AddTo(command);
        command.Runs(terminal, async (result, cancellation) =>
        {
            await using FastCacheClient client = await connect.ConnectAsync(result, cancellation);
            if (client.Topology is not ClusterTopology topology)
            {
                terminal.Error.WriteLine("the node is in no cluster: it has all slots");
                return ExitCode.NotMet;
            }

            IReadOnlyList<CacheNode> nodes = client.Nodes;
            if (result.GetValue(document))
            {
                await terminal.Output.WriteAsync(TopologyDocument.Write(topology), cancellation);
            }
            else if (connect.IsJson(result))
            {
                ShowJson(terminal, topology, nodes);
            }
            else
            {
                terminal.Show(TopologyTables.Nodes(terminal, topology));
                terminal.Out.WriteLine();
                terminal.Out.WriteLine(TopologyTables.Describe(topology));
            }

            foreach (CacheNode lost in nodes.Where(node => !node.IsConnected))
            {
                terminal.Error.WriteLine($"no connection to {lost.Name}");
            }

            return nodes.All(node => node.IsConnected) ? ExitCode.Done : ExitCode.Unreachable;
        });
        return command;
    }

    private static void ShowJson(Terminal terminal, ClusterTopology topology, IReadOnlyList<CacheNode> nodes) => terminal.ShowJson(json =>
    {
        json.WriteNumber("epoch", topology.Epoch);
        json.WriteStartArray("nodes");
        for (int i = 0; i < topology.Nodes.Count; i++)
        {
            // The client may have learnt another topology meanwhile.
            CacheNode? node = nodes.FirstOrDefault(one => one.Name == topology.Nodes[i].Name);
            json.WriteStartObject();
            json.WriteString("name", topology.Nodes[i].Name);
            json.WriteString("address", topology.Nodes[i].Address);
            json.WriteString("zone", topology.Nodes[i].Zone);
            json.WriteString("region", topology.Nodes[i].Region);
            json.WriteNumber("primaries", topology.Ranges.Where(range => range.Primary == i).Sum(range => range.Count));
            json.WriteNumber("copies", topology.Ranges.Where(range => range.Copies.Contains(i)).Sum(range => range.Count));
            json.WriteNumber("shards", node?.Shards ?? 0);
            json.WriteBoolean("connected", node?.IsConnected ?? false);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
