using FastCache.Core;
using FastCache.Node.Sessions;
using FastCache.Protocol.Memcached;

namespace FastCache.Node.Doors.Memcached;

/// <summary>The node in the words of stats, as far as something here corresponds to them; docs/stats.md has the node's own.</summary>
/// <remarks>Classes are numbered from 1, by ascending chunk size, as they are in memcached.</remarks>
internal sealed class MemcachedReport(DoorShard shard)
{
    private const int PageBytes = 1 << 20;
    private const int MillisPerSecond = 1_000;

    /// <summary>Most that is said of one connection, and of the end of the reply.</summary>
    private const int MaxConnectionBytes = 512;

    public void Write(ReadOnlySpan<byte> arguments, ref Line reply)
    {
        MemcachedTokens words = new(arguments);
        words.TryNext(out ReadOnlySpan<byte> section);
        if (section.SequenceEqual("reset"u8))
        {
            shard.Stats.CountFromNow();
            reply.Add("RESET\r\n"u8);
        }
        else if (section.SequenceEqual("detail"u8))
        {
            reply.Add("CLIENT_ERROR stats detail is not here: nothing is counted by prefixes of keys\r\n"u8);
        }
        else
        {
            reply.Add(TryWrite(section, ref reply) ? "END\r\n"u8 : "ERROR\r\n"u8);
        }
    }

    /// <returns>False when there is no such section.</returns>
    private bool TryWrite(ReadOnlySpan<byte> section, ref Line reply)
    {
        shard.Stats.Refresh();
        if (section.IsEmpty)
        {
            WriteGeneral(ref reply);
        }
        else if (section.SequenceEqual("settings"u8))
        {
            WriteSettings(ref reply);
        }
        else if (section.SequenceEqual("items"u8))
        {
            WriteItems(ref reply);
        }
        else if (section.SequenceEqual("slabs"u8))
        {
            WriteSlabs(ref reply);
        }
        else if (section.SequenceEqual("sizes"u8))
        {
            WriteSizes(ref reply);
        }
        else if (section.SequenceEqual("conns"u8))
        {
            WriteConnections(ref reply);
        }
        else
        {
            return false;
        }

        return true;
    }

    private void WriteGeneral(ref Line reply)
    {
        Add("pid"u8, Environment.ProcessId, ref reply);
        Add("uptime"u8, shard.NowMillis() / MillisPerSecond, ref reply);
        Add("time"u8, shard.UnixMillis() / MillisPerSecond, ref reply);
        Add("version"u8, ClassicCommands.SpokenVersion, ref reply);
        Add("pointer_size"u8, 64, ref reply);
        AddSeconds("rusage_user"u8, Environment.CpuUsage.UserTime, ref reply);
        AddSeconds("rusage_system"u8, Environment.CpuUsage.PrivilegedTime, ref reply);
        Add("max_connections"u8, shard.Options.MaxConnections, ref reply);
        Add("curr_connections"u8, Total("connections"), ref reply);
        Add("total_connections"u8, Counted("connections_accepted"), ref reply);
        Add("rejected_connections"u8, Counted("connections_refused"), ref reply);
        Add("cmd_get"u8, Counted("hits") + Counted("misses"), ref reply);
        Add("cmd_set"u8, Counted("sets"), ref reply);
        Add("get_hits"u8, Counted("hits"), ref reply);
        Add("get_misses"u8, Counted("misses"), ref reply);
        Add("delete_hits"u8, Counted("deletes"), ref reply);
        Add("bytes_read"u8, Counted("bytes_received"), ref reply);
        Add("bytes_written"u8, Counted("bytes_sent"), ref reply);
        Add("limit_maxbytes"u8, shard.Options.MemoryBytes, ref reply);
        Add("accepting_conns"u8, 1, ref reply);
        Add("threads"u8, shard.Topology.ShardCount, ref reply);
        Add("slab_global_page_pool"u8, Total("memory_free_bytes") / PageBytes, ref reply);
        Add("slabs_moved"u8, Counted("page_moves"), ref reply);
        Add("bytes"u8, Total("memory_item_bytes"), ref reply);
        Add("curr_items"u8, Total("items"), ref reply);
        Add("total_items"u8, Counted("sets"), ref reply);
        Add("store_too_large"u8, Counted("values_refused"), ref reply);
        Add("evictions"u8, Counted("evictions"), ref reply);
        Add("reclaimed"u8, Counted("expirations"), ref reply);
    }

