using System.Diagnostics;
using System.Net;
using FastCache.Client;
using FastCache.Protocol;

namespace FastCache.Bench.Client;

/// <summary>Callers that execute batches, each over a connection of its own.</summary>
internal static class BatchLoad
{
    /// <summary>Loads a node.</summary>
    /// <param name="node">Where it listens.</param>
    /// <param name="items">What it holds.</param>
    /// <param name="callers">How many.</param>
    /// <param name="threads">On how many threads they are: each sends the batches of all its callers, then receives them.</param>
    /// <param name="depth">Requests of a batch.</param>
    /// <param name="duration">How long.</param>
    /// <returns>Figures without latencies.</returns>
    public static ClientFigures Run(
        IPEndPoint node, ClientItems items, int callers, int threads, int depth, TimeSpan duration)
    {
        bool isOn = true;
        long[] counts = new long[threads * 8]; // A cache line for each.
        Exception? failure = null;
        Thread[] loops = [.. Enumerable.Range(0, threads).Select(i => new Thread(() => Loop(i)))];
        foreach (Thread thread in loops)
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
        foreach (Thread thread in loops)
        {
            thread.Join();
        }

        return failure is null
            ? new(count / elapsed.TotalSeconds, 0, 0, cpu.TotalNanoseconds / count, (double)allocated / count)
            : throw new InvalidOperationException(failure.Message, failure);

        long Total()
        {
            long total = 0;
            for (int i = 0; i < threads; i++)
            {
                total += Volatile.Read(ref counts[i * 8]);
            }

            return total;
        }

        void Loop(int thread)
        {
            Caller[] own = [];
            try
            {
                own = [.. Enumerable.Range(0, callers).Where(i => i % threads == thread)
                    .Select(i => new Caller(node, items, items.StartOf(i, callers)))];
                while (Volatile.Read(ref isOn))
                {
                    foreach (Caller caller in own)
                    {
                        caller.Send(depth);
                    }

                    foreach (Caller caller in own)
                    {
                        caller.Receive();
                        counts[thread * 8] += depth;
                    }
                }
            }
            catch (Exception reason) when (reason is CacheException or InvalidOperationException)
            {
                Interlocked.CompareExchange(ref failure, reason, null);
            }
            finally
            {
                foreach (Caller caller in own)
                {
                    caller.Dispose();
                }
            }
        }
    }

    private sealed class Caller(IPEndPoint node, ClientItems items, int start) : IDisposable
    {
        private readonly FastCacheBatch _batch = FastCacheBatch.Connect(new() { Seeds = [node] });
        private int _request = start;

        public void Send(int depth)
        {
            _batch.Clear();
            for (int i = 0; i < depth; i++)
            {
                ReadOnlySpan<byte> key = items.Key(_request).Span;
                _ = items.IsSet(_request) ? _batch.Set(key, items.Value) : _batch.Get(key);
                _request = items.After(_request);
            }

            _batch.Send();
        }

        public void Receive()
        {
            _batch.Receive();
            for (int i = 0; i < _batch.Count; i++)
            {
                Reply reply = _batch[i];
                if (reply.Status != Status.Ok || (reply.Opcode == Opcode.Get && reply.Value.Length != items.Value.Length))
                {
                    throw new InvalidOperationException(
                        $"a reply is {reply.Status} with {reply.Value.Length} bytes, not what was stored");
                }
            }
        }

        public void Dispose() => _batch.Dispose();
    }
}
