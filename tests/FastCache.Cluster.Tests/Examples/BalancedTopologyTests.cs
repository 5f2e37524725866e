namespace FastCache.Cluster.Tests.Examples;

public sealed class BalancedTopologyTests
{
    [Fact]
    public void Load_of_a_lost_node_falls_on_all_others()
    {
        ClusterTopology topology = BalancedTopology.Create(1, Nodes(3), 1);
        Assert.Equal([1, 2], ReplicasOf(topology, 0));
        Assert.Equal([0, 2], ReplicasOf(topology, 1));
        Assert.Equal([0, 1], ReplicasOf(topology, 2));
        Assert.Equal(6, topology.Ranges.Count);
    }

    [Fact]
    public void Copies_are_in_different_zones_where_there_are_enough()
    {
        ClusterNode[] nodes = [.. Nodes(6).Select((node, i) => node with { Zone = $"z{i / 2}" })];
        ClusterTopology topology = BalancedTopology.Create(1, nodes, 2);
        Assert.All(topology.Ranges, range => Assert.Equal(3, range.Copies.Select(copy => nodes[copy].Zone).Distinct().Count()));
    }

    [Fact]
    public void Node_that_comes_takes_a_share_of_each_and_nothing_else_moves()
    {
        ClusterTopology three = BalancedTopology.Create(1, Nodes(3), 0);
        TopologyDiff diff = TopologyDiff.Between(three, BalancedTopology.Create(2, Nodes(4), 0, three));
        Assert.Equal(4096, diff.MovedPrimaries);
        Assert.Equal(4096, diff.FilledCopies);
        Assert.All(diff.Slots, change => Assert.Equal("n3", change.After[0]));
        Assert.Equal([0, 0, 0, 4096], diff.Nodes.Select(node => node.Filled));
    }

    [Fact]
    public void Slots_of_a_lost_node_go_to_where_a_copy_is()
    {
        ClusterTopology three = BalancedTopology.Create(1, Nodes(3), 1);
        TopologyDiff diff = TopologyDiff.Between(three, BalancedTopology.Create(2, Nodes(2), 1, three));
        int elsewhere = diff.Slots.Where(change => !change.Before.Contains(change.After[0])).Sum(change => change.Count);
        Assert.InRange(elsewhere, 0, 1); // 16,384 is no multiple of 3.
    }

    [Theory]
    [InlineData(0, 0, "There are 0 nodes; allowed are 1 to 4096.")]
    [InlineData(3, 3, "3 replicas of each slot; allowed are 0 to 2 with 3 nodes.")]
    [InlineData(3, -1, "-1 replicas of each slot; allowed are 0 to 2 with 3 nodes.")]
    [InlineData(20, 9, "9 replicas of each slot; allowed are 0 to 8 with 20 nodes.")]
    public void What_cannot_be_is_named(int nodes, int replicas, string message) =>
        Assert.Equal(message, Assert.Throws<TopologyException>(() => BalancedTopology.Create(1, Nodes(nodes), replicas)).Message);

    private static ClusterNode[] Nodes(int count) =>
        [.. Enumerable.Range(0, count).Select(i => new ClusterNode($"n{i}", "localhost", 7600 + i))];

    private static IEnumerable<int> ReplicasOf(ClusterTopology topology, int primary) =>
        topology.Ranges.Where(range => range.Primary == primary).Select(range => range.Copies[1]).Order();
}
