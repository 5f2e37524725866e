using System.Buffers.Binary;
using FastCache.LoadGen.Workload;

namespace FastCache.Bench.Load;

/// <summary>Keys of 16 bytes that say which load they belong to.</summary>
/// <remarks>
/// <code>
/// byte  0      1      2                8                16
///       +------+------+----------------+----------------+
///       | load | part | hash of number | number u64     |
///       +------+------+----------------+----------------+
/// </code>
/// </remarks>
internal static unsafe class NumberedKey
{
    public const int Bytes = 16;

    /// <summary>Writes a key.</summary>
    /// <param name="key">Room for <see cref="Bytes"/>.</param>
    /// <param name="load">Which load, told by <see cref="LoadOf"/>.</param>
    /// <param name="part">Which part of it, told by <see cref="PartOf"/>.</param>
    /// <param name="number">Which key of it.</param>
    public static void Write(Span<byte> key, byte load, byte part, long number)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(key, SplitMix.Mix((ulong)number));
        BinaryPrimitives.WriteUInt64LittleEndian(key[8..], (ulong)number);
        key[0] = load;
        key[1] = part;
    }

    public static byte LoadOf(byte* key) => key[0];

    public static byte PartOf(byte* key) => key[1];
}
