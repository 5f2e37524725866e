using FastCache.Protocol;

namespace FastCache.Cluster;

/// <summary>Who has which slots: the nodes of a cluster, and for each of the 16,384 slots its primary and replicas.</summary>
/// <remarks>
/// Invariants, which the constructor checks:
/// 1. The epoch is at least 1; of two topologies the one with the higher epoch holds.
/// 2. Names and addresses of nodes are unique; there are 1 to <see cref="MaxNodes"/>.
/// 3. The ranges ascend, do not overlap, and together are all slots.
/// 4. No slot has a node twice; it has one primary and at most <see cref="MaxReplicas"/> replicas.
/// A node may have no slots. Immutable, for any number of threads. docs/topology.md describes the document.
/// </remarks>
public sealed class ClusterTopology
{
    /// <summary>Most nodes.</summary>
    public const int MaxNodes = 4096;

    /// <summary>Most replicas of a slot.</summary>
    public const int MaxReplicas = 8;

    private const int MaxNameLength = 64;

    private readonly ushort[] _rangeOfSlot = new ushort[KeySlot.Count];
    private readonly Dictionary<string, int> _byName = new(StringComparer.Ordinal);

    /// <param name="epoch">Its number.</param>
    /// <param name="nodes">The nodes; ranges name them by their place here.</param>
    /// <param name="ranges">All slots, in any order.</param>
    /// <exception cref="TopologyException">It breaks one of the invariants.</exception>
    public ClusterTopology(uint epoch, IReadOnlyList<ClusterNode> nodes, IEnumerable<SlotRange> ranges)
    {
        Epoch = epoch == 0 ? throw new TopologyException("The epoch is 0; it must be 1 to 4294967295.") : epoch;
        Nodes = [.. nodes];
        Ranges = [.. ranges.OrderBy(range => range.First)];
        CheckNodes();
        CheckRanges();
        for (int i = 0; i < Ranges.Count; i++)
        {
            _rangeOfSlot.AsSpan(Ranges[i].First, Ranges[i].Count).Fill((ushort)i);
        }
    }

    /// <summary>Its number: each new topology of a cluster has a higher one.</summary>
    public uint Epoch { get; }

    /// <summary>The nodes.</summary>
    public IReadOnlyList<ClusterNode> Nodes { get; }

    /// <summary>All slots, ascending.</summary>
    public IReadOnlyList<SlotRange> Ranges { get; }

    /// <summary>The copies of a slot, 0 to 16,383: indices of nodes, the primary first.</summary>
    public IReadOnlyList<int> CopiesOf(int slot) => Ranges[_rangeOfSlot[slot]].Copies;

    /// <summary>Place in <see cref="Ranges"/> of the range that has a slot.</summary>
    public int RangeOf(int slot) => _rangeOfSlot[slot];

    /// <summary>Whether a node has a copy of a slot.</summary>
    public bool Has(int node, int slot) => CopiesOf(slot).Contains(node);

    /// <summary>The place of a node by its name; -1 if there is none.</summary>
    public int IndexOf(string name) => _byName.GetValueOrDefault(name, -1);

    private void CheckNodes()
    {
        if (Nodes.Count is 0 or > MaxNodes)
        {
            throw new TopologyException($"There are {Nodes.Count} nodes; allowed are 1 to {MaxNodes}.");
        }

        Dictionary<string, string> byAddress = new(StringComparer.OrdinalIgnoreCase);
        for (int i = 0; i < Nodes.Count; i++)
        {
            ClusterNode node = Nodes[i];
            CheckName("name", node.Name, i);
            if (node.Zone is not null)
            {
                CheckName("zone", node.Zone, i);
            }

            if (node.Region is not null)
            {
                CheckName("region", node.Region, i);
            }

            if (!ClusterNode.TryParseAddress(node.Address, out _, out _))
            {
                throw new TopologyException(
                    $"Node {node.Name} has the address '{node.Address}'; it must be host:port, with a port of 1 to 65535.");
            }

            if (!_byName.TryAdd(node.Name, i))
            {
                throw new TopologyException($"Two nodes have the name {node.Name}.");
            }

            if (!byAddress.TryAdd(node.Address, node.Name))
            {
                throw new TopologyException(
                    $"Nodes {byAddress[node.Address]} and {node.Name} have the same address, {node.Address}.");
            }
        }
    }

    private static void CheckName(string what, string text, int node)
    {
        bool isName = text.Length is > 0 and <= MaxNameLength
            && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
        if (!isName)
        {
            throw new TopologyException(
                $"The {what} of node {node} is '{(text.Length > MaxNameLength ? text[..MaxNameLength] + "..." : text)}'; it must be "
                + $"1 to {MaxNameLength} letters, digits, dots, underscores or hyphens.");
        }
    }

    private void CheckRanges()
    {
        int next = 0;
        foreach (SlotRange range in Ranges)
        {
            string name = $"Slots {range.First}-{range.Last}";
            if (range.First < 0 || range.Last >= KeySlot.Count || range.Last < range.First)
            {
                throw new TopologyException($"{name} are no range within 0 to {KeySlot.Count - 1}.");
            }

            if (range.First != next)
            {
                throw new TopologyException(range.First > next
                    ? $"Nobody has slots {next}-{range.First - 1}."
                    : $"{name} overlap the range before, which ends at {next - 1}.");
            }

            if (range.Copies.Count is 0 or > 1 + MaxReplicas)
            {
                throw new TopologyException(
                    $"{name} have {range.Copies.Count - 1} replicas; allowed are a primary and at most {MaxReplicas} replicas.");
            }

            foreach (int copy in range.Copies)
            {
                if ((uint)copy >= (uint)Nodes.Count)
                {
                    throw new TopologyException($"{name} name node {copy} of {Nodes.Count}.");
                }

                if (range.Copies.Count(other => other == copy) > 1)
                {
                    throw new TopologyException($"{name} name node {Nodes[copy].Name} twice.");
                }
            }

            next = range.Last + 1;
        }

        if (next != KeySlot.Count)
        {
            throw new TopologyException($"Nobody has slots {next}-{KeySlot.Count - 1}.");
        }
    }
}
