using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using FastCache.Bench.Client;
using FastCache.Client;

namespace FastCache.Bench.Replicas;

/// <summary>Reads at a fixed rate, whatever becomes of those before; each is timed from when it was due.</summary>
/// <param name="client">What reads.</param>
/// <param name="items">What is read.</param>
/// <param name="rate">Reads a second.</param>
[SuppressMessage("Reliability", "CA2012", Justification = "Each read is awaited once, by the method that takes its time.")]
internal sealed class SteadyReads(FastCacheClient client, ClientItems items, int rate)
{
    private const int MostOutstanding = 4_096;

    private readonly Random _random = new(1);
    private int _outstanding;

    /// <summary>Reads for a time.</summary>
    /// <param name="duration">How long.</param>
    /// <param name="at">What is done at some time from the beginning, in the order of the times.</param>
    /// <returns>How long each read took, ascending.</returns>
    public async Task<TimeSpan[]> RunAsync(TimeSpan duration, params (TimeSpan When, Action What)[] at)
    {
        int count = (int)(duration.TotalSeconds * rate);
        TimeSpan[] took = new TimeSpan[count];
        Task[] reads = new Task[count];
        long begun = Stopwatch.GetTimestamp();
        int done = 0;
        for (int i = 0; i < count; i++)
        {
            long due = begun + (long)((double)i / rate * Stopwatch.Frequency);
            while (Stopwatch.GetTimestamp() < due)
            {
                await Task.Delay(1).ConfigureAwait(false);
            }

            for (; done < at.Length && Stopwatch.GetElapsedTime(begun) >= at[done].When; done++)
            {
                at[done].What();
            }

            while (Volatile.Read(ref _outstanding) >= MostOutstanding)
            {
                await Task.Delay(1).ConfigureAwait(false);
            }

            Interlocked.Increment(ref _outstanding);
            reads[i] = ReadAsync(i, due, took);
        }

        await Task.WhenAll(reads).ConfigureAwait(false);
        Array.Sort(took);
        return took;
    }

    private async Task ReadAsync(int number, long due, TimeSpan[] took)
    {
        try
        {
            using CacheValue value = await client.GetAsync(items.Key(_random.Next(items.Count)).Span).ConfigureAwait(false);
            if (!value.IsFound)
            {
                throw new InvalidOperationException("a value that was stored is not found");
            }

            took[number] = Stopwatch.GetElapsedTime(due);
        }
        finally
        {
            Interlocked.Decrement(ref _outstanding);
        }
    }
}
