using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;
using System.Text;
using FastCache.Cli.Shell;
using FastCache.Cluster;
using FastCache.LoadGen.Engine;
using FastCache.LoadGen.Options;
using FastCache.LoadGen.Reporting;
using FastCache.Protocol;
using Spectre.Console;

namespace FastCache.Cli.Latency;

/// <summary>The command <c>latency</c>.</summary>
internal sealed class LatencyCommand
{
    private const string Summary = "Measures how long nodes take to answer, with pings and gets.";

    private const string Details = """
        A ping and a get are sent at each time that is due, whether earlier ones are answered or not. The keys are not stored:
        the gets count as misses of the node.

        Examples:
          fastcache latency
          fastcache latency --duration 1m --rate 1000
          fastcache latency --json | jq '.probes[0].p99Micros'

        Exit code 3 if a request had no answer.
        """;

    private const int BarWidth = 50;
    private static readonly TimeSpan Redraw = TimeSpan.FromMilliseconds(250);

    private readonly Terminal _terminal;
    private readonly ConnectOptions _connect;

    private readonly TextOption<TimeSpan> _duration = new(
        "--duration", "time", "10s", "100ms to 1h", "How long to measure.",
        OptionReaders.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)));

    private readonly TextOption<int> _rate = new(
        "--rate", "n", "100", "1 to 10000", "Pings, and gets, in a second to each node.", OptionReaders.Number(1, 10_000));

    private readonly TextOption<int> _keyCount = new(
        "--key-count", "n", "1000", "1 to 1000000", "Different keys, so that all shards are asked.", OptionReaders.Number(1, 1_000_000));

    private LatencyCommand(Terminal terminal)
    {
        _terminal = terminal;
        _connect = new(terminal);
    }

    public static Command Create(Terminal terminal)
    {
        LatencyCommand declared = new(terminal);
        Command command = new DetailedCommand("latency", Summary, Details);
        declared._duration.AddTo(command);
        declared._rate.AddTo(command);
        declared._keyCount.AddTo(command);
        declared._connect.AddTo(command);
        command.Runs(terminal, declared.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(CommandResult result, CancellationToken cancellation)
    {
        await using ConnectedNodes nodes = await ConnectedNodes.ConnectAsync(_connect, result, cancellation);
        Probe[] probes = [.. nodes.All.SelectMany(node => new Probe[] { new(node, "ping"), new(node, "get") })];
        Task measuring = Task.WhenAll(probes.Chunk(2).Select(pair => MeasureAsync(nodes, pair[0], pair[1], result, cancellation)));
        bool asJson = _connect.IsJson(result);
        if (_terminal.IsOutputShown && !asJson)
        {
            await _terminal.Tables().Live(TableOf(probes)).StartAsync(async live =>
            {
                while (await Task.WhenAny(measuring, Task.Delay(Redraw, cancellation)) != measuring && !cancellation.IsCancellationRequested)
                {
                    live.UpdateTarget(TableOf(probes));
                }

                live.UpdateTarget(TableOf(probes));
            });
        }

        await measuring;
        if (asJson)
        {
            ShowJson(probes);
        }
        else
        {
            if (!_terminal.IsOutputShown)
            {
                _terminal.Show(TableOf(probes));
            }

            ShowPicture(probes);
        }

        return probes.All(probe => probe.Failures == 0) ? ExitCode.Done : ExitCode.Unreachable;
    }

    private async Task MeasureAsync(ConnectedNodes nodes, Probe pings, Probe gets, CommandResult result, CancellationToken cancellation)
    {
        TimeSpan duration = _duration.Of(result);
        int rate = _rate.Of(result);
        byte[][] keys = [.. KeysOf(nodes, gets.Node).Take(_keyCount.Of(result))];
        List<Task> underWay = [];
        Stopwatch clock = Stopwatch.StartNew();
        for (long sent = 0; clock.Elapsed < duration; sent++)
        {
            // Timers may be early: what is due after the end is not sent.
            TimeSpan due = TimeSpan.FromSeconds((double)sent / rate);
            if (due >= duration)
            {
                break;
            }

            TimeSpan early = due - clock.Elapsed;
            if (early > TimeSpan.Zero)
            {
                await Task.Delay(early, cancellation);
            }

            cancellation.ThrowIfCancellationRequested();
            byte[] key = keys[sent % keys.Length];
            underWay.RemoveAll(task => task.IsCompletedSuccessfully);
            underWay.Add(pings.MeasureAsync(() => nodes.PingAsync(pings.Node, cancellation)));
            underWay.Add(gets.MeasureAsync(async () => (await nodes.Client.GetAsync(key, cancellation)).Dispose()));
        }

        await Task.WhenAll(underWay);
    }

    /// <summary>Keys that a node has, without end.</summary>
    /// <exception cref="InputException">It is the primary of no slot.</exception>
    private static IEnumerable<byte[]> KeysOf(ConnectedNodes nodes, NodeName node)
    {
        ClusterTopology? topology = nodes.Topology;
        int number = topology?.IndexOf(node.Name) ?? 0;
        if (topology is not null && topology.Ranges.All(range => range.Primary != number))
        {
            throw new InputException($"Node {node.Name} is the primary of no slot, so no key leads to it.");
        }

        for (int i = 0; ; i++)
        {
            byte[] key = Encoding.UTF8.GetBytes($"fastcache latency {i}");
            if (topology is null || topology.CopiesOf(KeySlot.Of(key))[0] == number)
            {
                yield return key;
            }
        }
    }

    private Table TableOf(Probe[] probes)
    {
        Table table = _terminal.NewTable("node", "", "answers", "failed", "p50", "p90", "p99", "p99.9", "max");
        foreach (Probe probe in probes)
        {
            Percentiles p = probe.Percentiles();
            string[] cells =
            [
                probe.Node.Name, probe.Kind, Figures.Count(p.Count), Figures.Count(probe.Failures), Format.Micros(p.P50),
                Format.Micros(p.P90), Format.Micros(p.P99), Format.Micros(p.P999), Format.Micros(p.Max),
            ];
            table.AddRow(cells.Select(cell => new Text(cell)));
        }

        return table;
    }

    private void ShowPicture(Probe[] probes)
    {
        long[] counts = [.. probes.Select(probe => probe.CountsByPower()).Aggregate((a, b) => [.. a.Zip(b, (x, y) => x + y)])];
        int first = Array.FindIndex(counts, count => count > 0);
        if (first < 0)
        {
            return;
        }

        long all = counts.Sum();
        long most = counts.Max();
        _terminal.Out.WriteLine();
        for (int i = first; i <= Array.FindLastIndex(counts, count => count > 0); i++)
        {
            string bar = new('#', (int)Math.Ceiling((double)counts[i] * BarWidth / most));
            string range = $"{(i == 0 ? "0.0 us" : Format.Micros(Math.Pow(2, i)))} to {Format.Micros(Math.Pow(2, i + 1))}";
            _terminal.Out.WriteLine($"{range,22}  {Figures.Percent((double)counts[i] / all),6}  {bar}");
        }
    }

    private void ShowJson(Probe[] probes) => _terminal.ShowJson(json =>
    {
        json.WriteStartArray("probes");
        foreach (Probe probe in probes)
        {
            Percentiles p = probe.Percentiles();
            json.WriteStartObject();
            json.WriteString("node", probe.Node.Name);
            json.WriteString("kind", probe.Kind);
            json.WriteNumber("answers", p.Count);
            json.WriteNumber("failed", probe.Failures);
            json.WriteNumber("p50Micros", p.P50);
            json.WriteNumber("p90Micros", p.P90);
            json.WriteNumber("p99Micros", p.P99);
            json.WriteNumber("p999Micros", p.P999);
            json.WriteNumber("maxMicros", p.Max);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
