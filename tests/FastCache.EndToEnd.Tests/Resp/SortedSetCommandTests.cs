using System.Globalization;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>Commands on sorted sets: what chance decides, whole scans, what Redis 7.0 does not have, and what is bounded here and not in Redis.</summary>
public sealed class SortedSetCommandTests : IDisposable
{
    private const int MaxFieldBytes = 992;
    private const int MostElements = 65_536;
    private const string TooLong = "-ERR a reply has at most ";
    private const string TooMany = "-ERR a command looks at 65536 elements at most";

    private readonly RunningNode _node = RunningNode.StartWithResp(3);
    private readonly RespPeer _peer;

    public SortedSetCommandTests() => _peer = new RespPeer(_node.RespEndPoint);

    public void Dispose()
    {
        _peer.Dispose();
        Assert.Equal(0, _node.Stop());
        _node.Dispose();
    }

    [Theory]
    [InlineData(9)]
    [InlineData(1_000)]
    public void Ranges_by_name_are_found_where_names_ascend_as_scores_do(int members)
    {
        for (int i = 0; i < members; i++)
        {
            _peer.Ask("ZADD", "set", $"{i}", $"n{i:0000}");
        }

        Assert.Equal(["n0002", "n0003"], RespPeer.BulksOf(_peer.Ask("ZRANGE", "set", "[n0002", "[n0003", "BYLEX")));
        Assert.Equal(["n0003"], RespPeer.BulksOf(_peer.Ask("ZRANGEBYLEX", "set", "(n0002", "(n0004")));
        Assert.Equal($":{members - 5}\r\n", _peer.Ask("ZLEXCOUNT", "set", "[n00045", "+"));
        Assert.Equal($":{members - 1}\r\n", _peer.Ask("ZREMRANGEBYLEX", "set", "-", $"(n{members - 1:0000}"));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(3_000)]
    public void Random_members_are_different_ones_or_repeated_as_asked(int members)
    {
        Fill("set", members);
        Assert.StartsWith("m", RespPeer.BulksOf(_peer.Ask("ZRANDMEMBER", "set"))[0], StringComparison.Ordinal);
        Assert.Equal(4, RespPeer.BulksOf(_peer.Ask("ZRANDMEMBER", "set", "4")).Distinct().Count());
        Assert.Equal(members, RespPeer.BulksOf(_peer.Ask("ZRANDMEMBER", "set", "100000")).Distinct().Count());
        string[] repeated = RespPeer.BulksOf(_peer.Ask("ZRANDMEMBER", "set", $"-{2 * members}"));
        Assert.Equal(2 * members, repeated.Length);
        Assert.InRange(repeated.Distinct().Count(), 2, members);
        string[] pairs = RespPeer.BulksOf(_peer.Ask("ZRANDMEMBER", "set", "-10", "WITHSCORES"));
        Assert.All(pairs.Chunk(2), pair => Assert.Equal(pair[0][1..], pair[1]));
        _peer.Ask("HELLO", "3");
        Assert.Matches("^\\*1\r\n\\*2\r\n\\$\\d\r\nm(\\d+)\r\n,\\1\r\n$", _peer.Ask("ZRANDMEMBER", "set", "1", "WITHSCORES"));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(3_000)]
    public void A_scan_sees_every_member_once_with_its_score(int members)
    {
        Fill("set", members);
        _peer.Ask("HELLO", "3");
        string[][] seen = [.. _peer.Scan(["ZSCAN", "set"], "COUNT", "70").Chunk(2)];
        Assert.Equal(members, seen.DistinctBy(pair => pair[0]).Count());
        Assert.Equal(members, seen.Length);
        Assert.All(seen, pair => Assert.Equal(pair[0][1..], pair[1]));
    }

    [Fact]
    public void Ranks_come_with_scores_if_asked_for()
    {
        _peer.Ask("ZADD", "set", "1", "a", "2.5", "b", "3", "c");
        Assert.Equal("*2\r\n:1\r\n$3\r\n2.5\r\n", _peer.Ask("ZRANK", "set", "b", "WITHSCORE"));
        Assert.Equal("*2\r\n:2\r\n$1\r\n1\r\n", _peer.Ask("ZREVRANK", "set", "a", "withscore"));
        Assert.Equal("*-1\r\n", _peer.Ask("ZRANK", "set", "x", "WITHSCORE"));
        Assert.Equal("*-1\r\n", _peer.Ask("ZRANK", "nothing", "x", "WITHSCORE"));
        Assert.Equal("-ERR syntax error\r\n", _peer.Ask("ZRANK", "set", "x", "WITHSCORES"));
        Assert.Equal("-ERR syntax error\r\n", _peer.Ask("ZRANK", "set", "x", "WITHSCORE", "x"));
    }

