using System.CommandLine.Parsing;
using FastCache.Client;

namespace FastCache.Cli.Shell;

/// <summary>A node that a command asks by itself.</summary>
/// <param name="Name">Its name; of a node that is no member of a cluster, its address.</param>
/// <param name="Address">Where it is.</param>
internal sealed record NodeName(string Name, string Address);

/// <summary>The nodes behind --connect, each of which can be asked.</summary>
internal sealed class ConnectedNodes : IAsyncDisposable
{
    private readonly FastCacheClient _client;

    private ConnectedNodes(FastCacheClient client, IReadOnlyList<NodeName> all)
    {
        _client = client;
        All = all;
    }

    /// <summary>The nodes, at least one.</summary>
    public IReadOnlyList<NodeName> All { get; }

    /// <summary>For requests about keys.</summary>
    public FastCacheClient Client => _client;

    public static async Task<ConnectedNodes> ConnectAsync(
        ConnectOptions options, SymbolResult result, CancellationToken cancellation)
    {
        FastCacheClient client = await options.ConnectAsync(result, cancellation);
        string address = string.Join(',', options.Of(result).Seeds);
        return new(client, [new(address, address)]);
    }

    /// <summary>The counters of a node.</summary>
    public ValueTask<IReadOnlyDictionary<string, long>> StatsAsync(NodeName node, CancellationToken cancellation) =>
        _client.StatsAsync(cancellation);

    /// <summary>Waits until a node has answered an empty request.</summary>
    public ValueTask PingAsync(NodeName node, CancellationToken cancellation) => _client.PingAsync(cancellation);

    public ValueTask DisposeAsync() => _client.DisposeAsync();
}
