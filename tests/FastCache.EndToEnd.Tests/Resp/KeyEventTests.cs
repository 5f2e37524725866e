using FastCache.Protocol.Tests.Resp;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>What subscribers are told of what happens to keys.</summary>
public sealed class KeyEventTests
{
    private const int OfThree = 3;
    private const int OfOne = 1;

    private static readonly string[] Commands =
    [
        "SET a 1", "SET a 2 EX 100", "SET a 1 NX", "SET a 1 GET", "SET b 1 EXAT 1", "SETNX n 1", "SETNX n 1", "SETEX s 10 v", "PSETEX s 10000 v",
        "GETSET a 2", "GETDEL a", "GETDEL a", "SET a 1", "GETEX a EX 100", "GETEX a PERSIST", "GETEX a PERSIST", "GETEX a", "GETEX a EXAT 1",
        "MSET a 1 b 2", "MSETNX a 1", "MSETNX q{a} 1 r{a} 2", "APPEND a x", "APPEND new x", "SETRANGE a 0 zz", "INCR i", "DECR i", "INCRBY i 3",
        "DECRBY i 3", "INCR a", "INCRBYFLOAT i 1.5", "DEL a nokey", "UNLINK b", "EXPIRE i 100", "EXPIRE i -1", "EXPIRE nokey 3", "SET p{p} 1 PX 100000",
        "PERSIST p{p}", "PERSIST p{p}", "RENAME p{p} pp{p}", "RENAME p{p} pp{p}", "RENAMENX pp{p} ppp{p}", "COPY ppp{p} c{p}", "COPY ppp{p} c{p}", "TOUCH c{p}",
        "SET r{p} 1", "RENAME r{p} c{p}", "HSET h a 1 b 2", "HSETNX h a 1", "HSETNX h c 1", "HMSET h a 2", "HINCRBY h a 1", "HINCRBYFLOAT h a 1.5",
        "HDEL h a", "HDEL h zz", "HDEL h b c", "FLUSHALL",
        "ZADD z 1 a 2 b 3 c", "ZADD z 1 a", "ZADD z XX 5 a", "ZADD z XX 5 q", "ZADD z INCR 2 a", "ZINCRBY z 1 a", "ZREM z a", "ZREM z q", "ZREM z b c",
        "ZADD z 1 a 2 b 3 c 4 d", "ZREMRANGEBYRANK z 0 0", "ZREMRANGEBYSCORE z 2 2", "ZREMRANGEBYLEX z [c [c", "ZREMRANGEBYRANK z 0 -1",
        "ZADD {z}1 1 a 2 b", "ZADD {z}2 1 a", "ZUNIONSTORE {z}3 2 {z}1 {z}2", "ZINTERSTORE {z}3 2 {z}1 {z}2", "ZDIFFSTORE {z}3 2 {z}1 {z}2",
        "ZINTERSTORE {z}3 2 {z}1 {z}9", "ZINTERSTORE {z}3 2 {z}1 {z}9", "ZRANGESTORE {z}4 {z}1 0 -1", "ZRANGESTORE {z}4 {z}1 9 10", "ZPOPMIN {z}1",
        "ZPOPMAX {z}1", "ZMPOP 1 {z}2 MIN",
    ];

    [RedisFact]
    public void Node_of_one_shard_tells_what_redis_tells() => CompareWithRedis(OfOne);

    [RedisFact]
    public void Node_of_three_shards_tells_what_redis_tells() => CompareWithRedis(OfThree);

