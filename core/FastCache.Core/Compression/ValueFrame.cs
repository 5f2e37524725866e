using System.Numerics;
using System.Runtime.CompilerServices;
using K4os.Compression.LZ4;

namespace FastCache.Core.Compression;

/// <summary>A compressed value as it is stored and as it is given to clients that can expand it themselves.</summary>
/// <remarks>
/// <code>
/// byte  0              4              8
///       +--------------+--------------+----------------------+
///       | length u32   | CRC-32C u32  | one LZ4 block        |
///       | of the value | of the rest  |                      |
///       +--------------+--------------+----------------------+
/// </code>
/// The checksum covers the block and the length; it is checked before a frame is given out in either form.
/// </remarks>
internal static unsafe class ValueFrame
{
    public const int HeaderBytes = 8;

    /// <summary>Longest value that is compressed, in bytes: longer ones are mostly media, which LZ4 cannot shrink, and would pause the shard.</summary>
    public const int MaxValueBytes = 256 << 10;

    /// <summary>Bytes that a frame of any such value fits into, also while it is being made.</summary>
    public static int MaxFrameBytes { get; } = HeaderBytes + LZ4Codec.MaximumOutputSize(MaxValueBytes);

    /// <summary>Compresses a value.</summary>
    /// <param name="value">At most <see cref="MaxValueBytes"/> bytes.</param>
    /// <param name="length">Its length.</param>
    /// <param name="frame">Room for the frame.</param>
    /// <param name="most">Most bytes that a frame may have to be worth it; at most <see cref="MaxFrameBytes"/>.</param>
    /// <returns>Bytes of the frame, or 0 when it would have more.</returns>
    public static int TryWrite(byte* value, int length, byte* frame, int most)
    {
        if (most <= HeaderBytes)
        {
            return 0;
        }

        int block = LZ4Codec.Encode(value, length, frame + HeaderBytes, most - HeaderBytes);
        if (block <= 0)
        {
            return 0;
        }

        Unsafe.WriteUnaligned(frame, length);
        Unsafe.WriteUnaligned(frame + sizeof(int), Checksum(frame, HeaderBytes + block));
        return HeaderBytes + block;
    }

    /// <summary>Length in bytes of the value in an intact frame.</summary>
    public static int ValueLength(byte* frame) => Unsafe.ReadUnaligned<int>(frame);

    /// <summary>Whether a frame is what <see cref="TryWrite"/> once made.</summary>
    public static bool IsIntact(byte* frame, int bytes) =>
        bytes > HeaderBytes && (uint)ValueLength(frame) <= MaxValueBytes
        && Unsafe.ReadUnaligned<uint>(frame + sizeof(int)) == Checksum(frame, bytes);

    /// <summary>Expands an intact frame.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="bytes">Its length.</param>
    /// <param name="value">Room for <see cref="ValueLength"/> bytes.</param>
    /// <returns>False when the block does not expand to that length.</returns>
    public static bool TryRead(byte* frame, int bytes, byte* value) =>
        LZ4Codec.Decode(frame + HeaderBytes, bytes - HeaderBytes, value, ValueLength(frame)) == ValueLength(frame);

    private static uint Checksum(byte* frame, int bytes)
    {
        uint crc = BitOperations.Crc32C(uint.MaxValue, Unsafe.ReadUnaligned<uint>(frame));
        byte* next = frame + HeaderBytes;
        int rest = bytes - HeaderBytes;
        for (; rest >= sizeof(ulong); rest -= sizeof(ulong), next += sizeof(ulong))
        {
            crc = BitOperations.Crc32C(crc, Unsafe.ReadUnaligned<ulong>(next));
        }

        for (; rest > 0; rest--, next++)
        {
            crc = BitOperations.Crc32C(crc, *next);
        }

        return ~crc;
    }
}