    private void WriteSettings(ref Line reply)
    {
        Add("maxbytes"u8, shard.Options.MemoryBytes, ref reply);
        Add("maxconns"u8, shard.Options.MaxConnections, ref reply);
        Add("tcpport"u8, shard.Doors.Memcached!.Port, ref reply);
        Add("udpport"u8, 0, ref reply);
        Add("verbosity"u8, 0, ref reply);
        Add("evictions"u8, "on"u8, ref reply);
        Add("num_threads"u8, shard.Topology.ShardCount, ref reply);
        Add("cas_enabled"u8, "yes"u8, ref reply);
        Add("auth_enabled_ascii"u8, "no"u8, ref reply);
        Add("item_size_max"u8, shard.Limits.MaxValueBytes, ref reply);
        Add("flush_enabled"u8, "yes"u8, ref reply);
        Add("dump_enabled"u8, "no"u8, ref reply);
        Add("idle_timeout"u8, (long)shard.Options.IdleTimeout.TotalSeconds, ref reply);
    }

    private void WriteItems(ref Line reply)
    {
        for (int sizeClass = 0; sizeClass < Shard.SizeClassCount; sizeClass++)
        {
            if (TotalOf(sizeClass, "pages") == 0)
            {
                continue;
            }

            long hot = TotalOf(sizeClass, "hot_items");
            long cold = TotalOf(sizeClass, "cold_items");
            AddOf("items:"u8, sizeClass, "number"u8, hot + cold, ref reply);
            AddOf("items:"u8, sizeClass, "number_hot"u8, hot, ref reply);
            AddOf("items:"u8, sizeClass, "number_cold"u8, cold, ref reply);
            AddOf("items:"u8, sizeClass, "evicted"u8,
                CountedOf(sizeClass, "evictions_cold") + CountedOf(sizeClass, "evictions_hot"), ref reply);
            AddOf("items:"u8, sizeClass, "reclaimed"u8, CountedOf(sizeClass, "expirations"), ref reply);
        }
    }

    private void WriteSlabs(ref Line reply)
    {
        int active = 0;
        long pages = 0;
        for (int sizeClass = 0; sizeClass < Shard.SizeClassCount; sizeClass++)
        {
            long own = TotalOf(sizeClass, "pages");
            if (own == 0)
            {
                continue;
            }

            int chunkBytes = shard.Shard.StatisticsOf(sizeClass).ChunkBytes;
            int perPage = PageBytes / chunkBytes;
            long used = TotalOf(sizeClass, "chunks_used");
            AddOf(default, sizeClass, "chunk_size"u8, chunkBytes, ref reply);
            AddOf(default, sizeClass, "chunks_per_page"u8, perPage, ref reply);
            AddOf(default, sizeClass, "total_pages"u8, own, ref reply);
            AddOf(default, sizeClass, "total_chunks"u8, own * perPage, ref reply);
            AddOf(default, sizeClass, "used_chunks"u8, used, ref reply);
            AddOf(default, sizeClass, "free_chunks"u8, Math.Max(0, (own * perPage) - used), ref reply);
            active++;
            pages += own;
        }

        Add("active_slabs"u8, active, ref reply);
        Add("total_malloced"u8, pages * PageBytes, ref reply);
    }

