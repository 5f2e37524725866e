using System.Buffers.Binary;

namespace FastCache.LoadGen.Workload;

/// <summary>The bytes of a key's value: they follow from the key's number, so that a reply can be checked.</summary>
internal static class ValuePattern
{
    public static void Write(int number, Span<byte> value) => Write(new SplitMix((ulong)number), value);

    public static bool Matches(int number, ReadOnlySpan<byte> value) => Matches(new SplitMix((ulong)number), value);

    /// <summary>Writes the numbers of a generator, little-endian; of the last one as many bytes as there is room.</summary>
    public static void Write(SplitMix words, Span<byte> value)
    {
        for (; value.Length >= sizeof(ulong); value = value[sizeof(ulong)..])
        {
            BinaryPrimitives.WriteUInt64LittleEndian(value, words.Next());
        }

        ulong last = words.Next();
        for (int i = 0; i < value.Length; i++)
        {
            value[i] = (byte)(last >> (8 * i));
        }
    }

    /// <summary>Whether <see cref="Write(SplitMix, Span{byte})"/> would have written this.</summary>
    public static bool Matches(SplitMix words, ReadOnlySpan<byte> value)
    {
        for (; value.Length >= sizeof(ulong); value = value[sizeof(ulong)..])
        {
            if (BinaryPrimitives.ReadUInt64LittleEndian(value) != words.Next())
            {
                return false;
            }
        }

        ulong last = words.Next();
        for (int i = 0; i < value.Length; i++)
        {
            if (value[i] != (byte)(last >> (8 * i)))
            {
                return false;
            }
        }

        return true;
    }
}
