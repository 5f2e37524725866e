using System.Diagnostics;
using System.Net;
using FastCache.Client;
using FastCache.Protocol;

namespace FastCache.Bench.Client;

/// <summary>Threads that execute batches.</summary>
internal static class BatchLoad
{
    /// <summary>Loads a node.</summary>
    /// <returns>Figures without latencies.</returns>
    public static ClientFigures Run(IPEndPoint node, ClientItems items, int callers, int depth, TimeSpan duration)
    {
        bool isOn = true;
        long[] counts = new long[callers * 8]; // A cache line for each.
        Exception? failure = null;
        Thread[] threads = [.. Enumerable.Range(0, callers).Select(i => new Thread(() => Loop(i)))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        Thread.Sleep(duration / 4);
        long firstCount = Total();
        long allocated = GC.GetTotalAllocatedBytes();
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        Thread.Sleep(duration);
        long count = Total() - firstCount;
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        cpu = Environment.CpuUsage.TotalTime - cpu;
        allocated = GC.GetTotalAllocatedBytes() - allocated;
        Volatile.Write(ref isOn, false);
        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        return failure is null
            ? new(count / elapsed.TotalSeconds, 0, 0, cpu.TotalNanoseconds / count, (double)allocated / count)
            : throw new InvalidOperationException(failure.Message, failure);

        long Total()
        {
            long total = 0;
            for (int i = 0; i < callers; i++)
            {
                total += Volatile.Read(ref counts[i * 8]);
            }

            return total;
        }

        void Loop(int caller)
        {
            try
            {
                using FastCacheBatch batch = FastCacheBatch.Connect(new() { Seeds = [node] });
                int request = items.StartOf(caller, callers);
                while (Volatile.Read(ref isOn))
                {
                    Execute(batch, items, depth, ref request);
                    counts[caller * 8] += depth;
                }
            }
            catch (Exception reason) when (reason is CacheException or InvalidOperationException)
            {
                Interlocked.CompareExchange(ref failure, reason, null);
            }
        }
    }

    private static void Execute(FastCacheBatch batch, ClientItems items, int depth, ref int request)
    {
        batch.Clear();
        for (int i = 0; i < depth; i++)
        {
            ReadOnlySpan<byte> key = items.Key(request).Span;
            _ = items.IsSet(request) ? batch.Set(key, items.Value) : batch.Get(key);
            request = items.After(request);
        }

        batch.Execute();
        for (int i = 0; i < depth; i++)
        {
            Reply reply = batch[i];
            if (reply.Status != Status.Ok || (reply.Opcode == Opcode.Get && reply.Value.Length != items.Value.Length))
            {
                throw new InvalidOperationException($"a reply is {reply.Status} with {reply.Value.Length} bytes, not what was stored");
            }
        }
    }
}
