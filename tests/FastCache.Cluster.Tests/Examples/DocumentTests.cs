using System.Text;

namespace FastCache.Cluster.Tests.Examples;

public sealed class DocumentTests
{
    private const string Nodes = """[ { "name": "a", "address": "10.0.0.1:7600", "zone": "z1" }, { "name": "b", "address": "[::1]:7601" } ]""";
    private const string Slots = """[ { "range": "8192-16383", "primary": "b", "replicas": ["a"] }, { "range": "0-8191", "primary": "a" } ]""";

    [Fact]
    public void Document_tells_nodes_and_copies()
    {
        ClusterTopology topology = Read($$"""{ "epoch": 7, "nodes": {{Nodes}}, "slots": {{Slots}} }""");
        Assert.Equal(7u, topology.Epoch);
        Assert.Equal(new ClusterNode("a", "10.0.0.1", 7600, "z1"), topology.Nodes[0]);
        Assert.Equal(("::1", "[::1]:7601"), (topology.Nodes[1].Host, topology.Nodes[1].Address));
        Assert.Equal([0], topology.CopiesOf(8191));
        Assert.Equal([1, 0], topology.CopiesOf(8192));
        Assert.True(topology.Has(0, 16_383));
        Assert.False(topology.Has(1, 0));
        Assert.Equal((1, -1), (topology.IndexOf("b"), topology.IndexOf("c")));
    }

