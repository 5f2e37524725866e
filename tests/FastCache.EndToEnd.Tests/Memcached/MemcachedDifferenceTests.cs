using System.Text;
using System.Text.RegularExpressions;

namespace FastCache.EndToEnd.Tests.Memcached;

/// <summary>The same random requests at a node and at a memcached: every byte of every reply.</summary>
/// <remarks>Uniques are numbers of either side's own, and not compared; but those that the requests give are.</remarks>
public sealed partial class MemcachedDifferenceTests
{
    private const int Rounds = 80;
    private const int RequestsPerRound = 150;

    [MemcachedFact]
    public void Node_of_one_shard_answers_what_memcached_answers() => Compare(lines => lines.Next(), "--shards", "1");

    [MemcachedFact]
    public void Node_of_three_shards_answers_what_memcached_answers() =>
        Compare(lines => lines.Next(), "--shards", "3", "--memory", "192MiB", "--connection-memory", "64MiB");

    [MemcachedFact]
    public void Node_of_the_portable_backend_answers_what_memcached_answers() => Compare(lines => lines.Next(), "--shards", "1", "--io", "sockets");

    [NewMemcachedFact]
    public void Node_keeps_the_uniques_of_clients_as_memcached_does() =>
        Compare(lines => lines.NextOfUniques(), "--shards", "1", "--stale-time", "60");

    [NewMemcachedFact]
    public void Node_of_three_shards_keeps_the_uniques_of_clients_as_memcached_does() => Compare(
        lines => lines.NextOfUniques(), "--shards", "3", "--memory", "192MiB", "--connection-memory", "64MiB", "--stale-time", "60");

    private static void Compare(Func<RandomRequestLines, string> next, params string[] options)
    {
        using MemcachedServer memcached = MemcachedServer.Start();
        using RunningNode node = RunningNode.StartWithMemcached(options);
        using MemcachedPeer there = new(memcached.EndPoint);
        using MemcachedPeer here = new(node.MemcachedEndPoint);
        Random random = new(11);
        RandomRequestLines lines = new(random);
        for (int round = 0; round < Rounds; round++)
        {
            string[] sent = [.. Enumerable.Range(0, random.Next(1, RequestsPerRound)).Select(_ => next(lines))];
            // A fence behind every request tells their replies apart.
            byte[] bytes = Encoding.Latin1.GetBytes(string.Concat(sent.Select(request => request + "mn\r\n")));
            there.Send(bytes);
            SendInPieces(here, bytes, random);
            string[] expected = Split(there, sent.Length);
            string[] answered = Split(here, sent.Length);
            for (int i = 0; i < sent.Length; i++)
            {
                Assert.True(
                    AreAlike(expected[i], answered[i]),
                    $"round {round}: {Short(sent[i])}: memcached says '{Short(expected[i])}', the node '{Short(answered[i])}'");
            }
        }

        Assert.Equal(0, node.Stop());
    }

    private static string[] Split(MemcachedPeer peer, int count)
    {
        StringBuilder all = new();
        List<string> replies = [];
        while (replies.Count < count)
        {
            all.Append(peer.ReadToFence()).Append("MN\r\n");
            string[] parts = FencePattern().Split(all.ToString());
            replies.Clear();
            replies.AddRange(parts[..^1]);
        }

        return [.. replies];
    }

    private static void SendInPieces(MemcachedPeer peer, byte[] bytes, Random random)
    {
        for (int start = 0; start < bytes.Length;)
        {
            int length = Math.Min(bytes.Length - start, random.Next(3) == 0 ? random.Next(1, 50) : random.Next(1, 40_000));
            peer.Send(bytes.AsSpan(start, length));
            start += length;
        }
    }

    /// <summary>The same, but for uniques and for a time that has moved on by a second or two.</summary>
    private static bool AreAlike(string expected, string answered)
    {
        if (expected == answered)
        {
            return true;
        }

        // memcached forgets on an append that a key came as base64.
        expected = BinaryKeyPattern().Replace(expected, key => $"k{Convert.ToBase64String(Encoding.Latin1.GetBytes(key.Groups[1].Value))} b");
        return Blank(expected) == Blank(answered) && Times(expected).Zip(Times(answered)).All(pair => Math.Abs(pair.First - pair.Second) <= 2);
    }

    private static string Blank(string reply) =>
        TimePattern().Replace(UniquePattern().Replace(ClassicUniquePattern().Replace(reply, "$1 #\r\n"), " c#"), " $1#");

    private static IEnumerable<long> Times(string reply) => TimePattern().Matches(reply).Select(match => long.Parse(match.Groups[2].Value));

    private static string Short(string text) => text.Length < 300 ? text : $"{text[..300]}... ({text.Length} bytes)";

    [GeneratedRegex(@"(?<=^|\n)MN\r\n")]
    private static partial Regex FencePattern();

    [GeneratedRegex(@"(VALUE \S+ \d+ \d+) (?!" + RandomRequestLines.OwnUniquePattern + @"\r)\d+\r\n")]
    private static partial Regex ClassicUniquePattern();

    [GeneratedRegex(@"(?<= )k(binary key \d)")]
    private static partial Regex BinaryKeyPattern();

    [GeneratedRegex(@" c(?!" + RandomRequestLines.OwnUniquePattern + @"\s)[1-9]\d*")]
    private static partial Regex UniquePattern();

    [GeneratedRegex(@" ([tl])(-?\d+)")]
    private static partial Regex TimePattern();
}
