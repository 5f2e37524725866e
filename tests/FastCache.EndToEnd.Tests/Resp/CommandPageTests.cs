using System.Reflection;
using System.Text.RegularExpressions;
using FastCache.Protocol.Tests.Resp;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>The page of the doors names the commands that there are.</summary>
public sealed partial class CommandPageTests
{
    private const string NotHere = "### What is not here";

    [Fact]
    public void Page_names_every_command_with_its_subcommands()
    {
        using RunningNode node = RunningNode.StartWithResp();
        using RespPeer peer = new(node.RespEndPoint);
        Assert.Equal(CommandsOf(peer), Named(Page().Where(line => CommandRow().IsMatch(line))));
    }

    [RedisFact]
    public void Page_names_every_command_of_redis_that_is_not_here()
    {
        using RedisServer redis = RedisServer.Start();
        using RespPeer there = new(redis.EndPoint);
        using RunningNode node = RunningNode.StartWithResp();
        using RespPeer here = new(node.RespEndPoint);
        SortedSet<string> missing = CommandsOf(there);
        missing.ExceptWith(CommandsOf(here));
        SortedSet<string> whole = new(missing.Where(name => !name.Contains('|')), StringComparer.Ordinal);
        missing.RemoveWhere(name => name.Contains('|') && whole.Contains(name.Split('|')[0]));
        SortedSet<string> named = Named(Page().SkipWhile(line => line != NotHere).Skip(1).TakeWhile(line => !line.StartsWith('#')).Where(line => line.StartsWith('|')));
        named.ExceptWith([.. missing.Where(name => name.Contains('|')).Select(name => name.Split('|')[0]), "scan"]); // Named for what they have, or as the way out.
        Assert.Equal(missing, named);
    }

    private static SortedSet<string> CommandsOf(RespPeer peer)
    {
        SortedSet<string> there = new(RespPeer.BulksOf(peer.Ask("COMMAND", "LIST")), StringComparer.Ordinal);
        there.UnionWith(peer.Ask("COMMAND").Split("\r\n").Where(line => line.Contains('|')));
        there.ExceptWith(["post", "host:"]); // Named by what they are against.
        return there;
    }

    private static IEnumerable<string> Page() => File.ReadLines(typeof(RunningNode).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().First(attribute => attribute.Key == "DoorsPage").Value!);

    private static SortedSet<string> Named(IEnumerable<string> rows)
    {
        SortedSet<string> names = new(StringComparer.Ordinal);
        foreach (Match command in rows.SelectMany(row => CommandWithParts().Matches(row)))
        {
            string name = command.Groups["name"].Value.ToLowerInvariant();
            names.Add(name);
            names.UnionWith(command.Groups["part"].Captures.Select(part => $"{name}|{part.Value.ToLowerInvariant()}"));
        }

        return names;
    }

    [GeneratedRegex("^\\| (cluster|connection|generic|hash|list|pubsub|server|set|sorted-set|string|transactions) \\| `")]
    private static partial Regex CommandRow();

    [GeneratedRegex("`(?<name>[A-Z_-]+)`(?: \\((?:`(?<part>[A-Z-]+)` ?)+\\))?")]
    private static partial Regex CommandWithParts();
}
