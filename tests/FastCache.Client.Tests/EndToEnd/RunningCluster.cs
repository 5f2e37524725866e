using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using FastCache.Cluster;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>Three nodes, a, b and c, on ports that they keep when they are started again.</summary>
internal sealed class RunningCluster : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"fastcache-topology-{Guid.NewGuid():N}.json");
    private readonly ClusterNode[] _members;
    private readonly RunningNode[] _nodes = new RunningNode[3];

    public RunningCluster()
    {
        int[] ports = FreePorts(_nodes.Length);
        _members = [.. ports.Select((port, i) => new ClusterNode($"{(char)('a' + i)}", "127.0.0.1", port))];
        Topology = BalancedTopology.Create(1, _members, replicas: 0);
        try
        {
            File.WriteAllBytes(_file, TopologyDocument.Write(Topology));
            for (int i = 0; i < _nodes.Length; i++)
            {
                Start(i);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public ClusterTopology Topology { get; private set; }

    public RunningNode this[int index] => _nodes[index];

    public Task<FastCacheClient> ConnectAsync(TimeSpan requestTimeout) => FastCacheClient.ConnectAsync(new()
    {
        Seeds = [.. _members.Select(member => member.EndPoint)],
        RequestTimeout = requestTimeout,
    });

    /// <summary>Number of the node that has a key.</summary>
    public int NodeOf(byte[] key) => Topology.CopiesOf(KeySlot.Of(key))[0];

    /// <summary>Starts a node that does not run, on its port.</summary>
    public void Start(int index)
    {
        _nodes[index]?.Dispose();
        _nodes[index] = RunningNode.Start(
            "--topology", _file, "--node", _members[index].Name, "--listen", _members[index].Address, "--shards", index == 1 ? "2" : "1");
    }

    /// <summary>Gives all slots to the first so many nodes, and waits until every node has read that.</summary>
    public void Spread(int nodes)
    {
        Topology = BalancedTopology.Create(Topology.Epoch + 1, _members[..nodes], replicas: 0, Topology);
        File.WriteAllBytes(_file, TopologyDocument.Write(Topology));
        foreach (RunningNode node in _nodes)
        {
            node.Signal(PosixSignal.SIGHUP);
            node.AwaitLine($"topology of epoch {Topology.Epoch} accepted");
        }
    }

    public void Dispose()
    {
        foreach (RunningNode? node in _nodes)
        {
            node?.Dispose();
        }

        File.Delete(_file);
    }

    private static int[] FreePorts(int count)
    {
        // All at once, so that no two are the same.
        TcpListener[] listeners = [.. Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0))];
        Array.ForEach(listeners, listener => listener.Start());
        int[] ports = [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        Array.ForEach(listeners, listener => listener.Dispose());
        return ports;
    }
}