    [Fact]
    public void What_is_written_reads_the_same()
    {
        ClusterTopology topology = Read($$"""{ "epoch": 7, "nodes": {{Nodes}}, "slots": {{Slots}} }""");
        byte[] written = TopologyDocument.Write(topology);
        Assert.Equal(written, TopologyDocument.Write(TopologyDocument.Read(written)));
        Assert.Contains("{\"range\":\"0-8191\",\"primary\":\"a\"}", Encoding.UTF8.GetString(written), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "The document is not as it should be")]
    [InlineData("null", "The document is null")]
    [InlineData("[]", "The document is not as it should be")]
    [InlineData("{ \"epoch\": 1, \"nodes\": NODES }", "slots")]
    [InlineData("{ \"epoch\": 1, \"nodes\": NODES, \"slots\": SLOTS, \"slot\": [] }", "slot")]
    [InlineData("{ \"epoch\": 0, \"nodes\": NODES, \"slots\": SLOTS }", "The epoch is 0; it must be 1 to 4294967295.")]
    [InlineData("{ \"epoch\": -1, \"nodes\": NODES, \"slots\": SLOTS }", "epoch")]
    [InlineData("{ \"epoch\": 4294967296, \"nodes\": NODES, \"slots\": SLOTS }", "epoch")]
    [InlineData("{ \"epoch\": 1, \"nodes\": null, \"slots\": SLOTS }", "nodes")]
    [InlineData("{ \"epoch\": 1, \"nodes\": [null], \"slots\": SLOTS }", "null")]
    [InlineData("{ \"epoch\": 1, \"nodes\": [], \"slots\": SLOTS }", "which is not among the nodes")]
    [InlineData("{ \"epoch\": 1, \"nodes\": [], \"slots\": [] }", "There are 0 nodes; allowed are 1 to 4096.")]
    [InlineData("{ \"epoch\": 1, \"nodes\": NODES, \"slots\": [] }", "Nobody has slots 0-16383.")]
    [InlineData("{ \"epoch\": 1, \"nodes\": NODES, \"slots\": [{\"range\":\"0-9\",\"primary\":\"a\"}] }", "Nobody has slots 10-16383.")]
    [InlineData("{ \"epoch\": 1, \"nodes\": NODES, \"slots\": [{\"range\":\"5\",\"primary\":\"a\"}] }", "Nobody has slots 0-4.")]
    [InlineData("{ \"epoch\": 1, \"nodes\": NODES, \"slots\": [{\"range\":\"0-9\",\"primary\":\"a\"},{\"range\":\"9-16383\",\"primary\":\"a\"}] }", "overlap")]
    [InlineData("{ \"epoch\": 1, \"nodes\": NODES, \"slots\": [{\"range\":\"0-16384\",\"primary\":\"a\"}] }", "no range within 0 to 16383")]
    [InlineData("{ \"epoch\": 1, \"nodes\": NODES, \"slots\": [{\"range\":\"-1-5\",\"primary\":\"a\"}] }", "The range '-1-5' must be two slots")]
    [InlineData("{ \"epoch\": 1, \"nodes\": NODES, \"slots\": [{\"range\":\"0-x\",\"primary\":\"a\"}] }", "The range '0-x' must be two slots")]
    [InlineData("{ \"epoch\": 1, \"nodes\": NODES, \"slots\": [{\"range\":\"0-16383\",\"primary\":\"c\"}] }", "name node 'c', which is not among the nodes")]
    [InlineData("{ \"epoch\": 1, \"nodes\": NODES, \"slots\": [{\"range\":\"0-16383\",\"primary\":\"a\",\"replicas\":[\"a\"]}] }", "name node a twice")]
    [InlineData("{ \"epoch\": 1, \"nodes\": [{\"name\":\"a\",\"address\":\"h\"}], \"slots\": SLOTS }", "it must be host:port")]
    [InlineData("{ \"epoch\": 1, \"nodes\": [{\"name\":\"a\",\"address\":\"h:0\"}], \"slots\": SLOTS }", "it must be host:port")]
    [InlineData("{ \"epoch\": 1, \"nodes\": [{\"name\":\"a\",\"address\":\"::1:7600\"}], \"slots\": SLOTS }", "it must be host:port")]
    [InlineData("{ \"epoch\": 1, \"nodes\": [{\"name\":\"a b\",\"address\":\"h:1\"}], \"slots\": [{\"range\":\"0-16383\",\"primary\":\"a b\"}] }", "The name of node 0 is 'a b'")]
    [InlineData("{ \"epoch\": 1, \"nodes\": [{\"name\":\"a\",\"address\":\"h:1\",\"zone\":\"\"}], \"slots\": [{\"range\":\"0-16383\",\"primary\":\"a\"}] }", "The zone of node 0 is ''")]
    [InlineData("{ \"epoch\": 1, \"nodes\": [{\"name\":\"a\",\"address\":\"h:1\"},{\"name\":\"a\",\"address\":\"h:2\"}], \"slots\": [{\"range\":\"0-16383\",\"primary\":\"a\"}] }", "Two nodes have the name a.")]
    [InlineData("{ \"epoch\": 1, \"nodes\": [{\"name\":\"a\",\"address\":\"h:1\"},{\"name\":\"b\",\"address\":\"H:1\"}], \"slots\": [{\"range\":\"0-16383\",\"primary\":\"a\"}] }", "Nodes a and b have the same address")]
    public void What_breaks_a_rule_is_named(string json, string message)
    {
        string whole = json.Replace("NODES", Nodes, StringComparison.Ordinal).Replace("SLOTS", Slots, StringComparison.Ordinal);
        Assert.Contains(message, Assert.Throws<TopologyException>(() => Read(whole)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void File_is_named_in_what_is_wrong_with_it()
    {
        Assert.Contains("no-such-file.json: ", Assert.Throws<TopologyException>(
            () => TopologyDocument.ReadFile("no-such-file.json")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Largest_topology_is_within_the_longest_document()
    {
        ClusterNode[] nodes = [.. Enumerable.Range(0, ClusterTopology.MaxNodes).Select(
            i => new ClusterNode($"node-{i:00000}", $"cache-{i:00000}.cluster.internal", 7600, $"zone-{i % 9}", "region-1"))];
        ClusterTopology topology = new(
            uint.MaxValue,
            nodes,
            Enumerable.Range(0, 16_384).Select(slot => new SlotRange(
                slot, slot, [.. Enumerable.Range(0, 3).Select(copy => (slot + copy) % nodes.Length)])));
        byte[] document = TopologyDocument.Write(topology);
        Assert.InRange(document.Length, 1 << 20, TopologyDocument.MaxBytes);
        Assert.Equal(topology.CopiesOf(12_345), TopologyDocument.Read(document).CopiesOf(12_345));
    }

    private static ClusterTopology Read(string json) => TopologyDocument.Read(Encoding.UTF8.GetBytes(json));
}
