using System.Text.Unicode;
using FastCache.Core;

namespace FastCache.Node.Sessions;

/// <summary>Writes the counters of a shard as UTF-8 lines of "name value", without managed memory.</summary>
internal sealed class StatsReport(Shard shard, NodeCounters counters, Func<long> uptimeMillis)
{
    /// <summary>Writes all counters.</summary>
    /// <param name="destination">At least 64 KiB.</param>
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
        lines.Add("streams_open", counters.StreamsOpen);
        lines.Add("stream_bytes_received", counters.StreamBytesReceived);
        lines.Add("stream_bytes_sent", counters.StreamBytesSent);
        lines.Add("invalidations", counters.Invalidations);
        lines.Add("leases_held", cache.LeasesHeld);
        lines.Add("items", cache.Items);
        lines.Add("payload_bytes", cache.PayloadBytes);
        lines.Add("hits", cache.Hits);
        lines.Add("misses", cache.Misses);
        lines.Add("sets", cache.Sets);
        lines.Add("deletes", cache.Deletes);
        lines.Add("compressed_sets", cache.CompressedSets);
        lines.Add("damaged_values", cache.DamagedValues);
        lines.Add("evictions", cache.Evictions);
        lines.Add("evictions_cold", cache.EvictedCold);
        lines.Add("evictions_hot", cache.EvictedHot);
        lines.Add("expirations", cache.Expirations);
        lines.Add("expiry_entries", cache.ExpiryEntries);
        lines.Add("page_moves", cache.PageMoves);
        lines.Add("items_moved", cache.ItemsMoved);
        lines.Add("hot_items", cache.HotItems);
        lines.Add("ghosts", cache.Ghosts);
        lines.Add("memory_budget_bytes", cache.BudgetBytes);
        lines.Add("memory_slab_bytes", cache.SlabBytes);
        lines.Add("memory_index_bytes", cache.IndexBytes);
        lines.Add("memory_free_bytes", cache.FreeBytes);
        lines.Add("memory_item_bytes", cache.Memory.Items);
        lines.Add("memory_rounding_bytes", cache.Memory.Rounding + cache.Memory.PageTails);
        lines.Add("memory_free_chunk_bytes", cache.Memory.FreeChunks);
        lines.Add("memory_expiry_bytes", cache.Memory.Expiry + cache.Memory.ExpiryFree);
        lines.Add("memory_fixed_bytes", cache.Memory.PageHeaders + cache.Memory.FixedTables + cache.Memory.Unused);
        lines.Add("index_buckets", cache.Buckets);
        lines.Add("index_overflow_buckets", cache.OverflowBuckets);
        lines.Add("index_load_permille", (long)(1000 * cache.IndexLoad));
        lines.Add("index_mean_probe_permille", (long)(1000 * cache.MeanProbeLength));
        lines.Add("index_longest_probe", cache.LongestProbe);
        for (int sizeClass = 0; sizeClass < Shard.SizeClassCount; sizeClass++)
        {
            AddClass(ref lines, shard.StatisticsOf(sizeClass));
        }

        return lines.Length;
    }

    private static void AddClass(ref Lines lines, in ClassStatistics cache)
    {
        if (cache.Pages == 0)
        {
            return;
        }

        lines.AddOfClass(cache.ChunkBytes, "pages", cache.Pages);
        lines.AddOfClass(cache.ChunkBytes, "chunks_used", cache.UsedChunks);
        lines.AddOfClass(cache.ChunkBytes, "hot_items", cache.HotItems);
        lines.AddOfClass(cache.ChunkBytes, "cold_items", cache.ColdItems);
        lines.AddOfClass(cache.ChunkBytes, "evictions_cold", cache.EvictedCold);
        lines.AddOfClass(cache.ChunkBytes, "evictions_hot", cache.EvictedHot);
        lines.AddOfClass(cache.ChunkBytes, "expirations", cache.Expired);
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

        public void AddOfClass(int chunkBytes, string name, long value)
        {
            Utf8.TryWrite(_destination[Length..], $"class_{chunkBytes}_{name} {value}\n", out int written);
            Length += written;
        }
    }
}
