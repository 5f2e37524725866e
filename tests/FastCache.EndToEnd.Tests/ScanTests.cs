using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

/// <summary>Which keys a node tells of.</summary>
public sealed class ScanTests
{
    [Fact]
    public void All_keys_of_a_prefix_are_told_and_no_others()
    {
        using RunningNode node = RunningNode.Start();
        using TestClient client = node.Connect();
        string[] keys = [.. Enumerable.Range(0, 5_000).Select(i => $"a{i}")];
        foreach (string key in keys)
        {
            client.Set(key, [1]);
        }

        client.Set("b", [1]);
        Assert.Equal(keys.Append("b").Order(), client.Scan().Order());
        Assert.Equal(keys.Order(), client.Scan("a").Order());
        Assert.Equal(keys.Where(key => key.StartsWith("a12", StringComparison.Ordinal)).Order(), client.Scan("a12").Order());
        Assert.Equal(["b"], client.Scan("b"));
        Assert.Empty(client.Scan("c"));
        Assert.Empty(client.Scan(new string('b', FcpLimits.MaxKeyBytes)));
    }

    [Fact]
    public void Only_what_a_get_finds_is_told()
    {
        using RunningNode node = RunningNode.Start("--stale-time", "60");
        using TestClient client = node.Connect();
        client.Set("fresh", [1]);
        client.Set("expired", [1], timeToLiveMillis: 1);
        client.Set("deleted", [1]);
        client.Delete("deleted");
        client.Set("stale", [1]);
        Assert.Equal(Status.Ok, client.Ask((f, id) => RequestWriter.MakeStale(f, id, "stale"u8)).Status);
        Assert.Equal((uint)LeaseResult.Fill, client.Ask((f, id) => RequestWriter.LeaseGet(f, id, "promised"u8, 60_000)).Argument);
        uint stream = client.Tell((f, id) => RequestWriter.SetBegin(f, id, "on its way"u8, 3));
        Assert.Equal(Status.Ok, client.Read().Status);
        Assert.Equal(Status.Ok, client.Ask((f, id) => RequestWriter.SetPiece(f, id, stream, [1, 2, 3])).Status);
        Eventually.Is(() => client.Get("expired").Status == Status.NotFound, () => "it does not expire");
        Assert.Equal(["fresh"], client.Scan());
        Assert.Equal(Status.Ok, client.Ask((f, id) => RequestWriter.SetCommit(f, id, stream)).Status);
        Assert.Equal(["fresh", "on its way"], client.Scan().Order());
    }

    [Fact]
    public void Shard_of_the_connection_tells_of_its_own_keys()
    {
        using RunningNode node = RunningNode.Start("--shards", "2");
        HashSet<string> keys = [.. Enumerable.Range(0, 500).Select(i => $"key {i}")];
        using TestClient first = Connect(1);
        using TestClient second = Connect(2);
        foreach (string key in keys)
        {
            first.Set(key, [1]);
        }

        List<string> ofFirst = first.Scan();
        List<string> ofSecond = second.Scan();
        Assert.All(ofFirst, key => Assert.True(KeySlot.Of(TestClient.Key(key)) < KeySlot.Count / 2));
        Assert.Equal(keys.Order(), ofFirst.Concat(ofSecond).Order());

        TestClient Connect(ushort shard)
        {
            TestClient client = new(node.EndPoint, hello: false);
            client.Call(frame => RequestWriter.Hello(frame, 0, new HelloRequest(FcpLimits.Version, 0, shard)));
            return client;
        }
    }

    [Fact]
    public void Keys_of_slots_that_the_node_has_lost_are_not_told()
    {
        using ClusterFile file = new();
        file.Write(1, ClusterFile.AllOfA);
        using RunningNode node = file.Start();
        using TestClient client = node.Connect();
        string[] lower = ClusterFile.Keys(2_000, isUpper: false);
        foreach (string key in lower.Concat(ClusterFile.Keys(2_000, isUpper: true)))
        {
            client.Set(key, [1]);
        }

        Assert.Equal(4_000, client.Scan().Count);
        file.Write(2, ClusterFile.LowerOfA);
        node.Signal(System.Runtime.InteropServices.PosixSignal.SIGHUP);
        node.AwaitLine("topology of epoch 2 accepted");
        Eventually.Is(() => client.Ask((f, id) => RequestWriter.Cluster(f, id, 0)).Argument == 2, () => "the shard does not take it over");

        // Whether the sweep has removed the others already or not.
        Assert.Equal(lower.Order(), client.Scan().Order());
    }

    [Theory]
    [InlineData(1UL << 32)]
    [InlineData(ulong.MaxValue)]
    public void Cursor_that_no_reply_has_told_is_refused(ulong cursor)
    {
        using RunningNode node = RunningNode.Start();
        using TestClient client = node.Connect();
        ReceivedReply reply = client.Ask((f, id) => RequestWriter.Scan(f, id, cursor, 1));
        Assert.Equal((Opcode.Scan, Status.RangeOutOfValue), (reply.Opcode, reply.Status));
        Assert.Equal($"cursor is {cursor}; allowed are 0 (begin) and what a reply to Scan has told", reply.Text);
        client.CheckServed();
    }
}
