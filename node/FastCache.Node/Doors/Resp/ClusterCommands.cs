using System.Security.Cryptography;
using System.Text;
using FastCache.Cluster;
using FastCache.Node.Cluster;
using FastCache.Protocol;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>The topology in the words of Redis Cluster, so that its clients find the node of a key.</summary>
/// <remarks>
/// Clients know nodes by 40 hexadecimal digits: here the start of the SHA-256 of a node's name, the same on every node. A topology
/// has one address for each node, that of FCP; the door of Redis's protocol is taken to lie as far from it on every node as on this one.
/// </remarks>
internal sealed class ClusterCommands(DoorShard shard)
{
    private const string Group = "cluster";
    private const int IdBytes = 20;

    /// <summary>Most bytes that one node takes in any of the replies.</summary>
    private const int MostNodeBytes = 512;

    private const CommandFlags Flags = CommandFlags.Loading | CommandFlags.Stale;

    public IEnumerable<Command> Commands =>
    [
        Containers.Of("cluster", Group, "Tells of the cluster.",
        [
            new("cluster|slots", 2, Flags, KeyPlaces.None, Slots, Group, "Returns which nodes have which slots."),
            new("cluster|shards", 2, Flags, KeyPlaces.None, Shards, Group, "Returns the slots and nodes of each range."),
            new("cluster|nodes", 2, Flags, KeyPlaces.None, Nodes, Group, "Returns all nodes as lines of text."),
            new("cluster|keyslot", 3, Flags, KeyPlaces.None, Slot, Group, "Returns the slot of a key.") { Arguments = "<key>" },
            new("cluster|myid", 2, Flags, KeyPlaces.None, Id, Group, "Returns the node's id."),
            new("cluster|info", 2, Flags, KeyPlaces.None, State, Group, "Returns the state of the cluster."),
        ],
        IsInCluster),
        new("readonly", 1, Flags | CommandFlags.Fast, KeyPlaces.None, ReadOnly, Group, "Is taken and changes nothing: a key is answered by its primary."),
        new("readwrite", 1, Flags | CommandFlags.Fast, KeyPlaces.None, ReadOnly, Group, "Is taken and changes nothing."),
    ];

    private void ReadOnly(scoped Call call, ref RespReplyWriter reply)
    {
        if (IsInCluster(ref reply))
        {
            reply.WriteOk();
        }
    }

    private void Slot(scoped Call call, ref RespReplyWriter reply)
    {
        if (IsInCluster(ref reply))
        {
            reply.WriteInteger(KeySlot.Of(call[2]));
        }
    }

    private void Id(scoped Call call, ref RespReplyWriter reply)
    {
        if (IsInCluster(ref reply))
        {
            WriteText(IdOf(shard.Topology.Slots!.Name), ref reply);
        }
    }

    private void Slots(scoped Call call, ref RespReplyWriter reply)
    {
        if (!IsInCluster(ref reply))
        {
            return;
        }

        ClusterTopology topology = shard.Topology.Slots!.Topology;
        reply.WriteArray(topology.Ranges.Count);
        foreach (SlotRange range in topology.Ranges)
        {
            reply.WriteArray(2 + range.Copies.Count);
            reply.WriteInteger(range.First);
            reply.WriteInteger(range.Last);
            foreach (int node in range.Copies)
            {
                (string host, int port) = PlaceOf(topology.Nodes[node]);
                reply.WriteArray(4);
                WriteText(host, ref reply);
                reply.WriteInteger(port);
                WriteText(IdOf(topology.Nodes[node].Name), ref reply);
                reply.WriteArray(0);
            }
        }
    }

    private void Shards(scoped Call call, ref RespReplyWriter reply)
    {
        if (!IsInCluster(ref reply))
        {
            return;
        }

        ClusterTopology topology = shard.Topology.Slots!.Topology;
        reply.WriteArray(topology.Ranges.Count);
        foreach (SlotRange range in topology.Ranges)
        {
            reply.WriteMap(2);
            reply.WriteBulk("slots"u8);
            reply.WriteArray(2);
            reply.WriteInteger(range.First);
            reply.WriteInteger(range.Last);
            reply.WriteBulk("nodes"u8);
            reply.WriteArray(range.Copies.Count);
            foreach (int node in range.Copies)
            {
                WriteShardNode(topology.Nodes[node], node == range.Copies[0], ref reply);
            }
        }
    }

