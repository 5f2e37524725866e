using FastCache.Client.Operations;
using FastCache.Client.Replicas;
using FastCache.Client.Tests.Fakes;
using FastCache.Cluster;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Examples;

/// <summary>Reads that wait too long at one of the nodes that have a copy.</summary>
public sealed class LateReadTests
{
    private const int Slot = 5;

    [Fact]
    public void Late_read_keeps_its_slot_when_its_operation_is_another_request()
    {
        OperationTable table = new(capacity: 1);
        Operation operation = new OperationPool().Rent();
        int ticket = operation.Begin(deadline: 10, default, Slot, isAtPrimary: false);
        table.Add(operation, ticket, Opcode.Get, end: 1, frameBytes: 1, Purpose.Copy);
        List<LateRead> late = [];
        table.AddLate(null!, latestDeadline: 10, timeoutMillis: 10, late);
        Assert.True(operation.TryClaim(ticket));
        operation.EndUnheard();
        operation.Begin(deadline: 20, default);
        Assert.Equal(-1, operation.Slot);
        Assert.Equal(Slot, Assert.Single(late).Slot);
    }

    [Fact]
    public async Task Late_read_is_asked_of_a_replica_that_was_not_there_when_the_read_became_late()
    {
        await using ScriptedNode primary = new();
        ScriptedNode replica = new();
        ClusterTopology topology = new(
            1,
            [new("p", "127.0.0.1", primary.EndPoint.Port), new("r", "127.0.0.1", replica.EndPoint.Port)],
            [new SlotRange(0, KeySlot.Count - 1, [0, 1])]);
        primary.Cluster = replica.Cluster = (1, TopologyDocument.Write(topology));
        await using FastCacheClient client = await FastCacheClient.ConnectAsync(
            primary.Options with { ReadFrom = ReadFrom.BestCopy, HedgeAfterPercentile = 0.5 });
        using ScriptedConnection atPrimary = await primary.ConnectedAsync();
        using (ScriptedConnection lost = await replica.ConnectedAsync())
        {
            replica.Stop();
        }

        Eventually.Is(() => client.Nodes.Any(node => !node.IsConnected), () => "the replica is still connected");
        Task<CacheValue> get = client.GetAsync([1]).AsTask();
        while ((await atPrimary.ReadAsync())!.Opcode != Opcode.Get)
        {
        }

        await Task.Delay(300); // It is late, and nobody else is there.
        await using ScriptedNode again = replica.Restart();
        again.Cluster = primary.Cluster;
        using ScriptedConnection atReplica = await again.ConnectedAsync();
        ScriptedRequest asked = (await atReplica.ReadAsync())!;
        while (asked.Opcode != Opcode.LeaseGet)
        {
            await atReplica.ReplyAsync(asked, Status.Ok);
            asked = (await atReplica.ReadAsync())!;
        }

        await atReplica.ReplyAsync(asked, Status.Ok, [.. new byte[8], 9], (uint)LeaseResult.Hit);
        using CacheValue value = await get.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal([9], value.Span.ToArray());
    }
}
