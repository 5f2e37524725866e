using System.Text.RegularExpressions;
using FastCache.Protocol.Tests.Resp;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>What one connection learns of others, and does to them, on all shards.</summary>
public sealed class ClientCommandTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void List_shows_the_connections_of_all_shards(int shards)
    {
        const int Peers = 40;
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer asking = new(node.RespEndPoint);
        RespPeer[] peers = [.. Enumerable.Range(0, Peers).Select(_ => new RespPeer(node.RespEndPoint))];
        string[] ids = [.. peers.Select((peer, i) => peer.Ask("CLIENT", "ID").Trim(':', '\r', '\n'))];
        for (int i = 0; i < Peers; i++)
        {
            Assert.Equal("+OK\r\n", peers[i].Ask("CLIENT", "SETNAME", $"peer{i}"));
        }

        foreach (RespPeer peer in peers.Take(3))
        {
            peer.Ask("SUBSCRIBE", "c");
        }

        peers[5].Send(RespPeer.Encode("BLPOP", "q", "0"));
        Eventually.Is(() => LinesOf(asking.Ask("CLIENT", "LIST")).Any(line => line.Contains(" name=peer5 ") && line.Contains(" flags=b ")), () => "nobody waits");
        for (int version = 2; version <= 3; version++)
        {
            asking.Ask("HELLO", $"{version}");
            string list = asking.Ask("CLIENT", "LIST");
            Assert.StartsWith(version == 2 ? "$" : "=", list, StringComparison.Ordinal);
            string[] lines = LinesOf(list);
            Assert.Equal(Peers + 1, lines.Length);
            Assert.Equal(lines.Length, lines.Select(IdOf).Distinct().Count());
            Assert.All(Enumerable.Range(0, Peers), i => Assert.Single(lines, line => IdOf(line) == ids[i] && line.Contains($" name=peer{i} ")));
            Assert.Equal(ids.Take(3).Order(), LinesOf(asking.Ask("CLIENT", "LIST", "TYPE", "PubSub")).Select(IdOf).Order());
            Assert.Equal(Peers - 2, LinesOf(asking.Ask("CLIENT", "LIST", "TYPE", "normal")).Length);
            Assert.Equal(ids[7..20].Order(), LinesOf(asking.Ask(["CLIENT", "LIST", "ID", .. ids[7..20], "123456"])).Select(IdOf).Order());
            Assert.Equal(version == 2 ? "$0\r\n\r\n" : "=4\r\ntxt:\r\n", asking.Ask("CLIENT", "LIST", "TYPE", "replica"));
        }

        Array.ForEach(peers, peer => peer.Dispose());
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void List_is_bounded(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer asking = new(node.RespEndPoint);
        RespPeer[] peers = [.. Enumerable.Range(0, 12).Select(_ => new RespPeer(node.RespEndPoint))];
        string[] ids = [.. peers.Select(peer => peer.Ask("CLIENT", "ID").Trim(':', '\r', '\n'))];
        string[] most = [.. Enumerable.Repeat(ids, 250).SelectMany(all => all)];
        int bytes = asking.Ask(["CLIENT", "LIST", "ID", .. most]).Length;
        Assert.InRange(bytes, 500_000, 1 << 20);
        string[] more = [.. most, .. most];
        Assert.StartsWith("-ERR the list of these connections is longer than a reply may be", asking.Ask(["CLIENT", "LIST", "ID", .. more]), StringComparison.Ordinal);
        Assert.Equal(bytes, asking.Ask(["CLIENT", "LIST", "ID", .. most]).Length);
        Array.ForEach(peers, peer => peer.Dispose());
        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Wait_is_ended_by_another_client(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer waiter = new(node.RespEndPoint);
        using RespPeer other = new(node.RespEndPoint);
        string id = waiter.Ask("CLIENT", "ID").Trim(':', '\r', '\n');
        for (int i = 0; i < 12; i++)
        {
            Assert.Equal(":0\r\n", other.Ask("CLIENT", "UNBLOCK", id));
            waiter.Send([.. RespPeer.Encode(i % 3 == 0 ? "BZPOPMIN" : "BLPOP", $"k{i}", "0"), .. RespPeer.Encode("PING")]);

            // The call may still be on its way to the shard of its key.
            string[] unblock = ["CLIENT", "UNBLOCK", id, .. i % 2 == 0 ? ["ERROR"] : i % 4 == 1 ? (string[])["timeout"] : []];
            Eventually.Is(() => other.Ask(unblock) == ":1\r\n", () => "nobody waits");
            Assert.Equal(i % 2 == 0 ? "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n" : "*-1\r\n", waiter.ReadReply());
            Assert.Equal("+PONG\r\n", waiter.ReadReply());
            Assert.Equal(":1\r\n", other.Ask("RPUSH", $"k{i}", "a"));
            Assert.Equal(":1\r\n", other.Ask("LLEN", $"k{i}"));
        }

        Assert.Equal(0, node.Stop());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Kill_by_a_mere_address_is_told_how_to_say_it(int shards)
    {
        using RunningNode node = RunningNode.StartWithResp(shards);
        using RespPeer other = new(node.RespEndPoint);
        using RespPeer asking = new(node.RespEndPoint);
        string address = Regex.Match(other.Ask("CLIENT", "INFO"), "addr=(\\S+)").Groups[1].Value;
        Assert.Equal("-ERR CLIENT KILL takes filters here: write ADDR before the address\r\n", asking.Ask("CLIENT", "KILL", address));
        Assert.Equal("+PONG\r\n", other.Ask("PING"));
        Assert.Equal(":1\r\n", asking.Ask("CLIENT", "KILL", "ADDR", address));
    }

    [RedisFact]
    public void Node_says_what_redis_says()
    {
        string[][] commands =
        [
            ["CLIENT", "LIST", "TYPE", "x"], ["CLIENT", "LIST", "TYPE"], ["CLIENT", "LIST", "TYPE", "master"], ["CLIENT", "LIST", "ID"], ["CLIENT", "LIST", "ID", "x"],
            ["CLIENT", "LIST", "ID", "0", "999999"], ["CLIENT", "LIST", "ID", "9223372036854775808"], ["CLIENT", "LIST", "TYPE", "normal", "ID", "1"], ["CLIENT", "LIST", "x"],
            ["CLIENT", "UNBLOCK"], ["CLIENT", "UNBLOCK", "x"], ["CLIENT", "UNBLOCK", "999999"], ["CLIENT", "UNBLOCK", "1", "x"], ["CLIENT", "UNBLOCK", "x", "y"],
            ["CLIENT", "unblock", "1", "TIMEOUT", "x"], ["CLIENT", "UNBLOCK", "999999", "error"], ["CLIENT", "KILL"], ["CLIENT", "KILL", "nobody"],
            ["CLIENT", "KILL", "ID"], ["CLIENT", "KILL", "nobody:at:all"], ["CLIENT", "KILL", "ID", "0"], ["CLIENT", "KILL", "ID", "1", "ADDR"], ["BZPOPMIN", "k"], ["BZPOPMAX", "k", "0.001"],
        ];
        using RedisServer redis = RedisServer.Start();
        using RunningNode node = RunningNode.StartWithResp(3);
        using RespPeer there = new(redis.EndPoint);
        using RespPeer here = new(node.RespEndPoint);
        for (int version = 2; version <= 3; version++)
        {
            there.Ask("HELLO", $"{version}");
            here.Ask("HELLO", $"{version}");
            Assert.All(commands, command => Assert.Equal(there.Ask(command), here.Ask(command)));
        }
    }

    private static string[] LinesOf(string list) => list[(list.IndexOf('\n') + 1)..^2].Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private static string IdOf(string line) => line[(line.IndexOf("id=", StringComparison.Ordinal) + 3)..line.IndexOf(' ')];
}
