using FastCache.Protocol.Tests.Resp;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>HELP of the commands that have subcommands.</summary>
public sealed class ContainerHelpTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Help_names_the_subcommands_that_are_here_and_what_they_take(int shards)
    {
        using ClusterFile file = new();
        file.Write(1, ClusterFile.AllOfA);
        using RunningNode node = file.StartWithResp(shards);
        using RespPeer peer = new(node.RespEndPoint);
        string[] described = peer.Ask("COMMAND").Split("\r\n");
        (string Name, int Arity)[] all =
        [
            .. described.Index().Where(line => line.Item.Contains('|')).Select(line => (line.Item, int.Parse(described[line.Index + 1][1..]))),
        ];
        string[] containers = [.. all.Select(part => part.Name.Split('|')[0]).Distinct()];
        Assert.Equal(["client", "cluster", "command", "config", "memory", "object", "pubsub"], containers);
        foreach (string container in containers)
        {
            string[] lines = LinesOf(peer.Ask(container, "help"));
            Assert.Equal($"{container.ToUpperInvariant()} takes one of these subcommands:", lines[0]);
            string[] forms = [.. lines[1..].Where(line => !line.StartsWith(' ') && line != "(none)")];
            (string Name, int Arity)[] parts = [.. all.Where(part => part.Name.StartsWith($"{container}|", StringComparison.Ordinal))];
            Assert.Equal(parts.Select(part => part.Name.Split('|')[1]), forms.Select(form => form.Split(' ')[0].ToLowerInvariant()));
            Assert.All(parts.Zip(forms), part => Assert.True(part.First.Arity is 2 or -2 || part.Second.Contains(' '), part.Second));
            Assert.All(parts.Zip(forms), part => Assert.True(part.First.Arity != 2 || !part.Second.Contains(' '), part.Second));
            Assert.Equal(["HELP", "    Says which subcommands there are."], lines[^2..]);
        }

        Assert.Equal(["(none)", "    Describes all commands."], LinesOf(peer.Ask("COMMAND", "HELP"))[1..3]);
        Assert.Equal(0, node.Stop());
    }

    [Fact]
    public void Help_is_there_in_a_transaction()
    {
        using RunningNode node = RunningNode.StartWithResp(3);
        using RespPeer peer = new(node.RespEndPoint);
        string help = peer.Ask("OBJECT", "HELP");
        Assert.Equal("+OK\r\n", peer.Ask("MULTI"));
        Assert.Equal("+QUEUED\r\n", peer.Ask("OBJECT", "HELP"));
        Assert.Equal($"*1\r\n{help}", peer.Ask("EXEC"));
    }

    [RedisFact]
    public void Help_is_refused_where_redis_refuses_it()
    {
        using RedisServer redis = RedisServer.Start();
        using RunningNode node = RunningNode.StartWithResp();
        using RespPeer there = new(redis.EndPoint);
        using RespPeer here = new(node.RespEndPoint);
        string[][] commands = [["CLUSTER", "HELP"], ["CLIENT", "HELP", "x"], ["PUBSUB", "helpx"], ["OBJECT"]];
        Assert.All(commands, command => Assert.Equal(there.Ask(command), here.Ask(command)));
        string[] help = ["COMMAND", "INFO", "client|help"];
        Assert.Equal(RespPeer.ElementsOf(there.Ask(help)).First().Split("\r\n")[..8], RespPeer.ElementsOf(here.Ask(help)).First().Split("\r\n")[..8]);
    }

    private static string[] LinesOf(string reply)
    {
        string[] lines = reply.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal($"*{lines.Length - 1}", lines[0]);
        Assert.All(lines[1..], line => Assert.StartsWith("+", line, StringComparison.Ordinal));
        return [.. lines[1..].Select(line => line[1..])];
    }
}
