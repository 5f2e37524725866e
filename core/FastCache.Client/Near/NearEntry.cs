using System.Buffers.Binary;

namespace FastCache.Client.Near;

/// <summary>What stands before a value in the near cache.</summary>
/// <remarks>
/// <code>
/// byte  0              8             16            24            32
///       +--------------+-------------+-------------+-------------+----------
///       | generation   | session     | version     | bornMillis  | value ...
///       | i64          | i64         | u64         | i64         |
///       +--------------+-------------+-------------+-------------+----------
/// </code>
/// </remarks>
/// <param name="Generation">The key's number when the value was asked for.</param>
/// <param name="Session">The session of its shard then.</param>
/// <param name="Version">The item's version on the node.</param>
/// <param name="BornMillis">When it was kept, in <see cref="Environment.TickCount64"/>.</param>
internal readonly record struct NearEntry(long Generation, long Session, ulong Version, long BornMillis)
{
    /// <summary>Its length.</summary>
    public const int Bytes = 32;

    public static NearEntry Read(ReadOnlySpan<byte> entry) => new(
        BinaryPrimitives.ReadInt64LittleEndian(entry),
        BinaryPrimitives.ReadInt64LittleEndian(entry[8..]),
        BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]),
        BinaryPrimitives.ReadInt64LittleEndian(entry[24..]));

    public void Write(Span<byte> entry)
    {
        BinaryPrimitives.WriteInt64LittleEndian(entry, Generation);
        BinaryPrimitives.WriteInt64LittleEndian(entry[8..], Session);
        BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], Version);
        BinaryPrimitives.WriteInt64LittleEndian(entry[24..], BornMillis);
    }
}
