using FastCache.EndToEnd.Tests.Memcached;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>What a key with a collection is for the other protocols: nothing to read or edit, something to replace, delete or give a life to.</summary>
public sealed class CollectionDoorTests : IDisposable
{
    private readonly RunningNode _node = RunningNode.StartWithAllDoors();
    private readonly RespPeer _resp;

    public CollectionDoorTests() => _resp = new RespPeer(_node.RespEndPoint);

    public void Dispose()
    {
        _resp.Dispose();
        Assert.Equal(0, _node.Stop());
        _node.Dispose();
    }

    [Theory]
    [InlineData(3)]
    [InlineData(2_000)]
    public void Is_absent_to_reads_of_FCP_and_refuses_edits(int fields)
    {
        using TestClient fcp = _node.Connect();
        Fill("key", fields);
        byte[] key = TestClient.Key("key");
        Assert.Equal(Status.NotFound, fcp.Get("key").Status);
        Assert.Equal(Status.NotFound, fcp.Ask((f, id) => RequestWriter.GetRange(f, id, key, 0, 10)).Status);
        Assert.Equal(Status.NotFound, fcp.Ask((f, id) => RequestWriter.GetStream(f, id, key, 0, 1_000)).Status);
        Assert.Equal(Status.NotFound, fcp.Ask((f, id) => RequestWriter.Append(f, id, key, "x"u8)).Status);
        Assert.Equal(Status.NotFound, fcp.Ask((f, id) => RequestWriter.Prepend(f, id, key, "x"u8)).Status);
        Assert.Equal(Status.NotANumber, fcp.Ask((f, id) => RequestWriter.Count(f, id, key, 1)).Status);
        Assert.Equal(Status.NotANumber, fcp.Ask((f, id) => RequestWriter.Count(f, id, key, 1, initial: 5)).Status);
        Assert.Equal(Status.Exists, fcp.Ask((f, id) => RequestWriter.Set(f, id, key, "x"u8, mode: SetMode.IfAbsent)).Status);
        Assert.Equal($":{fields}\r\n", _resp.Ask("HLEN", "key"));
        Assert.Equal(["key"], fcp.Scan());
        fcp.CheckServed();
    }

    [Theory]
    [InlineData(3)]
    [InlineData(2_000)]
    public void Lives_and_goes_by_FCP_as_any_item(int fields)
    {
        using TestClient fcp = _node.Connect();
        Fill("key", fields);
        Assert.Equal(Status.Ok, fcp.Touch("key", 5_000_000).Status);
        Assert.Equal($":{5_000}\r\n", _resp.Ask("TTL", "key"));
        Assert.Equal(Status.Ok, fcp.Delete("key").Status);
        Assert.Equal(":0\r\n", _resp.Ask("EXISTS", "key"));
        Fill("key", fields);
        Assert.Equal(Status.Ok, fcp.Ask((f, id) => RequestWriter.MakeStale(f, id, TestClient.Key("key"))).Status);
        Assert.Equal(":0\r\n", _resp.Ask("HLEN", "key"));
        Fill("key", fields);
        Assert.Equal(Status.Ok, fcp.Set("key", "plain"u8.ToArray()).Status);
        Assert.Equal("$5\r\nplain\r\n", _resp.Ask("GET", "key"));
        Assert.StartsWith("-WRONGTYPE", _resp.Ask("HLEN", "key"), StringComparison.Ordinal);
        Assert.StartsWith("-WRONGTYPE", _resp.Ask("HSET", "key", "a", "b"), StringComparison.Ordinal);
    }

    [Fact]
    public void Is_missing_to_a_lease_and_what_fills_it_takes_its_place()
    {
        using TestClient fcp = _node.Connect();
        Fill("key", 3);
        ReceivedReply fill = fcp.Ask((f, id) => RequestWriter.LeaseGet(f, id, TestClient.Key("key"), 10_000));
        Assert.Equal((Status.Ok, LeaseResult.Fill), (fill.Status, (LeaseResult)fill.Argument));
        Assert.Equal(":3\r\n", _resp.Ask("HLEN", "key"));
        Assert.Equal(Status.Ok, fcp.Set("key", "filled"u8.ToArray()).Status);
        Assert.Equal("+string\r\n", _resp.Ask("TYPE", "key"));
    }

    [Theory]
    [InlineData("get key", "END")]
    [InlineData("gets key", "END")]
    [InlineData("gat 100 key", "END")]
    [InlineData("mg key v t", "EN")]
    [InlineData("me key", "EN")]
    [InlineData("mg key v N30", "VA 0 W")]
    [InlineData("append key 0 0 1\r\nx", "NOT_STORED")]
    [InlineData("prepend key 0 0 1\r\nx", "NOT_STORED")]
    [InlineData("add key 0 0 1\r\nx", "NOT_STORED")]
    [InlineData("cas key 0 0 1 5\r\nx", "EXISTS")]
    [InlineData("ms key 1 MA\r\nx", "NS")]
    [InlineData("ms key 1 MA N30\r\nx", "NS")]
    [InlineData("ms key 1 ME\r\nx", "NS")]
    [InlineData("ms key 1 C5\r\nx", "EX")]
    [InlineData("ms key 1 C5 I\r\nx", "EX")]
    [InlineData("incr key 1", "CLIENT_ERROR cannot increment or decrement non-numeric value")]
    [InlineData("ma key", "CLIENT_ERROR cannot increment or decrement non-numeric value")]
    [InlineData("ma key N30 J5", "CLIENT_ERROR cannot increment or decrement non-numeric value")]
    public void Is_absent_to_reads_of_memcached_and_refuses_edits(string request, string answered)
    {
        using MemcachedPeer memcached = new(_node.MemcachedEndPoint);
        foreach (int fields in new[] { 3, 2_000 })
        {
            _resp.Ask("DEL", "key");
            Fill("key", fields);
            string reply = memcached.Ask($"{request}\r\n");
            Assert.StartsWith(answered, reply, StringComparison.Ordinal);
            Assert.Equal($":{fields}\r\n", _resp.Ask("HLEN", "key"));
            Assert.Equal("$7\r\nvalue 1\r\n", _resp.Ask("HGET", "key", "field 1"));
        }
    }

    [Theory]
    [InlineData("set key 0 0 1\r\nx", "STORED", "+string")]
    [InlineData("replace key 0 0 1\r\nx", "STORED", "+string")]
    [InlineData("ms key 1\r\nx", "HD", "+string")]
    [InlineData("ms key 1 MR\r\nx", "HD", "+string")]
    [InlineData("touch key 100", "TOUCHED", "+hash")]
    [InlineData("delete key", "DELETED", "+none")]
    [InlineData("md key", "HD", "+none")]
    [InlineData("md key I", "HD", "+none")]
    [InlineData("md key x", "HD", "+string")]
    [InlineData("flush_all", "OK", "+none")]
    public void Is_replaced_touched_and_deleted_by_memcached(string request, string answered, string left)
    {
        using MemcachedPeer memcached = new(_node.MemcachedEndPoint);
        foreach (int fields in new[] { 3, 2_000 })
        {
            _resp.Ask("DEL", "key");
            Fill("key", fields);
            Assert.StartsWith(answered, memcached.Ask($"{request}\r\n"), StringComparison.Ordinal);
            Assert.Equal($"{left}\r\n", _resp.Ask("TYPE", "key"));
        }
    }

    private void Fill(string key, int fields) => Assert.Equal(
        $":{fields}\r\n",
        _resp.Ask(["HSET", key, .. Enumerable.Range(0, fields).SelectMany<int, string>(i => [$"field {i}", $"value {i}"])]));
}
