using System.Text.Unicode;
using FastCache.Core;

namespace FastCache.Node.Sessions;

/// <summary>How the values of several shards make one.</summary>
internal enum Combine : byte
{
    /// <summary>Added up.</summary>
    Sum,

    /// <summary>The mean over the shards.</summary>
    Mean,

    /// <summary>The largest.</summary>
    Max,

    /// <summary>The smallest.</summary>
    Min,
}

/// <summary>The last counters that each shard has shown to the others.</summary>
/// <remarks>
/// A shard writes its own row and reads all. A row may hold values of two neighbouring moments; each by itself is whole.
/// </remarks>
/// <param name="shards">Number of shards.</param>
internal sealed class StatsBoard(int shards)
{
    private readonly long[][] _rows = [.. Enumerable.Range(0, shards).Select(_ => new long[StatsReport.ValueCount])];
    private readonly long[] _marks = new long[StatsReport.ValueCount];

    /// <summary>Number of shards.</summary>
    public int Count => _rows.Length;

    /// <summary>One shard's values, in the order of <see cref="StatsReport"/>.</summary>
    public Span<long> RowOf(int shard) => _rows[shard];

    /// <summary>One value over all shards.</summary>
    public long Combined(int value, Combine combine)
    {
        long sum = 0;
        long max = 0;
        long min = long.MaxValue;
        foreach (long[] row in _rows)
        {
            long one = Volatile.Read(ref row[value]);
            sum += one;
            max = Math.Max(max, one);
            min = Math.Min(min, one);
        }

        return combine switch
        {
            Combine.Sum => sum,
            Combine.Mean => sum / _rows.Length,
            Combine.Max => max,
            _ => min,
        };
    }

    /// <summary>Lets <see cref="SinceMark"/> count from now.</summary>
    public void Mark()
    {
        for (int value = 0; value < _marks.Length; value++)
        {
            Volatile.Write(ref _marks[value], Combined(value, Combine.Sum));
        }
    }

    /// <summary>A value that only grows: by how much it has grown, over all shards, since <see cref="Mark"/>, or since the node began.</summary>
    public long SinceMark(int value) => Combined(value, Combine.Sum) - Volatile.Read(ref _marks[value]);
}