    /// <summary>How many chunks of each size hold items.</summary>
    private void WriteSizes(ref Line reply)
    {
        for (int sizeClass = 0; sizeClass < Shard.SizeClassCount; sizeClass++)
        {
            if (TotalOf(sizeClass, "chunks_used") is long used and > 0)
            {
                reply.Add("STAT "u8);
                reply.Add(shard.Shard.StatisticsOf(sizeClass).ChunkBytes);
                reply.Add(" "u8);
                reply.Add(used);
                reply.Add("\r\n"u8);
            }
        }
    }

    /// <summary>The door, and its connections at the shard that answers, as many as the reply has room for.</summary>
    private void WriteConnections(ref Line reply)
    {
        ReadOnlySpan<Session?> sessions = shard.Sessions().All;
        string door = $"tcp:{shard.Doors.Memcached}\r\n";
        // No connection has the number behind the last one.
        AddOf(sessions.Length, "addr"u8, ref reply);
        reply.Add(door);
        AddOf(sessions.Length, "state"u8, ref reply);
        reply.Add("conn_listening\r\n"u8);
        AddOf(sessions.Length, "secs_since_last_cmd"u8, ref reply);
        reply.Add("0\r\n"u8);
        foreach (Session? session in sessions)
        {
            if (session is not { State: SessionState.Open } || session.Door.Kind != DoorKind.Memcached)
            {
                continue;
            }

            if (reply.RoomBytes < MaxConnectionBytes)
            {
                break;
            }

            int slot = session.Connection.Slot;
            AddOf(slot, "addr"u8, ref reply);
            reply.Add("tcp:"u8);
            reply.Add(session.Peer.ToString());
            reply.Add("\r\n"u8);
            AddOf(slot, "listen_addr"u8, ref reply);
            reply.Add(door);
            AddOf(slot, "state"u8, ref reply);
            reply.Add(session.IsBlocked ? "conn_mwrite\r\n"u8
                : session.PartialFrameSinceMillis is not null ? "conn_nread\r\n"u8
                : "conn_read\r\n"u8);
            AddOf(slot, "secs_since_last_cmd"u8, ref reply);
            reply.Add((shard.NowMillis() - session.LastReceivedMillis) / MillisPerSecond);
            reply.Add("\r\n"u8);
        }
    }

    private long Total(string name) => shard.Stats.Total(name);

    private long Counted(string name) => shard.Stats.Counted(name);

    private long TotalOf(int sizeClass, string name) => shard.Stats.TotalOfClass(sizeClass, name);

    private long CountedOf(int sizeClass, string name) => shard.Stats.CountedOfClass(sizeClass, name);

    private static void Add(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value, ref Line reply)
    {
        reply.Add("STAT "u8);
        reply.Add(name);
        reply.Add(" "u8);
        reply.Add(value);
        reply.Add("\r\n"u8);
    }

    private static void Add(ReadOnlySpan<byte> name, long value, ref Line reply)
    {
        reply.Add("STAT "u8);
        reply.Add(name);
        reply.Add(" "u8);
        reply.Add(value);
        reply.Add("\r\n"u8);
    }

    private static void AddSeconds(ReadOnlySpan<byte> name, TimeSpan time, ref Line reply)
    {
        Span<byte> digits = stackalloc byte[32];
        time.TotalSeconds.TryFormat(digits, out int length, "F6", System.Globalization.CultureInfo.InvariantCulture);
        Add(name, digits[..length], ref reply);
    }

    private static void AddOf(int slot, ReadOnlySpan<byte> name, ref Line reply)
    {
        reply.Add("STAT "u8);
        reply.Add(slot);
        reply.Add(":"u8);
        reply.Add(name);
        reply.Add(" "u8);
    }

    private static void AddOf(ReadOnlySpan<byte> group, int sizeClass, ReadOnlySpan<byte> name, long value, ref Line reply)
    {
        reply.Add("STAT "u8);
        reply.Add(group);
        reply.Add(sizeClass + 1);
        reply.Add(":"u8);
        reply.Add(name);
        reply.Add(" "u8);
        reply.Add(value);
        reply.Add("\r\n"u8);
    }
}
