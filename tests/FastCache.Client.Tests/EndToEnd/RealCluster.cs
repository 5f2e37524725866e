using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using FastCache.Cluster;
using FastCache.EndToEnd.Tests;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>Three nodes of one cluster, each a process.</summary>
internal sealed class RealCluster : IDisposable
{
    public const int Count = 3;

    private readonly string _file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".json");
    private readonly ClusterNode[] _members = [.. Enumerable.Range(0, Count).Select(i => new ClusterNode($"n{i}", "127.0.0.1", FreePort()))];

    public RealCluster()
    {
        Topology = BalancedTopology.Create(1, _members, 0);
        File.WriteAllBytes(_file, TopologyDocument.Write(Topology));
        Nodes = [.. Enumerable.Range(0, Count).Select(Start)];
    }

    public ClusterTopology Topology { get; private set; }

    public RunningNode[] Nodes { get; }

    public IReadOnlyList<EndPoint> Seeds => [.. _members.Select(node => node.EndPoint)];

    /// <summary>The number of the node that has a key.</summary>
    public int OwnerOf(ReadOnlySpan<byte> key) => Topology.CopiesOf(Protocol.KeySlot.Of(key))[0];

    /// <summary>Starts a node that was stopped, where it was.</summary>
    public void Restart(int node)
    {
        Nodes[node].Dispose();
        Nodes[node] = Start(node);
    }

    /// <summary>Gives every slot to the node behind its present one, and tells the nodes.</summary>
    public void Rotate()
    {
        Topology = new(Topology.Epoch + 1, _members, Topology.Ranges.Select(
            range => range with { Copies = [(range.Primary + 1) % Count] }));
        File.WriteAllBytes(_file, TopologyDocument.Write(Topology));
        foreach (RunningNode node in Nodes)
        {
            node.Signal(PosixSignal.SIGHUP);
        }
    }

    public void Dispose()
    {
        foreach (RunningNode node in Nodes)
        {
            node.Dispose();
        }

        File.Delete(_file);
    }

    private RunningNode Start(int node) => RunningNode.Start(
        "--topology", _file, "--node", _members[node].Name, "--listen", _members[node].Address, "--shards", node == 0 ? "2" : "1");

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
