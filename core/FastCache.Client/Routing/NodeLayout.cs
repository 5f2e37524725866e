using System.Buffers.Binary;
using FastCache.Protocol;

namespace FastCache.Client.Routing;

/// <summary>Which shard of a node has which slot.</summary>
internal sealed class NodeLayout
{
    private const int HeadBytes = 4;
    private const int RangeBytes = 6;

    private readonly ushort[] _shardOfSlot = new ushort[KeySlot.Count];

    private NodeLayout(int shardCount) => ShardCount = shardCount;

    public int ShardCount { get; }

    /// <summary>Number of the shard that has a slot, from 0.</summary>
    public int ShardOf(int slot) => _shardOfSlot[slot];

    /// <summary>Reads the body of a reply to a Topology.</summary>
    /// <exception cref="CacheConnectionException">It breaks a rule of the protocol.</exception>
    public static NodeLayout Read(ReadOnlySpan<byte> body)
    {
        if (body.Length < HeadBytes)
        {
            throw Broken($"{body.Length} bytes");
        }

        int shards = BinaryPrimitives.ReadUInt16LittleEndian(body);
        int ranges = BinaryPrimitives.ReadUInt16LittleEndian(body[2..]);
        if (shards == 0 || body.Length < HeadBytes + (ranges * RangeBytes))
        {
            throw Broken($"{shards} shards and {ranges} ranges in {body.Length} bytes");
        }

        NodeLayout layout = new(shards);
        int next = 0;
        for (int i = 0; i < ranges; i++)
        {
            ReadOnlySpan<byte> range = body[(HeadBytes + (i * RangeBytes))..];
            int first = BinaryPrimitives.ReadUInt16LittleEndian(range);
            int last = BinaryPrimitives.ReadUInt16LittleEndian(range[2..]);
            ushort shard = BinaryPrimitives.ReadUInt16LittleEndian(range[4..]);
            if (first != next || last < first || last >= KeySlot.Count || shard >= shards)
            {
                throw Broken($"slots {first} to {last} for shard {shard} of {shards}, behind slot {next - 1}");
            }

            layout._shardOfSlot.AsSpan(first, last - first + 1).Fill(shard);
            next = last + 1;
        }

        return next == KeySlot.Count ? layout : throw Broken($"only slots 0 to {next - 1}");
    }

    private static CacheConnectionException Broken(string what) =>
        new($"The node's topology makes no sense: {what}.", mayHaveExecuted: false);
}
