namespace FastCache.Cluster.Tests.Properties;

/// <summary>Random clusters that grow, shrink and change their replicas.</summary>
public sealed class BalanceProperties
{
    [Fact]
    public void Everyone_has_its_share_and_only_what_must_move_moves()
    {
        for (int seed = 0; seed < 400; seed++)
        {
            try
            {
                Walk(new Random(seed));
            }
            catch (Exception failure)
            {
                throw new Xunit.Sdk.XunitException($"seed {seed}: {failure}");
            }
        }
    }

    private static void Walk(Random random)
    {
        ClusterTopology? before = null;
        int named = 0;
        List<ClusterNode> nodes = [];
        for (uint epoch = 1; epoch <= 4; epoch++)
        {
            nodes.RemoveAll(_ => random.Next(4) == 0);
            int added = random.Next(nodes.Count == 0 ? 1 : 0, 9);
            for (int i = 0; i < added; i++)
            {
                nodes.Add(new($"n{named}", "localhost", 1000 + named++, random.Next(2) == 0 ? null : $"z{random.Next(3)}"));
            }

            int replicas = random.Next(Math.Min(nodes.Count, 4));
            ClusterTopology after = BalancedTopology.Create(epoch, nodes, replicas, before);
            CheckShares(after, replicas);
            if (before is not null)
            {
                CheckMoves(before, after);
            }

            before = after;
        }
    }

    private static void CheckShares(ClusterTopology topology, int replicas)
    {
        int least = 16_384 / topology.Nodes.Count;
        for (int node = 0; node < topology.Nodes.Count; node++)
        {
            Assert.InRange(topology.Ranges.Where(range => range.Primary == node).Sum(range => range.Count), least, least + 1);
        }

        Assert.All(topology.Ranges, range => Assert.Equal(1 + replicas, range.Copies.Count));
    }

    private static void CheckMoves(ClusterTopology before, ClusterTopology after)
    {
        // A primary moves only from a node that is gone, or that had more than its due.
        TopologyDiff diff = TopologyDiff.Between(before, after);
        int must = diff.Nodes.Where(node => node.Before is not null).Sum(
            node => Math.Max(0, node.PrimariesBefore - node.PrimariesAfter));
        Assert.Equal(must, diff.MovedPrimaries);
        int gained = diff.Nodes.Sum(node => Math.Max(0, node.PrimariesAfter - node.PrimariesBefore));
        Assert.Equal(gained, diff.MovedPrimaries);
        Assert.Equal(
            diff.Nodes.Sum(node => node.CopiesAfter - node.CopiesBefore), diff.Nodes.Sum(node => node.Filled - node.Dropped));
        Assert.Empty(TopologyDiff.Between(after, after).Slots);
    }
}
