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
/// <param name="output">Where it is printed.</param>
internal sealed class ReplicasRun(ClientItems items, int rate, TimeSpan slow, TimeSpan duration, TextWriter output)
{
    private const double HedgePercentile = 0.95;

    /// <summary>Of the reads: what a node gets less of is avoided, what gets more is used.</summary>
    private const double AvoidedShare = 0.1;

    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan WarmUp = TimeSpan.FromMilliseconds(500);

    /// <summary>Measures all ways.</summary>
    /// <returns>Whether the best copy's p99 is below the primaries'.</returns>
    public async Task<bool> RunAsync()
    {
        SlowCluster cluster = await SlowCluster.StartAsync().ConfigureAwait(false);
        await using (cluster.ConfigureAwait(false))
        {
            output.WriteLine(Format.Invariant(
                $"{items.Count:N0} keys on 3 nodes, {rate:N0} reads a second for {duration.TotalSeconds:0.#} s; node c answers {slow.TotalMilliseconds:0.#} ms late:"));
            TextTable table = new TextTable("reads", "p50", "p99", "p99.9", "max", "at a", "at b", "at c").Right(1, 2, 3, 4, 5, 6, 7);
            await MeasureAsync("primaries, no node slow", TimeSpan.Zero, ReadFrom.Primary, 0).ConfigureAwait(false);
            TimeSpan primaries = await MeasureAsync("primaries", slow, ReadFrom.Primary, 0).ConfigureAwait(false);
            TimeSpan best = await MeasureAsync("best copy", slow, ReadFrom.BestCopy, 0).ConfigureAwait(false);
            await MeasureAsync("best copy, hedged after p95", slow, ReadFrom.BestCopy, HedgePercentile).ConfigureAwait(false);
            table.WriteTo(output);
            await MeasureChangeAsync(cluster).ConfigureAwait(false);
            output.WriteLine($"  p99 of best copy is {(best < primaries ? "below" : "NOT below")} the primaries'");
            return best < primaries;

            async Task<TimeSpan> MeasureAsync(string name, TimeSpan delay, ReadFrom from, double hedge)
            {
                FastCacheClient client = await ConnectAsync(cluster, from, hedge).ConfigureAwait(false);
                await using (client.ConfigureAwait(false))
                {
                    SteadyReads reads = new(client, items, rate);
                    await reads.RunAsync(WarmUp).ConfigureAwait(false);
                    cluster.Links[^1].Delay = delay;
                    await reads.RunAsync(WarmUp).ConfigureAwait(false);
                    Array.ForEach(cluster.Links, link => link.TakeReads());
                    TimeSpan[] took = await reads.RunAsync(duration).ConfigureAwait(false);
                    cluster.Links[^1].Delay = TimeSpan.Zero;
                    int[] at = [.. cluster.Links.Select(link => link.TakeReads().Length)];
                    table.Add([name, .. new[] { 0.5, 0.99, 0.999, 1 }.Select(share => Text(At(took, share))), .. at.Select(count => Format.Percent((double)count / at.Sum()))]);
                    return At(took, 0.99);
                }
            }
        }
    }

    /// <summary>One node becomes slow, and quick again, under the same reads.</summary>
    private async Task MeasureChangeAsync(SlowCluster cluster)
    {
        FastCacheClient client = await ConnectAsync(cluster, ReadFrom.BestCopy, 0).ConfigureAwait(false);
        await using (client.ConfigureAwait(false))
        {
            SteadyReads reads = new(client, items, rate);
            await reads.RunAsync(WarmUp).ConfigureAwait(false);
            Array.ForEach(cluster.Links, link => link.TakeReads());
            long slowed = 0;
            long restored = 0;
            await reads.RunAsync(
                (3 * Window) + duration,
                (3 * Window, () => Set(slow, out slowed)),
                ((3 * Window) + (duration / 2), () => Set(TimeSpan.Zero, out restored))).ConfigureAwait(false);
            long[][] at = [.. cluster.Links.Select(link => link.TakeReads())];
            double before = ShareOfSlow(at, long.MinValue, slowed);
            output.WriteLine($"  node c had {Format.Percent(before)} of the reads, was avoided "
                + $"{After(at, slowed, share => share < AvoidedShare)} after it became slow, and used again "
                + $"{After(at, restored, share => share >= AvoidedShare)} after it was quick again");
        }

        void Set(TimeSpan delay, out long when)
        {
            cluster.Links[^1].Delay = delay;
            when = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>How long after a moment the slow node's share of the reads has become something, for a window at least.</summary>
    private static string After(long[][] at, long moment, Func<double, bool> isSo)
    {
        for (TimeSpan since = TimeSpan.Zero; since < TimeSpan.FromSeconds(2); since += TimeSpan.FromMilliseconds(1))
        {
            long from = moment + (long)(since.TotalSeconds * Stopwatch.Frequency);
            long to = from + (long)(Window.TotalSeconds * Stopwatch.Frequency);
            if (isSo(ShareOfSlow(at, from, to)))
            {
                return Format.Invariant($"{since.TotalMilliseconds:0} ms");
            }
        }

        return "not within 2 s";
    }

    private static double ShareOfSlow(long[][] at, long from, long to)
    {
        int[] counts = [.. at.Select(node => node.Count(when => when >= from && when < to))];
        return counts.Sum() == 0 ? 0 : (double)counts[^1] / counts.Sum();
    }

    private async Task<FastCacheClient> ConnectAsync(SlowCluster cluster, ReadFrom from, double hedge)
    {
        FastCacheClient client = await FastCacheClient.ConnectAsync(new()
        {
            Seeds = [cluster.Links[0].EndPoint],
            ReadFrom = from,
            HedgeAfterPercentile = hedge,
        }).ConfigureAwait(false);
        CacheEntry[] entries = [.. Enumerable.Range(0, items.Count).Select(i => new CacheEntry(items.Key(i), items.Value))];
        return await client.SetManyAsync(entries).ConfigureAwait(false) == entries.Length
            ? client
            : throw new InvalidOperationException("the nodes have not stored all");
    }

    private static TimeSpan At(TimeSpan[] ascending, double share) =>
        ascending[Math.Min(ascending.Length - 1, (int)(share * ascending.Length))];

    private static string Text(TimeSpan time) => Format.Micros(time.TotalMicroseconds);
}
