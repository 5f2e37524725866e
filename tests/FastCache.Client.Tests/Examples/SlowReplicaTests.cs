using System.Diagnostics;
using FastCache.Client.Tests.Fakes;
using FastCache.Cluster;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Examples;

/// <summary>How soon a slow node is avoided, and used again when it is quick.</summary>
public sealed class SlowReplicaTests
{
    private static readonly byte[] Key = "key"u8.ToArray();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_slow_node_is_avoided_within_100_ms_and_used_again_when_it_is_quick(int slow)
    {
        ScriptedNode[] nodes = [new(), new(), new()];
        ModelNode[] models = [.. nodes.Select((node, i) => new ModelNode(node, new Random(i), losesOneIn: 0) { PausesOneIn = 0 })];
        ClusterTopology topology = new(
            1,
            [.. nodes.Select((node, i) => new ClusterNode($"n{i}", "127.0.0.1", node.EndPoint.Port))],
            [new SlotRange(0, KeySlot.Count - 1, [0, 1, 2])]);
        foreach (ScriptedNode node in nodes)
        {
            node.Cluster = (1, TopologyDocument.Write(topology));
        }

        Array.ForEach(models, model => _ = Task.Run(model.ServeAsync));
        await using (FastCacheClient client = await FastCacheClient.ConnectAsync(
            nodes[0].Options with { ReadFrom = ReadFrom.BestCopy, ReplicaMaxAge = TimeSpan.FromHours(1) }))
        {
            await client.SetAsync(Key, "value"u8);
            await ReadAsync(client, TimeSpan.FromSeconds(20), () => models.All(model => model.Reads > 20));
            models[slow].DelayMillis = 50;
            await ReadAsync(client, TimeSpan.FromMilliseconds(100), () => false);
            int atSlow = models[slow].Reads;
            int all = models.Sum(model => model.Reads);
            await ReadAsync(client, TimeSpan.FromMilliseconds(900), () => false);
            atSlow = models[slow].Reads - atSlow;
            all = models.Sum(model => model.Reads) - all;
            Assert.True(atSlow * 10 <= all, $"{atSlow} of {all} reads went to the slow node");
            models[slow].DelayMillis = 0;
            int before = models[slow].Reads;
            Stopwatch quick = Stopwatch.StartNew();
            await ReadAsync(client, TimeSpan.FromSeconds(20), () => models[slow].Reads > before + 20);
            Assert.True(quick.Elapsed < TimeSpan.FromSeconds(0.5 + 5), $"used again after {quick.Elapsed}"); // 5 s for a loaded machine.
        }

        foreach (ScriptedNode node in nodes)
        {
            await node.DisposeAsync();
        }
    }

    /// <summary>Reads one after the other, a few at a time, until a time is over or something is so.</summary>
    private static Task ReadAsync(FastCacheClient client, TimeSpan longest, Func<bool> isEnough)
    {
        Stopwatch time = Stopwatch.StartNew();
        return Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            while (time.Elapsed < longest && !isEnough())
            {
                using CacheValue value = await client.GetAsync(Key);
                Assert.Equal("value"u8, value.Span);
            }
        })));
    }
}
