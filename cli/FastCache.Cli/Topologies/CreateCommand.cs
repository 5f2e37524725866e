using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using System.Text;
using FastCache.Cli.Shell;
using FastCache.Cluster;
using FastCache.LoadGen.Options;

namespace FastCache.Cli.Topologies;

/// <summary>The command <c>topology create</c>.</summary>
internal sealed class CreateCommand
{
    private const string Summary = "Makes a topology in which every node has its share of the slots.";

    private const string Details = """
        With --from, nodes keep what they have as far as their share allows, so that as few keys move as possible; a node is
        the same if its name is. Replicas are put into other zones than their primary if there are any.

        Examples:
          fastcache topology create --nodes 3 --host localhost --first-port 7600      node1 to node3, on ports 7600 to 7602
          fastcache topology create --replicas 1 --output cluster.json --node a=10.0.0.1:7600@rack1 --node b=10.0.0.2:7600@rack2
          fastcache topology create --from cluster.json --replicas 1 --output next.json --node a=10.0.0.1:7600@rack1 \
              --node b=10.0.0.2:7600@rack2 --node c=10.0.0.3:7600@rack3

        Exit code 2 if there cannot be such a topology.
        """;

    private readonly Terminal _terminal;

    private readonly Option<string[]> _nodes = new("--node", "-n")
    {
        HelpName = "node",
        Description = $"A node, once for each: {NodeText.Form}. Unless told, those of --from.",
    };

    private readonly TextOption<int> _count = new(
        "--nodes", "n", null, $"1 to {ClusterTopology.MaxNodes}",
        "So many nodes on one machine, called node1, node2 and so on, instead of --node.", OptionReaders.Number(1, ClusterTopology.MaxNodes));

    private readonly Option<string> _host = new("--host") { HelpName = "host", Description = "With --nodes: the machine. [default: localhost]" };

    private readonly TextOption<int> _firstPort = new(
        "--first-port", "port", "7600", "1 to 65535", "With --nodes: the port of the first; each other one has the next.",
        OptionReaders.Number(1, IPEndPoint.MaxPort));

    private readonly TextOption<int> _replicas = new(
        "--replicas", "n", "0", $"0 to {ClusterTopology.MaxReplicas}, and fewer than there are nodes", "Copies of every slot beside its primary. Clients fill them and read from them if they are told to (docs/client.md, Replicas).",
        OptionReaders.Number(0, ClusterTopology.MaxReplicas));

    private readonly Option<string> _from = new("--from") { HelpName = "file", Description = "What there is now." };

    private readonly TextOption<uint> _epoch = new(
        "--epoch", "n", null, "1 to 4294967295", "Its number, which must rise with every change; unless told, 1, or one more than --from has.",
        (string text, out uint value) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value > 0);

    private readonly Option<string> _output = new("--output", "-o") { HelpName = "file", Description = "Write it to a file instead of printing it." };

    private CreateCommand(Terminal terminal) => _terminal = terminal;

    public static Command Create(Terminal terminal)
    {
        CreateCommand declared = new(terminal);
        Command command = new DetailedCommand("create", Summary, Details) { declared._nodes };
        declared._count.AddTo(command);
        command.Add(declared._host);
        declared._firstPort.AddTo(command);
        declared._replicas.AddTo(command);
        command.Add(declared._from);
        declared._epoch.AddTo(command);
        command.Add(declared._output);
        command.Validators.Add(declared.Check);
        command.Runs(terminal, declared.Run);
        return command;
    }

    private void Check(CommandResult result)
    {
        string[] nodes = result.GetValue(_nodes) ?? [];
        foreach (string wrong in nodes.Where(text => !NodeText.TryParse(text, out _)))
        {
            result.AddError($"--node is '{wrong}'; allowed: {NodeText.Form}.");
        }

        bool hasCount = _count.IsGiven(result);
        if (nodes.Length > 0 && hasCount)
        {
            result.AddError("Nodes are named by --node or counted by --nodes, not both.");
        }

        if (nodes.Length == 0 && !hasCount && result.GetValue(_from) is null)
        {
            result.AddError("There are no nodes; name each with --node, or count them with --nodes.");
        }

        if (!hasCount && (result.GetValue(_host) is not null || _firstPort.IsGiven(result)))
        {
            result.AddError("--host and --first-port go with --nodes.");
        }
    }

    private int Run(CommandResult result)
    {
        ClusterTopology? before = result.GetValue(_from) is string path ? TopologyDocument.ReadFile(path) : null;
        uint epoch = _epoch.IsGiven(result) ? _epoch.Of(result) : (before?.Epoch ?? 0) + 1;
        if (epoch <= before?.Epoch)
        {
            throw new InputException($"The epoch is {epoch}; it must be more than {before.Epoch}, which --from has, and at most {uint.MaxValue}.");
        }

        ClusterTopology topology = BalancedTopology.Create(epoch, Nodes(result, before), _replicas.Of(result), before);
        byte[] document = TopologyDocument.Write(topology);
        if (result.GetValue(_output) is not string output)
        {
            _terminal.Out.Write(Encoding.UTF8.GetString(document));
            return ExitCode.Done;
        }

        using (FileStream file = Files.Create(output))
        {
            file.Write(document);
        }

        _terminal.Out.WriteLine($"{output}: {TopologyTables.Describe(topology)}");
        if (before is not null)
        {
            _terminal.Out.WriteLine(TopologyTables.Describe(TopologyDiff.Between(before, topology)));
        }

        return ExitCode.Done;
    }

    private IReadOnlyList<ClusterNode> Nodes(CommandResult result, ClusterTopology? before)
    {
        if (_count.IsGiven(result))
        {
            string host = result.GetValue(_host) ?? "localhost";
            int first = _firstPort.Of(result);
            int count = _count.Of(result);
            return first + count - 1 <= IPEndPoint.MaxPort
                ? [.. Enumerable.Range(0, count).Select(i => new ClusterNode($"node{i + 1}", host, first + i))]
                : throw new InputException($"{count} nodes from port {first} on go beyond port {IPEndPoint.MaxPort}.");
        }

        return result.GetValue(_nodes) is { Length: > 0 } texts
            ? [.. texts.Select(text => NodeText.TryParse(text, out ClusterNode node) ? node : throw new InputException(text))]
            : before!.Nodes;
    }
}
