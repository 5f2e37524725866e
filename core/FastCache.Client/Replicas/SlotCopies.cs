using System.Diagnostics.CodeAnalysis;
using FastCache.Client.Routing;
using FastCache.Cluster;

namespace FastCache.Client.Replicas;

/// <summary>The copies of each slot, of one topology. Never changes.</summary>
internal sealed class SlotCopies
{
    private readonly ClusterTopology _topology;
    private readonly CopySet?[] _byRange;

    private SlotCopies(ClusterTopology topology, IReadOnlyList<NodeShards> nodes, string? zone, string? region)
    {
        _topology = topology;
        _byRange = [.. topology.Ranges.Select(range => range.Copies.Count == 1 ? null : CopySet.Of(topology, range, nodes, zone, region))];
        Nodes = [.. _byRange.OfType<CopySet>().SelectMany(set => set.Nodes).Distinct()];
    }

    /// <summary>All nodes that share a slot with another one.</summary>
    public IReadOnlyList<NodeShards> Nodes { get; }

    /// <summary>Makes those of a topology.</summary>
    /// <param name="topology">It; null: one node has all slots.</param>
    /// <param name="nodes">Its nodes, in its order.</param>
    /// <param name="options">Checked ones.</param>
    /// <returns>Null if no slot has a replica.</returns>
    public static SlotCopies? Of(ClusterTopology? topology, IReadOnlyList<NodeShards> nodes, FastCacheClientOptions options) =>
        topology is not null && topology.Ranges.Any(range => range.Copies.Count > 1)
            ? new(topology, nodes, options.Zone, options.Region)
            : null;

    /// <summary>The copies of a slot.</summary>
    /// <returns>False if it has a primary only.</returns>
    public bool TryGet(int slot, [NotNullWhen(true)] out CopySet? copies) => (copies = _byRange[_topology.RangeOf(slot)]) is not null;
}

/// <summary>The nodes that have a copy of some slots, the nearest first.</summary>
internal sealed class CopySet
{
    private CopySet(NodeShards primary, NodeShards[] nodes, byte[] tiers) => (Primary, Nodes, Tiers) = (primary, nodes, tiers);

    /// <summary>The one that decides about writes.</summary>
    public NodeShards Primary { get; }

    /// <summary>All, the primary among them.</summary>
    public NodeShards[] Nodes { get; }

    /// <summary>How far each is: 0 in the client's zone, 1 in its region, 2 elsewhere; all alike while the client does not
    /// say where it is.</summary>
    public byte[] Tiers { get; }

    public static CopySet Of(
        ClusterTopology topology, SlotRange range, IReadOnlyList<NodeShards> nodes, string? zone, string? region)
    {
        int[] places = [.. range.Copies.OrderBy(copy => TierOf(topology.Nodes[copy], zone, region))];
        return new(
            nodes[range.Copies[0]],
            [.. places.Select(place => nodes[place])],
            [.. places.Select(place => TierOf(topology.Nodes[place], zone, region))]);
    }

    private static byte TierOf(ClusterNode node, string? zone, string? region) =>
        zone is not null && node.Zone == zone ? (byte)0
        : region is not null && node.Region == region ? (byte)1
        : (byte)2;
}
