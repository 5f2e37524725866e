using System.Buffers.Binary;

namespace FastCache.Node.Sessions;

/// <summary>Which shards the node has, as one of them sees it.</summary>
internal interface INodeTopology
{
    /// <summary>Number of this shard, from 0.</summary>
    int Shard { get; }

    /// <summary>How many shards the node has.</summary>
    int ShardCount { get; }

    /// <summary>Number of the shard that has a key.</summary>
    int ShardOf(ReadOnlySpan<byte> key);

    /// <summary>Writes the body of the reply to a Topology: shardCount, rangeCount, the ranges of slots.</summary>
    /// <param name="body">At least 64 KiB.</param>
    /// <returns>Bytes written.</returns>
    int Write(Span<byte> body);
}

/// <summary>The topology of a node with one shard.</summary>
internal sealed class SingleShard : INodeTopology
{
    private const ushort LastSlot = 16_383;

    public int Shard => 0;

    public int ShardCount => 1;

    public int ShardOf(ReadOnlySpan<byte> key) => 0;

    public int Write(Span<byte> body)
    {
        // One shard, one range: slots 0 to 16,383 are shard 0's.
        BinaryPrimitives.WriteUInt16LittleEndian(body, 1);
        BinaryPrimitives.WriteUInt16LittleEndian(body[2..], 1);
        BinaryPrimitives.WriteUInt16LittleEndian(body[4..], 0);
        BinaryPrimitives.WriteUInt16LittleEndian(body[6..], LastSlot);
        BinaryPrimitives.WriteUInt16LittleEndian(body[8..], 0);
        return 10;
    }
}
