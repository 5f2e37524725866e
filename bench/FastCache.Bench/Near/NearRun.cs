using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using FastCache.Bench.Client;
using FastCache.Bench.Faults;
using FastCache.Bench.Micro.Operations;
using FastCache.Client;
using FastCache.LoadGen.Reporting;
using HdrHistogram;

namespace FastCache.Bench.Near;

/// <summary>Measures the near cache and prints what came out.</summary>
internal sealed class NearRun(ClientItems items, TextWriter output)
{
    private const int StalenessKeys = 16;
    private const long MaxNanos = 60_000_000_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Hits of each side, in turn.</summary>
    public void Hits(TimeSpan duration, int rounds)
    {
        using FaultNode node = StartNode();
        FastCacheClient client = Connect(node, nearBytes: 256 << 20);
        try
        {
            FillAsync(client).GetAwaiter().GetResult();
            (string Name, HitLoops.Read Read)[] sides =
            [
                ("near cache, GetAsync(key)", HitLoops.OfValues(client, items)),
                ("near cache, GetAsync(key, destination)", HitLoops.OfCopies(client, items)),
                ("BitFaster ConcurrentLru", HitLoops.Of<ConcurrentLruSubject>(items)),
                ("MemoryCache", HitLoops.Of<MemoryCacheSubject>(items)),
            ];
            int[] threads = [1, 2];
            Dictionary<(int Side, int Threads), List<double>> figures = [];
            long missesBefore = client.NearCacheStatistics.Misses;
            for (int round = 1; round <= rounds; round++)
            {
                foreach (int count in threads)
                {
                    for (int i = 0; i < sides.Length; i++)
                    {
                        figures.TryAdd((i, count), []);
                        figures[(i, count)].Add(HitLoops.PerCoreSecond(items, count, duration, sides[i].Read));
                    }
                }

                output.WriteLine($"  round {round} of {rounds} is done");
            }

            NearCacheStatistics near = client.NearCacheStatistics;
            output.WriteLine(Format.Invariant(
                $"{items.Count:N0} hot keys of {ClientItems.KeyBytes} bytes, values of {items.Value.Length:N0}, medians of {rounds}:"));
            TextTable table = new TextTable("hits a second and core", "1 thread", "2 threads", "a hit, 1 thread").Right(1, 2, 3);
            for (int i = 0; i < sides.Length; i++)
            {
                double one = Median(figures[(i, 1)]);
                table.Add(
                    sides[i].Name,
                    Format.Invariant($"{one:N0}"),
                    Format.Invariant($"{Median(figures[(i, 2)]):N0}"),
                    Format.Nanos(1e9 / one));
            }

            table.WriteTo(output);
            output.WriteLine(Format.Invariant(
                $"  {near.Hits:N0} reads were served near, {near.Misses - missesBefore:N0} went to the node"));
        }
        finally
        {
            client.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>A writer, and a reader that keeps what it reads.</summary>
    public void Staleness(TimeSpan duration)
    {
        using FaultNode node = StartNode();
        FastCacheClient reader = Connect(node, nearBytes: 64 << 20);
        FastCacheClient writer = Connect(node, nearBytes: 0);
        try
        {
            (LongHistogram seen, NearCacheStatistics near) = MeasureStalenessAsync(writer, reader, duration).GetAwaiter().GetResult();
            output.WriteLine(Format.Invariant(
                $"{seen.TotalCount:N0} writes to {StalenessKeys} hot keys by another client, each until the reader sees it:"));
            TextTable table = new TextTable("staleness after the acknowledgement", "p50", "p99", "p99.9", "max").Right(1, 2, 3, 4);
            table.Add("write seen by the reader", At(50), At(99), At(99.9), Format.Micros(seen.GetMaxValue() / 1e3));
            table.WriteTo(output);
            output.WriteLine(Format.Invariant(
                $"  the reader was served {near.Hits:N0} reads near, and told of {near.Invalidations:N0} changes; nothing may be older than 1 s"));

            string At(double percentile) => Format.Micros(seen.GetValueAtPercentile(percentile) / 1e3);
        }
        finally
        {
            reader.DisposeAsync().AsTask().GetAwaiter().GetResult();
            writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    private static FaultNode StartNode() => FaultNode.Start("--shards", "1", "--memory", "512MiB");

    private static FastCacheClient Connect(FaultNode node, long nearBytes)
    {
        FastCacheClient client = FastCacheClient.ConnectAsync(new()
        {
            Seeds = [node.EndPoint],
            NearCacheBytes = nearBytes,
            NearCacheMaxAge = TimeSpan.FromMinutes(1),
            NearCacheMaxValueBytes = 61_440,
        }).GetAwaiter().GetResult();
        Stopwatch waited = Stopwatch.StartNew();
        while (nearBytes != 0 && client.NearCacheStatistics.TrackedShards == 0)
        {
            if (waited.Elapsed > Patience)
            {
                throw new InvalidOperationException("the node does not tell of changes");
            }

            Thread.Sleep(1);
        }

        return client;
    }

    /// <summary>Each write waits until the reader, which reads all the time, has seen it; a version is the first of a value.</summary>
    [SuppressMessage("Reliability", "CA2012", Justification = "Each is taken once.")]
    private static async Task<(LongHistogram Seen, NearCacheStatistics Near)> MeasureStalenessAsync(
        FastCacheClient writer, FastCacheClient reader, TimeSpan duration)
    {
        byte[][] keys = [.. Enumerable.Range(0, StalenessKeys).Select(i => System.Text.Encoding.ASCII.GetBytes($"hot key {i}"))];
        LongHistogram seen = new(1, MaxNanos, 2);
        byte[] value = new byte[sizeof(long)];
        byte[] destination = new byte[sizeof(long)];
        Stopwatch clock = Stopwatch.StartNew();
        for (long number = 1; clock.Elapsed < duration; number++)
        {
            byte[] key = keys[number % StalenessKeys];

            // Hot: what is about to be outdated is kept near.
            await reader.GetAsync(key, destination);
            BitConverter.TryWriteBytes(value, number);
            await writer.SetAsync(key, value);
            long acknowledged = Stopwatch.GetTimestamp();
            do
            {
                ValueTask<CopiedValue> read = reader.GetAsync(key, destination);
                _ = read.IsCompletedSuccessfully ? read.Result : await read;
                if (Stopwatch.GetElapsedTime(acknowledged) > Patience)
                {
                    throw new InvalidOperationException($"write {number} is not seen");
                }
            }
            while (BitConverter.ToInt64(destination) != number);

            seen.RecordValue(Math.Max(1, (long)Stopwatch.GetElapsedTime(acknowledged).TotalNanoseconds));
        }

        return (seen, reader.NearCacheStatistics);
    }

    private async Task FillAsync(FastCacheClient client)
    {
        CacheEntry[] entries = [.. Enumerable.Range(0, items.Count).Select(i => new CacheEntry(items.Key(i), items.Value))];
        if (await client.SetManyAsync(entries) != entries.Length)
        {
            throw new InvalidOperationException("the node has not stored all");
        }
    }

    private static double Median(List<double> figures)
    {
        double[] sorted = [.. figures.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
