namespace FastCache.EndToEnd.Tests.Memcached;

public sealed class MemcachedDoorTests
{
    [Fact]
    public void Answers_the_classic_commands()
    {
        using RunningNode node = RunningNode.StartWithMemcached();
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        Assert.Equal("STORED\r\n", peer.Ask("set k 42 0 3\r\nabc\r\n"));
        Assert.Equal("VALUE k 42 3\r\nabc\r\nEND\r\n", peer.Ask("get k none\r\n"));
        Assert.Equal("NOT_STORED\r\nSTORED\r\nSTORED\r\n", peer.Ask("add k 0 0 1\r\nx\r\nappend k 7 0 1\r\nd\r\nprepend k 7 0 1\r\n_\r\n"));
        Assert.Equal("VALUE k 42 5\r\n_abcd\r\nEND\r\n", peer.Ask("get k\r\n"));
        string unique = peer.Ask("gets k\r\n").Split("\r\n")[0].Split(' ')[4];
        Assert.Equal("STORED\r\nEXISTS\r\nNOT_FOUND\r\n", peer.Ask(
            $"cas k 1 0 2 {unique}\r\n99\r\ncas k 1 0 2 {unique}\r\n98\r\ncas none 1 0 2 {unique}\r\n98\r\n"));
        Assert.Equal("100\r\n0\r\nNOT_FOUND\r\n", peer.Ask("incr k 1\r\ndecr k 1000\r\nincr none 1\r\n"));
        Assert.Equal("VALUE k 1 3\r\n0  \r\nEND\r\n", peer.Ask("get k\r\n"));
        Assert.Equal("18446744073709551615\r\n1\r\n0\r\n", peer.Ask("incr k 18446744073709551615\r\nincr k 2\r\ndecr k 18446744073709551615\r\n"));
        Assert.Equal("VALUE k 1 20\r\n0                   \r\nEND\r\n", peer.Ask("get k\r\n"));
        Assert.Equal("TOUCHED\r\nDELETED\r\nNOT_FOUND\r\nNOT_FOUND\r\n", peer.Ask("touch k 100\r\ndelete k\r\ndelete k\r\ntouch k 0\r\n"));
        Assert.Equal("", peer.Ask("set q 0 0 1 noreply\r\n1\r\nincr q 1 noreply\r\n"));
        Assert.Equal("VALUE q 0 1\r\n2\r\nEND\r\n", peer.Ask("gat 100 q\r\n"));
        Assert.Equal("OK\r\nEND\r\n", peer.Ask("flush_all\r\nget q\r\n"));
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_key_of_another_node_is_one_error_for_its_request(int shards)
    {
        using ClusterFile file = new();
        file.Write(1, ClusterFile.LowerOfA);
        using RunningNode node = RunningNode.StartWithMemcached(
            "--topology", file.Path, "--node", "a", "--shards", $"{shards}", "--memory", "192MiB", "--connection-memory", "64MiB");
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        string[] own = Keys(6, isUpper: false);
        string[] others = Keys(6, isUpper: true);
        foreach (string key in own)
        {
            Assert.Equal("STORED\r\n", peer.Ask($"set {key} 0 0 1\r\nv\r\n"));
        }

        const string Elsewhere = "SERVER_ERROR another node has the key: connect to a node of its slot\r\n";
        foreach (string other in others)
        {
            Assert.Equal(Elsewhere, peer.Ask($"get {other}\r\n"));
            Assert.Equal(Elsewhere, peer.Ask($"get {own[0]} {own[1]} {other} {own[2]}\r\n"));
            Assert.Equal("", peer.Ask($"set {other} 0 0 1 noreply\r\nv\r\ndelete {other} noreply\r\nincr {other} 1 noreply\r\n"));
        }

        string all = string.Concat(own.Select(key => $"VALUE {key} 0 1\r\nv\r\n"));
        Assert.Equal(all + "END\r\n", peer.Ask($"get {string.Join(' ', own)}\r\n"));

        static string[] Keys(int count, bool isUpper) => [.. Enumerable.Range(0, int.MaxValue).Select(i => $"key{i}")
            .Where(key => FastCache.Protocol.KeySlot.Of(TestClient.Key(key)) >= ClusterFile.Half == isUpper).Take(count)];
    }

    [Fact]
    public void The_longest_key_of_the_node_holds_here_too()
    {
        using RunningNode node = RunningNode.StartWithMemcached("--max-key", "10");
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        Assert.Equal("STORED\r\nVALUE 1234567890 0 1\r\nv\r\nEND\r\n", peer.Ask("set 1234567890 0 0 1\r\nv\r\nget 1234567890\r\n"));
        const string Bad = "CLIENT_ERROR bad command line format\r\n";
        Assert.Equal(Bad + Bad + Bad, peer.Ask("get 12345678901\r\nmg 12345678901 v\r\ntouch 12345678901 1\r\n"));
    }

    [Fact]
    public void One_client_wins_a_missing_item_and_fills_it_with_the_unique_that_it_was_given()
    {
        using RunningNode node = RunningNode.StartWithMemcached();
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        string won = peer.Ask("mg k N30 c v t\r\n");
        Assert.Matches(@"^VA 0 c\d+ t30 W\r\n\r\n$", won);
        Assert.Equal("HD Z\r\nVA 0 Z\r\n\r\n", peer.Ask("mg k N30\r\nmg k N30 v\r\n"));
        Assert.Equal("EN\r\nEND\r\n", peer.Ask("mg k v\r\nget k\r\n"));
        string unique = won.Split(' ')[2][1..];
        Assert.Equal("EX\r\nHD\r\n", peer.Ask($"ms k 1 C12345\r\nx\r\nms k 1 C{unique}\r\ny\r\n"));
        Assert.Equal("VA 1\r\ny\r\n", peer.Ask("mg k v N30\r\n"));

        // A delete in between takes the right away: what the winner has read may be older.
        unique = peer.Ask("mg other N30 c\r\n").Split(' ')[1][1..];
        Assert.Equal("NF\r\nNF\r\n", peer.Ask($"md other\r\nms other 1 C{unique}\r\ny\r\n"));
    }

    [Fact]
    public void One_client_wins_an_item_near_its_end()
    {
        using RunningNode node = RunningNode.StartWithMemcached();
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        Assert.Equal("HD\r\nHD\r\nHD W\r\nHD Z\r\nHD Z\r\n", peer.Ask(
            "ms k 1 T100\r\nx\r\nmg k R20\r\nmg k R200\r\nmg k R200\r\nmg k\r\n"));
        Assert.Equal("HD\r\nHD\r\n", peer.Ask("ms k 1 T100\r\nx\r\nmg k\r\n"));
    }

    [Fact]
    public void Stale_items_are_given_out_with_one_winner_and_are_absent_for_classic_gets()
    {
        using RunningNode node = RunningNode.StartWithMemcached("--stale-time", "60");
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        Assert.Equal("HD\r\nHD\r\nVA 3 X W\r\nold\r\nVA 3 Z X\r\nold\r\n", peer.Ask(
            "ms k 3\r\nold\r\nmd k I T30\r\nmg k v\r\nmg k v\r\n"));
        Assert.Equal("END\r\n", peer.Ask("get k\r\n"));
        Assert.Matches(@"^HD t(59|60) Z X\r\n$", peer.Ask("mg k t\r\n"));
        Assert.Equal("HD\r\nVA 3 X W\r\nold\r\n", peer.Ask("md k I\r\nmg k v\r\n"));
        Assert.Equal("HD\r\nVA 3\r\nnew\r\n", peer.Ask("ms k 3\r\nnew\r\nmg k v\r\n"));

        Assert.Equal("HD\r\nEX\r\nEXISTS\r\n", peer.Ask("md k I\r\nms k 3 C1\r\nlow\r\ncas k 0 0 3 1\r\nlow\r\n"));
        Assert.Equal("HD\r\nVA 3\r\nnew\r\n", peer.Ask("ms k 3\r\nnew\r\nmg k v\r\n"));

        // A value that its writer knows to be older is stored as stale.
        Assert.Equal("EX\r\nHD\r\nVA 3 X W\r\nlow\r\n", peer.Ask("ms k 3 C1\r\nlow\r\nms k 3 C1 I\r\nlow\r\nmg k v\r\n"));
        Assert.Equal("HD\r\nHD\r\nVA 0 f0\r\n\r\n", peer.Ask("ms k 3 F9\r\nnew\r\nmd k x\r\nmg k v f\r\n"));
    }

    [Fact]
    public void Meta_gets_tell_what_is_asked_for()
    {
        using RunningNode node = RunningNode.StartWithMemcached();
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        Assert.Equal("HD s3\r\nHD h0 l0\r\nHD h0\r\nHD h1\r\n", peer.Ask("ms k 3 s\r\nabc\r\nmg k h l u\r\nmg k h\r\nmg k h\r\n"));
        Assert.Matches(@"^ME k exp=-1 la=0 cas=\d+ fetch=yes cls=\d+ size=\d+\r\nEN\r\n$", peer.Ask("me k\r\nme none\r\n"));
        Assert.Equal("HD s4\r\nHD s1\r\n", peer.Ask("ms k 1 MA s\r\nd\r\nms new 1 MA N100 s\r\nd\r\n"));
    }

    [Fact]
    public void Class_of_an_item_is_the_one_that_the_statistics_count_it_in()
    {
        using RunningNode node = RunningNode.StartWithMemcached();
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        foreach (int length in (int[])[1, 1_000, 300_000])
        {
            peer.Ask($"flush_all\r\nset k 0 0 {length}\r\n{new string('v', length)}\r\n");
            string sizeClass = peer.Ask("me k\r\n").Split("cls=")[1].Split(' ')[0];
            Assert.Contains($"STAT items:{sizeClass}:number 1\r\n", peer.Ask("stats items\r\n"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Connections_are_told_with_what_they_do()
    {
        using RunningNode node = RunningNode.StartWithMemcached("--shards", "1");
        using MemcachedPeer half = new(node.MemcachedEndPoint);
        half.Send("set k 0 0 5\r\nab");
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        Eventually.Is(() => peer.Ask("stats conns\r\n").Contains(":state conn_nread\r\n", StringComparison.Ordinal), () => "nobody sends half of a request");
        string told = peer.Ask("stats conns\r\n");
        string door = $@"tcp:127\.0\.0\.1:{node.MemcachedEndPoint.Port}\r\n";
        Assert.Matches(
            $@"^STAT (\d+):addr {door}STAT \1:state conn_listening\r\nSTAT \1:secs_since_last_cmd 0\r\n"
            + $@"(STAT (?!\1:)\d+:addr tcp:127\.0\.0\.1:\d+\r\nSTAT \d+:listen_addr {door}"
            + @"STAT \d+:state conn_\w+\r\nSTAT \d+:secs_since_last_cmd \d+\r\n){2}END\r\n$",
            told);
    }

    [Fact]
    public void Flushes_later_when_asked_to()
    {
        using RunningNode node = RunningNode.StartWithMemcached("--shards", "2", "--memory", "128MiB");
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        Assert.Equal("STORED\r\nSTORED\r\nOK\r\n", peer.Ask("set a 0 0 1\r\n1\r\nset b 0 0 1\r\n1\r\nflush_all 2\r\n"));
        Assert.Equal("VALUE a 0 1\r\n1\r\nVALUE b 0 1\r\n1\r\nEND\r\n", peer.Ask("get a b\r\n"));
        Eventually.Is(() => peer.Ask("get a b\r\n") == "END\r\n", () => "the keys are still there");
    }

    [Fact]
    public void Reports_in_the_forms_that_tools_read()
    {
        using RunningNode node = RunningNode.StartWithMemcached();
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        peer.Ask("set k 0 0 1\r\n1\r\nget k none\r\n");
        string[] general = peer.Ask("stats\r\n").Split("\r\n");
        Assert.Contains("STAT curr_items 1", general);
        Assert.Contains("STAT get_hits 1", general);
        Assert.Contains("STAT get_misses 1", general);
        Assert.Equal(["END", ""], general[^2..]);
        Assert.All(general[..^2], line => Assert.Matches(@"^STAT \w+ \S+$", line));
        Assert.Contains($"STAT tcpport {node.MemcachedEndPoint.Port}", peer.Ask("stats settings\r\n").Split("\r\n"));
        Assert.Matches(@"^STAT items:\d+:number 1\r\n", peer.Ask("stats items\r\n"));
        Assert.Matches(@"^STAT (\d+):chunk_size \d+\r\nSTAT \1:chunks_per_page \d+\r\n", peer.Ask("stats slabs\r\n"));
        Assert.Matches(@"^STAT \d+ 1\r\nEND\r\n$", peer.Ask("stats sizes\r\n"));
        Assert.Equal("VERSION 1.6.18\r\n", peer.Ask("version\r\n"));
    }

    [Fact]
    public void Report_counts_what_was_asked_before_it_on_every_shard()
    {
        const int Rounds = 10;
        const int Keys = 9;
        using RunningNode node = RunningNode.StartWithMemcached("--shards", "3", "--memory", "192MiB", "--connection-memory", "64MiB");
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        for (int round = 1; round <= Rounds; round++)
        {
            IEnumerable<string> keys = Enumerable.Range(0, Keys).Select(key => $"{round}-{key}");
            string told = peer.Ask(
                string.Concat(keys.Select(key => $"set {key} 0 0 1\r\n1\r\n")) + $"get {string.Join(' ', keys)}\r\nstats\r\nstats items\r\n");
            Assert.Contains($"STAT curr_items {round * Keys}\r\n", told, StringComparison.Ordinal);
            Assert.Contains($"STAT get_hits {round * Keys}\r\n", told, StringComparison.Ordinal);
            Assert.Contains($":number {round * Keys}\r\n", told, StringComparison.Ordinal);
            Assert.Equal(3, told.Split("END\r\n").Length - 1); // Of get and of two reports.
        }

        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData("1")]
    [InlineData("3")]
    public void Counters_begin_anew_when_they_are_reset(string shards)
    {
        using RunningNode node = RunningNode.StartWithMemcached("--shards", shards, "--memory", "192MiB", "--connection-memory", "64MiB");
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        using MemcachedPeer other = new(node.MemcachedEndPoint);
        using TestClient fcp = new(node.EndPoint);
        peer.Ask("set a 0 0 1\r\n1\r\nset b 0 0 1\r\n1\r\nget a b none\r\nget none\r\n");
        string[] counters = ["cmd_get", "get_hits", "get_misses", "cmd_set", "total_items", "total_connections", "bytes_read"];
        Eventually.Is(
            () => Value(peer, "get_misses") == 2 && Value(peer, "cmd_set") == 2 && Value(peer, "curr_connections") == 3
                && Value(peer, "total_connections") == 3,
            () => "not all is counted");
        long hits = fcp.Stats()["hits"];
        Assert.Equal("RESET\r\n", peer.Ask("stats reset\r\n"));
        Assert.All(counters[..^1], name => Assert.Equal(0, Value(peer, name)));
        Assert.InRange(Value(peer, "bytes_read"), 1, 1_000);
        Assert.Equal(2, Value(peer, "curr_items"));
        Assert.Equal(3, Value(peer, "curr_connections"));

        // Those of other shards and doors begin anew with it, and nobody else's report changes.
        peer.Ask("get a b\r\n");
        Assert.Equal(2, Value(other, "get_hits"));
        Assert.Equal(0, Value(other, "get_misses"));
        Assert.Equal(hits + 2, fcp.Stats()["hits"]);
        Assert.Equal(0, node.Stop());

        static long Value(MemcachedPeer peer, string name) =>
            long.Parse(peer.Ask("stats\r\n").Split($"STAT {name} ")[1].Split('\r')[0], System.Globalization.CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Statistics_that_are_not_here_are_refused()
    {
        using RunningNode node = RunningNode.StartWithMemcached();
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        const string Detail = "CLIENT_ERROR stats detail is not here: nothing is counted by prefixes of keys\r\n";
        Assert.Equal(Detail + Detail + "ERROR\r\n", peer.Ask("stats detail on\r\nstats detail dump\r\nstats cachedump 1 1\r\n"));
    }

    [Fact]
    public void Values_have_the_flags_of_their_writer_in_every_form()
    {
        using RunningNode node = RunningNode.StartWithMemcached("--compress-from", "256");
        using MemcachedPeer peer = new(node.MemcachedEndPoint);
        foreach (int length in (int[])[0, 1, 100, 10_000, 200_000, 1 << 20])
        {
            string value = new('v', length);
            Assert.Equal("STORED\r\n", peer.Ask($"set k 4294967295 100 {length}\r\n{value}\r\n"));
            Assert.Equal($"VALUE k 4294967295 {length}\r\n{value}\r\nEND\r\n", peer.Ask("get k\r\n"));
        }

        using TestClient fcp = new(node.EndPoint);
        peer.Ask("set k 7 0 3\r\nabc\r\n");
        Assert.Equal("abc", fcp.Get("k").Text);
        fcp.Set("k", "abd"u8.ToArray());
        Assert.Equal("VALUE k 0 3\r\nabd\r\nEND\r\n", peer.Ask("get k\r\n"));
    }
}
