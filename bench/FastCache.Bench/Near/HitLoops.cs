using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using FastCache.Bench.Client;
using FastCache.Bench.Machine;
using FastCache.Bench.Micro.Operations;
using FastCache.Client;

namespace FastCache.Bench.Near;

/// <summary>Threads that read hot keys, one after the other, and copy or look at their values.</summary>
internal static class HitLoops
{
    private const int PerLook = 4_096;

    /// <summary>Reads keys from a request on.</summary>
    /// <returns>The request that comes next.</returns>
    public delegate int Read(int request, int count, byte[] destination);

    /// <summary>Runs the loops.</summary>
    /// <returns>Hits of all threads together for each second of processor time that they took.</returns>
    public static double PerCoreSecond(ClientItems items, int threads, TimeSpan duration, Read read)
    {
        long[] hits = new long[threads];
        long[] nanos = new long[threads];
        Exception? failure = null;
        Thread[] loops = [.. Enumerable.Range(0, threads).Select(i => new Thread(() => Loop(i)))];
        Array.ForEach(loops, loop => loop.Start());
        Array.ForEach(loops, loop => loop.Join());
        return failure is null ? hits.Sum() / (nanos.Sum() / 1e9) : throw failure;

        void Loop(int thread)
        {
            try
            {
                byte[] destination = new byte[items.Value.Length];
                int request = read(items.StartOf(thread, threads), PerLook, destination);
                long end = Environment.TickCount64 + (long)duration.TotalMilliseconds;
                long start = ThreadCpu.Nanos();
                for (; Environment.TickCount64 < end; hits[thread] += PerLook)
                {
                    request = read(request, PerLook, destination);
                }

                nanos[thread] = ThreadCpu.Nanos() - start;
            }
            catch (InvalidOperationException wrong)
            {
                failure = wrong;
            }
        }
    }

    /// <summary>Reads into buffers of the client.</summary>
    [SuppressMessage("Reliability", "CA2012", Justification = "Each is taken once.")]
    public static Read OfValues(FastCacheClient client, ClientItems items) => (request, count, _) =>
    {
        for (int i = 0; i < count; i++, request = items.After(request))
        {
            using CacheValue value = client.GetAsync(items.Key(request).Span).AsTaskIfNeeded();
            Check(value.Span.Length == items.Value.Length);
        }

        return request;
    };

    /// <summary>Reads into the caller's buffer.</summary>
    [SuppressMessage("Reliability", "CA2012", Justification = "Each is taken once.")]
    public static Read OfCopies(FastCacheClient client, ClientItems items) => (request, count, destination) =>
    {
        for (int i = 0; i < count; i++, request = items.After(request))
        {
            Check(client.GetAsync(items.Key(request).Span, destination).AsTaskIfNeeded().Length == destination.Length);
        }

        return request;
    };

    /// <summary>Reads from another cache that holds all items.</summary>
    public static Read Of<TSubject>(ClientItems items)
        where TSubject : struct, ISubject<TSubject>
    {
        // Both promise their capacity only roughly.
        TSubject subject = TSubject.Create(2 * items.Count);
        for (int i = 0; i < items.Count; i++)
        {
            subject.Set(KeyOf(items, i), [.. items.Value]);
        }

        return (request, count, destination) =>
        {
            for (int i = 0; i < count; i++, request = items.After(request))
            {
                bool isFound = subject.TryGet(KeyOf(items, request), out byte[]? value);
                Check(isFound);
                value.AsSpan().CopyTo(destination);
            }

            return request;
        };
    }

    private static UInt128 KeyOf(ClientItems items, int request) => MemoryMarshal.Read<UInt128>(items.Key(request).Span);

    private static T AsTaskIfNeeded<T>(this ValueTask<T> read) =>
        read.IsCompletedSuccessfully ? read.Result : read.AsTask().GetAwaiter().GetResult();

    private static void Check(bool isRight)
    {
        if (!isRight)
        {
            throw new InvalidOperationException("a hot key is not found, or not as it was stored");
        }
    }
}
