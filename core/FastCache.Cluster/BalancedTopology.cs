using FastCache.Protocol;

namespace FastCache.Cluster;

/// <summary>Gives every node its share of the slots, and moves as few of them as possible.</summary>
/// <remarks>
/// Primaries: a node is due 16,384 / N slots, the first ones one more. It keeps what it has up to that, from its lowest slot on;
/// what is left over goes to those below their due, in the order of the nodes. So only slots move that must.
///
/// Replicas: the slots of a primary are cut into up to <see cref="PiecesPerNode"/> pieces, each with replicas of its own, so
/// that the load of a lost node falls on several. A piece keeps a replica that it has, unless that one has its due already;
/// otherwise it takes the node that has the fewest copies, of those in other zones than its other copies if there are
/// any.
/// </remarks>
public static class BalancedTopology
{
    private const int PiecesPerNode = 4;
    private const int Gone = -1;

    /// <summary>Makes a balanced topology.</summary>
    /// <param name="epoch">Its epoch.</param>
    /// <param name="nodes">The nodes; all of them get slots.</param>
    /// <param name="replicas">Replicas of each slot, 0 to the smaller of the other nodes' number and
    /// <see cref="ClusterTopology.MaxReplicas"/>.</param>
    /// <param name="before">What there is now; nodes are the same if their names are.</param>
    /// <exception cref="TopologyException">The nodes or the replicas cannot be.</exception>
    public static ClusterTopology Create(
        uint epoch, IReadOnlyList<ClusterNode> nodes, int replicas, ClusterTopology? before = null)
    {
        int most = Math.Min(nodes.Count - 1, ClusterTopology.MaxReplicas);
        if (nodes.Count is 0 or > ClusterTopology.MaxNodes)
        {
            throw new TopologyException($"There are {nodes.Count} nodes; allowed are 1 to {ClusterTopology.MaxNodes}.");
        }

        if (replicas < 0 || replicas > most)
        {
            throw new TopologyException($"{replicas} replicas of each slot; allowed are 0 to {most} with {nodes.Count} nodes.");
        }

        int[][] copies = CopiesBefore(nodes, before);
        int[] primaries = Primaries(nodes.Count, copies);
        List<SlotRange> ranges = [];
        Replicas chooser = new(nodes, replicas);
        foreach ((int first, int last) in Pieces(primaries, copies, nodes.Count))
        {
            ranges.Add(new(first, last, chooser.Choose(primaries[first], copies[first], last - first + 1)));
        }

        return new(epoch, nodes, Joined(ranges));
    }

    /// <summary>For each slot the copies, by their places among the new nodes, or <see cref="Gone"/>.</summary>
    private static int[][] CopiesBefore(IReadOnlyList<ClusterNode> nodes, ClusterTopology? before)
    {
        int[][] copies = new int[KeySlot.Count][];
        if (before is null)
        {
            Array.Fill(copies, []);
            return copies;
        }

        Dictionary<string, int> places = new(StringComparer.Ordinal);
        for (int i = 0; i < nodes.Count; i++)
        {
            places[nodes[i].Name] = i;
        }

        foreach (SlotRange range in before.Ranges)
        {
            int[] left = [.. range.Copies.Select(copy => places.GetValueOrDefault(before.Nodes[copy].Name, Gone))];
            copies.AsSpan(range.First, range.Count).Fill(left);
        }

        return copies;
    }

    private static int[] Primaries(int nodes, int[][] copies)
    {
        int[] primaries = new int[KeySlot.Count];
        int[] room = new int[nodes];
        for (int node = 0; node < nodes; node++)
        {
            room[node] = (KeySlot.Count / nodes) + (node < KeySlot.Count % nodes ? 1 : 0);
        }

        for (int slot = 0; slot < KeySlot.Count; slot++)
        {
            primaries[slot] = Take(copies[slot].FirstOrDefault(Gone));
        }

        // A copy that is there already is better than one that has to be filled.
        for (int slot = 0; slot < KeySlot.Count; slot++)
        {
            if (primaries[slot] == Gone)
            {
                primaries[slot] = Take(copies[slot].FirstOrDefault(copy => copy != Gone && room[copy] > 0, Gone));
            }
        }

        int next = 0;
        for (int slot = 0; slot < KeySlot.Count; slot++)
        {
            if (primaries[slot] != Gone)
            {
                continue;
            }

            while (room[next] == 0)
            {
                next++;
            }

            primaries[slot] = Take(next);
        }

        return primaries;

        int Take(int node)
        {
            if (node == Gone || room[node] == 0)
            {
                return Gone;
            }

            room[node]--;
            return node;
        }
    }

    /// <summary>Consecutive slots of one primary that had the same copies, none longer than a node's share of a piece.</summary>
    private static IEnumerable<(int First, int Last)> Pieces(int[] primaries, int[][] copies, int nodes)
    {
        int pieces = Math.Clamp(nodes - 1, 1, PiecesPerNode);
        int longest = Math.Max(1, (KeySlot.Count + (nodes * pieces) - 1) / (nodes * pieces));
        int first = 0;
        for (int slot = 1; slot <= KeySlot.Count; slot++)
        {
            if (slot == KeySlot.Count || primaries[slot] != primaries[first] || copies[slot] != copies[first]
                || slot - first == longest)
            {
                yield return (first, slot - 1);
                first = slot;
            }
        }
    }

    private static List<SlotRange> Joined(List<SlotRange> ranges)
    {
        List<SlotRange> joined = [];
        foreach (SlotRange range in ranges)
        {
            if (joined.Count > 0 && joined[^1].Copies.SequenceEqual(range.Copies))
            {
                joined[^1] = joined[^1] with { Last = range.Last };
            }
            else
            {
                joined.Add(range);
            }
        }

        return joined;
    }

    /// <summary>Chooses replicas, and counts who has how many.</summary>
    private sealed class Replicas(IReadOnlyList<ClusterNode> nodes, int count)
    {
        private readonly long[] _slots = new long[nodes.Count];
        private readonly long _due = ((long)KeySlot.Count * count / nodes.Count) + 1;

        public int[] Choose(int primary, int[] before, int slots)
        {
            List<int> copies = [primary];
            foreach (int replica in before)
            {
                bool isFree = replica != Gone && !copies.Contains(replica);
                if (isFree && copies.Count <= count && _slots[replica] + slots <= _due)
                {
                    Add(replica);
                }
            }

            while (copies.Count <= count)
            {
                Add(Enumerable.Range(0, nodes.Count)
                    .Where(node => !copies.Contains(node))
                    .MinBy(node => (SharesZone(node), _slots[node], (node - primary + nodes.Count) % nodes.Count)));
            }

            return [.. copies];

            bool SharesZone(int node) =>
                nodes[node].Zone is string zone && copies.Any(copy => nodes[copy].Zone == zone);

            void Add(int replica)
            {
                copies.Add(replica);
                _slots[replica] += slots;
            }
        }
    }
}
