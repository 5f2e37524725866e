using System.Diagnostics;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>Clients that wait for elements of lists and members of sorted sets, on the shard of their keys and on others.</summary>
public sealed class BlockingTests
{
    private const int Keys = 12;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Waiter_has_the_element_that_comes(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer waiter = new(node.RespEndPoint);
        using RespPeer other = new(node.RespEndPoint);
        for (int i = 0; i < Keys; i++)
        {
            waiter.Send(RespPeer.Encode(i % 2 == 0 ? "BLPOP" : "BRPOP", $"k{i}", "0"));
            AwaitWaiting(other, 1);
            Assert.Equal(":2\r\n", other.Ask("RPUSH", $"k{i}", "first", "last"));
            string element = i % 2 == 0 ? "$5\r\nfirst\r\n" : "$4\r\nlast\r\n";
            Assert.Equal($"*2\r\n${$"k{i}".Length}\r\nk{i}\r\n{element}", waiter.ReadReply());
            Assert.Equal(":1\r\n", other.Ask("LLEN", $"k{i}"));
            Assert.Equal("+PONG\r\n", waiter.Ask("PING"));
        }

        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void What_is_pushed_during_a_wait_comes_at_once_and_what_is_sent_behind_it_after_it(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer waiter = new(node.RespEndPoint);
        using RespPeer other = new(node.RespEndPoint);
        Assert.StartsWith("%", waiter.Ask("HELLO", "3"), StringComparison.Ordinal);
        Assert.Equal(">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n", waiter.Ask("SUBSCRIBE", "c"));
        for (int i = 0; i < 3 * Keys; i++)
        {
            string key = $"k{i % Keys}";
            waiter.Send(RespPeer.Encode("BLPOP", key, "0"));
            AwaitWaiting(other, 1);
            Assert.Equal(":1\r\n", other.Ask("PUBLISH", "c", "m"));
            Assert.Equal(">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n", waiter.ReadReply());
            byte[] behind = [.. RespPeer.Encode("ECHO", "behind"), .. RespPeer.Encode("GET", "nothing")];
            waiter.Send(behind.AsSpan(0, behind.Length - (i % 9)));
            Assert.Equal("+PONG\r\n", other.Ask("PING"));
            Assert.Equal(":1\r\n", other.Ask("RPUSH", key, "x"));
            waiter.Send(behind.AsSpan(behind.Length - (i % 9)));
            Assert.Equal($"*2\r\n${key.Length}\r\n{key}\r\n$1\r\nx\r\n", waiter.ReadReply());
            Assert.Equal("$6\r\nbehind\r\n", waiter.ReadReply());
            Assert.Equal("_\r\n", waiter.ReadReply());
        }

        Assert.StartsWith("-ERR a client waits for at most 1024 keys", waiter.Ask(["BLPOP", .. Enumerable.Repeat("k", 1_025), "0"]), StringComparison.Ordinal);
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Waiters_are_served_in_the_order_in_which_they_came(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        RespPeer[] waiters = Connect(node, 9);
        using RespPeer other = new(node.RespEndPoint);
        for (int i = 0; i < waiters.Length; i++)
        {
            waiters[i].Send(RespPeer.Encode("BLPOP", "{q}none", "{q}", "0"));
            AwaitWaiting(other, i + 1);
        }

        // The third one gives up: nothing is lost with it, and nobody else's turn.
        waiters[2].Dispose();
        AwaitWaiting(other, waiters.Length - 1);
        Assert.Equal(":3\r\n", other.Ask("RPUSH", "{q}", "0", "1", "2"));
        for (int i = 3; i < waiters.Length; i++)
        {
            Assert.Equal(":1\r\n", other.Ask("RPUSH", "{q}", $"{i}"));
        }

        for (int i = 0, element = 0; i < waiters.Length; i++)
        {
            if (i != 2)
            {
                Assert.Equal($"*2\r\n$3\r\n{{q}}\r\n$1\r\n{element++}\r\n", waiters[i].ReadReply());
            }
        }

        Assert.Equal($"*1\r\n$1\r\n{waiters.Length - 1}\r\n", other.Ask("LRANGE", "{q}", "0", "-1"));
        Array.ForEach(waiters, waiter => waiter.Dispose());
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Wait_ends_when_its_time_is_over(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer waiter = new(node.RespEndPoint);
        for (int i = 0; i < Keys; i++)
        {
            long start = Stopwatch.GetTimestamp();
            string reply = (i % 3) switch
            {
                0 => waiter.Ask("BLPOP", $"k{i}", $"{{k{i}}}other", "0.15"),
                1 => waiter.Ask("BLMOVE", $"k{i}", $"k{i}", "LEFT", "RIGHT", "0.15"),
                _ => waiter.Ask("BLMPOP", "0.15", "1", $"k{i}", "LEFT"),
            };
            Assert.Equal(i < 6 ? "*-1\r\n" : "_\r\n", reply);
            Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 130, 5_000);
            if (i == 5)
            {
                waiter.Ask("HELLO", "3");
            }
        }

        Assert.Equal(":1\r\n", waiter.Ask("RPUSH", "k0", "late"));
        Assert.Equal(":1\r\n", waiter.Ask("LLEN", "k0"));
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Requests_behind_a_wait_are_executed_after_it(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer waiter = new(node.RespEndPoint);
        using RespPeer other = new(node.RespEndPoint);
        string longValue = new('v', 200_000);
        for (int i = 0; i < Keys; i++)
        {
            waiter.Send([
                .. RespPeer.Encode("SET", $"s{i}", "before"), .. RespPeer.Encode("BLPOP", $"k{i}", "0"), .. RespPeer.Encode("LLEN", $"k{i}"),
                .. RespPeer.Encode("SET", $"s{i}", longValue), .. RespPeer.Encode("BLPOP", $"k{i}", "0"), .. RespPeer.Encode("PING")]);
            Assert.Equal("+OK\r\n", waiter.ReadReply());
            AwaitWaiting(other, 1);
            Assert.Equal("$6\r\nbefore\r\n", other.Ask("GET", $"s{i}"));
            other.Ask("RPUSH", $"k{i}", "a");
            Assert.EndsWith("$1\r\na\r\n", waiter.ReadReply(), StringComparison.Ordinal);
            Assert.Equal(":0\r\n", waiter.ReadReply());
            Assert.Equal("+OK\r\n", waiter.ReadReply());
            AwaitWaiting(other, 1);
            other.Ask("RPUSH", $"k{i}", "b", "c");
            Assert.EndsWith("$1\r\nb\r\n", waiter.ReadReply(), StringComparison.Ordinal);
            Assert.Equal("+PONG\r\n", waiter.ReadReply());
        }

        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Nothing_is_taken_for_a_client_that_has_gone(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer other = new(node.RespEndPoint);
        for (int i = 0; i < Keys; i++)
        {
            RespPeer waiter = new(node.RespEndPoint);
            waiter.Send(RespPeer.Encode("BLPOP", $"k{i}", "0"));
            AwaitWaiting(other, 1);
            if (i % 2 == 0)
            {
                waiter.Dispose();
            }
            else
            {
                waiter.EndOutput();
                Assert.Equal("", waiter.ReadToEnd());
            }

            AwaitWaiting(other, 0);
            Assert.Equal(":1\r\n", other.Ask("RPUSH", $"k{i}", "a"));
            Assert.Equal(":1\r\n", other.Ask("LLEN", $"k{i}"));
        }

        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Many_wait_without_use_of_processors_and_each_has_its_element(int shards)
    {
        const int Waiters = 100;
        using RunningNode node = RunningNode.StartWithResp(shards);
        RespPeer[] waiters = Connect(node, Waiters);
        using RespPeer other = new(node.RespEndPoint);
        foreach (RespPeer waiter in waiters)
        {
            waiter.Send(RespPeer.Encode("BLPOP", "jobs", "0"));
        }

        AwaitWaiting(other, Waiters);
        TimeSpan before = node.ProcessorTime;
        Thread.Sleep(1_000);
        Assert.InRange((node.ProcessorTime - before).TotalMilliseconds, 0, 300);
        foreach (int[] part in Enumerable.Range(0, Waiters).Chunk(7))
        {
            Assert.StartsWith(":", other.Ask(["RPUSH", "jobs", .. part.Select(i => $"{i}")]), StringComparison.Ordinal);
        }

        SortedSet<int> had = [.. waiters.Select(waiter => int.Parse(waiter.ReadReply().Split("\r\n")[4]))];
        Assert.Equal(Waiters, had.Count);
        Assert.Equal(":0\r\n", other.Ask("LLEN", "jobs"));
        Array.ForEach(waiters, waiter => waiter.Dispose());
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Element_goes_from_one_wait_to_the_next()
    {
        using RunningNode node = RunningNode.StartWithResp(1);
        RespPeer[] waiters = Connect(node, 3);
        waiters[0].Send(RespPeer.Encode("BLMOVE", "a", "b", "LEFT", "LEFT", "0"));
        waiters[1].Send(RespPeer.Encode("BRPOPLPUSH", "b", "c", "0"));
        waiters[2].Send(RespPeer.Encode("BLMPOP", "0", "2", "nothing", "c", "LEFT", "COUNT", "5"));
        using RespPeer other = new(node.RespEndPoint);
        AwaitWaiting(other, 3);
        Assert.Equal("+OK\r\n", other.Ask("SET", "a", "not a list"));
        Assert.Equal(":1\r\n", other.Ask("DEL", "a"));
        Assert.Equal(":1\r\n", other.Ask("LPUSH", "a", "x"));
        Assert.Equal("$1\r\nx\r\n", waiters[0].ReadReply());
        Assert.Equal("$1\r\nx\r\n", waiters[1].ReadReply());
        Assert.Equal("*2\r\n$1\r\nc\r\n*1\r\n$1\r\nx\r\n", waiters[2].ReadReply());
        Array.ForEach(waiters, waiter => waiter.Dispose());
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData("BLPOP k 0", "*-1")]
    [InlineData("BLMPOP 0 1 k LEFT", "*-1")]
    [InlineData("BLMOVE k k LEFT LEFT 0", "$-1")]
    [InlineData("BRPOPLPUSH k k 0", "$-1")]
    [InlineData("BZPOPMIN k 0", "*-1")]
    [InlineData("BZMPOP 0 1 k MAX", "*-1")]
    [InlineData("BLPOP k nan", "-ERR timeout is not a float or out of range")]
    [InlineData("BLPOP k -1", "-ERR timeout is negative")]
    [InlineData("BLPOP k 9223372036854776", "-ERR timeout is out of range")]
    [InlineData("BLPOP k 9e15", "*-1")]
    public void In_a_transaction_nobody_waits(string command, string nothing)
    {
        using RunningNode node = RunningNode.StartWithResp(1);
        using RespPeer peer = new(node.RespEndPoint);
        Assert.Equal("+OK\r\n", peer.Ask("MULTI"));
        Assert.Equal("+QUEUED\r\n", peer.Ask(command.Split(' ')));
        Assert.Equal($"*1\r\n{nothing}\r\n", peer.Ask("EXEC"));
        Assert.Equal("-ERR timeout is not a float or out of range\r\n", peer.Ask("BLPOP", "k", ""));
    }

    [Theory]
    [InlineData(1, "2")]
    [InlineData(3, "2")]
    [InlineData(3, "3")]
    public void Waiter_has_the_member_of_a_sorted_set_that_comes(int shards, string version)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer waiter = new(node.RespEndPoint);
        using RespPeer other = new(node.RespEndPoint);
        waiter.Ask("HELLO", version);
        for (int i = 0; i < Keys; i++)
        {
            string key = $"{{k{i}}}";
            string low = $"*3\r\n${key.Length}\r\n{key}\r\n$3\r\nlow\r\n{(version == "2" ? "$3\r\n1.5" : ",1.5")}\r\n";
            string high = $"*3\r\n${key.Length}\r\n{key}\r\n$4\r\nhigh\r\n{(version == "2" ? "$2\r\n20" : ",20")}\r\n";
            waiter.Send(RespPeer.Encode(i % 2 == 0 ? "BZPOPMIN" : "BZPOPMAX", $"{key}none", key, "0"));
            AwaitWaiting(other, 1);
            Assert.Equal(":2\r\n", other.Ask("ZADD", key, "1.5", "low", "20", "high"));
            Assert.Equal(i % 2 == 0 ? low : high, waiter.ReadReply());
            Assert.Equal(i % 2 == 0 ? high : low, waiter.Ask("BZPOPMIN", key, "0"));
            Assert.Equal(":0\r\n", other.Ask("EXISTS", key));
            waiter.Send(RespPeer.Encode("BZMPOP", "0", "2", $"{key}none", key, "MAX", "COUNT", "9"));
            AwaitWaiting(other, 1);
            Assert.Equal(":2\r\n", other.Ask("ZADD", key, "1.5", "low", "20", "high"));
            Assert.Equal(
                $"*2\r\n${key.Length}\r\n{key}\r\n*2\r\n*2\r\n$4\r\nhigh\r\n{(version == "2" ? "$2\r\n20" : ",20")}\r\n*2\r\n$3\r\nlow\r\n{(version == "2" ? "$3\r\n1.5" : ",1.5")}\r\n",
                waiter.ReadReply());
            Assert.Equal(version == "2" ? "*-1\r\n" : "_\r\n", waiter.Ask("BZPOPMAX", key, "0.01"));
        }

        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Those_who_wait_for_another_kind_are_passed_over(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        RespPeer[] waiters = Connect(node, 4);
        using RespPeer other = new(node.RespEndPoint);
        for (int i = 0; i < waiters.Length; i++)
        {
            waiters[i].Send(RespPeer.Encode(i < 2 ? "BLPOP" : "BZPOPMIN", "k", "0"));
            AwaitWaiting(other, i + 1);
        }

        Assert.Equal(":3\r\n", other.Ask("ZADD", "k", "1", "a", "2", "b", "3", "c"));
        Assert.Equal("*3\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\n1\r\n", waiters[2].ReadReply());
        Assert.Equal("*3\r\n$1\r\nk\r\n$1\r\nb\r\n$1\r\n2\r\n", waiters[3].ReadReply());
        AwaitWaiting(other, 2);
        Assert.Equal(":1\r\n", other.Ask("DEL", "k"));
        Assert.Equal(":2\r\n", other.Ask("RPUSH", "k", "x", "y"));
        Assert.Equal("*2\r\n$1\r\nk\r\n$1\r\nx\r\n", waiters[0].ReadReply());
        Assert.Equal("*2\r\n$1\r\nk\r\n$1\r\ny\r\n", waiters[1].ReadReply());
        Array.ForEach(waiters, waiter => waiter.Dispose());
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData("RENAME")]
    [InlineData("COPY")]
    public void List_that_comes_from_another_key_is_found(string command)
    {
        using RunningNode node = RunningNode.StartWithResp(3);
        using RespPeer waiter = new(node.RespEndPoint);
        using RespPeer other = new(node.RespEndPoint);
        waiter.Send(RespPeer.Encode("BLPOP", "{q}to", "0"));
        AwaitWaiting(other, 1);
        Assert.Equal(":1\r\n", other.Ask("RPUSH", "{q}from", "x"));
        other.Ask(command, "{q}from", "{q}to");
        Assert.Equal("*2\r\n$5\r\n{q}to\r\n$1\r\nx\r\n", waiter.ReadReply());
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Silence_of_a_waiter_is_no_idleness()
    {
        using RunningNode node = RunningNode.StartWithResp("--idle-timeout", "1");
        using RespPeer waiter = new(node.RespEndPoint);
        waiter.Send(RespPeer.Encode("BLPOP", "k", "2.5"));
        Assert.Equal("*-1\r\n", waiter.ReadReply());
        Assert.Equal("+PONG\r\n", waiter.Ask("PING"));
        Assert.Equal("", waiter.ReadToEnd());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Shutdown_ends_all_waits(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        RespPeer[] waiters = Connect(node, 20);
        for (int i = 0; i < waiters.Length; i++)
        {
            waiters[i].Send(RespPeer.Encode("BLPOP", $"k{i}", "0"));
        }

        using RespPeer other = new(node.RespEndPoint);
        AwaitWaiting(other, waiters.Length);
        long start = Stopwatch.GetTimestamp();
        Assert.Equal(0, node.Stop());
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 4);
        Assert.All(waiters, waiter => Assert.Equal("*-1\r\n", waiter.ReadToEnd()));
        Array.ForEach(waiters, waiter => waiter.Dispose());
    }

    [Fact]
    public void Calls_that_wait_leave_memory_to_the_connections_of_their_shard()
    {
        const int Waiters = 90;
        using RunningNode node = RunningNode.StartWithResp(3, "--connection-memory", "48MiB");
        RespPeer[] waiters = Connect(node, Waiters);
        string[] call = ["BLPOP", .. Enumerable.Range(0, 1_000).Select(i => $"{{q}}{i}"), "0"];
        foreach (RespPeer waiter in waiters)
        {
            waiter.Send([.. RespPeer.Encode(call), .. RespPeer.Encode("PING")]);
        }

        // Each takes 128 KiB and more, all at one shard, which has 16 MiB for replies and input, and gives them half of that for input.
        using RespPeer other = new(node.RespEndPoint);
        int waiting = -1;
        Eventually.Is(() => waiting == (waiting = Settled(other)) && waiting is > 20 and < 60, () => $"{waiting} wait");
        Assert.Equal($":{waiting}\r\n", other.Ask(["RPUSH", "{q}7", .. Enumerable.Repeat("x", waiting)]));
        int served = 0;
        foreach (RespPeer waiter in waiters)
        {
            string reply = waiter.ReadReply();
            served += reply == "*2\r\n$4\r\n{q}7\r\n$1\r\nx\r\n" ? 1 : 0;
            Assert.True(reply.StartsWith('*') || reply.StartsWith("-OOM ", StringComparison.Ordinal), reply);
            Assert.Equal("+PONG\r\n", waiter.ReadReply());
        }

        Assert.Equal(waiting, served);
        Array.ForEach(waiters, waiter => waiter.Dispose());
        Assert.Equal(0, node.Stop());

        // What shards count is told every tenth of a second.
        static int Settled(RespPeer peer)
        {
            Thread.Sleep(300);
            return int.Parse(peer.Ask("INFO", "clients").Split("\r\nblocked_clients:")[1].Split('\r')[0]);
        }
    }

    [Fact]
    public void Keys_of_one_wait_lie_on_one_shard()
    {
        using RunningNode node = RunningNode.StartWithResp(3);
        using RespPeer peer = new(node.RespEndPoint);
        Assert.StartsWith("-CROSSSLOT ", peer.Ask(["BLPOP", .. Enumerable.Range(0, 20).Select(i => $"k{i}"), "0"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Elements_and_searches_have_their_bounds()
    {
        const int Elements = 70_000;
        using RunningNode node = RunningNode.StartWithResp(1);
        using RespPeer peer = new(node.RespEndPoint);
        Assert.Equal("-ERR an element of a list or a value of a hash has at most 262144 bytes here\r\n", peer.Ask("RPUSH", "k", "a", new string('v', (256 << 10) + 1)));
        Assert.Equal(":0\r\n", peer.Ask("LLEN", "k"));
        Assert.Equal(":1\r\n", peer.Ask("RPUSH", "k", new string('v', 256 << 10)));
        Assert.Equal(":1\r\n", peer.Ask("LREM", "k", "0", new string('v', 256 << 10)));
        foreach (int[] part in Enumerable.Range(0, Elements).Chunk(10_000))
        {
            peer.Ask(["RPUSH", "k", .. part.Select(i => $"element {i}")]);
        }

        Assert.Equal(":60000\r\n", peer.Ask("LPOS", "k", "element 60000"));
        Assert.Equal($":{Elements - 1}\r\n", peer.Ask("LPOS", "k", $"element {Elements - 1}", "RANK", "-1"));
        Assert.Equal("$-1\r\n", peer.Ask("LPOS", "k", "nothing", "MAXLEN", "60000"));
        Assert.StartsWith("-ERR a command looks at 65536 elements at most", peer.Ask("LPOS", "k", "nothing"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR a command looks at 65536 elements", peer.Ask("LREM", "k", "0", "nothing"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR a command looks at 65536 elements", peer.Ask("LINSERT", "k", "BEFORE", "nothing", "x"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR a command looks at 65536 elements", peer.Ask("RPOP", "k", "100000"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR a reply has at most", peer.Ask("LRANGE", "k", "0", "-1"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR a reply has at most", peer.Ask("LPOP", "k", "60000"), StringComparison.Ordinal);
        Assert.Equal($":{Elements}\r\n", peer.Ask("LLEN", "k"));
        Assert.Equal("+OK\r\n", peer.Ask("LTRIM", "k", "10", "-11"));
        Assert.Equal($":{Elements - 20}\r\n", peer.Ask("LLEN", "k"));
        Assert.Equal(0, node.Stop());
    }

    /// <summary>Waits until so many connections of the node wait for something.</summary>
    private static void AwaitWaiting(RespPeer peer, int connections)
    {
        string line = $"\r\nblocked_clients:{connections}\r\n";
        Eventually.Is(() => peer.Ask("INFO", "clients").Contains(line, StringComparison.Ordinal), () => peer.Ask("INFO", "clients"));
    }

    private static RespPeer[] Connect(RunningNode node, int count) => [.. Enumerable.Range(0, count).Select(_ => new RespPeer(node.RespEndPoint))];
}
