using System.Buffers.Binary;

namespace FastCache.LoadGen.Workload;

/// <summary>The bytes of a key's value: they follow from the key's number, so that a reply can be checked.</summary>
internal static class ValuePattern
{
    public static void Write(int number, Span<byte> value)
    {
        SplitMix words = new((ulong)number);
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

    public static bool Matches(int number, ReadOnlySpan<byte> value)
    {
        SplitMix words = new((ulong)number);
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
