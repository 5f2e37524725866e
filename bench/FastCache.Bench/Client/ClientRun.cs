using System.Net;
using FastCache.Bench.Faults;
using FastCache.Bench.Peers;
using FastCache.LoadGen.Peers;
using FastCache.LoadGen.Reporting;

namespace FastCache.Bench.Client;

/// <summary>Measures clients in turn and prints what came out.</summary>
internal sealed class ClientRun(ClientItems items, TimeSpan duration, int rounds, TextWriter output)
{
    /// <summary>Single awaits, beside StackExchange.Redis where redis-server is installed.</summary>
    public void CompareAwaits(int tasks)
    {
        using FaultNode node = StartNode();
        using PeerProcess? redis = Redis.Listen();
        List<ClientSubject> subjects = [FastCacheSubject.ConnectAsync(node.EndPoint, items).GetAwaiter().GetResult()];
        if (redis is not null)
        {
            subjects.Add(RedisSubject.ConnectAsync(redis.EndPoint, items).GetAwaiter().GetResult());
        }

        List<ClientFigures>[] figures = [.. subjects.Select(_ => new List<ClientFigures>())];
        try
        {
            subjects.ForEach(subject => subject.FillAsync().GetAwaiter().GetResult());
            for (int round = 0; round < rounds; round++)
            {
                for (int i = 0; i < subjects.Count; i++)
                {
                    figures[i].Add(AwaitLoad.RunAsync(subjects[i], tasks, duration).GetAwaiter().GetResult());
                }
            }
        }
        finally
        {
            subjects.ForEach(subject => subject.DisposeAsync().AsTask().GetAwaiter().GetResult());
        }

        output.WriteLine($"{tasks} tasks await one request after the other, medians of {rounds}:");
        TextTable table = new TextTable("client", "requests/s", "p50", "p99", "cpu/request", "allocated/request").Right(1, 2, 3, 4, 5);
        for (int i = 0; i < subjects.Count; i++)
        {
            List<ClientFigures> side = figures[i];
            table.Add(
                subjects[i].Name,
                Format.Invariant($"{Median(side, one => one.PerSecond):N0}"),
                Format.Micros(Median(side, one => one.MedianMicros)),
                Format.Micros(Median(side, one => one.P99Micros)),
                Format.Nanos(Median(side, one => one.CpuNanos)),
                Format.Bytes(Median(side, one => one.AllocatedBytes)));
        }

        table.WriteTo(output);
        if (subjects.Count == 1)
        {
            output.WriteLine("  redis-server is not installed: nothing to compare with");
        }
    }

    /// <summary>Batches, beside the load generator.</summary>
    public void CompareBatches(int callers, int threads, int depth)
    {
        using FaultNode node = StartNode();
        List<ClientFigures> batches = [];
        List<ClientFigures> loads = [];
        FillAsync(node.EndPoint).GetAwaiter().GetResult();

        for (int round = 0; round < rounds; round++)
        {
            batches.Add(BatchLoad.Run(node.EndPoint, items, callers, threads, depth, duration));
            loads.Add(LoadGenerator.Run(node.EndPoint, items, callers, depth, duration));
        }

        output.WriteLine($"{callers} callers on {threads} threads with batches of {depth}, medians of {rounds}:");
        TextTable table = new TextTable("client", "requests/s", "cpu/request", "allocated/request").Right(1, 2, 3);
        table.Add(
            "FastCacheBatch",
            Format.Invariant($"{Median(batches, one => one.PerSecond):N0}"),
            Format.Nanos(Median(batches, one => one.CpuNanos)),
            Format.Bytes(Median(batches, one => one.AllocatedBytes)));
        table.Add(
            "load generator",
            Format.Invariant($"{Median(loads, one => one.PerSecond):N0}"),
            Format.Nanos(Median(loads, one => one.CpuNanos)),
            "-");
        table.WriteTo(output);
        double ratio = Median(batches, one => one.CpuNanos) / Median(loads, one => one.CpuNanos);
        output.WriteLine(Format.Invariant($"  cpu/request of FastCacheBatch is {ratio:0.00} times the load generator's"));
    }

    private async Task FillAsync(IPEndPoint node)
    {
        await using FastCacheSubject subject = await FastCacheSubject.ConnectAsync(node, items);
        await subject.FillAsync();
    }

    private static FaultNode StartNode() => FaultNode.Start("--shards", "1", "--memory", "512MiB");

    /// <summary>The median of a figure.</summary>
    public static double Median<T>(List<T> side, Func<T, double> figure)
    {
        double[] sorted = [.. side.Select(figure).Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
