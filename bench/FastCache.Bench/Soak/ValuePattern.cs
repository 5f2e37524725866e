using System.Runtime.InteropServices;
using FastCache.LoadGen.Workload;

namespace FastCache.Bench.Soak;

/// <summary>A value that says whose it is: every byte follows from the key, the generation and the length.</summary>
/// <remarks>
/// <code>
/// byte  0         8                12           16
///       +---------+----------------+------------+---------------------------------+
///       | key u64 | generation u32 | length u32 | words that follow from the rest |
///       +---------+----------------+------------+---------------------------------+
/// </code>
/// A value of less than 16 bytes is the start of two words that follow from key and length: its generation is 0. Values of
/// odd generations are compressible: eight words in a row are alike.
/// </remarks>
internal readonly struct ValuePattern
{
    /// <summary>Bytes from which the generation can be read.</summary>
    public const int HeaderBytes = 2 * sizeof(ulong);

    private const ulong Step = 0x9E3779B97F4A7C15;

    private readonly ulong _key;
    private readonly ulong _state;
    private readonly int _runShift;

    public ValuePattern(long key, uint generation, int length)
    {
        _key = (ulong)key;
        Length = length;
        Generation = length < HeaderBytes ? 0 : generation;
        _state = SplitMix.Mix(_key ^ SplitMix.Mix(((ulong)Generation << 32) | (uint)length));
        _runShift = (Generation & 1) == 0 ? 0 : 3;
    }

    public int Length { get; }

    public uint Generation { get; }

    /// <summary>Reads which pattern a value starts with.</summary>
    /// <param name="key">The key that it was found under.</param>
    /// <param name="length">The length that it was found with.</param>
    /// <param name="start">Its first <see cref="HeaderBytes"/>, or all of a shorter one.</param>
    /// <param name="pattern">The pattern, if the start is that of one.</param>
    public static bool TryRead(long key, long length, ReadOnlySpan<byte> start, out ValuePattern pattern)
    {
        uint generation = length < HeaderBytes ? 0 : (uint)MemoryMarshal.Read<ulong>(start[sizeof(ulong)..]);
        pattern = new ValuePattern(key, generation, (int)length);
        return pattern.Matches(0, start);
    }

    /// <summary>Writes a part of the value.</summary>
    public void Fill(long offset, Span<byte> destination)
    {
        while (!destination.IsEmpty && (offset % sizeof(ulong) != 0 || offset < HeaderBytes || destination.Length < sizeof(ulong)))
        {
            destination[0] = ByteAt(offset++);
            destination = destination[1..];
        }

        Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(destination);
        ulong word = (ulong)offset / sizeof(ulong);
        for (int i = 0; i < words.Length; i++, word++)
        {
            words[i] = _state + ((word >> _runShift) * Step);
        }

        for (int i = words.Length * sizeof(ulong); i < destination.Length; i++)
        {
            destination[i] = ByteAt(offset + i);
        }
    }

    /// <summary>Whether bytes are those that the value has from a position on.</summary>
    public bool Matches(long offset, ReadOnlySpan<byte> bytes)
    {
        int differences = 0;
        while (!bytes.IsEmpty && (offset % sizeof(ulong) != 0 || offset < HeaderBytes || bytes.Length < sizeof(ulong)))
        {
            differences |= bytes[0] ^ ByteAt(offset++);
            bytes = bytes[1..];
        }

        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        ulong word = (ulong)offset / sizeof(ulong);
        ulong wordDifferences = 0;
        for (int i = 0; i < words.Length; i++, word++)
        {
            wordDifferences |= words[i] ^ (_state + ((word >> _runShift) * Step));
        }

        for (int i = words.Length * sizeof(ulong); i < bytes.Length; i++)
        {
            differences |= bytes[i] ^ ByteAt(offset + i);
        }

        return differences == 0 && wordDifferences == 0;
    }

    private byte ByteAt(long offset)
    {
        ulong word = (ulong)offset / sizeof(ulong);
        ulong bits = Length < HeaderBytes || word > 1 ? _state + ((word >> _runShift) * Step)
            : word == 0 ? _key
            : Generation | ((ulong)(uint)Length << 32);
        return (byte)(bits >> (int)(offset % sizeof(ulong) * 8));
    }
}
