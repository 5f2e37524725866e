using System.Text.Json;
using FastCache.Cli.Shell;
using FastCache.Client;

namespace FastCache.Cli.Stats;

/// <summary>What a node answered when it was asked for its counters.</summary>
/// <param name="Node">The node.</param>
/// <param name="Counters">By the names of docs/stats.md; null if it did not answer.</param>
/// <param name="Failure">Why it did not; null if it did.</param>
internal sealed record NodeSample(NodeName Node, IReadOnlyDictionary<string, long>? Counters, string? Failure)
{
    /// <summary>A counter; 0 if the node does not know it.</summary>
    public long this[string name] => Counters?.GetValueOrDefault(name) ?? 0;

    /// <summary>Asks nodes, all at once.</summary>
    public static async Task<NodeSample[]> OfAsync(
        ConnectedNodes nodes, IReadOnlyList<NodeName> asked, CancellationToken cancellation) =>
        await Task.WhenAll(asked.Select(async node =>
        {
            try
            {
                return new NodeSample(node, await nodes.StatsAsync(node, cancellation), null);
            }
            catch (CacheException failure)
            {
                return new NodeSample(node, null, failure.Message);
            }
        }));

    /// <summary>Name, address, and why it did not answer, as properties.</summary>
    public void WriteHead(Utf8JsonWriter json)
    {
        json.WriteString("node", Node.Name);
        json.WriteString("address", Node.Address);
        if (Failure is not null)
        {
            json.WriteString("failure", Failure);
        }
    }
}
