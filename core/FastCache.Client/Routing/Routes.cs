using FastCache.Client.Connections;
using FastCache.Client.Replicas;
using FastCache.Cluster;
using FastCache.Protocol;

namespace FastCache.Client.Routing;

/// <summary>Which connection serves which slot. Never changes; replaced as a whole.</summary>
internal sealed class Routes
{
    private readonly ShardConnection[] _bySlot; // perShard side by side for each slot.
    private readonly ShardConnection? _only;
    private readonly int _perShard;

    /// <param name="topology">Null: one node has all slots.</param>
    /// <param name="nodes">The nodes of the topology, in its order; or the one node.</param>
    /// <param name="options">Checked ones.</param>
    public Routes(KnownTopology? topology, IReadOnlyList<NodeShards> nodes, FastCacheClientOptions options)
    {
        Known = topology;
        Nodes = nodes;
        Copies = SlotCopies.Of(Topology, nodes, options);
        int perShard = options.ConnectionsPerShard;
        _perShard = perShard;
        _only = topology is null && nodes[0].Connections.Count == 1 ? nodes[0].Connections[0] : null;
        _bySlot = _only is null ? new ShardConnection[KeySlot.Count * perShard] : [];
        for (int i = 0; i < _bySlot.Length; i++)
        {
            int slot = i / perShard;
            NodeShards primary = nodes[Topology?.CopiesOf(slot)[0] ?? 0];
            _bySlot[i] = primary.Connections[primary.FirstOf(slot) + (i % perShard)];
        }
    }

    /// <summary>The topology as it was learnt.</summary>
    public KnownTopology? Known { get; }

    public ClusterTopology? Topology => Known?.Topology;

    /// <summary>0 if there is no cluster.</summary>
    public uint Epoch => Topology?.Epoch ?? 0;

    /// <summary>The nodes of the topology, in its order; or the one node.</summary>
    public IReadOnlyList<NodeShards> Nodes { get; }

    /// <summary>The copies of each slot; null if none has a replica.</summary>
    public SlotCopies? Copies { get; }

    /// <summary>All shards of the nodes whose shards are known.</summary>
    public IEnumerable<ShardAddress> Addresses => Nodes.Where(node => node.IsKnown)
        .SelectMany(node => node.Connections).Select(connection => connection.Address).Distinct();

    /// <summary>A connection for requests of no key: of a node that is up, if there is one.</summary>
    public ShardConnection Any => _only ?? (Nodes.FirstOrDefault(node => node.IsUp) ?? Nodes[0]).Connections[0];

    /// <summary>The connection to the primary of a key's slot.</summary>
    /// <param name="key">The key.</param>
    /// <param name="slot">The slot of the key; -1 if the one connection there is serves all.</param>
    public ShardConnection ForWrite(ReadOnlySpan<byte> key, out int slot)
    {
        if (_only is not null)
        {
            slot = -1;
            return _only;
        }

        slot = KeySlot.Of(key);
        return BySlot(slot);
    }

    /// <summary>The connection to the primary of a slot.</summary>
    public ShardConnection Primary(int slot) => _only ?? BySlot(slot);

    private ShardConnection BySlot(int slot) => _perShard == 1
        ? _bySlot[slot]
        : _bySlot[(slot * _perShard) + (Thread.GetCurrentProcessorId() % _perShard)];
}
