using System.Diagnostics;
using FastCache.Bench.Client;
using FastCache.Client;
using FastCache.LoadGen.Reporting;

namespace FastCache.Bench.Replicas;

/// <summary>Reads from three nodes of which one is slow, by each way of choosing among copies, and prints what came out.</summary>
/// <param name="items">What is read.</param>
/// <param name="rate">Reads a second.</param>
/// <param name="slow">How much later the slow node answers.</param>
/// <param name="duration">Of each measurement.</param>
/// <param name="rounds">How often each way is measured, in turn.</param>
/// <param name="output">Where it is printed.</param>
internal sealed class ReplicasRun(ClientItems items, int rate, TimeSpan slow, TimeSpan duration, int rounds, TextWriter output)
{
    private const double HedgePercentile = 0.95;

    /// <summary>Of the reads: what a node gets less of is avoided, what gets more is used.</summary>
    private const double AvoidedShare = 0.1;

    private static readonly double[] Percentiles = [0.5, 0.99, 0.999];
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(200);

    /// <summary>Measures all ways.</summary>
    /// <returns>Whether the best copy's p99 is below the primaries'.</returns>
    public async Task<bool> RunAsync()
    {
        SlowCluster cluster = await SlowCluster.StartAsync().ConfigureAwait(false);
        await using (cluster.ConfigureAwait(false))
        {
            Way[] ways =
            [
                new("primaries, no node slow", TimeSpan.Zero, await ConnectAsync(cluster, ReadFrom.Primary, 0).ConfigureAwait(false)),
                new("primaries", slow, await ConnectAsync(cluster, ReadFrom.Primary, 0).ConfigureAwait(false)),
                new("best copy", slow, await ConnectAsync(cluster, ReadFrom.BestCopy, 0).ConfigureAwait(false)),
                new("best copy, hedged after p95", slow, await ConnectAsync(cluster, ReadFrom.BestCopy, HedgePercentile).ConfigureAwait(false)),
            ];
            try
            {
                await FillAsync(ways[0].Client).ConfigureAwait(false);
                for (int round = 0; round < rounds; round++)
                {
                    foreach (Way way in ways)
                    {
                        await MeasureAsync(cluster, way).ConfigureAwait(false);
                    }
                }

                Print(ways);
                await MeasureChangeAsync(cluster, ways[2].Client).ConfigureAwait(false);
            }
            finally
            {
                foreach (Way way in ways)
                {
                    await way.Client.DisposeAsync().ConfigureAwait(false);
                }
            }

            bool isBelow = ways[2].Median(1) < ways[1].Median(1);
            output.WriteLine($"  p99 of best copy is {(isBelow ? "below" : "NOT below")} the primaries'");
            return isBelow;
        }
    }

    private async Task MeasureAsync(SlowCluster cluster, Way way)
    {
        SteadyReads reads = new(way.Client, items, rate);
        cluster.Links[^1].Delay = way.Delay;
        await reads.RunAsync(Settling).ConfigureAwait(false);
        Array.ForEach(cluster.Links, link => link.TakeReads());
        TimeSpan[] took = await reads.RunAsync(duration).ConfigureAwait(false);
        cluster.Links[^1].Delay = TimeSpan.Zero;
        for (int i = 0; i < Percentiles.Length; i++)
        {
            way.Figures[i].Add(took[Math.Min(took.Length - 1, (int)(Percentiles[i] * took.Length))]);
        }

        for (int i = 0; i < cluster.Links.Length; i++)
        {
            way.Reads[i] += cluster.Links[i].TakeReads().Length;
        }
    }

    private void Print(Way[] ways)
    {
        output.WriteLine(Format.Invariant(
            $"{items.Count:N0} keys on 3 nodes, {rate:N0} reads a second; node c answers {slow.TotalMilliseconds:0.#} ms late; medians of {rounds}:"));
        TextTable table = new TextTable("reads", "p50", "p99", "p99.9", "at a", "at b", "at c").Right(1, 2, 3, 4, 5, 6);
        foreach (Way way in ways)
        {
            table.Add([
                way.Name,
                .. Enumerable.Range(0, Percentiles.Length).Select(i => Format.Micros(way.Median(i).TotalMicroseconds)),
                .. way.Reads.Select(count => Format.Percent((double)count / way.Reads.Sum()))]);
        }

        table.WriteTo(output);
    }

    /// <summary>One node becomes slow, and quick again, under the same reads.</summary>
    private async Task MeasureChangeAsync(SlowCluster cluster, FastCacheClient client)
    {
        SteadyReads reads = new(client, items, rate);
        await reads.RunAsync(2 * Settling).ConfigureAwait(false);
        Array.ForEach(cluster.Links, link => link.TakeReads());
        long slowed = 0;
        long restored = 0;
        await reads.RunAsync(
            15 * Window,
            (3 * Window, () => Set(slow, out slowed)),
            (8 * Window, () => Set(TimeSpan.Zero, out restored))).ConfigureAwait(false);
        long[][] at = [.. cluster.Links.Select(link => link.TakeReads())];
        output.WriteLine($"  node c had {Format.Percent(ShareOfSlow(at, long.MinValue, slowed))} of the reads, was avoided "
            + $"{After(at, slowed, Window, share => share < AvoidedShare)} after it became slow, and used again "
            + $"{After(at, restored, Window / 5, share => share >= AvoidedShare)} after it was quick again");

        void Set(TimeSpan delay, out long when)
        {
            cluster.Links[^1].Delay = delay;
            when = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>How long after a moment the slow node's share of the reads has become something, over a window that begins then.</summary>
    private static string After(long[][] at, long moment, TimeSpan window, Func<double, bool> isSo)
    {
        for (TimeSpan since = TimeSpan.Zero; since < 5 * Window; since += TimeSpan.FromMilliseconds(1))
        {
            long from = moment + (long)(since.TotalSeconds * Stopwatch.Frequency);
            long to = from + (long)(window.TotalSeconds * Stopwatch.Frequency);
            if (isSo(ShareOfSlow(at, from, to)))
            {
                return Format.Invariant($"{since.TotalMilliseconds:0} ms");
            }
        }

        return "not within 500 ms";
    }

    private static double ShareOfSlow(long[][] at, long from, long to)
    {
        int[] counts = [.. at.Select(node => node.Count(when => when >= from && when < to))];
        return counts.Sum() == 0 ? 0 : (double)counts[^1] / counts.Sum();
    }

    private static Task<FastCacheClient> ConnectAsync(SlowCluster cluster, ReadFrom from, double hedge) => FastCacheClient.ConnectAsync(new()
    {
        Seeds = [cluster.Links[0].EndPoint],
        ReadFrom = from,
        HedgeAfterPercentile = hedge,
    });

    private async Task FillAsync(FastCacheClient client)
    {
        CacheEntry[] entries = [.. Enumerable.Range(0, items.Count).Select(i => new CacheEntry(items.Key(i), items.Value))];
        if (await client.SetManyAsync(entries).ConfigureAwait(false) != entries.Length)
        {
            throw new InvalidOperationException("the nodes have not stored all");
        }
    }

    /// <summary>One way of choosing, and what came of it.</summary>
    private sealed record Way(string Name, TimeSpan Delay, FastCacheClient Client)
    {
        /// <summary>Of each round, by percentiles.</summary>
        public List<TimeSpan>[] Figures { get; } = [.. Percentiles.Select(_ => new List<TimeSpan>())];

        /// <summary>By nodes.</summary>
        public int[] Reads { get; } = new int[3];

        public TimeSpan Median(int percentile) => Figures[percentile].Order().ElementAt(Figures[percentile].Count / 2);
    }
}
