using System.Globalization;
using System.Text;
using FastCache.Protocol.Tests.Resp;
using StackExchange.Redis;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>Channels: who is told what, on nodes of one shard and of several.</summary>
public sealed class SubscriptionTests
{
    private const int OfThree = 3;
    private const int OfOne = 1;

    [Theory]
    [InlineData(OfOne)]
    [InlineData(OfThree)]
    public void Message_reaches_the_subscribers_of_all_shards_and_they_are_counted(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        List<RespPeer> subscribers = [.. Enumerable.Range(0, 9).Select(_ => new RespPeer(node.RespEndPoint))];
        foreach (RespPeer subscriber in subscribers)
        {
            Assert.Equal(Frame('*', "subscribe", "news", 1), subscriber.Ask("SUBSCRIBE", "news"));
        }

        using RespPeer publisher = new(node.RespEndPoint);
        Assert.Equal(":9\r\n", publisher.Ask("PUBLISH", "news", "hello"));
        Assert.Equal(":0\r\n", publisher.Ask("PUBLISH", "old", "hello"));
        Assert.Equal("*2\r\n$4\r\nnews\r\n:9\r\n", publisher.Ask("PUBSUB", "NUMSUB", "news"));
        Assert.All(subscribers, subscriber => Assert.Equal(Frame('*', "message", "news", "hello"), subscriber.ReadReply()));
        subscribers.ForEach(subscriber => subscriber.Dispose());
        Eventually.Is(() => publisher.Ask("PUBSUB", "CHANNELS") == "*0\r\n", () => "channels are left of connections that are gone");
        Assert.Equal(":0\r\n", publisher.Ask("PUBLISH", "news", "hello"));
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(OfOne)]
    [InlineData(OfThree)]
    public async Task Messages_of_one_publisher_come_whole_and_in_order(int shards)
    {
        const int Count = 3_000;
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer subscriber = new(node.RespEndPoint);
        subscriber.Ask("HELLO", "3");
        Assert.Equal(Frame('>', "psubscribe", "n*", 1), subscriber.Ask("PSUBSCRIBE", "n*"));
        using RespPeer publisher = new(node.RespEndPoint);
        string Message(int i) => $"{i}:" + new string('x', i % 700 == 0 ? 300_000 : i % 50);
        Task sending = Task.Run(() =>
        {
            for (int i = 0; i < Count; i++)
            {
                publisher.Send(RespPeer.Encode("PUBLISH", $"n{i % 7}", Message(i)));
            }
        });
        for (int i = 0; i < Count; i++)
        {
            // What the subscriber asks is answered in between, and never within a message.
            if (i % 100 == 0)
            {
                subscriber.Send(RespPeer.Encode("ECHO", $"{i}"));
            }

            string next = subscriber.ReadReply();
            while (next[0] != '>')
            {
                next = subscriber.ReadReply();
            }

            Assert.True($">4\r\n$8\r\npmessage\r\n{Bulk("n*")}{Bulk($"n{i % 7}")}{Bulk(Message(i))}" == next, $"message {i} is another one");
        }

        await sending;
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal(":1\r\n", publisher.ReadReply());
        }
    }

    [Fact]
    public void Connection_of_version_two_with_subscriptions_takes_only_their_commands()
    {
        using RunningNode node = RunningNode.StartWithResp(OfOne);
        using RespPeer peer = new(node.RespEndPoint);
        peer.Send([.. RespPeer.Encode("SUBSCRIBE", "a", "b"), .. RespPeer.Encode("GET", "k"), .. RespPeer.Encode("PING"), .. RespPeer.Encode("UNSUBSCRIBE", "b", "a"), .. RespPeer.Encode("GET", "k")]);
        Assert.Equal(Frame('*', "subscribe", "a", 1) + Frame('*', "subscribe", "b", 2), peer.ReadReply() + peer.ReadReply());
        Assert.StartsWith("-ERR Can't execute 'get': only (P|S)SUBSCRIBE", peer.ReadReply(), StringComparison.Ordinal);
        Assert.Equal("*2\r\n$4\r\npong\r\n$0\r\n\r\n", peer.ReadReply());
        Assert.Equal(Frame('*', "unsubscribe", "b", 1) + Frame('*', "unsubscribe", "a", 0), peer.ReadReply() + peer.ReadReply());
        Assert.Equal("$-1\r\n", peer.ReadReply());
        peer.Ask("SUBSCRIBE", "a");
        Assert.Equal("+RESET\r\n", peer.Ask("RESET"));
        Assert.Equal("*0\r\n", peer.Ask("PUBSUB", "CHANNELS"));
        peer.Ask("SUBSCRIBE", "a");
        Assert.Equal("+OK\r\n", peer.Ask("QUIT"));
    }

    [Theory]
    [InlineData(OfOne)]
    [InlineData(OfThree)]
    public async Task Message_never_follows_the_end_of_the_last_subscription(int shards)
    {
        const int Rounds = 400;
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer peer = new(node.RespEndPoint);
        using RespPeer publisher = new(node.RespEndPoint);
        using CancellationTokenSource ends = new();
        Task publishing = Task.Run(() =>
        {
            while (!ends.IsCancellationRequested)
            {
                publisher.Send([.. Enumerable.Repeat(RespPeer.Encode("PUBLISH", "c", "m"), 20).SelectMany(bytes => bytes)]);
                for (int i = 0; i < 20; i++)
                {
                    publisher.ReadReply();
                }
            }
        });
        for (int round = 0; round < Rounds; round++)
        {
            peer.Send([.. RespPeer.Encode("SUBSCRIBE", "c"), .. RespPeer.Encode("UNSUBSCRIBE"), .. RespPeer.Encode("ECHO", "over"), .. "ECHO line\r\n"u8]);
            Assert.Equal(Frame('*', "subscribe", "c", 1), peer.ReadReply());
            string next = peer.ReadReply();
            while (next == Frame('*', "message", "c", "m"))
            {
                next = peer.ReadReply();
            }

            Assert.Equal(Frame('*', "unsubscribe", "c", 0), next);
            Assert.Equal("$4\r\nover\r\n$4\r\nline\r\n", peer.ReadReply() + peer.ReadReply());
            peer.Send("SUBSCRIBE c\r\n"u8);
            Assert.Equal(Frame('*', "subscribe", "c", 1), peer.ReadReply());
            Thread.Sleep(round % 3);
            peer.Send("UNSUBSCRIBE c\r\nPING\r\n"u8);
            while ((next = peer.ReadReply()) == Frame('*', "message", "c", "m"))
            {
            }

            Assert.Equal(Frame('*', "unsubscribe", "c", 0), next);
            Assert.Equal("+PONG\r\n", peer.ReadReply());
        }

        await ends.CancelAsync();
        await publishing;
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(OfOne)]
    [InlineData(OfThree)]
    public void Subscriber_that_does_not_read_is_disconnected_and_memory_stays_bounded(int shards)
    {
        const int Messages = 3_000;
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer good = new(node.RespEndPoint);
        good.Ask("SUBSCRIBE", "c");
        using RespPeer silent = new(node.RespEndPoint);
        silent.Ask("SUBSCRIBE", "c");
        using RespPeer publisher = new(node.RespEndPoint);
        string message = new('m', 50_000);
        string last = "";
        for (int i = 0; i < Messages && last != ":1\r\n"; i++)
        {
            last = publisher.Ask("PUBLISH", "c", message);
            Assert.Equal(Frame('*', "message", "c", message).Length, good.ReadReply().Length);
        }

        Assert.Equal(":1\r\n", last);
        node.AwaitLine("it does not read what it has subscribed to");
        Assert.InRange(node.ResidentBytes, 0, 600L << 20);
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Names_and_their_number_are_bounded()
    {
        using RunningNode node = RunningNode.StartWithResp("--connection-memory", "16MiB");
        using RespPeer peer = new(node.RespEndPoint);
        peer.Ask("HELLO", "3");
        Assert.StartsWith("-ERR the name of a channel has at most 1024 bytes", peer.Ask("SUBSCRIBE", new string('c', 1_025)), StringComparison.Ordinal);
        Assert.StartsWith("-ERR the name of a channel", peer.Ask("PSUBSCRIBE", new string('c', 513)), StringComparison.Ordinal);
        Assert.Equal(Frame('>', "subscribe", new string('c', 1_024), 1), peer.Ask("SUBSCRIBE", new string('c', 1_024)));
        Assert.StartsWith("-ERR too many subscriptions: ", LastOf(peer, "SUBSCRIBE", Enumerable.Range(0, 5_000).Select(i => $"c{i}")), StringComparison.Ordinal);
        Assert.Equal("+RESET\r\n", peer.Ask("RESET"));
        Assert.StartsWith("-ERR a shard of this node takes at most 1024 different patterns", LastOf(peer, "PSUBSCRIBE", Enumerable.Range(0, 1_025).Select(i => $"p{i}")), StringComparison.Ordinal);
        Assert.Equal("+PONG\r\n", new RespPeer(node.RespEndPoint).Ask("PING"));
    }

    [Fact]
    public void All_subscriptions_that_one_connection_may_have_end_with_one_command()
    {
        const int Count = 13_000;
        using RunningNode node = RunningNode.StartWithResp(OfOne, "--connection-memory", "256MiB");
        using RespPeer peer = new(node.RespEndPoint);
        Assert.Equal(Frame('*', "subscribe", $"channel:{Count}", Count), LastOf(peer, "SUBSCRIBE", Enumerable.Range(1, Count).Select(i => $"channel:{i}")));
        Assert.StartsWith("-ERR too many subscriptions of one connection", LastOf(peer, "SUBSCRIBE", Enumerable.Range(Count, 2_000).Select(i => $"channel:{i}")), StringComparison.Ordinal);
        peer.Send([.. RespPeer.Encode("UNSUBSCRIBE"), .. RespPeer.Encode("PUBSUB", "CHANNELS")]);
        int ended = 0;
        string next;
        while ((next = peer.ReadReply()).StartsWith("*3\r\n$11\r\nunsubscribe\r\n", StringComparison.Ordinal))
        {
            ended++;
        }

        Assert.InRange(ended, Count, 2 * Count);
        Assert.Equal("*0\r\n", next);
    }

    [Fact]
    public void Subscriber_may_be_silent_for_as_long_as_it_likes()
    {
        using RunningNode node = RunningNode.StartWithResp(OfOne, "--idle-timeout", "1");
        using RespPeer subscriber = new(node.RespEndPoint);
        subscriber.Ask("SUBSCRIBE", "c");
        using RespPeer silent = new(node.RespEndPoint);
        silent.Ask("PING");
        Assert.Equal("", silent.ReadToEnd());
        using RespPeer publisher = new(node.RespEndPoint);
        Assert.Equal(":1\r\n", publisher.Ask("PUBLISH", "c", "still there"));
        Assert.Equal(Frame('*', "message", "c", "still there"), subscriber.ReadReply());
    }

    [Theory]
    [InlineData(OfOne, "Resp2")]
    [InlineData(OfThree, "Resp2")]
    [InlineData(OfThree, "Resp3")]
    public async Task StackExchange_subscribes_and_publishes(int shards, string protocol)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        await using ConnectionMultiplexer redis = await StackExchangePeer.ConnectAsync(node, protocol);
        await using ConnectionMultiplexer other = await StackExchangePeer.ConnectAsync(node, protocol);
        ISubscriber subscriber = redis.GetSubscriber();
        ChannelMessageQueue plain = await subscriber.SubscribeAsync(RedisChannel.Literal("orders"));
        ChannelMessageQueue fitting = await subscriber.SubscribeAsync(RedisChannel.Pattern("ord*"));
        Assert.Equal(2, await other.GetSubscriber().PublishAsync(RedisChannel.Literal("orders"), "one"));
        Assert.Equal("one", (await plain.ReadAsync(Soon()))!.Message);
        Assert.Equal("orders", (await fitting.ReadAsync(Soon()))!.Channel);
        await plain.UnsubscribeAsync();
        Assert.Equal(1, await other.GetSubscriber().PublishAsync(RedisChannel.Literal("orders"), "two"));
        Assert.Equal("two", (await fitting.ReadAsync(Soon()))!.Message);
        Assert.True(await redis.GetDatabase().StringSetAsync("a", "b"));
        Assert.Equal("b", await redis.GetDatabase().StringGetAsync("a"));
    }

    [Theory]
    [InlineData(OfOne)]
    [InlineData(OfThree)]
    public void Connections_of_all_shards_are_ended_by_number_address_and_type(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer killer = new(node.RespEndPoint);
        List<RespPeer> peers = [.. Enumerable.Range(0, 6).Select(_ => new RespPeer(node.RespEndPoint))];
        string id = peers[0].Ask("CLIENT", "ID")[1..^2];
        string address = peers[1].Ask("CLIENT", "INFO").Split(' ').First(word => word.StartsWith("addr=", StringComparison.Ordinal))["addr=".Length..];
        peers[2].Ask("SUBSCRIBE", "c");
        peers[3].Ask("PSUBSCRIBE", "c");
        peers[4].Ask("PING");
        peers[5].Ask("PING");
        Assert.Equal(":1\r\n", killer.Ask("CLIENT", "KILL", "ID", id));
        Assert.Equal(":0\r\n", killer.Ask("CLIENT", "KILL", "ID", id));
        Assert.Equal(":0\r\n", killer.Ask("CLIENT", "KILL", "ADDR", address, "TYPE", "pubsub"));
        Assert.Equal(":1\r\n", killer.Ask("CLIENT", "KILL", "ADDR", address, "USER", "default"));
        Assert.Equal(":2\r\n", killer.Ask("CLIENT", "KILL", "TYPE", "PUBSUB"));
        Assert.All(peers[..4], peer => Assert.Equal("", peer.ReadToEnd()));
        Assert.Equal("+PONG\r\n", peers[4].Ask("PING"));
        Assert.Equal("-ERR syntax error\r\n", killer.Ask("CLIENT", "KILL", "NAME", "x"));
        Assert.Equal("-ERR client-id should be greater than 0\r\n", killer.Ask("CLIENT", "KILL", "ID", "0"));
        Assert.StartsWith("-ERR SKIPME is always yes here", killer.Ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no"), StringComparison.Ordinal);
        Assert.Equal(":2\r\n", killer.Ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"));
        Assert.Equal("+PONG\r\n", killer.Ask("PING"));
        Assert.Equal("", peers[5].ReadToEnd());
        Assert.Equal(0, node.Stop());
    }

    [RedisFact]
    public void Node_of_one_shard_says_of_channels_what_redis_says() => CompareWithRedis(OfOne);

    [RedisFact]
    public void Node_of_three_shards_says_of_channels_what_redis_says() => CompareWithRedis(OfThree);

    private static void CompareWithRedis(int shards)
    {
        using RedisServer redis = RedisServer.Start();
        using RunningNode node = RunningNode.StartWithResp(shards);
        Random random = new(11);
        for (int round = 0; round < 30; round++)
        {
            using RespPeer there = new(redis.EndPoint);
            using RespPeer here = new(node.RespEndPoint);
            using RespPeer thereToo = new(redis.EndPoint);
            using RespPeer hereToo = new(node.RespEndPoint);
            there.Ask("HELLO", $"{2 + (round % 2)}");
            here.Ask("HELLO", $"{2 + (round % 2)}");
            for (int i = 0; i < 60; i++)
            {
                string[] command = Next(random);
                bool isOfPublisher = command[0].Contains("PUB", StringComparison.Ordinal);
                (RespPeer asked, RespPeer askedToo) = isOfPublisher ? (thereToo, hereToo) : (there, here);
                asked.Send(RespPeer.Encode(command));
                askedToo.Send(RespPeer.Encode(command));
                for (int reply = command[0].EndsWith("SUBSCRIBE", StringComparison.Ordinal) ? command.Length - 1 : 1; reply > 0; reply--)
                {
                    string expected = asked.ReadReply();
                    Assert.Equal($"{string.Join(' ', command)}: {expected}", $"{string.Join(' ', command)}: {askedToo.ReadReply()}");
                    if (command[0].EndsWith("PUBLISH", StringComparison.Ordinal) && expected[0] == ':')
                    {
                        // The patterns that a channel fits have no order.
                        string[] Messages(RespPeer peer) => [.. Enumerable.Range(0, expected[1] - '0').Select(_ => peer.ReadReply()).Order(StringComparer.Ordinal)];
                        Assert.Equal(Messages(there), Messages(here));
                    }
                }
            }
        }
    }

    private static string[] Next(Random random)
    {
        string Channel() => $"c{random.Next(3)}";
        string Pattern() => new[] { "c*", "c[01]", "?2", "x" }[random.Next(4)];
        return random.Next(16) switch
        {
            0 or 1 => ["SUBSCRIBE", Channel()],
            2 => ["SUBSCRIBE", Channel(), Channel(), Channel()],
            3 => ["UNSUBSCRIBE", Channel(), Channel()],
            4 => ["PSUBSCRIBE", Pattern(), Pattern()],
            5 => ["PUNSUBSCRIBE", Pattern()],
            6 => ["SSUBSCRIBE", Channel()],
            7 => ["SUNSUBSCRIBE", Channel()],
            8 or 9 => ["PUBLISH", Channel(), $"m{random.Next()}"],
            10 => ["SPUBLISH", Channel(), $"m{random.Next()}"],
            11 => ["PUBSUB", "NUMSUB", Channel(), Channel(), "none"],
            12 => random.Next(2) == 0 ? ["PUBSUB", "NUMPAT"] : ["PUBSUB", "SHARDNUMSUB", Channel()],
            13 => ["PING"],
            14 => random.Next(4) == 0 ? ["RESET"] : ["GET", "k"],
            _ => ["PING", "x"],
        };
    }

    private static CancellationToken Soon() => new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token;

    private static string LastOf(RespPeer peer, string command, IEnumerable<string> names)
    {
        string[] all = [.. names];
        string last = "";
        foreach (string[] some in all.Chunk(1_000))
        {
            peer.Send(RespPeer.Encode([command, .. some]));
            foreach (string _ in some)
            {
                last = peer.ReadReply();
            }
        }

        return last;
    }

    private static string Bulk(string text) => $"${Encoding.Latin1.GetByteCount(text)}\r\n{text}\r\n";

    private static string Frame(char sign, string word, string name, int count) =>
        $"{sign}3\r\n{Bulk(word)}{Bulk(name)}:{count.ToString(CultureInfo.InvariantCulture)}\r\n";

    private static string Frame(char sign, string word, string name, string message) => $"{sign}3\r\n{Bulk(word)}{Bulk(name)}{Bulk(message)}";
}
