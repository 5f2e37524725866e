using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace FastCache.Core.Memory;

/// <summary>Comparing and copying the short byte strings of a cache, inline and without reading past their ends.</summary>
internal static unsafe class Bytes
{
    /// <summary>Up to this length an inline loop beats the call of the runtime's copy.</summary>
    private const int LongestInlineCopy = 256;

    /// <summary>Whether two strings of one length are equal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AreEqual(byte* a, byte* b, int length)
    {
        if (length >= 16)
        {
            int last = length - 16;
            for (int i = 0; i < last; i += 16)
            {
                if (Vector128.Load(a + i) != Vector128.Load(b + i))
                {
                    return false;
                }
            }

            return Vector128.Load(a + last) == Vector128.Load(b + last);
        }

        if (length >= 8)
        {
            return Unsafe.ReadUnaligned<ulong>(a) == Unsafe.ReadUnaligned<ulong>(b)
                && Unsafe.ReadUnaligned<ulong>(a + length - 8) == Unsafe.ReadUnaligned<ulong>(b + length - 8);
        }

        return AreShortEqual(a, b, length);
    }

    /// <summary>Copies <paramref name="length"/> bytes between places that do not overlap.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(byte* from, byte* to, int length)
    {
        if (length is >= 16 and <= LongestInlineCopy)
        {
            int last = length - 16;
            for (int i = 0; i < last; i += 16)
            {
                Vector128.Store(Vector128.Load(from + i), to + i);
            }

            Vector128.Store(Vector128.Load(from + last), to + last);
        }
        else
        {
            Unsafe.CopyBlockUnaligned(to, from, (uint)length);
        }
    }

    private static bool AreShortEqual(byte* a, byte* b, int length)
    {
        for (int i = 0; i < length; i++)
        {
            if (a[i] != b[i])
            {
                return false;
            }
        }

        return true;
    }
}
