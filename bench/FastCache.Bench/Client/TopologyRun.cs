using System.Net;
using System.Net.Sockets;
using FastCache.Bench.Faults;
using FastCache.Client;
using FastCache.LoadGen.Reporting;

namespace FastCache.Bench.Client;

/// <summary>Measures what a topology costs: the same loads at two nodes in turn, of which one is a cluster of itself.</summary>
internal sealed class TopologyRun(ClientItems items, TimeSpan duration, int rounds, TextWriter output)
{
    private static readonly string[] Options = ["--shards", "1", "--memory", "512MiB"];

    /// <summary>Single awaits, batches, and the load generator's requests, which know no topology.</summary>
    public void Compare(int tasks, int callers, int threads, int depth)
    {
        string file = Path.GetTempFileName();
        try
        {
            IPEndPoint listen = FreePort();
            File.WriteAllText(file, $$"""
                { "epoch": 1, "nodes": [{ "name": "a", "address": "{{listen}}" }], "slots": [{ "range": "0-16383", "primary": "a" }] }
                """);
            using FaultNode plain = FaultNode.Start(Options);
            using FaultNode member = FaultNode.Start(listen, [.. Options, "--topology", file]);
            CompareAsync([("no topology", plain.EndPoint), ("of one node", member.EndPoint)], tasks, callers, threads, depth)
                .GetAwaiter().GetResult();
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static IPEndPoint FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return (IPEndPoint)listener.LocalEndpoint;
    }

    private async Task CompareAsync((string Topology, IPEndPoint Node)[] sides, int tasks, int callers, int threads, int depth)
    {
        Dictionary<(string Client, string Topology), List<(double Client, double Node)>> figures = [];
        for (int round = 0; round < rounds; round++)
        {
            foreach ((string topology, IPEndPoint node) in sides)
            {
                FastCacheClient client = await FastCacheClient.ConnectAsync(new() { Seeds = [node] });
                await using FastCacheSubject subject = new(client, items);
                if (round == 0)
                {
                    await subject.FillAsync();
                }

                await MeasureAsync($"{tasks} tasks", () => AwaitLoad.RunAsync(subject, tasks, duration));
                await MeasureAsync(
                    $"batches of {depth}", () => Task.Run(() => BatchLoad.Run(node, items, callers, threads, depth, duration)));
                await MeasureAsync(
                    $"load generator, depth {depth}", () => Task.Run(() => LoadGenerator.Run(node, items, callers, depth, duration)));

                async Task MeasureAsync(string load, Func<Task<ClientFigures>> runAsync)
                {
                    IReadOnlyDictionary<string, long> before = await client.StatsAsync();
                    ClientFigures run = await runAsync();
                    IReadOnlyDictionary<string, long> after = await client.StatsAsync();
                    double nanos = after["process_cpu_ns"] - before["process_cpu_ns"];
                    figures.TryAdd((load, topology), []);
                    figures[(load, topology)].Add((run.CpuNanos, nanos / (after["requests"] - before["requests"])));
                }
            }
        }

        output.WriteLine($"processor time for each request, medians of {rounds}:");
        TextTable table = new TextTable("load", "topology", "client", "node").Right(2, 3);
        foreach (((string load, string topology), List<(double Client, double Node)> side) in figures.OrderBy(one => one.Key.Client))
        {
            table.Add(
                load,
                topology,
                Format.Nanos(ClientRun.Median(side, one => one.Client)),
                Format.Nanos(ClientRun.Median(side, one => one.Node)));
        }

        table.WriteTo(output);
    }
}
