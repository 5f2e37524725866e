using FastCache.Cluster;
using FastCache.Protocol;

namespace FastCache.Node.Cluster;

/// <summary>A topology as one of its nodes sees it: of which slots this one has a copy. For all shards; only <see cref="Next"/> changes, once.</summary>
internal sealed class OwnedSlots
{
    private const int BitsPerWord = 64;

    private readonly ulong[] _bits = new ulong[KeySlot.Count / BitsPerWord];
    private readonly string[] _labels;
    private volatile OwnedSlots? _next;

    /// <param name="topology">Who has which slots.</param>
    /// <param name="name">This node's; one that is not among the topology's nodes has no slots.</param>
    public OwnedSlots(ClusterTopology topology, string name)
    {
        Topology = topology;
        Name = name;
        Document = TopologyDocument.Write(topology);
        _labels = [.. topology.Nodes.Select(node => $"{node.Name} at {node.Address}")];
        int node = topology.IndexOf(name);
        foreach (SlotRange range in topology.Ranges.Where(range => range.Copies.Contains(node)))
        {
            for (int slot = range.First; slot <= range.Last; slot++)
            {
                _bits[slot / BitsPerWord] |= 1UL << slot;
            }
        }
    }

    public ClusterTopology Topology { get; }

    /// <summary>The node's own name.</summary>
    public string Name { get; }

    /// <summary>The one that was accepted after this one; null while this is the newest.</summary>
    public OwnedSlots? Next
    {
        get => _next;
        set => _next = value;
    }

    /// <summary>The topology's number.</summary>
    public uint Epoch => Topology.Epoch;

    /// <summary>What Cluster answers.</summary>
    public ReadOnlyMemory<byte> Document { get; }

    /// <summary>Whether the node has a copy of a slot, as primary or replica.</summary>
    public bool Has(int slot) => (_bits[slot / BitsPerWord] >> slot & 1) != 0;

    /// <summary>Name and address of a slot's primary.</summary>
    public string PrimaryOf(int slot) => _labels[Topology.CopiesOf(slot)[0]];

    /// <summary>How many of the slots from <paramref name="first"/> to before <paramref name="end"/> the node has here, and not there.</summary>
    public int Count(int first = 0, int end = KeySlot.Count, OwnedSlots? there = null)
    {
        int count = 0;
        for (int slot = first; slot < end; slot++)
        {
            count += Has(slot) && there?.Has(slot) != true ? 1 : 0;
        }

        return count;
    }
}
