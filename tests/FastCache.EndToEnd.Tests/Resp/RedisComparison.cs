using FastCache.Protocol.Tests.Resp;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>Sends the same random commands to a node and to a redis-server, and compares every byte of every reply.</summary>
internal static class RedisComparison
{
    private const int Rounds = 30;
    private const int CommandsPerRound = 150;

    private static readonly Dictionary<string, Func<Random, RandomCommands>> Sources = new()
    {
        ["lists"] = random => new RandomListCommands(random),
        ["strings"] = random => new RandomStringCommands(random),
        ["sorted sets"] = random => new RandomSortedSetCommands(random),
        ["hashes"] = random => new RandomHashCommands(random),
        ["sets"] = random => new RandomSetCommands(random),
    };

    public static IEnumerable<string> Kinds => Sources.Keys;

    /// <summary>Random commands of a kind.</summary>
    public static RandomCommands Of(string kind, Random random) => Sources[kind](random);

    public static void Run(string kind, int shards, params string[] options)
    {
        using RedisServer redis = RedisServer.Start();
        using RunningNode node = RunningNode.StartWithResp(shards, options);
        using RespPeer there = new(redis.EndPoint);
        using RespPeer here = new(node.RespEndPoint);
        Random random = new(7);
        RandomCommands commands = Of(kind, random);
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
                    commands.AreAlike(command, expected, answered),
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
        Assert.All(["string", "list", "hash", "set", "zset", "STRING", "none"], type => Assert.Equal(KeysOf(there, "TYPE", type), KeysOf(here, "TYPE", type)));
        Assert.Equal(0, node.Stop());
    }

    public static void SendInPieces(RespPeer peer, byte[] bytes, Random random)
    {
        for (int start = 0; start < bytes.Length;)
        {
            int length = Math.Min(bytes.Length - start, random.Next(3) == 0 ? random.Next(1, 50) : random.Next(1, 40_000));
            peer.Send(bytes.AsSpan(start, length));
            start += length;
        }
    }

    public static string Short(string reply) => reply.Length < 200 ? reply : $"{reply[..200]}... ({reply.Length} bytes)";

    /// <summary>All keys that SCAN finds with some words.</summary>
    public static SortedSet<string> KeysOf(RespPeer peer, params string[] words)
    {
        peer.Ask("HELLO", "2");
        return new(peer.Scan(["SCAN"], ["COUNT", "7", .. words]), StringComparer.Ordinal);
    }
}
