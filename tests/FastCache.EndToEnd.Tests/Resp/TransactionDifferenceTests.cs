using System.Text.RegularExpressions;
using FastCache.Protocol.Tests.Resp;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>The same random transactions of two connections at a node and at a redis-server: every byte of every reply.</summary>
/// <remarks>One connection sends some commands at once, and all are answered before another one sends.</remarks>
public sealed partial class TransactionDifferenceTests
{
    private const int Rounds = 300;
    private const int MostAtOnce = 12;

    /// <summary>Longer ones could make replies that have no room in one of EXEC.</summary>
    private const int MostArguments = 60;

    private const int MostBytes = 500;

    /// <summary>What a node of several shards refuses in a transaction.</summary>
    private static readonly HashSet<string> OfOneShard = ["DBSIZE", "FLUSHALL", "FLUSHDB", "HELLO", "SCAN", "CONFIG", "CLUSTER"];

    /// <summary>
    /// What may give a key the same time to live again, which is a change for Redis only, and what leaves another value behind where Redis
    /// calculates otherwise.
    /// </summary>
    private static readonly HashSet<string> Different = ["EXPIREAT", "PEXPIREAT", "GETEX", "INCRBYFLOAT", "HINCRBYFLOAT"];

    public static TheoryData<string> Kinds => RedisDifferenceTests.Kinds;

    [RedisTheory]
    [MemberData(nameof(Kinds))]
    public void Node_of_one_shard_ends_transactions_as_redis_does(string kind) => Compare(kind, 1);

    [RedisTheory]
    [MemberData(nameof(Kinds))]
    public void Node_of_three_shards_ends_transactions_as_redis_does(string kind) => Compare(kind, 3);

    [RedisFact]
    public void Node_of_the_portable_backend_ends_transactions_as_redis_does() => Compare("strings", 1, "--io", "sockets");

    private static void Compare(string kind, int shards, params string[] options)
    {
        using RedisServer redis = RedisServer.Start();
        using RunningNode node = RunningNode.StartWithResp(shards, options);
        Random random = new(7);
        RandomCommands source = RedisComparison.Of(kind, random);
        using Conversation first = new(redis, node, source);
        using Conversation second = new(redis, node, source);
        for (int round = 0; round < Rounds; round++)
        {
            Conversation peer = random.Next(2) == 0 ? first : second;
            peer.Send([.. Enumerable.Range(0, random.Next(1, MostAtOnce)).Select(_ => Next())], random, round);
            if (random.Next(40) == 0 && !peer.IsOpen)
            {
                peer.SpeakVersion($"{random.Next(2, 4)}");
            }
        }

        Assert.InRange(first.Executed + second.Executed, Rounds / 10, int.MaxValue);
        Assert.InRange(first.Missed + second.Missed, Rounds / 40, int.MaxValue);
        Assert.Equal(first.KeysThere(), second.KeysHere());
        Assert.Equal(0, node.Stop());

        string[] Next() => random.Next(20) switch
        {
            0 or 1 => ["MULTI"],
            2 or 3 => ["EXEC"],
            4 => [random.Next(4) switch { 0 => "DISCARD", 1 => "RESET", _ => "UNWATCH" }],
            // Often and of several keys: the other connection is to write one of them now and then.
            5 or 6 or 7 => ["WATCH", .. Enumerable.Range(0, random.Next(2, 5)).Select(_ => Key(random.Next(4)))],
            8 => random.Next(8) == 0 ? [random.Next(2) == 0 ? "EXEC" : "WATCH", .. Enumerable.Repeat("x", random.Next(2))] : ["get", Key(random.Next(4))],
            _ => Ordinary(source, isOfOneShard: shards == 1),
        };
    }

    private static string Key(int number) => $"{{t}}{number}";

    private static string[] Ordinary(RandomCommands source, bool isOfOneShard)
    {
        while (true)
        {
            string[] command = [.. source.Next().Select(word => KeyWithoutTag().Replace(word, "{t}$1$2"))];
            string name = command[0].ToUpperInvariant();
            if (!Different.Contains(name) && (isOfOneShard || (!OfOneShard.Contains(name) && !TakesWordsForKeys(name, command))) && !IsWithoutValue(name, command)
                && command.Length <= MostArguments && command.All(word => word.Length <= MostBytes))
            {
                return command;
            }
        }
    }

