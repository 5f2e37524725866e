using System.Net;
using FastCache.Protocol.Tests.Resp;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>Clients that cache, and are told which keys have changed.</summary>
public sealed class ClientTrackingTests
{
    private const int OfThree = 3;
    private const int OfOne = 1;

    [Theory]
    [InlineData(OfOne)]
    [InlineData(OfThree)]
    public void Client_is_told_once_of_every_key_that_it_has_read_and_of_no_other(int shards)
    {
        const int Keys = 50;
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer writer = new(node.RespEndPoint);
        for (int i = 0; i < Keys; i++)
        {
            writer.Ask("SET", $"read{i}", "1");
            writer.Ask("SET", $"unread{i}", "1");
        }

        // After the writes, as another shard may tell of a write although the value that it left was read.
        using RespPeer reader = Tracker(node);
        for (int i = 0; i < Keys; i++)
        {
            Assert.Equal("$1\r\n1\r\n", reader.Ask("GET", $"read{i}"));
        }

        SortedSet<string> expected = [];
        for (int i = 0; i < Keys; i++)
        {
            writer.Ask("SET", $"unread{i}", "2");
            writer.Ask("DEL", $"read{i}");
            writer.Ask("SET", $"read{i}", "3");
            expected.Add(Invalidate($"read{i}"));
        }

        SortedSet<string> told = [.. Enumerable.Range(0, Keys).Select(_ => reader.ReadReply())];
        Assert.Equal(expected, told);
        Assert.Equal("+PONG\r\n", reader.Ask("PING"));
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(OfOne)]
    [InlineData(OfThree)]
    public async Task What_a_client_caches_is_never_older_than_what_it_was_told(int shards)
    {
        const int Rounds = 3_000;
        const int Keys = 5;
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer writer = new(node.RespEndPoint);
        using RespPeer reader = Tracker(node);
        long[] written = new long[Keys];
        Random random = new(3);
        Dictionary<string, string> cache = [];
        Task writing = Task.Run(() =>
        {
            Random ofWriter = new(5);
            for (int i = 1; i <= Rounds; i++)
            {
                int key = ofWriter.Next(Keys);
                writer.Ask("SET", $"k{key}", $"{i}");
                written[key] = i;
            }
        });
        void Take(string push) => cache.Remove(push.Split("\r\n")[5]);
        while (!writing.IsCompleted)
        {
            string key = $"k{random.Next(Keys)}";
            reader.Send(RespPeer.Encode("GET", key));
            string reply = reader.ReadReply();
            while (reply[0] == '>')
            {
                Take(reply);
                reply = reader.ReadReply();
            }

            cache[key] = reply;
        }

        await writing;
        // Whatever is not taken back now is still true.
        for (int i = 0; i < 20; i++)
        {
            reader.Send(RespPeer.Encode("ECHO", $"{i}"));
            string reply = reader.ReadReply();
            while (reply[0] == '>')
            {
                Take(reply);
                reply = reader.ReadReply();
            }

            await Task.Delay(5);
        }

        Assert.All(cache, entry => Assert.Equal(writer.Ask("GET", entry.Key), entry.Value));
    }

    [Theory]
    [InlineData(OfOne)]
    [InlineData(OfThree)]
    public void Broadcast_tells_of_all_keys_with_a_prefix_but_with_noloop_not_of_own_changes(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer writer = new(node.RespEndPoint);
        using RespPeer listener = Tracker(node, "BCAST", "PREFIX", "user:", "PREFIX", "order:", "NOLOOP");
        for (int i = 0; i < 20; i++)
        {
            writer.Ask("SET", $"other:{i}", "1");
            Assert.Equal("+OK\r\n", listener.Ask("SET", $"user:own{i}", "1"));
            writer.Ask("SET", $"user:{i}", "1");
            Assert.Equal(Invalidate($"user:{i}"), listener.ReadReply());
            writer.Ask("INCR", $"order:{i}");
            Assert.Equal(Invalidate($"order:{i}"), listener.ReadReply());
        }

        Assert.Equal("+OK\r\n", listener.Ask("CLIENT", "TRACKING", "OFF"));
        writer.Ask("SET", "user:1", "2");
        Assert.Equal("+PONG\r\n", listener.Ask("PING"));
    }