    [Fact]
    public void Version_three_has_numbers_and_pairs()
    {
        _peer.Ask("HELLO", "3");
        _peer.Ask("ZADD", "{t}a", "1", "x", "inf", "y");
        Assert.Equal("*2\r\n*2\r\n$1\r\nx\r\n,1\r\n*2\r\n$1\r\ny\r\n,inf\r\n", _peer.Ask("ZRANGE", "{t}a", "0", "-1", "WITHSCORES"));
        Assert.Equal("*2\r\n*2\r\n$1\r\nx\r\n,2\r\n*2\r\n$1\r\ny\r\n,inf\r\n", _peer.Ask("ZUNION", "2", "{t}a", "{t}a", "WITHSCORES"));
        Assert.Equal("*2\r\n,1\r\n_\r\n", _peer.Ask("ZMSCORE", "{t}a", "x", "z"));
        Assert.Equal("*2\r\n$4\r\n{t}a\r\n*1\r\n*2\r\n$1\r\ny\r\n,inf\r\n", _peer.Ask("ZMPOP", "1", "{t}a", "MAX"));
        Assert.Equal("*2\r\n$1\r\nx\r\n,1\r\n", _peer.Ask("ZPOPMIN", "{t}a"));
        Assert.Equal("_\r\n", _peer.Ask("ZMPOP", "1", "{t}a", "MAX"));
    }

    [Fact]
    public void Keys_that_are_counted_must_lie_on_one_shard_and_have_the_length_of_keys()
    {
        const string Crossing = "-CROSSSLOT ";
        Assert.StartsWith(Crossing, _peer.Ask(["ZUNION", "26", .. Letters]), StringComparison.Ordinal);
        Assert.StartsWith(Crossing, _peer.Ask(["ZMPOP", "26", .. Letters, "MIN"]), StringComparison.Ordinal);
        Assert.StartsWith(Crossing, _peer.Ask(["ZUNIONSTORE", "{t}to", "26", .. Letters]), StringComparison.Ordinal);
        Assert.StartsWith("-ERR a key has at least 1 byte", _peer.Ask("ZUNION", "2", "a", ""), StringComparison.Ordinal);
        Assert.Equal("*0\r\n", _peer.Ask("ZUNION", "1", "a"));
        string described = _peer.Ask("COMMAND", "INFO", "zunion", "zinterstore", "zadd");
        Assert.Contains("*2\r\n+readonly\r\n+movablekeys\r\n:0\r\n:0\r\n:0\r\n", described, StringComparison.Ordinal);
        Assert.Contains("*3\r\n+write\r\n+denyoom\r\n+movablekeys\r\n:1\r\n:1\r\n:1\r\n", described, StringComparison.Ordinal);
    }

    [Fact]
    public void Members_have_a_length_and_nothing_is_added_when_one_is_too_long()
    {
        string longest = new('m', MaxFieldBytes);
        Assert.Equal(":1\r\n", _peer.Ask("ZADD", "set", "1", longest));
        Assert.Equal(
            $"-ERR a field of a hash or a member of a set has at most {MaxFieldBytes} bytes here\r\n", _peer.Ask("ZADD", "set", "1", "a", "1", longest + "m"));
        Assert.Equal(":1\r\n", _peer.Ask("ZCARD", "set"));
        Assert.Equal(":1\r\n", _peer.Ask("ZLEXCOUNT", "set", $"[{longest}", $"({longest}m"));
        Assert.Equal("$-1\r\n", _peer.Ask("ZSCORE", "set", longest + "m"));
        Assert.Equal(":0\r\n", _peer.Ask("ZREM", "set", longest + "m"));
    }

