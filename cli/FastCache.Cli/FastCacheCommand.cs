using System.CommandLine;
using System.CommandLine.Invocation;
using FastCache.Cli.Keys;
using FastCache.Cli.Latency;
using FastCache.Cli.Shell;
using FastCache.Cli.Stats;
using FastCache.Cli.Topologies;
using FastCache.Cli.Transfer;

namespace FastCache.Cli;

/// <summary>The program: all its commands.</summary>
internal static class FastCacheCommand
{
    private const string Overview = $"""
        FastCache from the shell: keys, statistics, topologies, files of keys, latencies.

        Examples:
          fastcache set user:42 Ada --ttl 5m
          fastcache get user:42
          fastcache stats --watch
          fastcache COMMAND --help

        {ExitCode.Explained}
        """;

    /// <summary>Runs one command line.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] arguments, Terminal terminal, CancellationToken cancellation = default)
    {
        RootCommand root = new(Overview)
        {
            GetCommand.Create(terminal),
            SetCommand.Create(terminal),
            DeleteCommand.Create(terminal),
            TouchCommand.Create(terminal),
            CountCommand.Create(terminal, "incr", subtract: false),
            CountCommand.Create(terminal, "decr", subtract: true),
            PingCommand.Create(terminal),
            StatsCommand.Create(terminal),
            TopologyCommand.Create(terminal),
            LoadCommand.Create(terminal),
            DumpCommand.Create(terminal),
            LatencyCommand.Create(terminal),
        };

        DetailedCommand.ShowDetails(root);

        // A value such as @home is a value, not the name of a file with further arguments.
        ParseResult parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        InvocationConfiguration streams = new() { Output = terminal.Out, Error = terminal.Error };
        if (parsed.Action is ParseErrorAction refusal)
        {
            refusal.ShowHelp = false; // It is long, and would bury what is wrong.
            await parsed.InvokeAsync(streams, cancellation);
            return ExitCode.BadInput;
        }

        return await parsed.InvokeAsync(streams, cancellation);
    }
}