    [Theory]
    [InlineData(OfOne)]
    [InlineData(OfThree)]
    public void With_noloop_a_client_that_reads_behind_its_own_write_is_told_of_the_next_one(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer writer = new(node.RespEndPoint);
        using RespPeer reader = Tracker(node, "NOLOOP");
        for (int i = 0; i < 30; i++)
        {
            string key = $"own{i}";
            reader.Send([.. RespPeer.Encode("SET", key, "1"), .. RespPeer.Encode("GET", key)]);
            Assert.Equal("+OK\r\n$1\r\n1\r\n", reader.ReadReply() + reader.ReadReply());
            Assert.Equal(":1\r\n", writer.Ask("DEL", key));
            Assert.Equal(Invalidate(key), reader.ReadReply());
        }

        Assert.Equal("+PONG\r\n", reader.Ask("PING"));
    }

    [Theory]
    [InlineData(OfOne)]
    [InlineData(OfThree)]
    public void With_noloop_nobody_is_told_of_the_element_that_it_has_waited_for(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer writer = new(node.RespEndPoint);
        using RespPeer listener = Tracker(node, "BCAST", "NOLOOP");
        for (int i = 0; i < 20; i++)
        {
            listener.Send(RespPeer.Encode("BLPOP", $"q{i}", "0"));
            Eventually.Is(() => writer.Ask("INFO", "clients").Contains("\r\nblocked_clients:1\r\n", StringComparison.Ordinal), () => "nobody waits");
            writer.Ask("RPUSH", $"q{i}", "x", "y");
            writer.Ask("SET", $"behind{i}", "1");

            // The pushes of two passes of different shards have no order.
            string[] replies = [listener.ReadReply(), listener.ReadReply(), listener.ReadReply()];
            Assert.Contains($"*2\r\n${$"q{i}".Length}\r\nq{i}\r\n$1\r\nx\r\n", replies);
            Assert.Contains(Invalidate($"q{i}"), replies);
            Assert.Contains(Invalidate($"behind{i}"), replies);
        }

        Assert.Equal("+PONG\r\n", listener.Ask("PING"));
    }

