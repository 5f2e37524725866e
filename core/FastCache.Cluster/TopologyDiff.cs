using FastCache.Protocol;

namespace FastCache.Cluster;

/// <summary>What changes for consecutive slots.</summary>
/// <param name="First">The first slot.</param>
/// <param name="Last">The last slot, itself included.</param>
/// <param name="Before">Names of the copies before, the primary first.</param>
/// <param name="After">Names of the copies after.</param>
public sealed record SlotChange(int First, int Last, IReadOnlyList<string> Before, IReadOnlyList<string> After)
{
    /// <summary>How many slots.</summary>
    public int Count => Last - First + 1;

    /// <summary>Whether another node decides about writes.</summary>
    public bool MovesPrimary => Before[0] != After[0];

    /// <summary>Nodes that have to be filled.</summary>
    public IEnumerable<string> Filled => After.Except(Before, StringComparer.Ordinal);

    /// <summary>Nodes that lose what they have.</summary>
    public IEnumerable<string> Dropped => Before.Except(After, StringComparer.Ordinal);
}

/// <summary>What a node has before and after, in slots.</summary>
/// <param name="Name">The node.</param>
/// <param name="Before">Where it was; null: it is new.</param>
/// <param name="After">Where it will be; null: it leaves.</param>
/// <param name="PrimariesBefore">Slots of which it was the primary.</param>
/// <param name="PrimariesAfter">Slots of which it will be.</param>
/// <param name="CopiesBefore">Slots of which it had a copy, as primary or replica.</param>
/// <param name="CopiesAfter">Slots of which it will have one.</param>
/// <param name="Filled">Slots that come to it.</param>
/// <param name="Dropped">Slots that it loses.</param>
public sealed record NodeChange(
    string Name,
    string? Before,
    string? After,
    int PrimariesBefore,
    int PrimariesAfter,
    int CopiesBefore,
    int CopiesAfter,
    int Filled,
    int Dropped);

/// <summary>What going from one topology to another moves.</summary>
public sealed class TopologyDiff
{
    private TopologyDiff(IReadOnlyList<SlotChange> slots, IReadOnlyList<NodeChange> nodes)
    {
        Slots = slots;
        Nodes = nodes;
    }

    /// <summary>Slots whose copies change, ascending; those whose copies stay, in the same order, are not listed.</summary>
    public IReadOnlyList<SlotChange> Slots { get; }

    /// <summary>Every node of either topology: first those of the new one.</summary>
    public IReadOnlyList<NodeChange> Nodes { get; }

    /// <summary>Slots that get another primary.</summary>
    public int MovedPrimaries => Slots.Where(change => change.MovesPrimary).Sum(change => change.Count);

    /// <summary>Copies of a slot that have to be filled anew.</summary>
    public int FilledCopies => Slots.Sum(change => change.Count * change.Filled.Count());

    /// <summary>Compares two topologies; nodes are the same if their names are.</summary>
    public static TopologyDiff Between(ClusterTopology before, ClusterTopology after)
    {
        List<SlotChange> slots = [];
        for (int slot = 0; slot < KeySlot.Count;)
        {
            SlotRange old = before.Ranges[before.RangeOf(slot)];
            SlotRange now = after.Ranges[after.RangeOf(slot)];
            int last = Math.Min(old.Last, now.Last);
            SlotChange change = new(slot, last, Names(before, old), Names(after, now));
            if (!change.Before.SequenceEqual(change.After))
            {
                slots.Add(change);
            }

            slot = last + 1;
        }

        IEnumerable<string> names = after.Nodes.Concat(before.Nodes).Select(node => node.Name).Distinct();
        return new(slots, [.. names.Select(name => ChangeOf(name, before, after, slots))]);
    }

    private static string[] Names(ClusterTopology topology, SlotRange range) =>
        [.. range.Copies.Select(copy => topology.Nodes[copy].Name)];

    private static NodeChange ChangeOf(
        string name, ClusterTopology before, ClusterTopology after, List<SlotChange> slots)
    {
        int old = before.IndexOf(name);
        int now = after.IndexOf(name);
        return new(
            name,
            old < 0 ? null : before.Nodes[old].Address,
            now < 0 ? null : after.Nodes[now].Address,
            before.Ranges.Where(range => range.Primary == old).Sum(range => range.Count),
            after.Ranges.Where(range => range.Primary == now).Sum(range => range.Count),
            before.Ranges.Where(range => range.Copies.Contains(old)).Sum(range => range.Count),
            after.Ranges.Where(range => range.Copies.Contains(now)).Sum(range => range.Count),
            slots.Where(change => change.Filled.Contains(name)).Sum(change => change.Count),
            slots.Where(change => change.Dropped.Contains(name)).Sum(change => change.Count));
    }
}
