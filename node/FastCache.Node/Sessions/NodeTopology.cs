using System.Buffers.Binary;
using FastCache.Node.Cluster;
using FastCache.Node.Shards;
using FastCache.Protocol;

namespace FastCache.Node.Sessions;

/// <summary>Where keys are, as one shard sees it: which shard of the node has them, or that another node has.</summary>
internal sealed class NodeTopology
{
    /// <summary>In the place of a shard: the node has no copy of the key's slot.</summary>
    public const int Elsewhere = -2;

    private const int HeadBytes = 4;
    private const int RangeBytes = 6;

    private readonly ShardDirectory _directory;

    /// <param name="directory">All shards.</param>
    /// <param name="shard">Number of this one, from 0.</param>
    /// <param name="slots">See <see cref="Slots"/>.</param>
    public NodeTopology(ShardDirectory directory, int shard, OwnedSlots? slots = null)
    {
        _directory = directory;
        Shard = shard;
        Slots = slots;
    }

    /// <summary>Number of this shard, from 0.</summary>
    public int Shard { get; }

    /// <summary>How many shards the node has.</summary>
    public int ShardCount => _directory.Count;

    /// <summary>The slots of which the node has a copy; null when it is in no cluster and has all of them. A node is in a
    /// cluster from its start on or never.</summary>
    public OwnedSlots? Slots
    {
        get;
        set
        {
            field = value;
            SlotCount = value?.Count(FirstSlot, EndSlot) ?? (EndSlot - FirstSlot);
        }
    }

    /// <summary>How many slots of this shard there are of which the node has a copy.</summary>
    public int SlotCount { get; private set; }

    /// <summary>Whether this shard has every key.</summary>
    public bool HasAllKeys => _directory.Count == 1 && Slots is null;

    /// <summary>The first slot of this shard.</summary>
    public int FirstSlot => _directory.FirstSlotOf(Shard);

    /// <summary>The slot behind the last one of this shard.</summary>
    public int EndSlot => _directory.FirstSlotOf(Shard + 1);

    /// <summary>Number of the shard that has a key, or <see cref="Elsewhere"/>.</summary>
    /// <param name="key">The key.</param>
    /// <param name="isForCopy">Whether it is asked of a replica.</param>
    /// <remarks>Of other shards' keys they say themselves whether the node has a copy: each shard goes over to a new topology
    /// in its own time.</remarks>
    public int OwnerOf(ReadOnlySpan<byte> key, bool isForCopy = false)
    {
        int slot = KeySlot.Of(key);
        int owner = _directory.OwnerOf(slot);
        return owner == Shard && Slots is { } slots && !slots.Serves(slot, isForCopy) ? Elsewhere : owner;
    }

    /// <summary>The shard that a new connection belongs to.</summary>
    /// <param name="wish">What its Hello says: 0 for any, k for shard k - 1; at most <see cref="ShardCount"/>.</param>
    public int ShardFor(int wish) => wish == 0 ? _directory.NextInTurn() : wish - 1;

    /// <summary>Writes the body of the reply to a Topology: shardCount, rangeCount, the ranges of slots.</summary>
    /// <param name="body">At least 64 KiB.</param>
    /// <returns>Bytes written.</returns>
    public int Write(Span<byte> body)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(body, (ushort)_directory.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(body[2..], (ushort)_directory.Count);
        for (int owner = 0; owner < _directory.Count; owner++)
        {
            Span<byte> range = body[(HeadBytes + (owner * RangeBytes))..];
            BinaryPrimitives.WriteUInt16LittleEndian(range, (ushort)_directory.FirstSlotOf(owner));
            BinaryPrimitives.WriteUInt16LittleEndian(range[2..], (ushort)(_directory.FirstSlotOf(owner + 1) - 1));
            BinaryPrimitives.WriteUInt16LittleEndian(range[4..], (ushort)owner);
        }

        return HeadBytes + (_directory.Count * RangeBytes);
    }
}
