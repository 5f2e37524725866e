using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FastCache.Core.Items;

/// <summary>The 28 bytes in front of every stored key and value.</summary>
/// <remarks>
/// <code>
/// byte  0          8                                16              20        24        28
///       +----------+--------------------------------+---------------+---------+---------+-----+-------+
///       | version  | expiry 40 | epoch 16 | state 8 | key 8 | val 24| newer   | older   | key | value |
///       +----------+--------------------------------+---------------+---------+---------+-----+-------+
/// </code>
/// <list type="bullet">
/// <item>version: see <see cref="VersionClock"/>.</item>
/// <item>expiry: milliseconds since <see cref="ExpiryOriginUnixMillis"/>, 0 for never; 40 bits last until 2054.</item>
/// <item>epoch: when the eviction clock last moved the item, see Eviction.ClockPro.</item>
/// <item>state: bits <see cref="Live"/>, <see cref="Hot"/>, <see cref="Referenced"/>, <see cref="InTest"/>.</item>
/// <item>key, val: lengths in bytes.</item>
/// <item>newer, older: neighbours in the clock's list, as references.</item>
/// </list>
/// Fields that a hit reads share the first 20 bytes, and so mostly one cache line with the key.
/// </remarks>
[StructLayout(LayoutKind.Explicit, Size = HeaderBytes)]
internal unsafe struct Item
{
    public const int HeaderBytes = 28;

    /// <summary>2020-01-01T00:00:00Z in Unix milliseconds: where 40-bit expiry times count from.</summary>
    public const long ExpiryOriginUnixMillis = 1_577_836_800_000;

    public const ulong ExpiryMask = (1UL << 40) - 1;
    public const int EpochShift = 40;
    public const ulong EpochMask = 0xFFFFUL << EpochShift;

    /// <summary>The chunk holds an item that the index knows.</summary>
    public const ulong Live = 1UL << 56;

    /// <summary>In the hot list; otherwise in the cold one.</summary>
    public const ulong Hot = 1UL << 57;

    /// <summary>Used since the clock last looked.</summary>
    public const ulong Referenced = 1UL << 58;

    /// <summary>A cold item in its test period: a use within it makes it hot.</summary>
    public const ulong InTest = 1UL << 59;

    /// <summary>Longest value in bytes that the header can describe.</summary>
    public const int MaxValueLength = (1 << 24) - 1;

    [FieldOffset(0)]
    public ulong Version;

    [FieldOffset(8)]
    public ulong Packed;

    [FieldOffset(16)]
    public uint Lengths;

    [FieldOffset(20)]
    public uint Newer;

    [FieldOffset(24)]
    public uint Older;

    public readonly int KeyLength => (int)(Lengths & 0xFF);

    public readonly int ValueLength => (int)(Lengths >> 8);

    public readonly ulong Expiry => Packed & ExpiryMask;

    public readonly ushort Epoch => (ushort)(Packed >> EpochShift);

    /// <summary>Bytes of an item with such a key and value.</summary>
    public static int Bytes(int keyLength, int valueLength) => HeaderBytes + keyLength + valueLength;

    public static uint PackLengths(int keyLength, int valueLength)
    {
        Debug.Assert(keyLength is > 0 and <= 0xFF && valueLength is >= 0 and <= MaxValueLength);
        return (uint)keyLength | ((uint)valueLength << 8);
    }

    public static byte* Key(Item* item) => (byte*)item + HeaderBytes;

    public static byte* Value(Item* item) => (byte*)item + HeaderBytes + item->KeyLength;

    /// <summary>Whether the item expires at or before <paramref name="now"/>, in milliseconds since the origin.</summary>
    /// <remarks>One comparison: "never" is 0, and 0 - 1 wraps to the largest value.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsExpired(ulong packed, ulong now) => (packed & ExpiryMask) - 1 < now;
}
