using System.Text.Unicode;
using FastCache.Core;

namespace FastCache.Node.Sessions;

/// <summary>Writes the counters of a shard as UTF-8 lines of "name value", without managed memory.</summary>
internal sealed class StatsReport(Shard shard, NodeCounters counters, Func<long> uptimeMillis)
{
    /// <summary>Writes all counters.</summary>
    /// <param name="destination">At least 4 KiB.</param>
    /// <returns>Bytes written.</returns>
    public int Write(Span<byte> destination)
    {
        ShardStatistics cache = shard.Statistics();
        Lines lines = new(destination);
        lines.Add("uptime_ms", uptimeMillis());
        lines.Add("process_cpu_ns", Environment.CpuUsage.TotalTime.Ticks * TimeSpan.NanosecondsPerTick);
        lines.Add("managed_allocated_bytes", GC.GetTotalAllocatedBytes(precise: true));
        lines.Add("garbage_collections", GC.CollectionCount(0));
        lines.Add("connections", counters.Connections);
        lines.Add("connections_accepted", counters.Accepted);
        lines.Add("requests", counters.Requests);
        lines.Add("batches", counters.Batches);
        lines.Add("bytes_received", counters.BytesReceived);
        lines.Add("bytes_sent", counters.BytesSent);
        lines.Add("fatal_errors", counters.FatalErrors);
        lines.Add("values_refused", counters.ValuesRefused);
        lines.Add("write_timeouts", counters.WriteTimeouts);
        lines.Add("frame_timeouts", counters.FrameTimeouts);
        lines.Add("overloaded_disconnects", counters.OverloadedDisconnects);
        lines.Add("items", cache.Items);
        lines.Add("payload_bytes", cache.PayloadBytes);
        lines.Add("hits", cache.Hits);
        lines.Add("misses", cache.Misses);
        lines.Add("sets", cache.Sets);
        lines.Add("deletes", cache.Deletes);
        lines.Add("evictions", cache.Evictions);
        lines.Add("expirations", cache.Expirations);
        lines.Add("page_moves", cache.PageMoves);
        lines.Add("hot_items", cache.HotItems);
        lines.Add("ghosts", cache.Ghosts);
        lines.Add("memory_budget_bytes", cache.BudgetBytes);
        lines.Add("memory_slab_bytes", cache.SlabBytes);
        lines.Add("memory_index_bytes", cache.IndexBytes);
        lines.Add("memory_free_bytes", cache.FreeBytes);
        lines.Add("index_buckets", cache.Buckets);
        lines.Add("index_overflow_buckets", cache.OverflowBuckets);
        return lines.Length;
    }

    private ref struct Lines(Span<byte> destination)
    {
        private readonly Span<byte> _destination = destination;

        public int Length { get; private set; }

        public void Add(string name, long value)
        {
            Utf8.TryWrite(_destination[Length..], $"{name} {value}\n", out int written);
            Length += written;
        }
    }
}