    /// <summary>What the sources call keys that have no tag.</summary>
    [GeneratedRegex("^key([0-9])$|^(lex[0-9]|nothing|text)$")]
    private static partial Regex KeyWithoutTag();

    /// <summary>What is refused here before it waits, and by redis when it is executed.</summary>
    private static bool IsWithoutValue(string name, string[] command) => name == "MSET" && command.Length % 2 == 0;

    /// <summary>Whether a command says that it has more keys than it has: what it takes for keys is of any shard.</summary>
    private static bool TakesWordsForKeys(string name, string[] command)
    {
        int at = name is "BZMPOP" or "BLMPOP" || name.EndsWith("STORE", StringComparison.Ordinal) ? 2 : 1;
        return command.Length > at && int.TryParse(command[at], out int count)
            && count > command.Skip(at + 1).Count(word => word.StartsWith("{t}", StringComparison.Ordinal));
    }

    /// <summary>A connection to each of the two.</summary>
    private sealed class Conversation(RedisServer redis, RunningNode node, RandomCommands source) : IDisposable
    {
        private readonly RespPeer _there = new(redis.EndPoint);
        private readonly RespPeer _here = new(node.RespEndPoint);
        private readonly List<string[]> _waiting = [];

        public bool IsOpen { get; private set; }

        /// <summary>Transactions of commands that were executed.</summary>
        public int Executed { get; private set; }

        /// <summary>Transactions that were not, as a watched key had changed.</summary>
        public int Missed { get; private set; }

        public void Send(string[][] commands, Random random, int round)
        {
            byte[] bytes = [.. commands.SelectMany(command => RespPeer.Encode(command))];
            _there.Send(bytes);
            RedisComparison.SendInPieces(_here, bytes, random);
            foreach (string[] command in commands)
            {
                string expected = _there.ReadReply();
                string answered = _here.ReadReply();
                Assert.True(
                    IsAlike(command, expected, answered),
                    $"round {round}: {string.Join(' ', command)} of [{string.Join("; ", _waiting.Select(words => string.Join(' ', words)))}]: redis says '{RedisComparison.Short(expected)}', "
                    + $"the node '{RedisComparison.Short(answered)}'");
                Follow(command, expected);
            }
        }

        public void SpeakVersion(string version)
        {
            _there.Ask("HELLO", version);
            _here.Ask("HELLO", version);
        }

        public SortedSet<string> KeysThere() => Keys(_there);

        public SortedSet<string> KeysHere() => Keys(_here);

        public void Dispose()
        {
            _there.Dispose();
            _here.Dispose();
        }

        private static SortedSet<string> Keys(RespPeer peer)
        {
            peer.Ask("RESET");
            return RedisComparison.KeysOf(peer);
        }

        private bool IsAlike(string[] command, string expected, string answered)
        {
            if (command is not ["EXEC"] || !expected.StartsWith('*') || expected == "*-1\r\n")
            {
                return source.AreAlike(command, expected, answered);
            }

            string[] there = [.. RespPeer.ElementsOf(expected)];
            string[] here = [.. RespPeer.ElementsOf(answered)];
            return there.Length == _waiting.Count && here.Length == there.Length
                && _waiting.Select((waiting, i) => source.AreAlike(waiting, there[i], here[i])).All(isAlike => isAlike);
        }

        private void Follow(string[] command, string reply)
        {
            if (reply == "+QUEUED\r\n")
            {
                _waiting.Add(command);
                return;
            }

            Executed += command is ["EXEC"] && reply.StartsWith('*') && _waiting.Count > 0 && reply != "*-1\r\n" ? 1 : 0;
            Missed += command is ["EXEC"] && reply is "*-1\r\n" or "_\r\n" && _waiting.Count > 0 ? 1 : 0;
            IsOpen = command switch
            {
                ["MULTI"] => true,
                ["EXEC", ..] or ["DISCARD"] or ["RESET"] => false,
                _ => IsOpen,
            };
            if (!IsOpen)
            {
                _waiting.Clear();
            }
        }
    }
}
