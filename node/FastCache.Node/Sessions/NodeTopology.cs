using System.Buffers.Binary;
using FastCache.Node.Shards;

namespace FastCache.Node.Sessions;

/// <summary>Which shards the node has, as one of them sees it.</summary>
/// <param name="directory">All shards.</param>
/// <param name="shard">Number of this one, from 0.</param>
internal sealed class NodeTopology(ShardDirectory directory, int shard)
{
    private const int HeadBytes = 4;
    private const int RangeBytes = 6;

    /// <summary>Number of this shard, from 0.</summary>
    public int Shard => shard;

    /// <summary>How many shards the node has.</summary>
    public int ShardCount => directory.Count;

    /// <summary>Number of the shard that has a key.</summary>
    public int ShardOf(ReadOnlySpan<byte> key) => directory.Count == 1 ? 0 : directory.OwnerOf(key);

    /// <summary>The shard that a new connection belongs to.</summary>
    /// <param name="wish">What its Hello says: 0 for any, k for shard k - 1; at most <see cref="ShardCount"/>.</param>
    public int ShardFor(int wish) => wish == 0 ? directory.NextInTurn() : wish - 1;

    /// <summary>Writes the body of the reply to a Topology: shardCount, rangeCount, the ranges of slots.</summary>
    /// <param name="body">At least 64 KiB.</param>
    /// <returns>Bytes written.</returns>
    public int Write(Span<byte> body)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(body, (ushort)directory.Count);
        BinaryPrimitives.WriteUInt16LittleEndian(body[2..], (ushort)directory.Count);
        for (int owner = 0; owner < directory.Count; owner++)
        {
            Span<byte> range = body[(HeadBytes + (owner * RangeBytes))..];
            BinaryPrimitives.WriteUInt16LittleEndian(range, (ushort)directory.FirstSlotOf(owner));
            BinaryPrimitives.WriteUInt16LittleEndian(range[2..], (ushort)(directory.FirstSlotOf(owner + 1) - 1));
            BinaryPrimitives.WriteUInt16LittleEndian(range[4..], (ushort)owner);
        }

        return HeadBytes + (directory.Count * RangeBytes);
    }
}
