using System.CommandLine;
using FastCache.Cli.Shell;

namespace FastCache.Cli.Topologies;

/// <summary>The command <c>topology</c>, and those below it.</summary>
internal static class TopologyCommand
{
    private const string Summary = "Shows, makes, checks and compares topologies: who has which of the 16,384 slots.";

    private const string Details = """
        Examples:
          fastcache topology show
          fastcache topology create --nodes 3 --host localhost --first-port 7600 --replicas 1 --output three.json
          fastcache topology check three.json
          fastcache topology create --from three.json --node node1=localhost:7600 --node node2=localhost:7601 --output two.json
          fastcache topology diff three.json two.json
          fastcache topology slot user:42 --file three.json
        """;

    public static Command Create(Terminal terminal) => new DetailedCommand("topology", Summary, Details)
    {
        ShowCommand.Create(terminal),
        CreateCommand.Create(terminal),
        DiffCommand.Create(terminal),
        CheckCommand.Create(terminal),
        SlotCommand.Create(terminal),
    };

    /// <summary>A document to read.</summary>
    public static Argument<string> File(string name, string description) => new(name) { HelpName = name.ToUpperInvariant(), Description = description };

    /// <summary>The switch of commands that talk to no node.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Print JSON, for programs." };
}
