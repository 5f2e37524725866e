using System.Reflection;
using System.Text.RegularExpressions;

namespace FastCache.EndToEnd.Tests.Resp;

/// <summary>The page of the doors names the commands that there are.</summary>
public sealed partial class CommandPageTests
{
    [Fact]
    public void Page_names_every_command_with_its_subcommands()
    {
        using RunningNode node = RunningNode.StartWithResp();
        using RespPeer peer = new(node.RespEndPoint);
        string[] lines = peer.Ask("COMMAND").Split("\r\n");
        SortedSet<string> there = new(lines.Where(line => line.Contains('|')), StringComparer.Ordinal);
        there.UnionWith(peer.Ask("COMMAND", "LIST").Split("\r\n").Where((line, index) => index > 0 && index % 2 == 0 && line.Length > 0));
        there.ExceptWith(["post", "host:"]); // Named by what they are against.
        Assert.Equal(there, OnPage());
    }

    private static SortedSet<string> OnPage()
    {
        string root = typeof(RunningNode).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .First(attribute => attribute.Key == "DoorsPage").Value!;
        SortedSet<string> names = new(StringComparer.Ordinal);
        foreach (string row in File.ReadLines(root).Where(line => CommandRow().IsMatch(line)))
        {
            foreach (Match command in CommandWithParts().Matches(row))
            {
                string name = command.Groups["name"].Value.ToLowerInvariant();
                names.Add(name);
                names.UnionWith(command.Groups["part"].Captures.Select(part => $"{name}|{part.Value.ToLowerInvariant()}"));
            }
        }

        return names;
    }

    [GeneratedRegex("^\\| (cluster|connection|generic|hash|list|pubsub|server|set|sorted-set|string|transactions) \\| `")]
    private static partial Regex CommandRow();

    [GeneratedRegex("`(?<name>[A-Z-]+)`(?: \\((?:`(?<part>[A-Z-]+)` ?)+\\))?")]
    private static partial Regex CommandWithParts();
}
