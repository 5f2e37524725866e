using System.Runtime.CompilerServices;

namespace FastCache.Protocol;

/// <summary>The slot of a key: which of 16,384 parts of the key space it belongs to.</summary>
/// <remarks>
/// The rule of the Redis Cluster specification, so that clients of such clusters can route too: CRC16 (polynomial 0x1021,
/// initial value 0, nothing reflected) of the key, modulo 16,384. If the key has a <c>{</c> and a later <c>}</c> with at
/// least one byte between the first of each, only those bytes count: keys with the same tag are in one slot.
/// </remarks>
public static class KeySlot
{
    /// <summary>Number of slots.</summary>
    public const int Count = 16_384;

    private const int Polynomial = 0x1021;
    private const int Stride = 8;

    /// <summary>Entry 256 i + b: what byte b contributes when i more bytes follow it.</summary>
    private static readonly ushort[] Tables = MakeTables();

    /// <summary>The slot of a key, 0 to <see cref="Count"/> - 1.</summary>
    public static int Of(ReadOnlySpan<byte> key) =>
        CarrylessCrc16.IsSupported && !key.IsEmpty && CarrylessCrc16.TryCompute(key, (byte)'{', out int crc)
            ? crc & (Count - 1)
            : OfAny(key);

    /// <summary>The slot of a key that may have a tag.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int OfAny(ReadOnlySpan<byte> key)
    {
        int open = key.IndexOf((byte)'{');
        if (open >= 0)
        {
            int length = key[(open + 1)..].IndexOf((byte)'}');
            if (length > 0)
            {
                key = key.Slice(open + 1, length);
            }
        }

        return Crc16(key) & (Count - 1);
    }

    /// <summary>The checksum, eight bytes a step (slicing by 8, after Kounavis and Berry, 2005).</summary>
    internal static int Crc16(ReadOnlySpan<byte> bytes)
    {
        ref ushort table = ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(Tables);
        int crc = 0;
        while (bytes.Length >= Stride)
        {
            crc = At(ref table, 7, bytes[0] ^ (crc >> 8)) ^ At(ref table, 6, bytes[1] ^ (crc & 0xFF))
                ^ At(ref table, 5, bytes[2]) ^ At(ref table, 4, bytes[3]) ^ At(ref table, 3, bytes[4])
                ^ At(ref table, 2, bytes[5]) ^ At(ref table, 1, bytes[6]) ^ At(ref table, 0, bytes[7]);
            bytes = bytes[Stride..];
        }

        foreach (byte next in bytes)
        {
            crc = ((crc << 8) & 0xFFFF) ^ At(ref table, 0, next ^ (crc >> 8));
        }

        return crc;

        static int At(ref ushort table, int following, int value) => Unsafe.Add(ref table, (following * 256) + value);
    }

    private static ushort[] MakeTables()
    {
        ushort[] tables = new ushort[Stride * 256];
        for (int value = 0; value < 256; value++)
        {
            int crc = value << 8;
            for (int following = 0; following < Stride; following++)
            {
                for (int bit = 0; bit < 8; bit++)
                {
                    crc = (crc << 1) ^ ((crc & 0x8000) != 0 ? Polynomial : 0);
                }

                crc &= 0xFFFF;
                tables[(following * 256) + value] = (ushort)crc;
            }
        }

        return tables;
    }
}