    private void WriteShardNode(ClusterNode node, bool isPrimary, ref RespReplyWriter reply)
    {
        (string host, int port) = PlaceOf(node);
        reply.WriteMap(7);
        reply.WriteBulk("id"u8);
        WriteText(IdOf(node.Name), ref reply);
        reply.WriteBulk("port"u8);
        reply.WriteInteger(port);
        reply.WriteBulk("ip"u8);
        WriteText(host, ref reply);
        reply.WriteBulk("endpoint"u8);
        WriteText(host, ref reply);
        reply.WriteBulk("role"u8);
        reply.WriteBulk(isPrimary ? "master"u8 : "replica"u8);
        reply.WriteBulk("replication-offset"u8);
        reply.WriteInteger(0);
        reply.WriteBulk("health"u8);
        reply.WriteBulk("online"u8);
    }

    private void Nodes(scoped Call call, ref RespReplyWriter reply)
    {
        if (!IsInCluster(ref reply))
        {
            return;
        }

        OwnedSlots slots = shard.Topology.Slots!;
        StringBuilder text = new();
        for (int i = 0; i < slots.Topology.Nodes.Count; i++)
        {
            ClusterNode node = slots.Topology.Nodes[i];
            (string host, int port) = PlaceOf(node);
            string self = node.Name == slots.Name ? "myself," : "";
            text.Append(CultureInvariant($"{IdOf(node.Name)} {host}:{port}@{node.Port} {self}master - 0 0 {slots.Epoch} connected"));
            foreach (SlotRange range in slots.Topology.Ranges.Where(range => range.Copies[0] == i))
            {
                text.Append(CultureInvariant($" {range.First}{(range.Last > range.First ? $"-{range.Last}" : "")}"));
            }

            text.Append('\n');
        }

        WriteText(text.ToString(), ref reply);
    }

    private void State(scoped Call call, ref RespReplyWriter reply)
    {
        if (!IsInCluster(ref reply))
        {
            return;
        }

        OwnedSlots slots = shard.Topology.Slots!;
        int nodes = slots.Topology.Nodes.Count;
        WriteText(
            CultureInvariant($"cluster_state:ok\r\ncluster_slots_assigned:{KeySlot.Count}\r\ncluster_slots_ok:{KeySlot.Count}\r\n")
            + CultureInvariant($"cluster_slots_pfail:0\r\ncluster_slots_fail:0\r\ncluster_known_nodes:{nodes}\r\ncluster_size:{nodes}\r\n")
            + CultureInvariant($"cluster_current_epoch:{slots.Epoch}\r\ncluster_my_epoch:{slots.Epoch}\r\n"),
            ref reply);
    }

    private bool IsInCluster(ref RespReplyWriter reply)
    {
        if (shard.Topology.Slots is not { } slots)
        {
            reply.WriteError("ERR This instance has cluster support disabled"u8);
            return false;
        }

        ClusterTopology topology = slots.Topology;
        long bytes = (topology.Nodes.Count + topology.Ranges.Sum(range => (long)range.Copies.Count)) * MostNodeBytes;
        if (bytes > shard.Limits.MaxValueBytes)
        {
            reply.WriteError("ERR the topology is too large for a reply"u8);
            return false;
        }

        return true;
    }

    private (string Host, int Port) PlaceOf(ClusterNode node) => (node.Host, node.Port + shard.Doors.RespPortDistance);

    private static string IdOf(string name) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, IdBytes));

    private static string CultureInvariant(FormattableString text) => FormattableString.Invariant(text);

    private static void WriteText(string text, ref RespReplyWriter reply) => reply.WriteBulk(Encoding.UTF8.GetBytes(text));
}
