using System.Globalization;
using System.Text;
using FastCache.Protocol;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>Redis's protocol at a node: what has no counterpart in a comparison with Redis.</summary>
public sealed class RespDoorTests
{
    private const int MaxValueBytes = 1 << 20;

    [Fact]
    public void Values_go_through_all_doors()
    {
        using RunningNode node = RunningNode.StartWithResp();
        using TestClient fcp = node.Connect();
        using RespPeer resp = new(node.RespEndPoint);
        Assert.Equal("+OK\r\n", resp.Ask("SET", "a", "by resp", "EXAT", "2400000000"));
        Assert.Equal("by resp", fcp.Get("a").Text);
        fcp.Set("b", "by fcp"u8.ToArray());
        Assert.Equal("$6\r\nby fcp\r\n", resp.Ask("GET", "b"));
        Assert.Equal(":-1\r\n", resp.Ask("TTL", "b"));
        Assert.Equal(":2400000000\r\n", resp.Ask("EXPIRETIME", "a"));
        Assert.Equal(":2\r\n", resp.Ask("DBSIZE"));
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(100)]
    [InlineData(1_000)]
    [InlineData(20_000)]
    public void MSETNX_of_a_full_node_leaves_all_keys_there(int storedBytes)
    {
        using RunningNode node = StartFull(storedBytes);
        using RespPeer peer = new(node.RespEndPoint);
        // What is new would go first for what is newer.
        foreach (int bytes in new[] { 100, 1_000, 20_000, 500_000 })
        {
            AskAtOnce(
                peer,
                "*4\r\n:1\r\n:2\r\n:0\r\n:0\r\n",
                ["MSETNX", $"a{bytes}", new string('a', bytes), $"b{bytes}", new string('b', bytes)],
                ["EXISTS", $"a{bytes}", $"b{bytes}"],
                ["MSETNX", $"c{bytes}", "c", $"b{bytes}", "c"],
                ["EXISTS", $"c{bytes}"]);
        }

        AskAtOnce(peer, "*2\r\n:1\r\n$4\r\nlast\r\n", ["MSETNX", "twice", "first", "other", "x", "twice", "last"], ["GET", "twice"]);
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void MSETNX_that_finds_no_memory_leaves_no_key_there()
    {
        const int Keys = 1_000;
        using RunningNode node = StartFull(storedBytes: 100);
        using RespPeer peer = new(node.RespEndPoint);
        string value = new('v', 1_000);
        List<string> replies = [];
        for (int trial = 0; trial < 10; trial++)
        {
            // The memory is that of much smaller values, and comes over to these page by page.
            string[] keys = [.. Enumerable.Range(0, Keys).Select(i => $"{trial}:{i}")];
            replies.Add(peer.Ask(["MSETNX", .. keys.SelectMany<string, string>(key => [key, value])]));
            Assert.Equal(replies[^1] == ":1\r\n" ? $":{Keys}\r\n" : ":0\r\n", peer.Ask(["EXISTS", .. keys]));
        }

        Assert.StartsWith("-OOM ", replies[0], StringComparison.Ordinal);
        Assert.Equal(":1\r\n", replies[^1]);
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Many_keys_are_read_for_a_peer_that_reads_late_and_sends_on(int shards)
    {
        const int Count = 400;
        const int Bytes = 40_000;
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer peer = new(node.RespEndPoint);
        string[] keys = [.. Enumerable.Range(0, Count).Select(i => $"key:{i}")];
        string[] values = [.. keys.Select((key, i) => key + new string((char)('a' + (i % 26)), Bytes))];
        foreach ((string key, string value) in keys.Zip(values))
        {
            Assert.Equal("+OK\r\n", peer.Ask("SET", key, value));
        }

        peer.Send(RespPeer.Encode(["MGET", .. keys]));
        const int Pieces = 20;
        const int Pings = 500;
        for (int piece = 0; piece < Pieces; piece++)
        {
            // What has arrived is moved while the rest of the request waits for its peer.
            Thread.Sleep(10);
            peer.Send(Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat("*2\r\n$4\r\nPING\r\n$3\r\nxyz\r\n", Pings))));
        }

        string wanted = $"*{Count}\r\n" + string.Concat(values.Select(value => $"${value.Length}\r\n{value}\r\n"));
        Assert.True(wanted == peer.ReadReply(), "other values");
        for (int i = 0; i < Pieces * Pings; i++)
        {
            Assert.Equal("$3\r\nxyz\r\n", peer.ReadReply());
        }

        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void A_pattern_is_bounded_and_scans_sent_ahead_are_all_answered()
    {
        using RunningNode node = RunningNode.StartWithResp();
        using RespPeer peer = new(node.RespEndPoint);
        Assert.Equal("+OK\r\n", peer.Ask("SET", "key", "value"));
        Assert.Equal("-ERR a pattern has at most 1024 bytes here\r\n", peer.Ask("SCAN", "0", "MATCH", new string('?', 1_025)));
        for (int i = 0; i < 100; i++)
        {
            peer.Send(RespPeer.Encode("SCAN", "0", "COUNT", "1000"));
            peer.Send(RespPeer.Encode("RANDOMKEY"));
        }

        for (int i = 0; i < 100; i++)
        {
            Assert.StartsWith("*2\r\n", peer.ReadReply(), StringComparison.Ordinal);
            Assert.Equal("$3\r\nkey\r\n", peer.ReadReply());
        }
    }

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: a\r\n\r\nSET x 1\r\n", "")]
    [InlineData("hOsT: a\r\nSET x 1\r\n", "")]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\nSET x 1\r\n", "-ERR wrong number of arguments for 'get' command\r\n")]
    [InlineData("*1\r\n$4\r\nQUIT\r\nSET x 1\r\n", "+OK\r\n")]
    [InlineData("*1048577\r\n", "-ERR Protocol error: invalid multibulk length\r\n")]
    [InlineData(
        "*2\r\n$3\r\nGET\r\n$536870912\r\n",
        "-ERR Protocol error: invalid bulk length: a request has at most 1049130 bytes here, with all headers (--max-value)\r\n")]
    [InlineData("PING\r\n*1\r\n$-5\r\n", "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n")]
    [InlineData("SET \"x\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n")]
    public void Conversation_ends_where_it_must(string sent, string answered)
    {
        using RunningNode node = RunningNode.StartWithResp();
        using RespPeer bad = new(node.RespEndPoint);
        bad.Send(System.Text.Encoding.Latin1.GetBytes(sent));
        Assert.Equal(answered, bad.ReadToEnd());
        using RespPeer other = new(node.RespEndPoint);
        Assert.Equal(":0\r\n", other.Ask("EXISTS", "x"));
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Value_that_is_too_long_is_refused_with_the_limit_and_its_option()
    {
        using RunningNode node = RunningNode.StartWithResp("--max-value", "2KiB");
        using RespPeer peer = new(node.RespEndPoint);
        const string TooLong = "-ERR string exceeds maximum allowed size: at most as many bytes are taken as --max-value says (1048576 unless told)\r\n";
        string value = new('v', 2_049);
        Assert.Equal(TooLong, peer.Ask("SET", "k", value));
        Assert.Equal(TooLong, peer.Ask("HSET", "h", "f", value));
        Assert.Equal(TooLong, peer.Ask("PUBLISH", "c", value));
        Assert.Equal("+OK\r\n", peer.Ask("SET", "k", value[1..]));
        const string EditTooLong = "-ERR string exceeds maximum allowed size: APPEND and SETRANGE make values of at most 262144 bytes here\r\n";
        Assert.Equal(EditTooLong, peer.Ask("SETRANGE", "k", "262144", "v"));
        Assert.Equal(":262144\r\n", peer.Ask("SETRANGE", "k", "262143", "v"));
        Assert.Equal(EditTooLong, peer.Ask("APPEND", "k", "v"));
        Assert.Equal(TooLong, peer.Ask("COPY", "k", "{k}"));
    }

    [Fact]
    public void Announced_bytes_take_no_memory_before_they_come()
    {
        using RunningNode node = RunningNode.StartWithResp();
        List<RespPeer> peers = [];
        using RespPeer watcher = new(node.RespEndPoint);
        watcher.Ask("PING");
        long before = node.ResidentBytes;
        for (int i = 0; i < 500; i++)
        {
            RespPeer peer = new(node.RespEndPoint);
            peers.Add(peer);
            peer.Send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000000\r\nv"u8);
        }

        Assert.Equal("+PONG\r\n", watcher.Ask("PING"));
        Assert.InRange(node.ResidentBytes - before, long.MinValue, 64L << 20);
        peers.ForEach(peer => peer.Dispose());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Requests_of_very_many_keys_are_answered_in_full(int shards)
    {
        const int Count = 5_000; // Several groups, and more than may be under way to other shards.
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer peer = new(node.RespEndPoint);
        string[] keys = [.. Enumerable.Range(0, Count).Select(i => $"k{i}")];
        Assert.Equal("+OK\r\n", peer.Ask(["MSET", .. keys.SelectMany(key => new[] { key, key })]));
        string values = peer.Ask(["MGET", .. keys]);
        Assert.Equal($"*{Count}\r\n{string.Concat(keys.Select(key => $"${key.Length}\r\n{key}\r\n"))}", values);
        Assert.Equal($":{Count}\r\n", peer.Ask(["EXISTS", .. keys]));
        Assert.Equal($":{Count}\r\n", peer.Ask(["DEL", .. keys]));
        Assert.Equal(":0\r\n", peer.Ask("DBSIZE"));
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Largest_value_goes_in_and_out_and_a_larger_one_is_refused()
    {
        using RunningNode node = RunningNode.StartWithResp();
        using RespPeer peer = new(node.RespEndPoint);
        string largest = new('v', MaxValueBytes);
        Assert.Equal("+OK\r\n", peer.Ask("SET", "k", largest));
        Assert.Equal($"${MaxValueBytes}\r\n{largest}\r\n", peer.Ask("GET", "k"));
        Assert.Equal("+OK\r\n", peer.Ask("RENAME", "k", "l"));
        Assert.Equal($":{MaxValueBytes}\r\n", peer.Ask("STRLEN", "l"));
        peer.Send(RespPeer.Encode("SET", "k", largest + "xx"));
        Assert.StartsWith("-ERR ", peer.ReadReply(), StringComparison.Ordinal);
    }

    [Fact]
    public void Client_that_does_not_read_is_ended_and_takes_nobody_along()
    {
        using RunningNode node = RunningNode.StartWithResp("--write-timeout", "1", "--connection-memory", "16MiB");
        using RespPeer good = new(node.RespEndPoint);
        good.Ask("SET", "k", new string('v', 100_000));
        using RespPeer silent = new(node.RespEndPoint);
        byte[] request = [.. Enumerable.Repeat(RespPeer.Encode("GET", "k"), 2_000).SelectMany(bytes => bytes)];
        silent.Send(request);
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal("+PONG\r\n", good.Ask("PING"));
        }

        node.AwaitLine("disconnected");
        Assert.InRange(node.ResidentBytes, 0, 400L << 20);
        Assert.Equal("+PONG\r\n", good.Ask("PING"));
    }

    [Fact]
    public void Flush_hides_everything_at_once_and_gives_the_memory_back()
    {
        const int Count = 100_000;
        using RunningNode node = RunningNode.StartWithResp();
        using RespPeer peer = new(node.RespEndPoint);
        for (int start = 0; start < Count; start += 1_000)
        {
            peer.Send([.. Enumerable.Range(start, 1_000).SelectMany(i => RespPeer.Encode("SET", $"k{i}", "v"))]);
            for (int i = 0; i < 1_000; i++)
            {
                Assert.Equal("+OK\r\n", peer.ReadReply());
            }
        }

        peer.Send([.. RespPeer.Encode("FLUSHALL"), .. RespPeer.Encode("SET", "k1", "new"), .. RespPeer.Encode("DBSIZE"), .. RespPeer.Encode("GET", "k2")]);
        Assert.Equal("+OK\r\n+OK\r\n:1\r\n$-1\r\n", peer.ReadReply() + peer.ReadReply() + peer.ReadReply() + peer.ReadReply());
        Eventually.Is(() => Dataset(peer) < 1_000, () => $"{Dataset(peer)} bytes of items are left");
        Assert.Equal("$3\r\nnew\r\n", peer.Ask("GET", "k1"));
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Shutdown_answers_what_was_sent_and_says_nothing_else()
    {
        using RunningNode node = RunningNode.StartWithResp();
        using RespPeer peer = new(node.RespEndPoint);
        Assert.Equal("+PONG\r\n", peer.Ask("PING"));
        Assert.Equal(0, node.Stop());
        Assert.Equal("", peer.ReadToEnd());
    }

    [Fact]
    public void Connection_beyond_the_limit_is_told_so()
    {
        using RunningNode node = RunningNode.StartWithResp("--max-connections", "1");
        using RespPeer first = new(node.RespEndPoint);
        Assert.Equal("+PONG\r\n", first.Ask("PING"));
        using RespPeer second = new(node.RespEndPoint);
        Assert.StartsWith("-ERR ", second.ReadToEnd(), StringComparison.Ordinal);
        Assert.Equal("+PONG\r\n", first.Ask("PING"));
    }

    [Fact]
    public void Replies_of_version_three_have_its_forms()
    {
        using RunningNode node = RunningNode.StartWithResp();
        using RespPeer peer = new(node.RespEndPoint);
        Assert.StartsWith("*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n", peer.Ask("HELLO"), StringComparison.Ordinal);
        Assert.StartsWith("%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n", peer.Ask("HELLO", "3", "SETNAME", "me"), StringComparison.Ordinal);
        Assert.Equal("_\r\n", peer.Ask("GET", "nothing"));
        Assert.Equal("$2\r\nme\r\n", peer.Ask("CLIENT", "GETNAME"));
        Assert.Equal("%1\r\n$9\r\ndatabases\r\n$1\r\n1\r\n", peer.Ask("CONFIG", "GET", "DATABASES"));
        Assert.StartsWith("=", peer.Ask("INFO", "server"), StringComparison.Ordinal);
        Assert.Equal("+RESET\r\n", peer.Ask("RESET"));
        Assert.Equal("$-1\r\n", peer.Ask("GET", "nothing"));
    }

    [Fact]
    public void Values_are_shared_by_no_keys()
    {
        using RunningNode node = RunningNode.StartWithResp();
        using RespPeer peer = new(node.RespEndPoint);
        peer.Ask("SET", "a", "1");
        Assert.Equal(":1\r\n", peer.Ask("OBJECT", "REFCOUNT", "a"));
        Assert.Equal("$-1\r\n", peer.Ask("OBJECT", "REFCOUNT", "nothing"));
    }

    [Fact]
    public void Client_info_has_the_numbers_that_clients_do_not_do_without()
    {
        using RunningNode node = RunningNode.StartWithResp();
        using RespPeer peer = new(node.RespEndPoint);
        string[] fields = ["id", "age", "idle", "db", "sub", "psub", "multi", "qbuf", "qbuf-free", "argv-mem", "obl", "oll", "omem", "tot-mem"];
        foreach (string command in (string[])["INFO", "LIST"])
        {
            string line = peer.Ask("CLIENT", command).Split("\r\n")[1].TrimEnd();
            Dictionary<string, string> told = line.Split(' ').Select(field => field.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
            Assert.All(fields, field => Assert.True(long.Parse(told[field], CultureInfo.InvariantCulture) >= -1, field));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Info_counts_what_was_asked_before_it_on_every_shard(int shards)
    {
        const int Rounds = 10;
        const int Keys = 9;
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer peer = new(node.RespEndPoint);
        for (int round = 1; round <= Rounds; round++)
        {
            for (int key = 0; key < Keys; key++)
            {
                peer.Send([.. RespPeer.Encode("SET", $"{round}-{key}", "1"), .. RespPeer.Encode("GET", $"{round}-{key}")]);
            }

            peer.Send([.. RespPeer.Encode("INFO"), .. RespPeer.Encode("PING")]);
            for (int key = 0; key < Keys; key++)
            {
                Assert.Equal("+OK\r\n$1\r\n1\r\n", peer.ReadReply() + peer.ReadReply());
            }

            string info = peer.ReadReply();
            Assert.Contains($"\r\nkeyspace_hits:{round * Keys}\r\n", info, StringComparison.Ordinal);
            Assert.Contains($"\r\ndb0:keys={round * Keys},", info, StringComparison.Ordinal);
            Assert.Equal("+PONG\r\n", peer.ReadReply());
        }

        Assert.Equal(0, node.Stop());
    }

    private static long Dataset(RespPeer peer)
    {
        string info = peer.Ask("INFO", "memory");
        string line = info.Split("\r\n").First(line => line.StartsWith("used_memory_dataset:", StringComparison.Ordinal));
        return long.Parse(line.Split(':')[1], CultureInfo.InvariantCulture);
    }

    private static RunningNode StartFull(int storedBytes)
    {
        RunningNode node = RunningNode.StartWithResp(1, "--memory", "8MiB");
        using RespPeer peer = new(node.RespEndPoint);
        string value = new('v', storedBytes);
        foreach (int[] some in Enumerable.Range(0, (9 << 20) / storedBytes).Chunk(100))
        {
            peer.Send([.. some.SelectMany(i => RespPeer.Encode("SET", $"key:{i}", value))]);
            Assert.All(some, _ => Assert.Equal("+OK\r\n", peer.ReadReply()));
        }

        return node;
    }

    /// <summary>Asks in a transaction: a full node may evict a key between two requests.</summary>
    private static void AskAtOnce(RespPeer peer, string replies, params string[][] requests)
    {
        Assert.Equal("+OK\r\n", peer.Ask("MULTI"));
        foreach (string[] request in requests)
        {
            Assert.Equal("+QUEUED\r\n", peer.Ask(request));
        }

        Assert.Equal(replies, peer.Ask("EXEC"));
    }
}
