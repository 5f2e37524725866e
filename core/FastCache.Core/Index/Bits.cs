using System.Buffers.Binary;

namespace FastCache.Core.Index;

/// <summary>What the processor has no single portable instruction for.</summary>
internal static class Bits
{
    /// <summary>The bits of a number in reverse order.</summary>
    public static uint Reverse(uint bits)
    {
        bits = ((bits >> 1) & 0x5555_5555) | ((bits & 0x5555_5555) << 1);
        bits = ((bits >> 2) & 0x3333_3333) | ((bits & 0x3333_3333) << 2);
        bits = ((bits >> 4) & 0x0F0F_0F0F) | ((bits & 0x0F0F_0F0F) << 4);
        return BinaryPrimitives.ReverseEndianness(bits);
    }
}
