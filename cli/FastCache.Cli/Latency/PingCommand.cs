using System.CommandLine;
using System.Diagnostics;
using FastCache.Cli.Shell;
using FastCache.Client;
using FastCache.LoadGen.Reporting;

namespace FastCache.Cli.Latency;

/// <summary>The command <c>ping</c>.</summary>
internal static class PingCommand
{
    private const string Summary = "Asks every node for a sign of life, and says how long it took.";

    private const string Details = """
        Examples:
          fastcache ping
          fastcache ping --connect cache-1:7600 --timeout 500ms && deploy

        Exit code 3 if a node does not answer.
        """;

    public static Command Create(Terminal terminal)
    {
        ConnectOptions connect = new(terminal);
        Command command = new DetailedCommand("ping", Summary, Details);
        connect.AddTo(command);
        command.Runs(terminal, async (result, cancellation) =>
        {
            await using ConnectedNodes nodes = await ConnectedNodes.ConnectAsync(connect, result, cancellation);
            bool allAnswered = true;
            foreach (NodeName node in nodes.All)
            {
                long start = Stopwatch.GetTimestamp();
                string? failure = await FailureOfAsync(nodes, node, cancellation);
                double micros = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
                allAnswered &= failure is null;
                if (connect.IsJson(result))
                {
                    terminal.ShowJson(json =>
                    {
                        json.WriteString("node", node.Name);
                        json.WriteString("address", node.Address);
                        if (failure is null)
                        {
                            json.WriteNumber("micros", Math.Round(micros, 1));
                        }
                        else
                        {
                            json.WriteString("failure", failure);
                        }
                    });
                }
                else if (failure is null)
                {
                    terminal.Out.WriteLine($"{node.Name} answered after {Format.Micros(micros)}");
                }
                else
                {
                    terminal.Error.WriteLine($"{node.Name} did not answer: {failure}");
                }
            }

            return allAnswered ? ExitCode.Done : ExitCode.Unreachable;
        });
        return command;
    }

    private static async Task<string?> FailureOfAsync(ConnectedNodes nodes, NodeName node, CancellationToken cancellation)
    {
        try
        {
            await nodes.PingAsync(node, cancellation);
            return null;
        }
        catch (CacheException failure)
        {
            return failure.Message;
        }
    }
}
