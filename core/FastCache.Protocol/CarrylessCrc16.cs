using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace FastCache.Protocol;

/// <summary>The checksum of <see cref="KeySlot"/> by carry-less multiplication, where the processor has it.</summary>
/// <remarks>
/// After Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009). A message is a
/// polynomial over GF(2), its first byte the highest; as the checksum starts with 0, zeros before it change nothing. With
/// P = x^16 + x^12 + x^5 + 1, and constants that are powers of x modulo P:
/// <code>
///   block of 16 bytes      H x^64 + L                        the first block has the odd bytes, behind zeros
///   next block N           (H x^192 + L x^128) + N           fold, until there is no next
///   times x^16             H x^80 + L x^16                   80 bits
///   the upper 16 of them   times x^64, to the lower 64
///   quotient by P          bits 64 to 79 of that times floor(x^64 / P)  (Barrett)
///   remainder              what is left, minus quotient times P: two shifts, as P has four terms
/// </code>
/// A node looks at the slot of every key. With the search for a tag, keys of 16, 40 and 250 bytes take 4.0, 9.8 and 26 ns, where tables
/// of 8 times 256 entries take 8.6, 21 and 151; one of 8 bytes takes 6.4 instead of 5.1 (KeySlotBenchmark).
/// </remarks>
internal static class CarrylessCrc16
{
    private const int BlockBytes = 16;
    private const ulong X16 = 0x1021;
    private const ulong X64 = 0xB861;
    private const ulong X80 = 0xEB23;
    private const ulong X128 = 0xAEFC;
    private const ulong X192 = 0x650B;
    private const ulong X64OverP = 0x1_1130_3471_A041;

    public static bool IsSupported => Pclmulqdq.IsSupported && Ssse3.IsSupported;

    /// <summary>Computes it, unless there is a certain byte.</summary>
    /// <param name="message">At least one byte.</param>
    /// <param name="unwanted">The byte.</param>
    /// <param name="crc">In the lower 16 bits.</param>
    /// <returns>False if the byte is there.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryCompute(ReadOnlySpan<byte> message, byte unwanted, out int crc)
    {
        Debug.Assert(!message.IsEmpty);
        ref byte bytes = ref MemoryMarshal.GetReference(message);
        Vector128<byte> state = message.Length == BlockBytes ? Load(ref bytes) : FirstBlock(message);
        if (Vector128.EqualsAny(state, Vector128.Create(unwanted))
            || (message.Length > BlockBytes && !TryFold(message, unwanted, ref state)))
        {
            crc = 0;
            return false;
        }

        Vector128<ulong> powers = Vector128.Create(X80, X16);
        Vector128<ulong> times16 = Pclmulqdq.CarrylessMultiply(state.AsUInt64(), powers, 0x01)
            ^ Pclmulqdq.CarrylessMultiply(state.AsUInt64(), powers, 0x10);
        Vector128<ulong> rest = times16 ^ Pclmulqdq.CarrylessMultiply(times16, Vector128.CreateScalar(X64), 0x01);
        int quotient = (int)Pclmulqdq.CarrylessMultiply(rest, Vector128.CreateScalar(X64OverP), 0x00).GetElement(1);
        crc = (int)rest.ToScalar() ^ quotient ^ (quotient << 5) ^ (quotient << 12);
        return true;
    }

    /// <summary>Folds all blocks behind the first one into it.</summary>
    private static bool TryFold(ReadOnlySpan<byte> message, byte unwanted, ref Vector128<byte> state)
    {
        ref byte bytes = ref MemoryMarshal.GetReference(message);
        Vector128<ulong> powers = Vector128.Create(X128, X192);
        Vector128<byte> seen = Vector128<byte>.Zero;
        for (int at = ((message.Length - 1) % BlockBytes) + 1; at < message.Length; at += BlockBytes)
        {
            Vector128<byte> next = Load(ref Unsafe.Add(ref bytes, at));
            seen |= Vector128.Equals(next, Vector128.Create(unwanted));
            state = (Pclmulqdq.CarrylessMultiply(state.AsUInt64(), powers, 0x00)
                ^ Pclmulqdq.CarrylessMultiply(state.AsUInt64(), powers, 0x11)
                ^ next.AsUInt64()).AsByte();
        }

        return seen == Vector128<byte>.Zero;
    }

    /// <summary>The bytes that are no whole block, or one block, behind zeros.</summary>
    private static Vector128<byte> FirstBlock(ReadOnlySpan<byte> message)
    {
        int length = ((message.Length - 1) % BlockBytes) + 1;
        if (length == BlockBytes)
        {
            return Load(ref MemoryMarshal.GetReference(message));
        }

        if (length < sizeof(ulong))
        {
            ulong number = 0;
            foreach (byte next in message[..length])
            {
                number = (number << 8) | next;
            }

            return Vector128.CreateScalar(number).AsByte();
        }

        // Two words that overlap; the shift is in halves, as one by 64 bits would be one by none.
        int half = (BlockBytes - length) * 4;
        ulong high = BinaryPrimitives.ReadUInt64BigEndian(message) >> half >> half;
        ulong low = BinaryPrimitives.ReadUInt64BigEndian(message[(length - sizeof(ulong))..]);
        return Vector128.Create(low, high).AsByte();
    }

    /// <summary>The first byte becomes the highest.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Load(ref byte block) => Ssse3.Shuffle(
        Vector128.LoadUnsafe(ref block), Vector128.Create((byte)15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0));
}
