using System.Buffers.Binary;
using FastCache.Protocol;

namespace FastCache.LoadGen.Workload;

/// <summary>Which shard of a node has which key, as the node itself has said.</summary>
internal sealed class ShardSlots
{
    private const int HeadBytes = 4;
    private const int RangeBytes = 6;
    private const ushort Nobody = ushort.MaxValue;

    private readonly ushort[] _owners;

    private ShardSlots(int count, ushort[] owners)
    {
        Count = count;
        _owners = owners;
    }

    /// <summary>One shard has everything; also what a client sees that asks no node.</summary>
    public static ShardSlots Single { get; } = new(1, new ushort[KeySlot.Count]);

    /// <summary>Number of shards.</summary>
    public int Count { get; }

    /// <summary>Reads the body of the reply to a Topology.</summary>
    /// <exception cref="FormatException">It does not give every slot to one of its shards; the message says why.</exception>
    public static ShardSlots Read(ReadOnlySpan<byte> body)
    {
        int shards = body.Length < HeadBytes ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(body);
        int ranges = body.Length < HeadBytes ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(body[2..]);
        if (shards == 0 || body.Length != HeadBytes + (ranges * RangeBytes))
        {
            throw new FormatException($"a topology of {shards} shards and {ranges} ranges cannot have {body.Length} bytes");
        }

        ushort[] owners = new ushort[KeySlot.Count];
        owners.AsSpan().Fill(Nobody);
        for (int i = 0; i < ranges; i++)
        {
            ReadOnlySpan<byte> range = body.Slice(HeadBytes + (i * RangeBytes), RangeBytes);
            int first = BinaryPrimitives.ReadUInt16LittleEndian(range);
            int last = BinaryPrimitives.ReadUInt16LittleEndian(range[2..]);
            ushort shard = BinaryPrimitives.ReadUInt16LittleEndian(range[4..]);
            if (first > last || last >= KeySlot.Count || shard >= shards)
            {
                throw new FormatException($"a topology of {shards} shards has slots {first} to {last} at shard {shard}");
            }

            owners.AsSpan(first..(last + 1)).Fill(shard);
        }

        int orphan = owners.AsSpan().IndexOf(Nobody);
        return orphan < 0 ? new(shards, owners) : throw new FormatException($"a topology has no shard for slot {orphan}");
    }

    /// <summary>Whether a shard has a key.</summary>
    public bool Has(int shard, ReadOnlySpan<byte> key) => Count == 1 || _owners[KeySlot.Of(key)] == shard;

    public bool IsSameAs(ShardSlots other) => Count == other.Count && _owners.AsSpan().SequenceEqual(other._owners);
}
