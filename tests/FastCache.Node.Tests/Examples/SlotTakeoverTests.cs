using System.Text;
using FastCache.Core;
using FastCache.Node.Cluster;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;
using FastCache.Protocol;

namespace FastCache.Node.Tests.Examples;

public sealed class SlotTakeoverTests : IDisposable
{
    private const int Keys = 5_000;

    private readonly string _path = Path.GetTempFileName();
    private readonly Shard _shard = new(new ShardOptions { MemoryBudgetBytes = 16 << 20 });
    private readonly NodeLog _log = new(TextWriter.Null);
    private readonly NodeCounters _counters = new();

    public void Dispose()
    {
        _log.Dispose();
        _shard.Dispose();
        File.Delete(_path);
    }

    [Fact]
    public void Topology_that_is_newer_already_when_its_turn_comes_is_not_passed_over()
    {
        TopologyFile file = Begin(out NodeTopology topology, out SlotTakeover takeover);
        Accept(file, 2, "0-8191", "8192-16383");
        Accept(file, 3, "0-16383", null);
        Finish(takeover);
        Assert.Equal(3u, topology.Slots!.Epoch);
        RequireOnly(slot => slot < 8192);
    }

    [Fact]
    public void Topologies_that_come_during_a_sweep_wait_for_its_end_and_each_counts()
    {
        TopologyFile file = Begin(out NodeTopology topology, out SlotTakeover takeover);
        Accept(file, 2, "0-8191", "8192-16383");
        takeover.Step();
        Accept(file, 3, "4096-16383", "0-4095");
        Accept(file, 4, "0-16383", null);
        takeover.Step();
        Assert.Equal(2u, topology.Slots!.Epoch);
        Finish(takeover);
        Assert.Equal(4u, topology.Slots!.Epoch);
        RequireOnly(slot => slot is >= 4096 and < 8192);
    }

    [Fact]
    public void Slots_of_a_primary_that_becomes_a_replica_are_lost_until_they_are_empty()
    {
        TopologyFile file = Begin(out NodeTopology topology, out SlotTakeover takeover);
        Accept(file, 2, "0-8191", "8192-16383", """, "replicas": ["a"]""");
        takeover.Step();
        Assert.Equal(2u, topology.Slots!.Epoch);
        Assert.False(topology.Slots.Serves(8192, isForCopy: true));
        Assert.True(topology.Slots.Serves(8191, isForCopy: false));
        Finish(takeover);
        Assert.True(topology.Slots.Serves(8192, isForCopy: true));
        Assert.False(topology.Slots.Serves(8192, isForCopy: false));
        RequireOnly(slot => slot < 8192);
        Accept(file, 3, "0-16383", null);
        Finish(takeover);
        Assert.True(topology.Slots.Serves(8192, isForCopy: false));
        RequireOnly(slot => slot < 8192);
    }

    private static byte[] Key(int number) => Encoding.ASCII.GetBytes($"key {number}");

    private TopologyFile Begin(out NodeTopology topology, out SlotTakeover takeover)
    {
        Write(1, "0-16383", null);
        TopologyFile file = new(_path, "a");
        topology = new NodeTopology(new ShardDirectory(1), 0, file.Current);
        takeover = new SlotTakeover(topology, _shard, new Tracking(new ChangeLog(), _counters), _counters, _log);
        for (int i = 0; i < Keys; i++)
        {
            Assert.Equal(WriteOutcome.Done, _shard.Set(Key(i), "v"u8, default, out _));
        }

        return file;
    }

    private void Accept(TopologyFile file, uint epoch, string own, string? others, string replicas = "")
    {
        Write(epoch, own, others, replicas);
        string said = file.Reload(out bool isNew);
        Assert.True(isNew, said);
    }

    private void Write(uint epoch, string own, string? others, string replicas = "")
    {
        string rest = others is null ? "" : $$""", { "range": "{{others}}", "primary": "b"{{replicas}} }""";
        File.WriteAllText(_path, $$"""
            { "epoch": {{epoch}},
              "nodes": [ { "name": "a", "address": "10.0.0.1:7600" }, { "name": "b", "address": "10.0.0.2:7600" } ],
              "slots": [ { "range": "{{own}}", "primary": "a" }{{rest}} ] }
            """);
    }

    private static void Finish(SlotTakeover takeover)
    {
        int steps = 0;
        while (takeover.HasWork)
        {
            takeover.Step();
            Assert.True(++steps < 10_000, "the sweep does not end");
        }
    }

    private void RequireOnly(Func<int, bool> isKept)
    {
        for (int i = 0; i < Keys; i++)
        {
            Assert.Equal(isKept(KeySlot.Of(Key(i))), _shard.TryGet(Key(i), out _));
        }
    }
}
