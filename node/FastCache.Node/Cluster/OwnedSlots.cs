using FastCache.Cluster;
using FastCache.Protocol;

namespace FastCache.Node.Cluster;

/// <summary>A topology as one of its nodes sees it: of which slots this one has a copy. For all shards; only <see cref="Next"/> changes, once.</summary>
internal sealed class OwnedSlots
{
    private const int BitsPerWord = 64;

    private readonly ulong[] _primaryBits = new ulong[KeySlot.Count / BitsPerWord];
    private readonly ulong[] _replicaBits = new ulong[KeySlot.Count / BitsPerWord];
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
                (range.Primary == node ? _primaryBits : _replicaBits)[slot / BitsPerWord] |= 1UL << slot;
            }
        }
    }

    private OwnedSlots(OwnedSlots whole, ulong[] replicaBits)
    {
        Topology = whole.Topology;
        Name = whole.Name;
        Document = whole.Document;
        _labels = whole._labels;
        _primaryBits = whole._primaryBits;
        _replicaBits = replicaBits;
        _next = whole;
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

    /// <summary>What holds after another one until the node has removed what it had as a primary where it is a replica now: this
    /// without those slots, with this as the next. This itself, if there are none.</summary>
    public OwnedSlots After(OwnedSlots before)
    {
        ulong[] kept = [.. _replicaBits.Zip(before._primaryBits, (replica, primary) => replica & ~primary)];
        return kept.AsSpan().SequenceEqual(_replicaBits) ? this : new(this, kept);
    }

    /// <summary>Whether the node has a copy of a slot, as primary or replica.</summary>
    public bool Has(int slot) => ((_primaryBits[slot / BitsPerWord] | _replicaBits[slot / BitsPerWord]) >> slot & 1) != 0;

    /// <summary>Whether the node is the one to ask for a key of a slot: as its primary, or for a copy as a replica.</summary>
    public bool Serves(int slot, bool isForCopy) =>
        ((isForCopy ? _replicaBits : _primaryBits)[slot / BitsPerWord] >> slot & 1) != 0;

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
