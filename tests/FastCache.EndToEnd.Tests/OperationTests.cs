using System.Diagnostics;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests;

public abstract class OperationTests(NodeFixture fixture) : IDisposable
{
    private readonly TestClient _client = fixture.Node.Connect();

    public void Dispose()
    {
        _client.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public void Hello_tells_the_limits()
    {
        using TestClient client = new(fixture.Node.EndPoint, hello: false);
        ReceivedReply reply = client.Call(frame => RequestWriter.Hello(frame, 7, features: 0xFFFFFFFF));
        Assert.Equal((Opcode.Hello, Status.Ok, 7u), (reply.Opcode, reply.Status, reply.Id));
        Assert.Equal(
            new HelloReply(1, (uint)(Features.Push | Features.UnorderedReplies), 250, TestClient.MaxValueBytes, 1024, FcpLimits.MaxSkippableBodyBytes)
            {
                ShardCount = 1,
                MaxOpenStreams = 16,
                MaxStreamedValueBytes = 16 << 20, // A quarter of the budget.
            },
            HelloReply.Read(reply.Value));
    }

    [Fact]
    public void Stores_reads_and_deletes()
    {
        Assert.Equal(Status.NotFound, _client.Get("basic").Status);
        ReceivedReply set = _client.Set("basic", [1, 2, 3]);
        Assert.True(set is { Status: Status.Ok, HasVersion: true, Value.Length: 0 });
        ReceivedReply plain = _client.Get("basic");
        Assert.False(plain.HasVersion);
        Assert.Equal([1, 2, 3], plain.Value);
        Assert.Equal(set.Version, _client.Get("basic", returnVersion: true).Version);
        Assert.Equal(Status.Ok, _client.Delete("basic").Status);
        Assert.Equal(Status.NotFound, _client.Delete("basic").Status);
        Assert.Equal(Status.NotFound, _client.Get("basic").Status);
        Assert.False(_client.Set("basic", [], returnVersion: false).HasVersion);
    }

    [Fact]
    public void Set_if_absent_and_if_present()
    {
        Assert.Equal(Status.NotFound, _client.Set("cond", [1], mode: SetMode.IfPresent).Status);
        Assert.Equal(Status.Ok, _client.Set("cond", [2], mode: SetMode.IfAbsent).Status);
        ReceivedReply refused = _client.Set("cond", [3], mode: SetMode.IfAbsent);
        Assert.Equal(Status.Exists, refused.Status);
        Assert.False(refused.HasVersion);
        Assert.Equal([2], _client.Get("cond").Value);
        Assert.Equal(Status.Ok, _client.Set("cond", [4], mode: SetMode.IfPresent).Status);
        Assert.Equal([4], _client.Get("cond").Value);
    }

    [Fact]
    public void Set_and_delete_if_the_version_matches()
    {
        Assert.Equal(Status.NotFound, _client.Set("cas", [1], mode: SetMode.IfVersion, expectedVersion: 1).Status);
        Assert.Equal(Status.NotFound, _client.Delete("cas", 1).Status);
        ulong first = _client.Set("cas", [1]).Version;
        ReceivedReply second = _client.Set("cas", [2], mode: SetMode.IfVersion, expectedVersion: first);
        Assert.Equal(Status.Ok, second.Status);
        Assert.True(second.Version > first);
        Assert.Equal(Status.VersionMismatch, _client.Set("cas", [3], mode: SetMode.IfVersion, expectedVersion: first).Status);
        Assert.Equal(Status.VersionMismatch, _client.Delete("cas", first).Status);
        Assert.Equal([2], _client.Get("cas").Value);
        Assert.Equal(Status.Ok, _client.Delete("cas", second.Version).Status);
        Assert.Equal(Status.NotFound, _client.Get("cas").Status);
    }

    [Fact]
    public void Touch_keeps_value_and_version()
    {
        Assert.Equal(Status.NotFound, _client.Touch("touch", 1000).Status);
        ulong version = _client.Set("touch", [9]).Version;
        Assert.Equal(Status.Ok, _client.Touch("touch", 3_600_000).Status);
        Assert.Equal(Status.Ok, _client.Touch("touch").Status);
        ReceivedReply reply = _client.Get("touch", returnVersion: true);
        Assert.Equal(version, reply.Version);
        Assert.Equal([9], reply.Value);
    }

    [Fact]
    public void Items_live_as_long_as_they_were_given()
    {
        const int livesMillis = 300;
        const int earliestMillis = livesMillis - 10; // The node's clock is exact to a tick of its kernel.
        Stopwatch clock = Stopwatch.StartNew();
        _client.Set("short", [1], timeToLiveMillis: livesMillis);
        _client.Set("touched short", [1]);
        _client.Touch("touched short", livesMillis);
        _client.Set("touched long", [1], timeToLiveMillis: livesMillis);
        _client.Touch("touched long");
        _client.Set("longest", [1], timeToLiveMillis: FcpLimits.MaxTimeToLiveMillis);
        bool isThere = _client.Get("short").Status == Status.Ok && _client.Get("touched short").Status == Status.Ok;
        Assert.True(isThere || clock.ElapsedMilliseconds >= earliestMillis, "expired too early");
        while (_client.Get("short").Status == Status.Ok || _client.Get("touched short").Status == Status.Ok)
        {
            Assert.True(clock.ElapsedMilliseconds < 5_000, "does not expire");
        }

        Assert.True(clock.ElapsedMilliseconds >= earliestMillis, "expired too early");
        Assert.Equal(Status.Ok, _client.Get("touched long").Status);
        Assert.Equal(Status.Ok, _client.Get("longest").Status);
        Assert.Equal(Status.Ok, _client.Set("short", [2], mode: SetMode.IfAbsent).Status);
    }

    [Fact]
    public void Ping_brings_its_bytes_back()
    {
        foreach (int length in (int[])[0, 1, 255, 256])
        {
            byte[] payload = TestClient.Bytes(length, length);
            ReceivedReply reply = _client.Ping(payload);
            Assert.Equal((Opcode.Ping, Status.Ok), (reply.Opcode, reply.Status));
            Assert.Equal(payload, reply.Value);
        }
    }

    [Fact]
    public void Stats_count_what_was_done()
    {
        Dictionary<string, long> before = _client.Stats();
        _client.Set("stats", [1, 2]);
        _client.Get("stats");
        _client.Get("no stats");
        _client.Delete("stats");
        Dictionary<string, long> after = _client.Stats();
        Assert.Equal(1, after["sets"] - before["sets"]);
        Assert.Equal(1, after["hits"] - before["hits"]);
        Assert.Equal(1, after["misses"] - before["misses"]);
        Assert.Equal(1, after["deletes"] - before["deletes"]);
        Assert.Equal(5, after["requests"] - before["requests"]);
        Assert.Equal(before["items"], after["items"]);
        Assert.True(after["connections"] >= 1 && after["bytes_received"] > before["bytes_received"]);
        Assert.True(after["bytes_sent"] > before["bytes_sent"] && after["uptime_ms"] >= before["uptime_ms"]);
        Assert.Equal(64L << 20, after["memory_budget_bytes"]);
    }

    [Fact]
    public void Batched_get_of_1024_keys_answers_in_key_order()
    {
        ReadOnlyMemory<byte>[] keys = [.. Enumerable.Range(0, 1_024).Select(i => (ReadOnlyMemory<byte>)TestClient.Key($"batch {i}"))];
        ulong[] versions = new ulong[keys.Length];
        for (int i = 0; i < keys.Length; i += 3)
        {
            versions[i] = _client.Set($"batch {i}", BitConverter.GetBytes(i)).Version;
        }

        foreach (bool returnVersion in (bool[])[false, true])
        {
            _client.Send(_client.Frame(frame => RequestWriter.BatchGet(frame, 77, keys, returnVersion)));
            for (int i = 0; i < keys.Length; i++)
            {
                ReceivedReply reply = _client.Read();
                Assert.Equal((Opcode.BatchGet, 77u, (uint)i), (reply.Opcode, reply.Id, reply.Argument));
                Assert.Equal(i == keys.Length - 1, reply.IsLast);
                Assert.Equal(i % 3 == 0 ? Status.Ok : Status.NotFound, reply.Status);
                Assert.Equal(i % 3 == 0 ? BitConverter.GetBytes(i) : [], reply.Value);
                Assert.Equal(returnVersion ? versions[i] : 0, reply.Version);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(249)]
    [InlineData(250)]
    public void Keys_of_every_length(int length)
    {
        string key = new('k', length);
        Assert.Equal(Status.Ok, _client.Set(key, [1]).Status);
        Assert.Equal([1], _client.Get(key).Value);
        Assert.Equal(Status.Ok, _client.Delete(key).Status);
    }
}
