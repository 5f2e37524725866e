using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>The blocking batch against a real node.</summary>
public sealed class BatchTests
{
    [Theory]
    [InlineData("1")]
    [InlineData("3")]
    public void A_batch_is_answered_request_by_request(string shards)
    {
        using RunningNode node = RunningNode.Start("--shards", shards);
        using FastCacheBatch batch = Connect(node);
        for (int round = 0; round < 3; round++)
        {
            batch.Clear();
            for (int i = 0; i < 500; i++)
            {
                byte[] key = NodeTests.Key($"key {i}");
                Assert.Equal(4 * i, batch.Set(key, NodeTests.Bytes(i, i), new SetTerms { ReturnVersion = true }));
                batch.Get(key, returnVersion: true);
                batch.Delete(key);
                batch.Get(key);
            }

            batch.Execute();
            Assert.Equal(2000, batch.Count);
            for (int i = 0; i < 500; i++)
            {
                Assert.Equal(Status.Ok, batch[4 * i].Status);
                Assert.Equal(batch[4 * i].Version, batch[(4 * i) + 1].Version);
                Assert.True(batch[(4 * i) + 1].Value.SequenceEqual(NodeTests.Bytes(i, i)));
                Assert.Equal(Status.Ok, batch[(4 * i) + 2].Status);
                Assert.Equal(Status.NotFound, batch[(4 * i) + 3].Status);
            }
        }
    }

    [Fact]
    public void Large_values_in_both_directions_do_not_block_each_other()
    {
        using RunningNode node = RunningNode.Start("--memory", "256MiB");
        using FastCacheBatch batch = FastCacheBatch.Connect(
            new() { Seeds = [node.EndPoint], MaxSendBytes = 64 << 20, RequestTimeout = TimeSpan.FromSeconds(20) });
        for (int i = 0; i < 20; i++)
        {
            byte[] key = NodeTests.Key($"large {i}");
            batch.Set(key, NodeTests.Bytes(1 << 20, i));
            batch.Get(key);
        }

        batch.Execute();
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(Status.Ok, batch[2 * i].Status);
            Assert.True(batch[(2 * i) + 1].Value.SequenceEqual(NodeTests.Bytes(1 << 20, i)));
        }
    }

    [Fact]
    public void A_node_that_ends_is_an_exception_and_a_reply_before_Execute_is_one_too()
    {
        using RunningNode node = RunningNode.Start();
        using FastCacheBatch batch = Connect(node);
        batch.Get([1]);
        Assert.Throws<InvalidOperationException>(() => batch[0].Status);
        Assert.Throws<ArgumentOutOfRangeException>(() => batch[1].Status);
        node.Stop();
        CacheConnectionException failure = Assert.Throws<CacheConnectionException>(batch.Execute);
        Assert.Contains(node.EndPoint.ToString(), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_batch_reaches_all_nodes_of_a_cluster_also_when_slots_move()
    {
        using RunningCluster cluster = new();
        using FastCacheBatch batch = Connect(cluster[2]);
        foreach (int nodes in (int[])[3, 2, 3, 1])
        {
            if (nodes != 3 || cluster.Topology.Epoch > 1)
            {
                cluster.Spread(nodes);
            }

            batch.Clear();
            for (int i = 0; i < 900; i++)
            {
                byte[] key = NodeTests.Key($"key {i}");
                batch.Set(key, NodeTests.Bytes(i, i));
                batch.Get(key);
            }

            batch.Execute();
            for (int i = 0; i < 900; i++)
            {
                Assert.Equal(Status.Ok, batch[2 * i].Status);
                Assert.True(batch[(2 * i) + 1].Value.SequenceEqual(NodeTests.Bytes(i, i)));
            }
        }
    }

    [Fact]
    public void A_node_killed_between_parts_fails_its_own_requests_only_until_it_is_back()
    {
        using RunningCluster cluster = new();
        using FastCacheBatch batch = Connect(cluster[0]);
        byte[][] keys = [.. Enumerable.Range(0, 3000).Select(i => NodeTests.Key($"key {i}"))];
        byte[] value = NodeTests.Bytes(1000, 1);
        Array.ForEach(keys, key => batch.Set(key, value));
        batch.Send(); // Some of many parts.
        cluster[1].Crash();
        CacheException failure = Assert.ThrowsAny<CacheException>(batch.Receive);
        Assert.True(failure.MayHaveExecuted);
        bool[] isSent = new bool[2];
        for (int i = 0; i < keys.Length; i++)
        {
            CacheException? own = batch.FailureOf(i);
            Assert.Equal(cluster.NodeOf(keys[i]) == 1, own is not null);
            if (own is null)
            {
                Assert.Equal(Status.Ok, batch[i].Status);
            }
            else
            {
                isSent[own.MayHaveExecuted ? 1 : 0] = true;
            }
        }

        Assert.Equal([true, true], isSent);
        cluster.Start(1);
        Eventually.Is(
            () =>
            {
                batch.Clear();
                Array.ForEach(keys, key => batch.Set(key, value));
                try
                {
                    batch.Execute();
                    return true;
                }
                catch (CacheConnectionException)
                {
                    return false;
                }
            },
            () => $"{batch.FailureOf(Array.FindIndex(keys, key => cluster.NodeOf(key) == 1))}");
        Assert.All(Enumerable.Range(0, keys.Length), i => Assert.Equal(Status.Ok, batch[i].Status));
    }

    private static FastCacheBatch Connect(RunningNode node) =>
        FastCacheBatch.Connect(new() { Seeds = [node.EndPoint], RequestTimeout = TimeSpan.FromSeconds(20) });
}
