using System.Globalization;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>Commands on hashes and sets: what chance decides, whole scans, and what is bounded here and not in Redis.</summary>
public sealed class CollectionCommandTests : IDisposable
{
    private const int MaxFieldBytes = 992;
    private const int MaxValueBytes = 256 << 10;
    private const int MostWritten = 16_384;
    private const int MostLookedUp = 32_768;
    private const string TooLong = "-ERR a reply has at most ";
    private const string TooMany = "-ERR a command looks at 65536 elements at most";

    private readonly RunningNode _node = RunningNode.StartWithResp(3);
    private readonly RespPeer _peer;

    public CollectionCommandTests() => _peer = new RespPeer(_node.RespEndPoint);

    public void Dispose()
    {
        _peer.Dispose();
        Assert.Equal(0, _node.Stop());
        _node.Dispose();
    }

    [Theory]
    [InlineData(5)]
    [InlineData(3_000)]
    public void Random_fields_are_different_ones_or_repeated_as_asked(int fields)
    {
        FillHash("hash", fields);
        Assert.StartsWith("f", RespPeer.BulksOf(_peer.Ask("HRANDFIELD", "hash"))[0], StringComparison.Ordinal);
        string[] some = RespPeer.BulksOf(_peer.Ask("HRANDFIELD", "hash", "4"));
        Assert.Equal(4, some.Distinct().Count());
        Assert.Equal(fields, RespPeer.BulksOf(_peer.Ask("HRANDFIELD", "hash", "100000")).Distinct().Count());
        string[] most = RespPeer.BulksOf(_peer.Ask("HRANDFIELD", "hash", $"{fields - 1}"));
        Assert.Equal(fields - 1, most.Distinct().Count());
        string[] repeated = RespPeer.BulksOf(_peer.Ask("HRANDFIELD", "hash", $"-{2 * fields}"));
        Assert.Equal(2 * fields, repeated.Length);
        Assert.InRange(repeated.Distinct().Count(), 2, fields);
        string[] pairs = RespPeer.BulksOf(_peer.Ask("HRANDFIELD", "hash", "-10", "WITHVALUES"));
        Assert.All(pairs.Chunk(2), pair => Assert.Equal(pair[0].Replace('f', 'v'), pair[1]));
        _peer.Ask("HELLO", "3");
        Assert.StartsWith("*3\r\n*2\r\n$", _peer.Ask("HRANDFIELD", "hash", "3", "WITHVALUES"), StringComparison.Ordinal);
        Assert.StartsWith("*3\r\n$", _peer.Ask("HRANDFIELD", "hash", "3"), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_field_is_as_probable_as_another()
    {
        FillHash("hash", 10);
        Dictionary<string, int> seen = RespPeer.BulksOf(_peer.Ask("HRANDFIELD", "hash", "-10000")).GroupBy(field => field).ToDictionary(group => group.Key, group => group.Count());
        Assert.All(seen.Values, count => Assert.InRange(count, 800, 1_200));
        seen.Clear();
        for (int i = 0; i < 1_000; i++)
        {
            foreach (string field in RespPeer.BulksOf(_peer.Ask("HRANDFIELD", "hash", "3")))
            {
                seen[field] = seen.GetValueOrDefault(field) + 1;
            }
        }

        Assert.Equal(10, seen.Count);
        Assert.All(seen.Values, count => Assert.InRange(count, 200, 400));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(3_000)]
    public void Popped_members_are_gone(int members)
    {
        FillSet("set", members);
        string one = RespPeer.BulksOf(_peer.Ask("SPOP", "set"))[0];
        Assert.Equal(":0\r\n", _peer.Ask("SISMEMBER", "set", one));
        string[] some = RespPeer.BulksOf(_peer.Ask("SPOP", "set", "3"));
        Assert.Equal(3, some.Distinct().Count());
        Assert.Equal("*3\r\n:0\r\n:0\r\n:0\r\n", _peer.Ask(["SMISMEMBER", "set", .. some]));
        Assert.Equal($":{members - 4}\r\n", _peer.Ask("SCARD", "set"));
        string[] rest = RespPeer.BulksOf(_peer.Ask("SPOP", "set", "100000"));
        Assert.Equal(members, rest.Concat(some).Append(one).Distinct().Count());
        Assert.Equal("+none\r\n", _peer.Ask("TYPE", "set"));
        Assert.Equal("$-1\r\n", _peer.Ask("SPOP", "set"));
    }

    [Theory]
    [InlineData("SSCAN", 5)]
    [InlineData("SSCAN", 3_000)]
    [InlineData("HSCAN", 5)]
    [InlineData("HSCAN", 3_000)]
    public void A_scan_sees_every_element_once(string command, int elements)
    {
        FillSet("set", elements);
        FillHash("hash", elements);
        bool isHash = command == "HSCAN";
        List<string> all = _peer.Scan([command, isHash ? "hash" : "set"], "COUNT", "70");
        Assert.Equal(isHash ? 2 * elements : elements, all.Count);
        Assert.Equal(all.Count, all.Distinct().Count());
        List<string> fitting = _peer.Scan([command, isHash ? "hash" : "set"], "MATCH", isHash ? "f*1" : "m*1");
        Assert.Equal(Enumerable.Range(0, elements).Count(i => i % 10 == 1) * (isHash ? 2 : 1), fitting.Count);
        if (isHash)
        {
            Assert.Equal(elements, _peer.Scan(["HSCAN", "hash"], "NOVALUES", "COUNT", "1000").Distinct().Count());
        }
    }

    [Fact]
    public void A_scan_of_long_values_returns_as_many_as_fit()
    {
        string value = new('v', MaxValueBytes);
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(":1\r\n", _peer.Ask("HSET", "hash", $"f{i}", value));
        }

        Assert.Equal(20, _peer.Scan(["HSCAN", "hash"], "COUNT", "1000").Count(text => text != value));
        Assert.StartsWith(TooLong, _peer.Ask("HGETALL", "hash"), StringComparison.Ordinal);
        Assert.StartsWith(TooLong, _peer.Ask("HVALS", "hash"), StringComparison.Ordinal);
        Assert.StartsWith(TooLong, _peer.Ask("HMGET", "hash", "f0", "f1", "f2", "f3", "f4"), StringComparison.Ordinal);
        Assert.StartsWith(TooLong, _peer.Ask("HRANDFIELD", "hash", "-5", "WITHVALUES"), StringComparison.Ordinal);
        Assert.Equal(20, RespPeer.BulksOf(_peer.Ask("HKEYS", "hash")).Length);
        Assert.Equal(value, RespPeer.BulksOf(_peer.Ask("HGET", "hash", "f7"))[0]);
        Assert.Equal($":{value.Length}\r\n", _peer.Ask("HSTRLEN", "hash", "f7"));
        Assert.Equal("-ERR hash value is not an integer\r\n", _peer.Ask("HINCRBY", "hash", "f7", "1"));
        Assert.Equal("-ERR hash value is not a float\r\n", _peer.Ask("HINCRBYFLOAT", "hash", "f7", "1"));
    }

    [Fact]
    public void What_is_too_long_is_refused_before_anything_is_written()
    {
        string field = new('f', MaxFieldBytes + 1);
        string value = new('v', MaxValueBytes + 1);
        string fieldRefused = "-ERR a field of a hash or a member of a set has at most 992 bytes here\r\n";
        Assert.Equal(fieldRefused, _peer.Ask("HSET", "hash", "a", "1", field, "2"));
        Assert.Equal(fieldRefused, _peer.Ask("HSETNX", "hash", field, "2"));
        Assert.Equal(fieldRefused, _peer.Ask("HINCRBY", "hash", field, "2"));
        Assert.Equal(fieldRefused, _peer.Ask("SADD", "set", "a", field));
        Assert.Equal("-ERR an element of a list or a value of a hash has at most 262144 bytes here\r\n", _peer.Ask("HSET", "hash", "a", "1", "b", value));
        Assert.Equal("$-1\r\n", _peer.Ask("HGET", "hash", field));
        Assert.Equal(":0\r\n", _peer.Ask("SISMEMBER", "set", field));
        Assert.Equal(":0\r\n", _peer.Ask("DBSIZE"));
        Assert.Equal(":1\r\n", _peer.Ask("HSET", "hash", field[1..], value[1..]));
    }

    [Fact]
    public void A_command_looks_at_so_many_elements_and_no_more()
    {
        for (int start = 0; start < 80_000; start += 10_000)
        {
            string[] run = [.. Enumerable.Range(start, 10_000).Select(i => i.ToString(CultureInfo.InvariantCulture))];
            Assert.Equal(":10000\r\n", _peer.Ask(["SADD", "{t}set", .. run]));
            Assert.Equal(":10000\r\n", _peer.Ask(["SADD", "{t}other", .. run]));
        }

        Assert.StartsWith(TooMany, _peer.Ask("SINTER", "{t}set", "{t}other"), StringComparison.Ordinal);
        Assert.StartsWith(TooMany, _peer.Ask("SDIFFSTORE", "{t}to", "{t}set", "{t}other"), StringComparison.Ordinal);
        Assert.StartsWith(TooMany, _peer.Ask("SRANDMEMBER", "{t}set", "-65537"), StringComparison.Ordinal);
        Assert.StartsWith(TooMany, _peer.Ask("SPOP", "{t}set", $"{MostWritten + 1}"), StringComparison.Ordinal);
        Assert.StartsWith(TooMany, _peer.Ask(["SREM", "{t}set", .. Enumerable.Repeat("x", MostWritten + 1)]), StringComparison.Ordinal);
        Assert.Equal(":0\r\n", _peer.Ask(["SREM", "{t}set", .. Enumerable.Repeat("x", MostWritten)]));
        Assert.StartsWith(TooMany, _peer.Ask(["SMISMEMBER", "{t}set", .. Enumerable.Repeat("1", MostLookedUp + 1)]), StringComparison.Ordinal);
        Assert.StartsWith($"*{MostLookedUp}\r\n", _peer.Ask(["SMISMEMBER", "{t}set", .. Enumerable.Repeat("1", MostLookedUp)]), StringComparison.Ordinal);
        Assert.Equal(":20000\r\n", _peer.Ask("SINTERCARD", "2", "{t}set", "{t}other", "LIMIT", "20000"));
        Assert.StartsWith("*80000\r\n", _peer.Ask("SMEMBERS", "{t}set"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR a collection that is copied has at most 16384 elements", _peer.Ask("COPY", "{t}set", "{t}to"), StringComparison.Ordinal);
        Assert.Equal(":0\r\n", _peer.Ask("EXISTS", "{t}to"));
        Assert.Equal("+OK\r\n", _peer.Ask("RENAME", "{t}set", "{t}other"));
        Assert.Equal(":80000\r\n", _peer.Ask("SCARD", "{t}other"));
        Assert.Equal("$9\r\nhashtable\r\n", _peer.Ask("OBJECT", "ENCODING", "{t}other"));
        string usage = _peer.Ask("MEMORY", "USAGE", "{t}other");
        Assert.InRange(long.Parse(usage[1..^2], CultureInfo.InvariantCulture), 80_000 * 8, 80_000 * 40);
    }

    [Fact]
    public void Long_replies_come_from_every_shard()
    {
        const int Members = 50_000;
        string[] members = [.. Enumerable.Range(0, Members).Select(i => $"member {i:00000}")];
        for (int i = 0; i < 6; i++)
        {
            foreach (string[] some in members.Chunk(10_000))
            {
                Assert.Equal(":10000\r\n", _peer.Ask(["SADD", $"set{i}", .. some]));
            }

            Assert.Equal(members, RespPeer.BulksOf(_peer.Ask("SMEMBERS", $"set{i}")).Order(StringComparer.Ordinal));
            Assert.StartsWith(TooLong, _peer.Ask("SRANDMEMBER", $"set{i}", "-65536"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Sets_of_several_shards_are_refused()
    {
        string[] keys = [.. Enumerable.Range(0, 20).Select(i => $"set{i}")];
        Assert.StartsWith("-CROSSSLOT", _peer.Ask(["SUNION", .. keys]), StringComparison.Ordinal);
        Assert.StartsWith("-CROSSSLOT", _peer.Ask(["SINTERCARD", "20", .. keys]), StringComparison.Ordinal);
        Assert.StartsWith("-CROSSSLOT", _peer.Ask(["SDIFFSTORE", .. keys]), StringComparison.Ordinal);
        Assert.Equal("*0\r\n", _peer.Ask("SUNION", "{t}a", "{t}b"));
    }

    [Fact]
    public void Hashes_are_evicted_whole_and_writes_go_on_when_memory_is_used_up()
    {
        // Hashes of 400 KB each, and plain values beside them, into 128 MiB.
        const int Count = 400;
        string[] values = [.. Enumerable.Range(0, 3_000).SelectMany<int, string>(i => [$"f{i}", $"{i}:{new string('v', 100)}"])];
        string[] expected = [.. values.Chunk(2).Select(pair => pair[0]).Order(StringComparer.Ordinal)];
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal(":3000\r\n", _peer.Ask(["HSET", $"hash{i}", .. values]));
            Assert.Equal("+OK\r\n", _peer.Ask("SET", $"plain{i}", new string('x', 50_000)));
        }

        int whole = 0;
        for (int i = 0; i < Count; i++)
        {
            string[] fields = RespPeer.BulksOf(_peer.Ask("HKEYS", $"hash{i}"));
            whole += fields.Length > 0 ? 1 : 0;
            Assert.True(fields.Length == 0 || fields.Order(StringComparer.Ordinal).SequenceEqual(expected), $"hash{i} has {fields.Length} fields");
        }

        Assert.InRange(whole, Count / 10, Count - 50);
    }

    private void FillHash(string key, int fields) => Assert.Equal(
        $":{fields}\r\n", _peer.Ask(["HSET", key, .. Enumerable.Range(0, fields).SelectMany<int, string>(i => [$"f{i}", $"v{i}"])]));

    private void FillSet(string key, int members) => Assert.Equal(
        $":{members}\r\n", _peer.Ask(["SADD", key, .. Enumerable.Range(0, members).Select(i => $"m{i}")]));
}
