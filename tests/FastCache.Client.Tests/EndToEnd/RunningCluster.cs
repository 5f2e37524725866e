using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using FastCache.Cluster;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>Three nodes, a, b and c, on ports that they keep when they are started again; c may be behind a link.</summary>
internal sealed class RunningCluster : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"fastcache-topology-{Guid.NewGuid():N}.json");
    private readonly ClusterNode[] _members;
    private readonly RunningNode[] _nodes = new RunningNode[3];
    private readonly int[] _lives = new int[3];
    private readonly CuttableLink? _link;
    private readonly int _replicas;

    /// <param name="link">Where c is; null: where the others are.</param>
    /// <param name="replicas">Replicas of each slot.</param>
    public RunningCluster(CuttableLink? link = null, int replicas = 0)
    {
        _link = link;
        _replicas = replicas;
        int[] ports = FreePorts(_nodes.Length);
        _members = [.. ports.Select((port, i) => new ClusterNode(
            $"{(char)('a' + i)}", IsBehindLink(i) ? $"{link!.Address}" : "127.0.0.1", port))];
        Topology = BalancedTopology.Create(1, _members, replicas);
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

    public Task<FastCacheClient> ConnectAsync(TimeSpan requestTimeout) => FastCacheClient.ConnectAsync(OptionsOf(requestTimeout));

    /// <summary>What a client of the cluster is connected with.</summary>
    public FastCacheClientOptions OptionsOf(TimeSpan requestTimeout) => new()
    {
        Seeds = [.. _members.Select(member => member.EndPoint)],
        RequestTimeout = requestTimeout,
    };

    /// <summary>Connects with options, whose seeds do not count.</summary>
    public Task<FastCacheClient> ConnectAsync(FastCacheClientOptions options) =>
        FastCacheClient.ConnectAsync(options with { Seeds = [.. _members.Select(member => member.EndPoint)] });

    /// <summary>Number of the node that has a key.</summary>
    public int NodeOf(byte[] key) => Topology.CopiesOf(KeySlot.Of(key))[0];

    /// <summary>Keys that a node has.</summary>
    public byte[][] KeysOf(int node, string prefix, int count) => [.. Enumerable.Range(0, int.MaxValue)
        .Select(i => NodeTests.Key($"{prefix} {i}")).Where(key => NodeOf(key) == node).Take(count)];

    /// <summary>Number of a node's life: its items are gone when it is started again, and may be when slots move.</summary>
    public int Life(int index) => Volatile.Read(ref _lives[index]);

    /// <summary>Starts a node that does not run, on its port.</summary>
    public void Start(int index)
    {
        _nodes[index]?.Dispose();
        Interlocked.Increment(ref _lives[index]);
        _nodes[index] = RunningNode.StartThrough(
            IsBehindLink(index) ? _link!.Launcher : [],
            "--topology", _file, "--node", _members[index].Name, "--listen", _members[index].Address, "--shards", index == 1 ? "2" : "1");
    }

    /// <summary>Gives all slots to the first so many nodes, and waits until every node has read that.</summary>
    public void Spread(int nodes) => Load(BalancedTopology.Create(Topology.Epoch + 1, _members[..nodes], _replicas, Topology));

    /// <summary>Makes the first replica of every slot its primary, and the primary its first replica.</summary>
    public void Swap() => Load(new(
        Topology.Epoch + 1, Topology.Nodes, Topology.Ranges.Select(range => range with { Copies = [range.Copies[1], range.Copies[0], .. range.Copies.Skip(2)] })));

    public void Dispose()
    {
        foreach (RunningNode? node in _nodes)
        {
            node?.Dispose();
        }

        File.Delete(_file);
    }

    private void Load(ClusterTopology topology)
    {
        for (int i = 0; i < _lives.Length; i++)
        {
            Interlocked.Increment(ref _lives[i]);
        }

        Topology = topology;
        File.WriteAllBytes(_file, TopologyDocument.Write(Topology));
        foreach (RunningNode node in _nodes)
        {
            node.Signal(PosixSignal.SIGHUP);
            node.AwaitLine($"topology of epoch {Topology.Epoch} accepted");
        }
    }

    private bool IsBehindLink(int index) => _link is not null && index == _nodes.Length - 1;

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
