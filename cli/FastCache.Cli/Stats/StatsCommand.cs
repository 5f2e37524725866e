using System.CommandLine;
using System.CommandLine.Parsing;
using FastCache.Cli.Shell;
using FastCache.LoadGen.Options;
using Spectre.Console;

namespace FastCache.Cli.Stats;

/// <summary>The command <c>stats</c>.</summary>
internal sealed class StatsCommand
{
    private const string Summary = "Prints the counters of all nodes, or watches what they do. docs/stats.md says what each counter means.";

    private const string Details = """
        Examples:
          fastcache stats
          fastcache stats --json | jq '.nodes[0].counters.items'
          fastcache stats --watch                              a table that is redrawn each second; Ctrl-C ends it
          fastcache stats --watch --interval 10s --count 6     for a minute
          fastcache stats --watch --json                       a line of JSON for each interval

        Exit code 3 if a node does not answer; watching goes on, and shows it.
        """;

    private readonly Terminal _terminal;
    private readonly ConnectOptions _connect;

    private readonly Option<string> _node = new("--node") { HelpName = "name", Description = "Only this node, of a cluster." };
    private readonly Option<bool> _watch = new("--watch", "-w") { Description = "Go on, and show what happens in a second." };

    private readonly TextOption<TimeSpan> _interval = new(
        "--interval", "time", "1s", "100ms to 1h", "With --watch: time between two samples.",
        OptionReaders.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)));

    private readonly TextOption<int> _count = new(
        "--count", "n", null, "1 to 1000000", "With --watch: how often to show; unless told, until it is interrupted.",
        OptionReaders.Number(1, 1_000_000));

    private StatsCommand(Terminal terminal)
    {
        _terminal = terminal;
        _connect = new(terminal);
    }

    public static Command Create(Terminal terminal)
    {
        StatsCommand declared = new(terminal);
        Command command = new DetailedCommand("stats", Summary, Details) { declared._node, declared._watch };
        declared._interval.AddTo(command);
        declared._count.AddTo(command);
        declared._connect.AddTo(command);
        command.Validators.Add(result =>
        {
            if (!result.GetValue(declared._watch) && (declared._interval.IsGiven(result) || declared._count.IsGiven(result)))
            {
                result.AddError("--interval and --count go with --watch.");
            }
        });
        command.Runs(terminal, declared.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(CommandResult result, CancellationToken cancellation)
    {
        await using ConnectedNodes nodes = await ConnectedNodes.ConnectAsync(_connect, result, cancellation);
        NodeName[] asked = Asked(nodes, result.GetValue(_node));
        if (result.GetValue(_watch))
        {
            await new StatsWatch(_terminal, nodes, asked).RunAsync(
                _interval.Of(result), _count.Of(result), _connect.IsJson(result), cancellation);
            return ExitCode.Done;
        }

        NodeSample[] samples = await NodeSample.OfAsync(nodes, asked, cancellation);
        if (_connect.IsJson(result))
        {
            ShowJson(samples);
        }
        else
        {
            Show(samples);
        }

        return samples.All(sample => sample.Failure is null) ? ExitCode.Done : ExitCode.Unreachable;
    }

    private static NodeName[] Asked(ConnectedNodes nodes, string? name)
    {
        NodeName[] asked = [.. nodes.All.Where(node => name is null || node.Name == name)];
        return asked.Length > 0
            ? asked
            : throw new InputException($"There is no node '{name}'; there are {string.Join(", ", nodes.All.Select(node => node.Name))}.");
    }

    private void Show(NodeSample[] samples)
    {
        foreach (NodeSample silent in samples.Where(sample => sample.Failure is not null))
        {
            _terminal.Error.WriteLine($"{silent.Node.Name} did not answer: {silent.Failure}");
        }

        NodeSample[] answers = [.. samples.Where(sample => sample.Counters is not null)];
        if (answers.Length == 0)
        {
            return;
        }

        Table table = _terminal.NewTable(["counter", .. answers.Select(sample => sample.Node.Name)]);
        foreach (string name in answers.SelectMany(sample => sample.Counters!.Keys).Distinct())
        {
            table.AddRow([
                new Text(name),
                .. answers.Select(sample => new Text(sample.Counters!.TryGetValue(name, out long value) ? Figures.Count(value) : "-")),
            ]);
        }

        _terminal.Show(table);
    }

    private void ShowJson(NodeSample[] samples) => _terminal.ShowJson(json =>
    {
        json.WriteStartArray("nodes");
        foreach (NodeSample sample in samples)
        {
            json.WriteStartObject();
            sample.WriteHead(json);
            if (sample.Counters is not null)
            {
                json.WriteStartObject("counters");
                foreach ((string name, long value) in sample.Counters)
                {
                    json.WriteNumber(name, value);
                }

                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
