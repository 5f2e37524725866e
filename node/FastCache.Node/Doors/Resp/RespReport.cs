using System.Globalization;
using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Node.Sessions;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>The node in the words of INFO and CONFIG, as far as something here corresponds to them; docs/stats.md has the node's own.</summary>
internal sealed class RespReport(DoorShard shard)
{
    /// <summary>The one setting that can be set.</summary>
    public const string KeyEventSetting = "notify-keyspace-events";

    /// <summary>Settings as CONFIG GET names them.</summary>
    public (string Name, string Value)[] Settings() =>
    [
        ("maxmemory", Number(shard.Options.MemoryBytes)),
        ("maxmemory-policy", "allkeys-lfu"),
        ("maxclients", Number(shard.Options.MaxConnections)),
        ("timeout", Number((long)shard.Options.IdleTimeout.TotalSeconds)),
        ("databases", "1"),
        ("proto-max-bulk-len", Number(shard.Limits.MaxValueBytes)),
        ("appendonly", "no"),
        ("save", ""),
        ("requirepass", ""),
        (KeyEventSetting, EventLetters.Format(shard.Events.Classes)),
        ("cluster-enabled", shard.Topology.Slots is null ? "no" : "yes"),
        ("replica-read-only", "yes"),
        ("slave-read-only", "yes"),
        ("port", Number(shard.Doors.RespPort)),
    ];

    /// <summary>Writes the sections that a call of INFO asks for.</summary>
    public void Write(scoped Call call, ref Line text)
    {
        shard.Stats.Refresh();
        bool isFirst = true;
        if (Begins("server"u8, "# Server"u8, call, ref text, ref isFirst))
        {
            Add("redis_version:"u8, ServerCommands.SpokenVersion, ref text);
            Add("server_name:"u8, "fastcache"u8, ref text);
            Add("redis_mode:"u8, shard.Topology.Slots is null ? "standalone"u8 : "cluster"u8, ref text);
            Add("process_id:"u8, Environment.ProcessId, ref text);
            Add("tcp_port:"u8, shard.Doors.RespPort, ref text);
            Add("uptime_in_seconds:"u8, shard.NowMillis() / 1000, ref text);
        }

        if (Begins("clients"u8, "# Clients"u8, call, ref text, ref isFirst))
        {
            Add("connected_clients:"u8, shard.Stats.Total("connections"), ref text);
            Add("maxclients:"u8, shard.Options.MaxConnections, ref text);
            Add("tracking_clients:"u8, shard.Stats.Total("tracking_clients"), ref text);
            Add("blocked_clients:"u8, shard.Stats.Total("connections_waiting"), ref text);
        }

        if (Begins("memory"u8, "# Memory"u8, call, ref text, ref isFirst))
        {
            Add("used_memory:"u8, shard.Stats.Total("memory_budget_bytes") - shard.Stats.Total("memory_free_bytes"), ref text);
            Add("used_memory_dataset:"u8, shard.Stats.Total("memory_item_bytes"), ref text);
            Add("maxmemory:"u8, shard.Options.MemoryBytes, ref text);
            Add("maxmemory_policy:"u8, "allkeys-lfu"u8, ref text);
        }

        if (Begins("persistence"u8, "# Persistence"u8, call, ref text, ref isFirst))
        {
            Add("loading:"u8, 0, ref text);
        }

        if (Begins("stats"u8, "# Stats"u8, call, ref text, ref isFirst))
        {
            Add("total_connections_received:"u8, shard.Stats.Total("connections_accepted"), ref text);
            Add("total_commands_processed:"u8, shard.Stats.Total("requests"), ref text);
            Add("total_net_input_bytes:"u8, shard.Stats.Total("bytes_received"), ref text);
            Add("total_net_output_bytes:"u8, shard.Stats.Total("bytes_sent"), ref text);
            Add("rejected_connections:"u8, shard.Stats.Total("connections_refused"), ref text);
            Add("expired_keys:"u8, shard.Stats.Total("expirations"), ref text);
            Add("evicted_keys:"u8, shard.Stats.Total("evictions"), ref text);
            Add("keyspace_hits:"u8, shard.Stats.Total("hits"), ref text);
            Add("keyspace_misses:"u8, shard.Stats.Total("misses"), ref text);
            Add("tracking_total_keys:"u8, shard.Stats.Total("tracking_keys"), ref text);
            Add("tracking_total_items:"u8, shard.Stats.Total("tracking_reads"), ref text);
            Add("tracking_total_prefixes:"u8, shard.Stats.Total("tracking_prefixes"), ref text);
            Add("tracking_total_messages:"u8, shard.Stats.Total("tracking_messages"), ref text);
        }

        if (Begins("replication"u8, "# Replication"u8, call, ref text, ref isFirst))
        {
            Add("role:"u8, "master"u8, ref text);
            Add("connected_slaves:"u8, 0, ref text);
            Add("master_repl_offset:"u8, 0, ref text);
        }

        if (Begins("cpu"u8, "# CPU"u8, call, ref text, ref isFirst))
        {
            TimeSpan used = Environment.CpuUsage.UserTime;
            Add("used_cpu_user:"u8, (long)used.TotalSeconds, ref text);
        }

        if (Begins("cluster"u8, "# Cluster"u8, call, ref text, ref isFirst))
        {
            Add("cluster_enabled:"u8, shard.Topology.Slots is null ? 0 : 1, ref text);
        }

        if (Begins("keyspace"u8, "# Keyspace"u8, call, ref text, ref isFirst) && shard.Stats.Total("items") is long keys and > 0)
        {
            text.Add("db0:keys="u8);
            text.Add(keys);
            text.Add(",expires=0,avg_ttl=0\r\n"u8);
        }
    }

    private static bool Begins(ReadOnlySpan<byte> name, ReadOnlySpan<byte> title, scoped Call call, ref Line text, ref bool isFirst)
    {
        bool isWanted = call.Count == 1;
        for (int i = 1; i < call.Count; i++)
        {
            isWanted |= RespWord.Is(call[i], name) || RespWord.Is(call[i], "all"u8) || RespWord.Is(call[i], "everything"u8)
                || RespWord.Is(call[i], "default"u8);
        }

        if (isWanted)
        {
            text.Add(isFirst ? default : "\r\n"u8);
            text.Add(title);
            text.Add("\r\n"u8);
            isFirst = false;
        }

        return isWanted;
    }

    private static void Add(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, ref Line text)
    {
        text.Add(name);
        text.Add(value);
        text.Add("\r\n"u8);
    }

    private static void Add(ReadOnlySpan<byte> name, long value, ref Line text)
    {
        text.Add(name);
        text.Add(value);
        text.Add("\r\n"u8);
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
