using FastCache.Bench.Faults;
using FastCache.Cluster;

namespace FastCache.Bench.Replicas;

/// <summary>Three nodes of one shard each, every slot on all of them, each behind a <see cref="SlowLink"/>, so that all are
/// equally far.</summary>
internal sealed class SlowCluster : IAsyncDisposable
{
    private const int Nodes = 3;

    private readonly string _file = Path.Combine(Path.GetTempPath(), $"fastcache-bench-replicas-{Environment.ProcessId}.json");
    private readonly List<FaultNode> _nodes = [];

    private SlowCluster()
    {
        Links = [.. Enumerable.Range(0, Nodes).Select(_ => new SlowLink())];
    }

    /// <summary>What stands before each node; the last one is the slow one.</summary>
    public SlowLink[] Links { get; }

    /// <exception cref="InvalidOperationException">A node is not built, or does not start.</exception>
    public static async Task<SlowCluster> StartAsync()
    {
        SlowCluster cluster = new();
        try
        {
            ClusterNode[] members = [.. cluster.Links.Select((link, i) => new ClusterNode($"{(char)('a' + i)}", "127.0.0.1", link.EndPoint.Port))];
            File.WriteAllBytes(cluster._file, TopologyDocument.Write(BalancedTopology.Create(1, members, Nodes - 1)));
            for (int i = 0; i < Nodes; i++)
            {
                FaultNode node = FaultNode.Start(
                    "--topology", cluster._file, "--node", members[i].Name, "--shards", "1", "--memory", "64MiB");
                cluster._nodes.Add(node);
                cluster.Links[i].Node = node.EndPoint;
            }

            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (SlowLink link in Links)
        {
            await link.DisposeAsync().ConfigureAwait(false);
        }

        _nodes.ForEach(node => node.Dispose());
        File.Delete(_file);
    }
}
