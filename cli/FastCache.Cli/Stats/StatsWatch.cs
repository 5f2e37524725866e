using System.Globalization;
using FastCache.Cli.Shell;
using Spectre.Console;

namespace FastCache.Cli.Stats;

/// <summary>Asks nodes again and again, and shows what they did in between.</summary>
internal sealed class StatsWatch(Terminal terminal, ConnectedNodes nodes, IReadOnlyList<NodeName> watched)
{
    /// <summary>A table that is redrawn on a terminal, lines elsewhere.</summary>
    /// <param name="interval">Between two samples.</param>
    /// <param name="count">How often to show; 0: until the token is cancelled.</param>
    /// <param name="asJson">Lines of JSON.</param>
    /// <param name="cancellation">Ends it, which is no failure.</param>
    public async Task RunAsync(TimeSpan interval, int count, bool asJson, CancellationToken cancellation)
    {
        try
        {
            if (asJson)
            {
                await RunAsync(interval, count, ShowJson, cancellation);
            }
            else if (terminal.IsOutputShown)
            {
                Table waiting = RateTable.Of(terminal, [], []);
                await terminal.Tables().Live(waiting).StartAsync(live => RunAsync(
                    interval, count, (samples, rates) => live.UpdateTarget(RateTable.Of(terminal, samples, rates)), cancellation));
            }
            else
            {
                terminal.Out.WriteLine(RateTable.HeadLine);
                await RunAsync(interval, count, ShowLines, cancellation);
            }
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Whoever watches has seen enough.
        }
    }

    private async Task RunAsync(
        TimeSpan interval, int count, Action<NodeSample[], NodeRates?[]> show, CancellationToken cancellation)
    {
        NodeSample[] before = await NodeSample.OfAsync(nodes, watched, cancellation);
        using PeriodicTimer timer = new(interval);
        for (int shown = 0; count == 0 || shown < count; shown++)
        {
            await timer.WaitForNextTickAsync(cancellation);
            NodeSample[] now = await NodeSample.OfAsync(nodes, watched, cancellation);
            show(now, [.. before.Zip(now, NodeRates.Between)]);
            before = now;
        }
    }

    private void ShowLines(NodeSample[] samples, NodeRates?[] rates)
    {
        foreach (string line in RateTable.LinesOf(DateTime.Now, samples, rates))
        {
            terminal.Out.WriteLine(line);
        }
    }

    private void ShowJson(NodeSample[] samples, NodeRates?[] rates) => terminal.ShowJson(json =>
    {
        json.WriteString("time", DateTime.UtcNow.ToString("O", CultureInfo.InvariantCulture));
        json.WriteStartArray("nodes");
        for (int i = 0; i < samples.Length; i++)
        {
            json.WriteStartObject();
            samples[i].WriteHead(json);
            if (rates[i] is NodeRates known)
            {
                json.WriteNumber("operationsPerSecond", Math.Round(known.Operations, 1));
                json.WriteNumber("hitsPerSecond", Math.Round(known.Hits, 1));
                json.WriteNumber("missesPerSecond", Math.Round(known.Misses, 1));
                json.WriteNumber("connections", known.Connections);
                json.WriteNumber("items", known.Items);
                json.WriteNumber("memoryUsedBytes", known.MemoryUsedBytes);
                json.WriteNumber("memoryLimitBytes", known.MemoryLimitBytes);
                json.WriteNumber("evictionsPerSecond", Math.Round(known.Evictions, 1));
                json.WriteNumber("receivedBytesPerSecond", Math.Round(known.ReceivedBytes, 1));
                json.WriteNumber("sentBytesPerSecond", Math.Round(known.SentBytes, 1));
                json.WriteNumber("processors", Math.Round(known.Processors, 3));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    });
}
