using System.Globalization;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>MULTI and what belongs to it, where a comparison with Redis shows nothing; see <see cref="TransactionDifferenceTests"/>.</summary>
public sealed class TransactionTests
{
    private const int MaxCommands = 16_384;
    private const int MaxWatched = 512;
    private const string Ok = "+OK\r\n";
    private const string Queued = "+QUEUED\r\n";
    private const string Lost = "-ERR done, but the reply has no room in that of EXEC\r\n";
    private const string Aborted = "-EXECABORT Transaction discarded because of previous errors.\r\n";
    private const string Done = "*1\r\n$1\r\nx\r\n";
    private const string Null = "*-1\r\n";
    private const string Crossing =
        "-CROSSSLOT Keys in request lie on different shards of this node; a {tag} in both brings them together\r\n";

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Pipeline_is_executed_as_one_wherever_it_is_cut(int shards)
    {
        const int Replies = 10;
        using RunningNode node = RunningNode.StartWithResp(shards);
        byte[] sent =
        [
            .. RespPeer.Encode("GET", "other"), .. RespPeer.Encode("WATCH", "{t}a", "{t}b"), .. RespPeer.Encode("MULTI"),
            .. RespPeer.Encode("SET", "{t}a", "1"), .. "INCR {t}a\r\n"u8, .. RespPeer.Encode("MGET", "{t}a", "{t}none", "{t}a"),
            .. RespPeer.Encode("INCR", "{t}text"), .. RespPeer.Encode("DEL", "{t}a", "{t}b"), .. "EXEC\r\n"u8, .. RespPeer.Encode("GET", "{t}a"),
        ];
        string expected = $"$-1\r\n{Ok}{Ok}{Queued}{Queued}{Queued}{Queued}{Queued}"
            + "*5\r\n+OK\r\n:2\r\n*3\r\n$1\r\n2\r\n$-1\r\n$1\r\n2\r\n-ERR value is not an integer or out of range\r\n:1\r\n$-1\r\n";
        using RespPeer peer = new(node.RespEndPoint);
        Assert.Equal(Ok, peer.Ask("SET", "{t}text", "x"));
        for (int cut = 0; cut < sent.Length; cut++)
        {
            peer.Send(sent.AsSpan(0, cut));
            Thread.Sleep(cut % 4 == 0 ? 1 : 0);
            peer.Send(sent.AsSpan(cut));
            Assert.Equal(expected, string.Concat(Enumerable.Range(0, Replies).Select(_ => peer.ReadReply())));
        }

        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Keys_of_several_shards_are_refused_and_a_tag_brings_them_together()
    {
        using RunningNode node = RunningNode.StartWithResp(3);
        using RespPeer peer = new(node.RespEndPoint);
        (string here, string there) = KeysOfTwoShards(peer);
        Assert.Equal(Ok, peer.Ask("MULTI"));
        Assert.Equal(Queued, peer.Ask("SET", here, "1"));
        Assert.Equal(Crossing, peer.Ask("SET", there, "1"));
        Assert.Equal(Queued, peer.Ask("SET", here, "2"));
        Assert.Equal(Aborted, peer.Ask("EXEC"));
        Assert.Equal(Ok, peer.Ask("MULTI"));
        Assert.Equal(Crossing, peer.Ask("MGET", here, there));
        Assert.Equal(Aborted, peer.Ask("EXEC"));
        Assert.Equal(Ok, peer.Ask("WATCH", here));
        Assert.Equal(Crossing, peer.Ask("WATCH", there));
        Assert.Equal(Crossing, peer.Ask("WATCH", here, there));
        Assert.Equal(Ok, peer.Ask("MULTI"));
        Assert.Equal(Crossing, peer.Ask("GET", there));
        Assert.Equal(Aborted, peer.Ask("EXEC"));
        peer.Send([.. RespPeer.Encode("WATCH", here), .. RespPeer.Encode("WATCH", there), .. RespPeer.Encode("UNWATCH"), .. RespPeer.Encode("WATCH", there)]);
        Assert.Equal(Ok + Crossing + Ok + Ok, peer.ReadReply() + peer.ReadReply() + peer.ReadReply() + peer.ReadReply());
        Assert.Equal(Ok, peer.Ask("MULTI"));
        Assert.Equal(Queued, peer.Ask("MSET", $"{{{there}}}a", "1", $"{{{there}}}b", "2", there, "3"));
        Assert.Equal("*1\r\n+OK\r\n", peer.Ask("EXEC"));
        Assert.Equal("$-1\r\n", peer.Ask("GET", here));
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Node_of_several_shards_takes_what_needs_neither_all_of_them_nor_the_connection()
    {
        using RunningNode node = RunningNode.StartWithResp(3);
        using RespPeer peer = new(node.RespEndPoint);
        foreach (string key in new[] { "a", "b", "c", "d" })
        {
            Assert.Equal(Ok, peer.Ask("MULTI"));
            Assert.Equal(Queued, peer.Ask("PING"));
            Assert.Equal(Queued, peer.Ask("ECHO", "x"));
            Assert.Equal(Queued, peer.Ask("TIME"));
            Assert.Equal(Queued, peer.Ask("UNWATCH"));
            Assert.Equal(Queued, peer.Ask("SELECT", "0"));
            Assert.Equal(Queued, peer.Ask("SET", key, "v"));
            Assert.StartsWith("*6\r\n+PONG\r\n$1\r\nx\r\n*2\r\n$", peer.Ask("EXEC"), StringComparison.Ordinal);
        }

        foreach (string[] command in new string[][] { ["DBSIZE"], ["FLUSHALL"], ["SCAN", "0"], ["RANDOMKEY"], ["HELLO", "3"], ["CLIENT", "INFO"] })
        {
            Assert.Equal(Ok, peer.Ask("MULTI"));
            string name = string.Join('|', command.Take(command[0] == "CLIENT" ? 2 : 1)).ToLower(CultureInfo.InvariantCulture);
            Assert.Equal($"-ERR '{name}' is not allowed inside a transaction on a node of several shards (--shards)\r\n", peer.Ask(command));
            Assert.Equal(Aborted, peer.Ask("EXEC"));
        }

        Assert.Equal(":4\r\n", peer.Ask("DBSIZE"));
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Node_of_one_shard_takes_what_concerns_all_keys_and_the_connection()
    {
        using RunningNode node = RunningNode.StartWithResp(1);
        using RespPeer peer = new(node.RespEndPoint);
        Assert.Equal(Ok, peer.Ask("MULTI"));
        Assert.Equal(Queued, peer.Ask("SET", "k", "v"));
        Assert.Equal(Queued, peer.Ask("DBSIZE"));
        Assert.Equal(Queued, peer.Ask("SCAN", "0"));
        Assert.Equal(Queued, peer.Ask("RANDOMKEY"));
        Assert.Equal(Queued, peer.Ask("FLUSHALL"));
        Assert.Equal(Queued, peer.Ask("RANDOMKEY"));
        Assert.Equal(Queued, peer.Ask("CLIENT", "SETNAME", "me"));
        string[] replies = [.. RespPeer.ElementsOf(peer.Ask("EXEC"))];
        Assert.StartsWith("*2\r\n$", replies[2], StringComparison.Ordinal);
        Assert.Equal([Ok, ":1\r\n", replies[2], "$1\r\nk\r\n", Ok, "$-1\r\n", Ok], replies);
        Assert.Equal("$2\r\nme\r\n", peer.Ask("CLIENT", "GETNAME"));
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Node_of_a_cluster_points_to_the_node_of_a_key(int shards)
    {
        using ClusterFile file = new();
        file.Write(1, ClusterFile.LowerOfA);
        using RunningNode node = file.StartWithResp(shards);
        using RespPeer peer = new(node.RespEndPoint);
        string[] here = ClusterFile.Keys(2, isUpper: false);
        foreach (string key in ClusterFile.Keys(10, isUpper: true))
        {
            Assert.StartsWith("-MOVED ", peer.Ask("WATCH", key), StringComparison.Ordinal);
            Assert.Equal(Ok, peer.Ask("MULTI"));
            Assert.StartsWith("-MOVED ", peer.Ask("SET", key, "v"), StringComparison.Ordinal);
            Assert.Equal(Aborted, peer.Ask("EXEC"));
        }

        Assert.Equal(Ok, peer.Ask("MULTI"));
        Assert.Equal(Queued, peer.Ask("SET", here[0], "v"));
        Assert.Equal("-CROSSSLOT Keys in request don't hash to the same slot\r\n", peer.Ask("SET", here[1], "v"));
        Assert.Equal(Aborted, peer.Ask("EXEC"));
        Assert.Equal(Ok, peer.Ask("WATCH", here[0]));
        Assert.Equal(Ok, peer.Ask("MULTI"));
        Assert.Equal(Queued, peer.Ask("SET", here[0], "v"));
        Assert.Equal("*1\r\n+OK\r\n", peer.Ask("EXEC"));
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Watched_key_changes_by_whatever_happens_to_it(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer watcher = new(node.RespEndPoint);
        using RespPeer other = new(node.RespEndPoint);
        using TestClient fcp = node.Connect();
        Assert.Equal(Done, AfterWatch(() => other.Ask("GET", "k")));
        Assert.Equal(Null, AfterWatch(() => other.Ask("SET", "k", "v")));
        Assert.Equal(Null, AfterWatch(() => other.Ask("EXPIRE", "k", "100")));
        Assert.Equal(Null, AfterWatch(() => other.Ask("PERSIST", "k")));
        Assert.Equal(Null, AfterWatch(() => fcp.Set("k", "by fcp"u8.ToArray())));
        Assert.Equal(Null, AfterWatch(() => watcher.Ask("APPEND", "k", "x")));
        Assert.Equal(Null, AfterWatch(() => other.Ask("DEL", "k")));
        Assert.Equal(Done, AfterWatch(() => other.Ask("DEL", "k")));
        Assert.Equal(Null, AfterWatch(() =>
        {
            other.Ask("SET", "k", "v");
            other.Ask("DEL", "k");
        }));
        Assert.Equal(Done, AfterWatch(() => other.Ask("FLUSHALL")));
        other.Ask("SET", "k", "v");
        Assert.Equal(Null, AfterWatch(() => other.Ask("FLUSHALL")));
        other.Ask("SET", "k", "v", "PX", "1000");
        Assert.Equal(Null, AfterWatch(() => Eventually.Is(() => other.Ask("EXISTS", "k") == ":0\r\n", () => "the key does not expire")));
        Assert.Equal(Done, AfterWatch(() =>
        {
            watcher.Ask("UNWATCH");
            other.Ask("SET", "k", "v");
        }));
        Assert.Equal(Done, AfterWatch(() =>
        {
            watcher.Ask("MULTI");
            watcher.Ask("DISCARD");
            other.Ask("SET", "k", "v");
        }));
        watcher.Ask("HELLO", "3");
        Assert.Equal("_\r\n", AfterWatch(() => other.Ask("SET", "k", "v")));
        Assert.Equal(0, node.Stop());

        string AfterWatch(Action what)
        {
            Assert.Equal(Ok, watcher.Ask("WATCH", "k"));
            what();
            Assert.Equal(Ok, watcher.Ask("MULTI"));
            Assert.Equal(Queued, watcher.Ask("ECHO", "x"));
            return watcher.Ask("EXEC");
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Transfers_between_accounts_lose_nothing(int shards)
    {
        const int Accounts = 4;
        const int Start0 = 1_000;
        const int Transfers = 300;
        const int Clients = 4;
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer bank = new(node.RespEndPoint);
        string[] accounts = [.. Enumerable.Range(0, Accounts).Select(i => $"{{bank}}{i}")];
        Assert.Equal(Ok, bank.Ask(["MSET", .. accounts.SelectMany(account => new[] { account, $"{Start0}" })]));
        Task<int>[] clients =
        [
            .. Enumerable.Range(0, Clients).Select(seed => Task.Factory.StartNew(
                () => Transfer(node, accounts, Transfers, seed), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)),
        ];
        int looks = 0;
        Task<int[]> all = Task.WhenAll(clients);
        while (!all.IsCompleted || looks == 0)
        {
            bank.Send([.. RespPeer.Encode("MULTI"), .. accounts.SelectMany(account => RespPeer.Encode("GET", account)), .. RespPeer.Encode("EXEC")]);
            for (int i = 0; i <= Accounts; i++)
            {
                bank.ReadReply();
            }

            Assert.Equal(Accounts * Start0, NumbersOf(bank.ReadReply()).Sum());
            looks++;
        }

        int[] missed = await all;
        Assert.True(missed.Sum() > 0, "no transfer met another");
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Longest_transaction_is_executed_and_a_longer_one_is_refused(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer peer = new(node.RespEndPoint);
        Assert.Equal(Ok, peer.Ask("MULTI"));
        for (int start = 0; start < MaxCommands; start += 1_024)
        {
            peer.Send([.. Enumerable.Repeat(RespPeer.Encode("INCR", "n"), 1_024).SelectMany(bytes => bytes)]);
            for (int i = 0; i < 1_024; i++)
            {
                Assert.Equal(Queued, peer.ReadReply());
            }
        }

        string[] replies = [.. RespPeer.ElementsOf(peer.Ask("EXEC"))];
        Assert.Equal(Enumerable.Range(1, MaxCommands).Select(i => $":{i}\r\n"), replies);
        peer.Send([.. RespPeer.Encode("MULTI"), .. Enumerable.Repeat(RespPeer.Encode("INCR", "n"), MaxCommands + 1).SelectMany(bytes => bytes)]);
        for (int i = 0; i <= MaxCommands; i++)
        {
            peer.ReadReply();
        }

        Assert.StartsWith("-ERR a transaction has at most 16384 commands, ", peer.ReadReply(), StringComparison.Ordinal);
        Assert.Equal(Aborted, peer.Ask("EXEC"));
        Assert.Equal($"$5\r\n{MaxCommands}\r\n", peer.Ask("GET", "n"));
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void What_the_commands_of_a_transaction_look_at_is_bounded(int shards)
    {
        const int Elements = 50_000;
        const int Most = 262_144;
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer peer = new(node.RespEndPoint);
        for (int start = 0; start < Elements; start += 10_000)
        {
            peer.Ask(["RPUSH", "{t}list", .. Enumerable.Range(start, 10_000).Select(i => $"{i}")]);
            peer.Ask(["ZADD", "{t}set", .. Enumerable.Range(start, 10_000).SelectMany<int, string>(i => [$"{i}", $"m{i}"])]);
        }

        Assert.Equal(Ok, peer.Ask("MULTI"));
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(Queued, peer.Ask("LPOS", "{t}list", "nothing"));
        }

        Assert.Equal(Queued, peer.Ask("ZREMRANGEBYRANK", "{t}set", "0", "9999"));
        Assert.Equal(Queued, peer.Ask("ZREMRANGEBYRANK", "{t}set", "0", "9999"));
        Assert.Equal(Queued, peer.Ask("ZADD", "{t}set", "1", "new"));
        Assert.Equal(Queued, peer.Ask("LRANGE", "{t}list", "0", "0"));
        Assert.Equal(Queued, peer.Ask("INCR", "{t}number"));
        string[] replies = [.. RespPeer.ElementsOf(peer.Ask("EXEC"))];
        string refused = $"-ERR not done: a transaction looks at {Most} elements at most\r\n";
        string[] found = [.. Enumerable.Repeat("$-1\r\n", Most / Elements), .. Enumerable.Repeat(refused, 10 - (Most / Elements))];
        Assert.Equal([.. found, ":10000\r\n", refused, ":1\r\n", "*1\r\n$1\r\n0\r\n", ":1\r\n"], replies);
        Assert.Equal($":{Elements - 10_000 + 1}\r\n", peer.Ask("ZCARD", "{t}set"));

        // The next one begins anew, and commands by themselves have no such bound.
        Assert.Equal(Ok, peer.Ask("MULTI"));
        Assert.Equal(Queued, peer.Ask("LPOS", "{t}list", "nothing"));
        Assert.Equal("*1\r\n$-1\r\n", peer.Ask("EXEC"));
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal("$-1\r\n", peer.Ask("LPOS", "{t}list", "nothing"));
        }

        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Replies_that_nobody_will_see_end_the_reading_commands_of_a_transaction()
    {
        using RunningNode node = RunningNode.StartWithResp(1);
        using RespPeer peer = new(node.RespEndPoint);
        peer.Ask("SET", "k", new string('v', 900_000));
        Assert.Equal(Ok, peer.Ask("MULTI"));
        for (int i = 0; i < 8; i++)
        {
            Assert.Equal(Queued, peer.Ask("GET", "k"));
        }

        Assert.Equal(Queued, peer.Ask("SET", "k", "x"));
        string[] replies = [.. RespPeer.ElementsOf(peer.Ask("EXEC"))];
        Assert.StartsWith("$900000\r\n", replies[0], StringComparison.Ordinal);
        Assert.Equal(Enumerable.Repeat(Lost, 4), replies[1..5]);
        Assert.All(replies[5..8], reply => Assert.StartsWith("-ERR not done: ", reply, StringComparison.Ordinal));
        Assert.Equal(Ok, replies[8]);
        Assert.Equal("$1\r\nx\r\n", peer.Ask("GET", "k"));
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Elements_that_the_commands_of_a_transaction_name_are_bounded()
    {
        const int Members = 16_000;
        using RunningNode node = RunningNode.StartWithResp(1);
        using RespPeer peer = new(node.RespEndPoint);
        string[] command = ["SADD", "set", .. Enumerable.Range(0, Members).Select(i => $"{i}")];
        Assert.Equal(Ok, peer.Ask("MULTI"));
        for (int i = 0; i < 8; i++)
        {
            Assert.Equal(Queued, peer.Ask(command));
        }

        Assert.StartsWith("-ERR a transaction has at most 16384 commands, 4190208 bytes, and 64000 keys ", peer.Ask(command), StringComparison.Ordinal);
        Assert.Equal(Aborted, peer.Ask("EXEC"));
        Assert.Equal(":0\r\n", peer.Ask("SCARD", "set"));
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Bytes_of_a_transaction_and_of_its_replies_are_bounded(int shards)
    {
        const int Bytes = 900_000;
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer peer = new(node.RespEndPoint);
        string value = new('v', Bytes);
        foreach (string key in new[] { "a", "b", "c", "d" })
        {
            string[] keys = [.. Enumerable.Range(0, 4).Select(i => $"{{{key}}}{i}")];
            Assert.Equal(Ok, peer.Ask("MULTI"));
            foreach (string name in keys)
            {
                Assert.Equal(Queued, peer.Ask("SET", name, value));
            }

            Assert.StartsWith("-ERR a transaction has at most ", peer.Ask("SET", keys[0], value), StringComparison.Ordinal);
            Assert.Equal(Aborted, peer.Ask("EXEC"));
            Assert.Equal(Ok, peer.Ask("MULTI"));
            Assert.Equal(Queued, peer.Ask("MSET", keys[0], value, keys[1], "1"));
            Assert.Equal(Queued, peer.Ask("SET", keys[2], value));
            Assert.Equal(Queued, peer.Ask("GET", keys[0]));
            Assert.Equal(Queued, peer.Ask("GET", keys[2]));
            Assert.Equal(Queued, peer.Ask(["MGET", .. keys]));
            Assert.Equal(Queued, peer.Ask("INCR", keys[1]));
            Assert.Equal($"*6\r\n{Ok}{Ok}${Bytes}\r\n{value}\r\n{Lost}{Lost}:2\r\n", peer.Ask("EXEC"));
        }

        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Keys_that_a_transaction_looks_at_are_bounded()
    {
        using RunningNode node = RunningNode.StartWithResp(1);
        using RespPeer peer = new(node.RespEndPoint);
        Assert.Equal(Ok, peer.Ask("MULTI"));
        for (int i = 0; i < 64; i++)
        {
            Assert.Equal(Queued, peer.Ask("SCAN", "0"));
        }

        Assert.Contains("(SCAN counts as 1000", peer.Ask("SCAN", "0"), StringComparison.Ordinal);
        Assert.Equal(Aborted, peer.Ask("EXEC"));
        string[] keys = [.. Enumerable.Range(0, 32_000).Select(i => $"k{i}")];
        Assert.Equal(Ok, peer.Ask("MULTI"));
        Assert.Equal(Queued, peer.Ask(["EXISTS", .. keys]));
        Assert.Equal(Queued, peer.Ask(["DEL", .. keys]));
        Assert.Contains("(SCAN counts as 1000", peer.Ask("DEL", "k"), StringComparison.Ordinal);
        Assert.Equal(Aborted, peer.Ask("EXEC"));
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Watched_keys_are_bounded_and_each_counts_once(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer peer = new(node.RespEndPoint);
        string[] keys = [.. Enumerable.Range(0, MaxWatched).Select(i => $"{{t}}{i}")];
        Assert.Equal(Ok, peer.Ask(["WATCH", .. keys]));
        Assert.Equal(Ok, peer.Ask(["WATCH", .. keys]));
        Assert.Equal("-ERR a connection watches at most 512 keys here\r\n", peer.Ask("WATCH", "{t}more"));
        Assert.Equal("-ERR a connection watches at most 512 keys here\r\n", peer.Ask(["WATCH", .. keys, "{t}more"]));
        Assert.Equal(Ok, peer.Ask("SET", "{t}more", "v"));
        peer.Send([.. RespPeer.Encode("MULTI"), .. RespPeer.Encode("PING"), .. RespPeer.Encode("EXEC")]);
        Assert.Equal($"{Ok}{Queued}*1\r\n+PONG\r\n", peer.ReadReply() + peer.ReadReply() + peer.ReadReply());
        Assert.Equal(Ok, peer.Ask(["WATCH", .. keys]));
        Assert.Equal(Ok, peer.Ask("SET", keys[^1], "v"));
        peer.Send([.. RespPeer.Encode("MULTI"), .. RespPeer.Encode("EXEC")]);
        Assert.Equal(Ok + Null, peer.ReadReply() + peer.ReadReply());
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Peers_that_leave_in_the_middle_leave_nothing_behind(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using TestClient fcp = node.Connect();
        for (int i = 0; i < 60; i++)
        {
            RespPeer peer = new(node.RespEndPoint);
            Assert.Equal(Ok, peer.Ask("WATCH", "k"));
            Assert.Equal(Ok, peer.Ask("MULTI"));
            Assert.Equal(Queued, peer.Ask("SET", "k", new string('v', 500_000)));
            if (i % 3 == 0)
            {
                peer.Send(RespPeer.Encode("EXEC"));
            }
            else if (i % 3 == 1)
            {
                Assert.Equal(Ok, peer.Ask("QUIT"));
            }

            peer.Dispose();
        }

        Eventually.Is(() => fcp.Stats()["connection_memory_bytes"] < 1 << 20, () => $"{fcp.Stats()["connection_memory_bytes"]} bytes are held");
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Transactions_that_wait_for_ever_do_not_keep_others_out()
    {
        using RunningNode node = RunningNode.StartWithResp("--connection-memory", "16MiB");
        List<RespPeer> hoarders = [];
        string value = new('v', 900_000);
        for (int i = 0; i < 40; i++)
        {
            RespPeer peer = new(node.RespEndPoint);
            hoarders.Add(peer);
            peer.Send([.. RespPeer.Encode("MULTI"), .. RespPeer.Encode("SET", "k", value), .. RespPeer.Encode("SET", "k", value)]);
        }

        node.AwaitLine("disconnected", "--connection-memory");
        using RespPeer good = new(node.RespEndPoint);
        Eventually.Is(() => good.Ask("SET", "k", value) == Ok, () => "there is no memory for a good peer");
        hoarders.ForEach(peer => peer.Dispose());
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData("RESET", "+RESET\r\n")]
    [InlineData("HELLO", "+QUEUED\r\n")]
    public void What_was_pushed_before_comes_before_the_end_of_version_three(string command, string reply)
    {
        using RunningNode node = RunningNode.StartWithResp(1);
        using RespPeer peer = new(node.RespEndPoint);
        for (int i = 0; i < 20; i++)
        {
            peer.Ask("HELLO", "3");
            Assert.StartsWith(">3", peer.Ask("SUBSCRIBE", "c"), StringComparison.Ordinal);
            peer.Send([
                .. RespPeer.Encode("PUBLISH", "c", "m"), .. RespPeer.Encode("MULTI"),
                .. command == "RESET" ? RespPeer.Encode("RESET") : [.. RespPeer.Encode("HELLO", "2"), .. RespPeer.Encode("EXEC")],
                .. RespPeer.Encode("PING", "end")]);
            List<string> replies = [];
            do
            {
                replies.Add(peer.ReadReply());
            }
            while (!replies[^1].EndsWith("end\r\n", StringComparison.Ordinal));
            int end = replies.FindIndex(one => one == "+RESET\r\n" || one.StartsWith("*1\r\n*14", StringComparison.Ordinal));
            Assert.InRange(replies.FindIndex(one => one.StartsWith(">3\r\n$7\r\nmessage", StringComparison.Ordinal)), 0, end - 1);
            Assert.Contains(reply, replies);
            Assert.Equal("+RESET\r\n", peer.Ask("RESET"));
        }
    }

    [Fact]
    public void Connection_says_that_it_is_in_a_transaction()
    {
        using RunningNode node = RunningNode.StartWithResp(1);
        using RespPeer peer = new(node.RespEndPoint);
        using RespPeer other = new(node.RespEndPoint);
        Assert.Equal(Ok, peer.Ask("CLIENT", "SETNAME", "me"));
        Assert.Equal(("N", "-1"), Said());
        Assert.Equal(Ok, peer.Ask("MULTI"));
        Assert.Equal(("x", "0"), Said());
        Assert.Equal(Queued, peer.Ask("PING"));
        Assert.Equal(Queued, peer.Ask("GET", "k"));
        Assert.Equal(("x", "2"), Said());
        Assert.Equal("+RESET\r\n", peer.Ask("RESET"));
        Assert.Equal(Ok, peer.Ask("CLIENT", "SETNAME", "me"));
        Assert.Equal(("N", "-1"), Said());
        Assert.Equal(0, node.Stop());

        (string Flags, string Multi) Said()
        {
            string line = other.Ask("CLIENT", "LIST").Split('\n').First(line => line.Contains(" name=me "));
            return (WordOf(line, "flags="), WordOf(line, "multi="));
        }
    }

    /// <summary>Moves one from account to account so many times.</summary>
    /// <returns>How often an account had changed before it was moved.</returns>
    private static int Transfer(RunningNode node, string[] accounts, int times, int seed)
    {
        using RespPeer peer = new(node.RespEndPoint);
        Random random = new(seed);
        int missed = 0;
        for (int done = 0; done < times;)
        {
            string from = accounts[random.Next(accounts.Length)];
            string to = accounts[random.Next(accounts.Length)];
            Assert.Equal(Ok, peer.Ask("WATCH", from, to));
            long[] there = NumbersOf(peer.Ask("MGET", from, to));
            peer.Send(
            [
                .. RespPeer.Encode("MULTI"), .. RespPeer.Encode("SET", from, $"{there[0] - 1}"),
                .. RespPeer.Encode(from == to ? ["INCR", from] : ["SET", to, $"{there[1] + 1}"]), .. RespPeer.Encode("EXEC"),
            ]);
            Assert.Equal(Ok + Queued + Queued, peer.ReadReply() + peer.ReadReply() + peer.ReadReply());
            string reply = peer.ReadReply();
            missed += reply == Null ? 1 : 0;
            done += reply.StartsWith("*2\r\n", StringComparison.Ordinal) ? 1 : 0;
        }

        return missed;
    }

    private static string WordOf(string line, string name) => line.Split(' ').First(word => word.StartsWith(name, StringComparison.Ordinal))[name.Length..];

    /// <summary>Two keys that are refused together.</summary>
    private static (string One, string Other) KeysOfTwoShards(RespPeer peer)
    {
        string other = Enumerable.Range(0, 100).Select(i => $"k{i}").First(key => peer.Ask("RENAME", "a", key) == Crossing);
        return ("a", other);
    }

    private static long[] NumbersOf(string array) =>
        [.. RespPeer.ElementsOf(array).Select(bulk => long.Parse(bulk.Split("\r\n")[1], CultureInfo.InvariantCulture))];
}
