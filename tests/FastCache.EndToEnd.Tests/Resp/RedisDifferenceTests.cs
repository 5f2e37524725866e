using System.Globalization;
using FastCache.Protocol.Tests.Resp;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>The same random commands at a node and at a redis-server: every byte of every reply.</summary>
public sealed class RedisDifferenceTests
{
    private const int Rounds = 60;
    private const int CommandsPerRound = 150;

    [RedisFact]
    public void Node_of_one_shard_answers_what_redis_answers() => Compare("--shards", "1");

    [RedisFact]
    public void Node_of_three_shards_answers_what_redis_answers() =>
        Compare("--shards", "3", "--memory", "192MiB", "--connection-memory", "64MiB");

    [RedisFact]
    public void Node_of_the_portable_backend_answers_what_redis_answers() => Compare("--shards", "1", "--io", "sockets");

    private static void Compare(params string[] options)
    {
        using RedisServer redis = RedisServer.Start();
        using RunningNode node = RunningNode.StartWithResp(options);
        using RespPeer there = new(redis.EndPoint);
        using RespPeer here = new(node.RespEndPoint);
        Random random = new(7);
        RandomCommands commands = new(random);
        for (int round = 0; round < Rounds; round++)
        {
            string[][] sent = [.. Enumerable.Range(0, random.Next(1, CommandsPerRound)).Select(_ => commands.Next())];
            byte[] bytes = [.. sent.SelectMany(command => RespPeer.Encode(command))];
            there.Send(bytes);
            SendInPieces(here, bytes, random);
            foreach (string[] command in sent)
            {
                string expected = there.ReadReply();
                string answered = here.ReadReply();
                Assert.True(
                    AreAlike(command, expected, answered),
                    $"round {round}: {string.Join(' ', command)}: redis says '{Short(expected)}', the node '{Short(answered)}'");
            }

            if (random.Next(10) == 0)
            {
                string version = $"{random.Next(2, 4)}";
                there.Ask("HELLO", version);
                here.Ask("HELLO", version);
            }
        }

        Assert.Equal(KeysOf(there), KeysOf(here));
        Assert.Equal(0, node.Stop());
    }

    internal static void SendInPieces(RespPeer peer, byte[] bytes, Random random)
    {
        for (int start = 0; start < bytes.Length;)
        {
            int length = Math.Min(bytes.Length - start, random.Next(3) == 0 ? random.Next(1, 50) : random.Next(1, 40_000));
            peer.Send(bytes.AsSpan(start, length));
            start += length;
        }
    }

    /// <summary>The same, but for the differences that are intended; docs/doors.md says why each is there.</summary>
    internal static bool AreAlike(string[] command, string expected, string answered) =>
        expected == answered
        || Name(command) switch
        {
            // How a value was written is not remembered, only what it is.
            "object" => expected.StartsWith('$') && answered is "$3\r\nint\r\n" or "$6\r\nembstr\r\n" or "$3\r\nraw\r\n",
            // A key whose time is over is gone at once, and not when somebody looks at it.
            "dbsize" => Number(answered) < Number(expected),
            // The two clocks are not read at the same time.
            "ttl" or "expiretime" => Math.Abs(Number(expected) - Number(answered)) <= 2,
            _ => false,
        };

    private static string Name(string[] command) => command[0].ToLower(CultureInfo.InvariantCulture);

    private static double Number(string reply) =>
        reply.StartsWith(':') ? double.Parse(reply[1..^2], CultureInfo.InvariantCulture) : double.NaN;

    internal static string Short(string reply) => reply.Length < 200 ? reply : $"{reply[..200]}... ({reply.Length} bytes)";

    /// <summary>All keys, by SCAN.</summary>
    internal static SortedSet<string> KeysOf(RespPeer peer)
    {
        peer.Ask("HELLO", "2");
        SortedSet<string> keys = new(StringComparer.Ordinal);
        string cursor = "0";
        do
        {
            string[] parts = peer.Ask("SCAN", cursor, "COUNT", "7").Split("\r\n");
            cursor = parts[2];
            keys.UnionWith(parts[4..^1].Where((_, index) => index % 2 == 1));
        }
        while (cursor != "0");
        return keys;
    }
}
