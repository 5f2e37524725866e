using System.Buffers.Binary;

namespace FastCache.Protocol;

/// <summary>The body of a hello request.</summary>
/// <remarks>
/// <code>
/// byte  0                2              4                  8
///       +----------------+--------------+------------------+
///       | version u16    | shard u16    | features u32     |
///       +----------------+--------------+------------------+
/// </code>
/// This frame keeps its shape in every version, so that any node can refuse any client politely.
/// </remarks>
/// <param name="Version">Protocol version that the client speaks.</param>
/// <param name="Features">Bits of <see cref="Protocol.Features"/> that the client asks for; unknown ones are not an
/// error.</param>
/// <param name="Shard">Which shard of the node the connection is for: 0 any, k the shard with number k - 1.</param>
public readonly record struct HelloRequest(ushort Version, uint Features, ushort Shard = 0)
{
    /// <summary>Reads the body of a frame that was decoded with <see cref="DecodeResult.Ok"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It has fewer than 8 bytes.</exception>
    public static HelloRequest Read(ReadOnlySpan<byte> body) => new(
        BinaryPrimitives.ReadUInt16LittleEndian(body),
        BinaryPrimitives.ReadUInt32LittleEndian(body[4..]),
        BinaryPrimitives.ReadUInt16LittleEndian(body[2..]));

    /// <summary>Writes the 8 bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="body"/> is shorter.</exception>
    public void Write(Span<byte> body)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(body, Version);
        BinaryPrimitives.WriteUInt16LittleEndian(body[2..], Shard);
        BinaryPrimitives.WriteUInt32LittleEndian(body[4..], Features);
    }
}

/// <summary>The body of a hello reply: what was agreed, and what the node allows.</summary>
/// <remarks>
/// <code>
/// byte  0         2          4          8             12              16             20             24
///       +---------+----------+----------+-------------+---------------+--------------+--------------+
///       | version | reserved | features | maxKeyBytes | maxValueBytes | maxBatchKeys | maxBodyBytes |
///       | u16     | u16      | u32      | u32         | u32           | u32          | u32          |
///       +---------+----------+----------+-------------+---------------+--------------+--------------+
///
/// byte  24      26           28             30         32                       40
///       +-------+------------+--------------+----------+------------------------+
///       | shard | shardCount | maxOpen      | reserved | maxStreamedValueBytes  |
///       | u16   | u16        | Streams u16  | u16      | u64                    |
///       +-------+------------+--------------+----------+------------------------+
/// </code>
/// </remarks>
/// <param name="Version">The version that both sides speak from here on.</param>
/// <param name="Features">The subset of the asked-for bits that is accepted.</param>
/// <param name="MaxKeyBytes">Longest key.</param>
/// <param name="MaxValueBytes">Largest value in one frame.</param>
/// <param name="MaxBatchKeys">Most keys of a batch.</param>
/// <param name="MaxBodyBytes">Longest body of any request; a longer one is fatal.</param>
public readonly record struct HelloReply(
    ushort Version, uint Features, uint MaxKeyBytes, uint MaxValueBytes, uint MaxBatchKeys, uint MaxBodyBytes)
{
    /// <summary>Number of the shard that the connection is on, from 0.</summary>
    public ushort Shard { get; init; }

    /// <summary>How many shards the node has; 0 from a node that does not say.</summary>
    public ushort ShardCount { get; init; }

    /// <summary>How many streams one connection may have open, of both directions together.</summary>
    public ushort MaxOpenStreams { get; init; }

    /// <summary>Largest value that a stream may write.</summary>
    public ulong MaxStreamedValueBytes { get; init; }

    /// <summary>The answer of a node with these limits.</summary>
    public static HelloReply Of(in ProtocolLimits limits, uint features = 0) => new(
        FcpLimits.Version,
        features,
        (uint)limits.MaxKeyBytes,
        (uint)limits.MaxValueBytes,
        (uint)limits.MaxBatchKeys,
        FcpLimits.MaxSkippableBodyBytes);

    /// <summary>Reads the body of an Ok reply to a hello. What a shorter one does not have is 0; bytes after the 40th are
    /// ignored.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It has fewer than 24 bytes.</exception>
    public static HelloReply Read(ReadOnlySpan<byte> body)
    {
        HelloReply reply = new(
            BinaryPrimitives.ReadUInt16LittleEndian(body),
            BinaryPrimitives.ReadUInt32LittleEndian(body[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(body[8..]),
            BinaryPrimitives.ReadUInt32LittleEndian(body[12..]),
            BinaryPrimitives.ReadUInt32LittleEndian(body[16..]),
            BinaryPrimitives.ReadUInt32LittleEndian(body[20..]));
        return body.Length < FcpLimits.HelloReplyBytes
            ? reply
            : reply with
            {
                Shard = BinaryPrimitives.ReadUInt16LittleEndian(body[24..]),
                ShardCount = BinaryPrimitives.ReadUInt16LittleEndian(body[26..]),
                MaxOpenStreams = BinaryPrimitives.ReadUInt16LittleEndian(body[28..]),
                MaxStreamedValueBytes = BinaryPrimitives.ReadUInt64LittleEndian(body[32..]),
            };
    }

    /// <summary>Writes the 40 bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="body"/> is shorter.</exception>
    public void Write(Span<byte> body)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(body, Version);
        BinaryPrimitives.WriteUInt16LittleEndian(body[2..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(body[4..], Features);
        BinaryPrimitives.WriteUInt32LittleEndian(body[8..], MaxKeyBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(body[12..], MaxValueBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(body[16..], MaxBatchKeys);
        BinaryPrimitives.WriteUInt32LittleEndian(body[20..], MaxBodyBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(body[24..], Shard);
        BinaryPrimitives.WriteUInt16LittleEndian(body[26..], ShardCount);
        BinaryPrimitives.WriteUInt16LittleEndian(body[28..], MaxOpenStreams);
        BinaryPrimitives.WriteUInt16LittleEndian(body[30..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(body[32..], MaxStreamedValueBytes);
    }
}
