using System.Buffers.Binary;
using FastCache.Core.Index;

namespace FastCache.Core.Collections;

/// <summary>How fields and scores are written as keys of trees, see <see cref="TreeHead"/>.</summary>
internal static class ElementKey
{
    public const int HashBytes = sizeof(uint);
    public const int ScoreBytes = sizeof(ulong);

    /// <summary>Writes a field behind its hash.</summary>
    public static ReadOnlySpan<byte> Hashed(KeyHasher hasher, ReadOnlySpan<byte> field, Span<byte> key)
    {
        BinaryPrimitives.WriteUInt32BigEndian(key, field.IsEmpty ? 0 : (uint)(hasher.Hash(field) >> 32));
        field.CopyTo(key[HashBytes..]);
        return key[..(HashBytes + field.Length)];
    }

    /// <summary>Writes a member behind its score.</summary>
    public static ReadOnlySpan<byte> Scored(double score, ReadOnlySpan<byte> member, Span<byte> key)
    {
        WriteScore(score, key);
        member.CopyTo(key[ScoreBytes..]);
        return key[..(ScoreBytes + member.Length)];
    }

    /// <summary>Bytes in the order of the numbers: the sign is turned around, and all other bits of negative ones.</summary>
    public static void WriteScore(double score, Span<byte> key)
    {
        // Adding 0 makes the negative 0 the positive one.
        ulong bits = BitConverter.DoubleToUInt64Bits(score + 0.0);
        BinaryPrimitives.WriteUInt64BigEndian(key, bits ^ (bits >> 63 != 0 ? ulong.MaxValue : 1UL << 63));
    }

    public static double ReadScore(ReadOnlySpan<byte> key)
    {
        ulong bits = BinaryPrimitives.ReadUInt64BigEndian(key);
        return BitConverter.UInt64BitsToDouble(bits ^ (bits >> 63 != 0 ? 1UL << 63 : ulong.MaxValue));
    }
}
