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
        ReadOnlySpan<ushort> words = [1, 1, 0, LastSlot, 0];
        foreach (ushort word in words)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(body, word);
            body = body[sizeof(ushort)..];
        }

        return words.Length * sizeof(ushort);
    }
}