    [Theory]
    [InlineData(OfOne)]
    [InlineData(OfThree)]
    public void Events_are_told_only_of_the_classes_that_are_set(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards, "--notify-keyspace-events", "Kg");
        using RespPeer peer = new(node.RespEndPoint);
        using RespPeer subscriber = new(node.RespEndPoint);
        Assert.Equal("*2\r\n$22\r\nnotify-keyspace-events\r\n$2\r\ngK\r\n", peer.Ask("CONFIG", "GET", "notify-keyspace-events"));
        subscriber.Ask("PSUBSCRIBE", "__key*");
        peer.Ask("SET", "a", "1");
        peer.Ask("EXPIRE", "a", "100");
        Assert.Equal(Message("__keyspace@0__:a", "expire"), subscriber.ReadReply());
        Assert.Equal("+OK\r\n", peer.Ask("CONFIG", "SET", "notify-keyspace-events", "E$"));
        peer.Ask("EXPIRE", "a", "100");
        peer.Ask("SET", "b", "1");
        Assert.Equal(Message("__keyevent@0__:set", "b"), subscriber.ReadReply());
        Assert.Equal("+OK\r\n", peer.Ask("CONFIG", "SET", "notify-keyspace-events", ""));
        peer.Ask("SET", "b", "1");
        peer.Ask("PUBLISH", "__keyevent@0__:set", "none");
        Assert.Equal(Message("__keyevent@0__:set", "none"), subscriber.ReadReply());
    }

    [Theory]
    [InlineData(OfOne)]
    [InlineData(OfThree)]
    public void Many_events_at_once_come_whole_and_in_order(int shards)
    {
        const int Count = 20_000;
        using RunningNode node = RunningNode.StartWithResp(shards, "--notify-keyspace-events", "E$");
        using RespPeer peer = new(node.RespEndPoint);
        List<RespPeer> subscribers = [.. Enumerable.Range(0, 3).Select(_ => new RespPeer(node.RespEndPoint))];
        subscribers.ForEach(subscriber => subscriber.Ask("SUBSCRIBE", "__keyevent@0__:incrby"));
        // All of one shard.
        peer.Send([.. Enumerable.Range(0, Count).SelectMany(i => RespPeer.Encode("INCR", $"{{t}}{i}"))]);
        for (int i = 0; i < Count; i++)
        {
            Assert.Equal(":1\r\n", peer.ReadReply());
            string expected = $"*3\r\n$7\r\nmessage\r\n{Bulk("__keyevent@0__:incrby")}{Bulk($"{{t}}{i}")}";
            Assert.All(subscribers, subscriber => Assert.Equal(expected, subscriber.ReadReply()));
        }
    }

    [Fact]
    public void Evictions_are_told()
    {
        using RunningNode node = RunningNode.StartWithResp(OfOne, "--notify-keyspace-events", "Ee", "--memory", "32MiB");
        using RespPeer peer = new(node.RespEndPoint);
        using RespPeer subscriber = new(node.RespEndPoint);
        subscriber.Ask("PSUBSCRIBE", "*");
        string value = new('v', 50_000);
        for (int i = 0; i < 2_000; i++)
        {
            peer.Ask("SET", $"k{i}", value);
        }

        string key = subscriber.ReadReply().Split("\r\n")[^2];
        Assert.StartsWith("k", key, StringComparison.Ordinal);
        Assert.Equal(":0\r\n", peer.Ask("EXISTS", key));
    }

    [Theory]
    [InlineData("CONFIG SET notify-keyspace-events KQ", "Invalid event class character. Use 'Ag$lshzxetdKE'.")]
    [InlineData("CONFIG SET notify-keyspace-events K notify-keyspace-events E", "duplicate parameter")]
    [InlineData("CONFIG SET maxmemory 1", "(possibly related to argument 'maxmemory') - can't set immutable config")]
    [InlineData("CONFIG SET nonsense 1", "Unknown option or number of arguments for CONFIG SET - 'nonsense'")]
    [InlineData("CONFIG SET notify-keyspace-events", "wrong number of arguments for 'config|set' command")]
    public void Settings_that_cannot_be_set_are_refused(string command, string why)
    {
        using RunningNode node = RunningNode.StartWithResp(OfOne);
        using RespPeer peer = new(node.RespEndPoint);
        string reply = peer.Ask(command.Split(' '));
        Assert.StartsWith("-ERR ", reply, StringComparison.Ordinal);
        Assert.Contains(why, reply, StringComparison.Ordinal);
        Assert.Equal("*2\r\n$22\r\nnotify-keyspace-events\r\n$0\r\n\r\n", peer.Ask("CONFIG", "GET", "notify-keyspace-events"));
    }

    [Fact]
    public void Option_with_a_wrong_letter_is_refused()
    {
        (int exitCode, _, string errors) = RunningNode.RunToEnd("--notify-keyspace-events", "KQ");
        Assert.Equal(1, exitCode);
        Assert.Contains("'KQ' has other letters than Ag$lshzxetdKE", errors, StringComparison.Ordinal);
    }

    private static void CompareWithRedis(int shards)
    {
        using RedisServer redis = RedisServer.Start();
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer there = new(redis.EndPoint);
        using RespPeer here = new(node.RespEndPoint);
        using RespPeer thereTold = new(redis.EndPoint);
        using RespPeer hereTold = new(node.RespEndPoint);
        there.Ask("CONFIG", "SET", "notify-keyspace-events", "KEA");
        here.Ask("CONFIG", "SET", "notify-keyspace-events", "KEA");
        Assert.Equal(there.Ask("CONFIG", "GET", "notify-keyspace-events"), here.Ask("CONFIG", "GET", "notify-keyspace-events"));
        thereTold.Ask("PSUBSCRIBE", "*");
        hereTold.Ask("PSUBSCRIBE", "*");
        foreach (string command in Commands)
        {
            string[] words = command.Split(' ');
            Assert.Equal($"{command}: {there.Ask(words)}", $"{command}: {here.Ask(words)}");
        }

        // By now redis has noticed all that is over, and events of all shards have come: in their order those of one key only.
        Thread.Sleep(500);
        string last = Bulk("__keyevent@0__:expired") + Bulk("over");
        there.Ask("SET", "over", "1", "PX", "20");
        here.Ask("SET", "over", "1", "PX", "20");
        Assert.Equal(Until(thereTold, last).Order(StringComparer.Ordinal), Until(hereTold, last).Order(StringComparer.Ordinal));
    }

    private static List<string> Until(RespPeer peer, string end)
    {
        List<string> told = [];
        do
        {
            told.Add(peer.ReadReply());
        }
        while (!told[^1].EndsWith(end, StringComparison.Ordinal));
        return told;
    }

    private static string Message(string channel, string text) =>
        $"*4\r\n$8\r\npmessage\r\n{Bulk("__key*")}{Bulk(channel)}{Bulk(text)}";

    private static string Bulk(string text) => $"${text.Length}\r\n{text}\r\n";
}
