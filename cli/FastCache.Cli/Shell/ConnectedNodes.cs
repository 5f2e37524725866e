using System.CommandLine.Parsing;
using FastCache.Client;
using FastCache.Cluster;

namespace FastCache.Cli.Shell;

/// <summary>A node that a command asks by itself.</summary>
/// <param name="Name">Its name; of a node that is no member of a cluster, its address.</param>
/// <param name="Address">Where it is.</param>
internal sealed record NodeName(string Name, string Address);

/// <summary>The nodes behind --connect, each of which can be asked.</summary>
internal sealed class ConnectedNodes : IAsyncDisposable
{
    private readonly FastCacheClient _client;

    private ConnectedNodes(FastCacheClient client)
    {
        _client = client;
        Topology = client.Topology;
        All = [.. client.Nodes.Select(node => Topology is null
            ? new NodeName($"{node.EndPoint}", $"{node.EndPoint}")
            : new NodeName(node.Name, Topology.Nodes[Topology.IndexOf(node.Name)].Address))];
    }

    /// <summary>The nodes as they were when the command connected, at least one.</summary>
    public IReadOnlyList<NodeName> All { get; }

    /// <summary>Who had which slots then; null: there is one node.</summary>
    public ClusterTopology? Topology { get; }

    /// <summary>For requests about keys.</summary>
    public FastCacheClient Client => _client;

    public static async Task<ConnectedNodes> ConnectAsync(
        ConnectOptions options, SymbolResult result, CancellationToken cancellation) =>
        new(await options.ConnectAsync(result, cancellation));

    /// <summary>The counters of a node.</summary>
    public ValueTask<IReadOnlyDictionary<string, long>> StatsAsync(NodeName node, CancellationToken cancellation) =>
        _client.StatsAsync(NameOf(node), cancellation);

    /// <summary>Waits until a node has answered an empty request.</summary>
    public ValueTask PingAsync(NodeName node, CancellationToken cancellation) => _client.PingAsync(NameOf(node), cancellation);

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    /// <summary>What the client calls it; null, any, where there is only one.</summary>
    private string? NameOf(NodeName node) => Topology is null ? null : node.Name;
}