/// <summary>Writes the counters of a node as UTF-8 lines of "name value", without managed memory.</summary>
/// <param name="shard">The cache of the shard that answers.</param>
/// <param name="counters">What its loop counts.</param>
/// <param name="topology">Where keys are.</param>
/// <param name="board">Where all shards show their counters.</param>
/// <param name="uptimeMillis">Since when it runs.</param>
internal sealed class StatsReport(
    Shard shard, NodeCounters counters, NodeTopology topology, StatsBoard board, Func<long> uptimeMillis)
{
    private static readonly string[] ClassNames =
        ["pages", "chunks_used", "hot_items", "cold_items", "evictions_cold", "evictions_hot", "expirations"];

    private static readonly (string Name, Combine Combine)[] Values =
    [
        ("connections", Combine.Sum),
        ("connections_accepted", Combine.Sum),
        ("requests", Combine.Sum),
        ("requests_forwarded", Combine.Sum),
        ("connections_handed_over", Combine.Sum),
        ("batches", Combine.Sum),
        ("bytes_received", Combine.Sum),
        ("bytes_sent", Combine.Sum),
        ("fatal_errors", Combine.Sum),
        ("values_refused", Combine.Sum),
        ("write_timeouts", Combine.Sum),
        ("frame_timeouts", Combine.Sum),
        ("stream_timeouts", Combine.Sum),
        ("handshake_timeouts", Combine.Sum),
        ("idle_timeouts", Combine.Sum),
        ("connections_refused", Combine.Sum),
        ("overloaded_disconnects", Combine.Sum),
        ("receive_pauses", Combine.Sum),
        ("connection_memory_bytes", Combine.Sum),
        ("connections_waiting", Combine.Sum),
        ("streams_open", Combine.Sum),
        ("stream_bytes_received", Combine.Sum),
        ("stream_bytes_sent", Combine.Sum),
        ("invalidations", Combine.Sum),
        ("tracking_clients", Combine.Sum),
        ("tracking_keys", Combine.Sum),
        ("tracking_reads", Combine.Sum),
        ("tracking_prefixes", Combine.Sum),
        ("tracking_messages", Combine.Sum),
        ("leases_held", Combine.Sum),
        ("items", Combine.Sum),
        ("payload_bytes", Combine.Sum),
        ("hits", Combine.Sum),
        ("misses", Combine.Sum),
        ("sets", Combine.Sum),
        ("deletes", Combine.Sum),
        ("compressed_sets", Combine.Sum),
        ("damaged_values", Combine.Sum),
        ("evictions", Combine.Sum),
        ("evictions_cold", Combine.Sum),
        ("evictions_hot", Combine.Sum),
        ("expirations", Combine.Sum),
        ("expiry_entries", Combine.Sum),
        ("page_moves", Combine.Sum),
        ("items_moved", Combine.Sum),
        ("hot_items", Combine.Sum),
        ("ghosts", Combine.Sum),
        ("memory_budget_bytes", Combine.Sum),
        ("memory_slab_bytes", Combine.Sum),
        ("memory_index_bytes", Combine.Sum),
        ("memory_free_bytes", Combine.Sum),
        ("memory_item_bytes", Combine.Sum),
        ("memory_rounding_bytes", Combine.Sum),
        ("memory_free_chunk_bytes", Combine.Sum),
        ("memory_expiry_bytes", Combine.Sum),
        ("memory_fixed_bytes", Combine.Sum),
        ("index_buckets", Combine.Sum),
        ("index_overflow_buckets", Combine.Sum),
        ("index_load_permille", Combine.Mean),
        ("index_mean_probe_permille", Combine.Mean),
        ("index_longest_probe", Combine.Max),
        ("cluster_epoch", Combine.Min),
        ("cluster_slots", Combine.Sum),
        ("moved_answers", Combine.Sum),
        ("items_swept", Combine.Sum),
    ];

    /// <summary>Values that each shard shows.</summary>
    public static int ValueCount => Values.Length + (Shard.SizeClassCount * ClassValues);

    private static readonly int Items = IndexOf("items");

    /// <summary>One value over all shards, as each has shown it last.</summary>
    /// <param name="name">As a line of the report has it.</param>
    public long Total(string name)
    {
        int value = IndexOf(name);
        return board.Combined(value, Values[value].Combine);
    }

    /// <summary>A counter over all shards, as each has shown it last, since anybody has asked for <see cref="CountFromNow"/>.</summary>
    /// <param name="name">As a line of the report has it.</param>
    public long Counted(string name) => board.SinceMark(IndexOf(name));

    /// <summary>One value of a size class over all shards, as each has shown it last.</summary>
    /// <param name="sizeClass">0 to <see cref="Shard.SizeClassCount"/> - 1.</param>
    /// <param name="name">As a line of the report has it behind the class.</param>
    public long TotalOfClass(int sizeClass, string name) => board.Combined(IndexOf(sizeClass, name), Combine.Sum);

    /// <summary><see cref="Counted"/> for a counter of a size class.</summary>
    /// <inheritdoc cref="TotalOfClass"/>
    public long CountedOfClass(int sizeClass, string name) => board.SinceMark(IndexOf(sizeClass, name));

    /// <summary>Lets what is <see cref="Counted"/> begin anew. The report itself counts on.</summary>
    public void CountFromNow()
    {
        Refresh();
        board.Mark();
    }

    /// <summary>How many items a shard had when it has shown its counters last.</summary>
    public long ItemsOn(int shard) => Volatile.Read(ref board.RowOf(shard)[Items]);

    private static int ClassValues => ClassNames.Length;

    private static int IndexOf(string name) => Array.FindIndex(Values, value => value.Name == name);

    private static int IndexOf(int sizeClass, string name) =>
        Values.Length + (sizeClass * ClassValues) + Array.IndexOf(ClassNames, name);

    /// <summary>Shows this shard's counters of now to all.</summary>
    public void Refresh()
    {
        ShardStatistics cache = shard.Statistics();
        Span<long> row = board.RowOf(topology.Shard);
        ReadOnlySpan<long> own =
        [
            counters.Connections,
            counters.Accepted,
            counters.Requests,
            counters.Forwarded,
            counters.HandedOver,
            counters.Batches,
            counters.BytesReceived,
            counters.BytesSent,
            counters.FatalErrors,
            counters.ValuesRefused,
            counters.WriteTimeouts,
            counters.FrameTimeouts,
            counters.StreamTimeouts,
            counters.HandshakeTimeouts,
            counters.IdleTimeouts,
            counters.ConnectionsRefused,
            counters.OverloadedDisconnects,
            counters.ReceivePauses,
            counters.ConnectionMemoryBytes,
            counters.ConnectionsWaiting,
            counters.StreamsOpen,
            counters.StreamBytesReceived,
            counters.StreamBytesSent,
            counters.Invalidations,
            counters.TrackingClients,
            counters.TrackedKeys,
            counters.TrackedReads,
            counters.TrackedPrefixes,
            counters.TrackingMessages,
            cache.LeasesHeld,
            cache.Items,
            cache.PayloadBytes,
            cache.Hits,
            cache.Misses,
            cache.Sets,
            cache.Deletes,
            cache.CompressedSets,
            cache.DamagedValues,
            cache.Evictions,
            cache.EvictedCold,
            cache.EvictedHot,
            cache.Expirations,
            cache.ExpiryEntries,
            cache.PageMoves,
            cache.ItemsMoved,
            cache.HotItems,
            cache.Ghosts,
            cache.BudgetBytes,
            cache.SlabBytes,
            cache.IndexBytes,
            cache.FreeBytes,
            cache.Memory.Items,
            cache.Memory.Rounding + cache.Memory.PageTails,
            cache.Memory.FreeChunks,
            cache.Memory.Expiry + cache.Memory.ExpiryFree,
            cache.Memory.PageHeaders + cache.Memory.FixedTables + cache.Memory.Unused,
            cache.Buckets,
            cache.OverflowBuckets,
            (long)(1000 * cache.IndexLoad),
            (long)(1000 * cache.MeanProbeLength),
            cache.LongestProbe,
            topology.Slots?.Epoch ?? 0,
            topology.SlotCount,
            counters.Moved,
            counters.ItemsSwept,
        ];
        own.CopyTo(row);
        for (int sizeClass = 0; sizeClass < Shard.SizeClassCount; sizeClass++)
        {
            ClassStatistics of = shard.StatisticsOf(sizeClass);
            ReadOnlySpan<long> values =
            [
                of.Pages, of.UsedChunks, of.HotItems, of.ColdItems, of.EvictedCold, of.EvictedHot, of.Expired,
            ];
            values.CopyTo(row[(Values.Length + (sizeClass * ClassValues))..]);
        }
    }

    /// <summary>Writes the counters of all shards together: this one's of now, the others' of a moment ago.</summary>
    /// <param name="destination">At least 64 KiB.</param>
    /// <returns>Bytes written.</returns>
    public int Write(Span<byte> destination)
    {
        Refresh();
        Lines lines = new(destination);
        lines.Add("uptime_ms", uptimeMillis());
        lines.Add("process_cpu_ns", Environment.CpuUsage.TotalTime.Ticks * TimeSpan.NanosecondsPerTick);
        lines.Add("managed_allocated_bytes", GC.GetTotalAllocatedBytes(precise: true));
        lines.Add("garbage_collections", GC.CollectionCount(0));
        lines.Add("shards", board.Count);
        lines.Add("shard", topology.Shard);
        for (int value = 0; value < Values.Length; value++)
        {
            lines.Add(Values[value].Name, board.Combined(value, Values[value].Combine));
        }

        for (int sizeClass = 0; sizeClass < Shard.SizeClassCount; sizeClass++)
        {
            AddClass(ref lines, sizeClass);
        }

        return lines.Length;
    }

    private void AddClass(ref Lines lines, int sizeClass)
    {
        int first = Values.Length + (sizeClass * ClassValues);
        if (board.Combined(first, Combine.Sum) == 0)
        {
            return;
        }

        int chunkBytes = shard.StatisticsOf(sizeClass).ChunkBytes;
        for (int value = 0; value < ClassValues; value++)
        {
            lines.AddOfClass(chunkBytes, ClassNames[value], board.Combined(first + value, Combine.Sum));
        }
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