    [Fact]
    public void What_one_command_looks_at_and_returns_is_bounded_and_pieces_are_not()
    {
        const int Members = MostElements + 5_000;
        Fill("{t}big", Members);
        Fill("{t}few", 10);
        Assert.StartsWith(TooMany, _peer.Ask("ZREMRANGEBYRANK", "{t}big", "0", $"{MostElements}"), StringComparison.Ordinal);
        Assert.StartsWith(TooMany, _peer.Ask("ZPOPMIN", "{t}big", $"{MostElements + 1}"), StringComparison.Ordinal);
        Assert.StartsWith(TooMany, _peer.Ask("ZUNIONSTORE", "{t}to", "2", "{t}big", "{t}few"), StringComparison.Ordinal);
        Assert.StartsWith(TooMany, _peer.Ask("ZRANGESTORE", "{t}to", "{t}big", "0", "-1"), StringComparison.Ordinal);
        Assert.StartsWith(TooLong, _peer.Ask("ZRANGE", "{t}big", "0", "-1", "WITHSCORES"), StringComparison.Ordinal);
        Assert.StartsWith(TooLong, _peer.Ask("ZPOPMAX", "{t}big", $"{MostElements}"), StringComparison.Ordinal);
        Assert.Equal($":{Members}\r\n", _peer.Ask("ZCARD", "{t}big"));
        // Few looks: the smaller one is walked over.
        Assert.Equal(":10\r\n", _peer.Ask("ZINTERCARD", "2", "{t}big", "{t}few"));
        Assert.Equal("*0\r\n", _peer.Ask("ZDIFF", "2", "{t}few", "{t}big"));
        Assert.Equal(":1000\r\n", _peer.Ask("ZRANGESTORE", "{t}to", "{t}big", "60000", "60999"));
        Assert.Equal($":{MostElements}\r\n", _peer.Ask("ZREMRANGEBYRANK", "{t}big", "0", $"{MostElements - 1}"));
        Assert.Equal($"*2\r\n$6\r\nm65536\r\n$5\r\n65536\r\n", _peer.Ask("ZRANGE", "{t}big", "0", "0", "WITHSCORES"));
        Fill("{t}big", Members);
        Assert.Equal($":{Members}\r\n", _peer.Ask("ZREMRANGEBYSCORE", "{t}big", "-inf", "+inf"));
        Assert.Equal(":0\r\n", _peer.Ask("EXISTS", "{t}big"));
    }

    [Fact]
    public void Members_that_are_put_together_have_so_many_bytes_at_most()
    {
        string tail = new('.', 900);
        for (int start = 0; start < 5_000; start += 500)
        {
            _peer.Ask(["ZADD", "{t}long", .. Enumerable.Range(start, 500).SelectMany<int, string>(i => [$"{i}", $"{i}{tail}"])]);
        }

        Assert.StartsWith("-ERR a command puts together members of at most 4194304 bytes", _peer.Ask("ZUNIONSTORE", "{t}to", "1", "{t}long"), StringComparison.Ordinal);
        Assert.Equal(":4000\r\n", _peer.Ask("ZRANGESTORE", "{t}to", "{t}long", "0", "3999"));
    }

    [Fact]
    public void A_result_takes_the_place_of_what_was_there_and_of_its_life()
    {
        _peer.Ask("SET", "{t}to", "text", "EX", "5000");
        _peer.Ask("ZADD", "{t}a", "1", "x", "2", "y");
        Assert.Equal(":2\r\n", _peer.Ask("ZUNIONSTORE", "{t}to", "1", "{t}a", "WEIGHTS", "2"));
        Assert.Equal(":-1\r\n", _peer.Ask("TTL", "{t}to"));
        Assert.Equal(":2\r\n", _peer.Ask("ZUNIONSTORE", "{t}a", "2", "{t}a", "{t}to"));
        Assert.Equal("$1\r\n6\r\n", _peer.Ask("ZSCORE", "{t}a", "y"));
        Assert.Equal(":0\r\n", _peer.Ask("ZDIFFSTORE", "{t}a", "2", "{t}to", "{t}a"));
        Assert.Equal(":0\r\n", _peer.Ask("EXISTS", "{t}a"));
    }

    private static string[] Letters => [.. Enumerable.Range(0, 26).Select(i => $"{(char)('a' + i)}")];

    private void Fill(string key, int members)
    {
        for (int start = 0; start < members; start += 5_000)
        {
            _peer.Ask(["ZADD", key, .. Enumerable.Range(start, Math.Min(5_000, members - start)).SelectMany<int, string>(i => [$"{i}", $"m{i}"])]);
        }

        Assert.Equal($":{members.ToString(CultureInfo.InvariantCulture)}\r\n", _peer.Ask("ZCARD", key));
    }
}