    [Theory]
    [InlineData(OfOne)]
    [InlineData(OfThree)]
    public void Client_of_version_two_is_told_by_another_connection(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer writer = new(node.RespEndPoint);
        for (int round = 0; round < 6; round++)
        {
            using RespPeer told = new(node.RespEndPoint);
            string id = told.Ask("CLIENT", "ID")[1..^2];
            told.Ask("SUBSCRIBE", "__redis__:invalidate");
            using RespPeer reader = new(node.RespEndPoint);
            Assert.Equal("+OK\r\n", reader.Ask("CLIENT", "TRACKING", "ON", "REDIRECT", id));
            Assert.Equal($":{id}\r\n", reader.Ask("CLIENT", "GETREDIR"));
            reader.Ask("MGET", "a", "b", "c");
            writer.Ask("SET", "b", $"{round}");
            Assert.Equal("*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\nb\r\n", told.ReadReply());
            writer.Ask("FLUSHALL");
            Assert.Equal("*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n$-1\r\n", told.ReadReply());
        }

        using RespPeer late = new(node.RespEndPoint);
        Assert.StartsWith("-ERR The client ID you want", late.Ask("CLIENT", "TRACKING", "ON", "REDIRECT", "999999"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(OfOne)]
    [InlineData(OfThree)]
    public void Client_chooses_what_is_tracked(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer writer = new(node.RespEndPoint);
        using RespPeer chooser = Tracker(node, "OPTIN");
        using RespPeer excluder = Tracker(node, "OPTOUT");
        foreach (string key in (string[])["a", "b", "c", "d"])
        {
            chooser.Ask("GET", key);
            Assert.Equal("+OK\r\n", excluder.Ask("CLIENT", "CACHING", "NO"));
            excluder.Ask("GET", key);
        }

        Assert.Equal("+OK\r\n", chooser.Ask("CLIENT", "CACHING", "YES"));
        chooser.Ask("MGET", "b", "c");
        excluder.Ask("EXISTS", "d");
        writer.Ask("MSET", "a", "1", "b", "1", "c", "1", "d", "1");
        Assert.Equal([Invalidate("b"), Invalidate("c")], new[] { chooser.ReadReply(), chooser.ReadReply() }.Order(StringComparer.Ordinal));
        Assert.Equal(Invalidate("d"), excluder.ReadReply());
        Assert.Equal("+PONG\r\n", chooser.Ask("PING"));
        Assert.Equal("+PONG\r\n", excluder.Ask("PING"));
    }

    [Theory]
    [InlineData(OfOne)]
    [InlineData(OfThree)]
    public void What_is_said_of_the_next_command_is_said_of_a_transaction(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer writer = new(node.RespEndPoint);
        using RespPeer chooser = Tracker(node, "OPTIN");
        using RespPeer excluder = Tracker(node, "OPTOUT");
        foreach ((RespPeer peer, string word) in new[] { (chooser, "YES"), (excluder, "NO") })
        {
            Assert.Equal("+OK\r\n", peer.Ask("CLIENT", "CACHING", word));
            Assert.Equal("+OK\r\n", peer.Ask("MULTI"));
            Assert.Equal("+QUEUED\r\n", peer.Ask("GET", "{t}a"));
            Assert.Equal("+QUEUED\r\n", peer.Ask("GET", "{t}b"));
            Assert.Equal("*2\r\n_\r\n_\r\n", peer.Ask("EXEC"));
            peer.Ask("GET", "{t}c");
        }

        writer.Ask("MSET", "{t}a", "1", "{t}b", "1", "{t}c", "1");
        Assert.Equal([Invalidate("{t}a"), Invalidate("{t}b")], new[] { chooser.ReadReply(), chooser.ReadReply() }.Order(StringComparer.Ordinal));
        Assert.Equal(Invalidate("{t}c"), excluder.ReadReply());
        Assert.Equal("+PONG\r\n", chooser.Ask("PING"));
        Assert.Equal("+PONG\r\n", excluder.Ask("PING"));
    }

    [Theory]
    [InlineData(OfOne)]
    [InlineData(OfThree)]
    public void Changes_through_other_doors_and_the_end_of_a_life_count(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using TestClient fcp = node.Connect();
        using RespPeer writer = new(node.RespEndPoint);
        using RespPeer reader = Tracker(node);
        writer.Ask("SET", "a", "1", "PX", "3000");
        reader.Ask("GET", "a");
        reader.Ask("GET", "b");
        fcp.Set("b", "2"u8.ToArray());
        Assert.Equal(Invalidate("b"), reader.ReadReply());
        Assert.Equal(Invalidate("a"), reader.ReadReply());
        Assert.Equal("_\r\n", reader.Ask("GET", "a"));
    }

    [Theory]
    [InlineData(OfOne)]
    [InlineData(OfThree)]
    public void What_a_transaction_reads_is_tracked(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer writer = new(node.RespEndPoint);
        using RespPeer reader = Tracker(node);
        foreach (string tag in (string[])["{a}", "{b}", "{c}", "{d}"])
        {
            reader.Ask("WATCH", $"{tag}w");
            reader.Ask("MULTI");
            Assert.Equal("+QUEUED\r\n", reader.Ask("GET", $"{tag}1"));
            Assert.Equal("+QUEUED\r\n", reader.Ask("MGET", $"{tag}2", $"{tag}3"));
            Assert.Equal("+QUEUED\r\n", reader.Ask("SET", $"{tag}4", "1"));
            Assert.StartsWith("*3\r\n", reader.Ask("EXEC"), StringComparison.Ordinal);
            writer.Ask("MSET", $"{tag}1", "1", $"{tag}3", "1", $"{tag}4", "1");
            Assert.Equal([Invalidate($"{tag}1"), Invalidate($"{tag}3")], [reader.ReadReply(), reader.ReadReply()]);
            reader.Ask("MULTI");
            Assert.Equal("-ERR 'subscribe' inside MULTI is not allowed here\r\n", reader.Ask("SUBSCRIBE", "c"));
            Assert.StartsWith("-EXECABORT", reader.Ask("EXEC"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void More_keys_than_are_remembered_are_taken_back_unchanged()
    {
        const int Keys = 10_000;
        using RunningNode node = RunningNode.StartWithResp("--connection-memory", "16MiB");
        using RespPeer reader = Tracker(node);
        int told = 0;
        for (int i = 0; i < Keys; i++)
        {
            reader.Send(RespPeer.Encode("GET", $"key{i}"));
            while (reader.ReadReply()[0] == '>')
            {
                told++;
            }
        }

        // An eighth of 16 MiB, and some 430 bytes a key.
        Assert.InRange(Keys - told, 4_000, 6_000);
    }

    [Fact]
    public void Tracker_that_does_not_read_costs_bounded_memory_and_others_nothing()
    {
        using RunningNode node = RunningNode.StartWithResp("--connection-memory", "16MiB");
        using RespPeer silent = Tracker(node, "BCAST");
        using RespPeer writer = new(node.RespEndPoint);
        string key = new('k', 240);
        byte[] sets = [.. Enumerable.Range(0, 100).SelectMany(i => RespPeer.Encode("SET", $"{key}{i}", "v"))];
        for (int round = 0; round < 1_500; round++)
        {
            // Few enough for each to be told.
            writer.Send(sets);
            for (int i = 0; i < 100; i++)
            {
                Assert.Equal("+OK\r\n", writer.ReadReply());
            }
        }

        node.AwaitLine("it does not read what it has subscribed to");
        Assert.InRange(node.ResidentBytes, 0, 400L << 20);
    }

    [RedisFact]
    public void Node_says_what_redis_says()
    {
        using RedisServer redis = RedisServer.Start();
        using RunningNode node = RunningNode.StartWithResp(OfOne);
        Random random = new(17);
        for (int round = 0; round < 40; round++)
        {
            using RespPeer there = new(redis.EndPoint);
            using RespPeer here = new(node.RespEndPoint);
            if (round % 2 == 0)
            {
                there.Ask("HELLO", "3");
                here.Ask("HELLO", "3");
            }

            for (int i = 0; i < 60; i++)
            {
                string[] command = Next(random);
                there.Send(RespPeer.Encode(command));
                here.Send(RespPeer.Encode(command));
                string sent = string.Join(' ', command);
                Assert.Equal($"{sent}: {Reply(there)}", $"{sent}: {Reply(here)}");
            }
        }
    }

    [RedisFact]
    public void Counts_what_redis_counts()
    {
        using RedisServer redis = RedisServer.Start();
        using RunningNode node = RunningNode.StartWithResp(OfOne);
        string[][] seen = [.. new[] { redis.EndPoint, node.RespEndPoint }.Select(endPoint =>
        {
            List<string> counts = [];
            using RespPeer first = Tracker(endPoint);
            using RespPeer second = Tracker(endPoint);
            using RespPeer broadcast = Tracker(endPoint, "BCAST", "PREFIX", "p:", "PREFIX", "q:");
            using RespPeer other = Tracker(endPoint, "BCAST", "PREFIX", "q:", "PREFIX", "r:");
            using RespPeer asking = new(endPoint);
            Array.ForEach(["a", "b", "p:c"], key => first.Ask("GET", key));
            Array.ForEach(["b", "b"], key => second.Ask("GET", key));
            counts.AddRange(CountsOf(asking));
            other.Ask("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "s:");
            asking.Ask("SET", "a", "1");
            asking.Ask("SET", "p:c", "1");
            first.ReadReply();
            counts.AddRange(CountsOf(asking));
            other.Ask("CLIENT", "TRACKING", "OFF");
            asking.Ask("SET", "b", "1");
            second.ReadReply();
            counts.AddRange(CountsOf(asking));
            second.Ask("QUIT");
            counts.AddRange(CountsOf(asking));
            return counts.ToArray();
        })];
        Assert.Equal(["tracking_clients:4", "tracking_total_keys:3", "tracking_total_items:4", "tracking_total_prefixes:3"], seen[0][..4]);
        Assert.Equal(seen[0], seen[1]);
        using RespPeer last = new(node.RespEndPoint);
        Assert.Contains("\r\ntracking_total_messages:5\r\n", last.Ask("INFO"), StringComparison.Ordinal);
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Counts_are_those_of_all_shards()
    {
        const int Keys = 30;
        using RunningNode node = RunningNode.StartWithResp(OfThree);
        using RespPeer asking = new(node.RespEndPoint);
        RespPeer[] trackers = [.. Enumerable.Range(0, OfThree).Select(_ => Tracker(node))];
        Array.ForEach(trackers, peer => Array.ForEach([.. Enumerable.Range(0, Keys)], i => peer.Ask("GET", $"k{i}")));
        string[] expected = ["tracking_clients:3", $"tracking_total_keys:{OfThree * Keys}", $"tracking_total_items:{OfThree * Keys}", "tracking_total_prefixes:0"];
        Eventually.Is(() => CountsOf(asking).SequenceEqual(expected), () => string.Join(' ', CountsOf(asking)));
        Array.ForEach(trackers, peer => peer.Dispose());
        expected = ["tracking_clients:0", "tracking_total_keys:0", "tracking_total_items:0", "tracking_total_prefixes:0"];
        Eventually.Is(() => CountsOf(asking).SequenceEqual(expected), () => string.Join(' ', CountsOf(asking)));
        Assert.Equal(0, node.Stop());
    }

    /// <summary>What INFO says of tracking, in an order that both servers have.</summary>
    private static string[] CountsOf(RespPeer peer)
    {
        string[] lines = peer.Ask("INFO").Split("\r\n");
        return
        [
            .. new[] { "tracking_clients", "tracking_total_keys", "tracking_total_items", "tracking_total_prefixes" }
                .Select(name => lines.Single(line => line.StartsWith($"{name}:", StringComparison.Ordinal))),
        ];
    }

    private static string Reply(RespPeer peer)
    {
        string reply = peer.ReadReply();
        return reply[0] == '>' ? Reply(peer) : reply;
    }

    private static string[] Next(Random random)
    {
        string Word() => new[] { "BCAST", "OPTIN", "OPTOUT", "NOLOOP", "PREFIX", "a", "REDIRECT", "none", "999999" }[random.Next(9)];
        return random.Next(9) switch
        {
            0 => ["CLIENT", "TRACKING", "ON"],
            1 => ["CLIENT", "TRACKING", "ON", .. Enumerable.Range(0, random.Next(1, 4)).Select(_ => Word())],
            2 => ["CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", new[] { "a", "ab", "b", "" }[random.Next(4)]],
            3 => ["CLIENT", "TRACKING", "OFF"],
            4 => ["CLIENT", "CACHING", new[] { "YES", "NO", "x" }[random.Next(3)]],
            5 => ["CLIENT", "GETREDIR"],
            6 => ["CLIENT", "TRACKING", new[] { "x", "on" }[random.Next(2)], "NOLOOP"],
            7 => ["GET", "a"],
            _ => ["CLIENT", "TRACKINGINFO"],
        };
    }

    private static RespPeer Tracker(RunningNode node, params string[] words) => Tracker(node.RespEndPoint, words);

    private static RespPeer Tracker(IPEndPoint endPoint, params string[] words)
    {
        RespPeer peer = new(endPoint);
        Assert.StartsWith("%", peer.Ask("HELLO", "3"), StringComparison.Ordinal);
        Assert.Equal("+OK\r\n", peer.Ask(["CLIENT", "TRACKING", "ON", .. words]));
        return peer;
    }

    private static string Invalidate(string key) => $">2\r\n$10\r\ninvalidate\r\n*1\r\n${key.Length}\r\n{key}\r\n";
}
