using System.Collections;
using System.Runtime.InteropServices;

namespace FastCache.LoadGen.Workload;

/// <summary>Requests encoded ahead in native memory; connections walk it in a circle, each from its own start.</summary>
/// <remarks>
/// <code>
///   offsets   | 0 | 32 | 64 | 196 | ...  | end |     one more than requests, so that every request has its end
///               |    |    |     |
///   frames    [get ][get ][set      ][get ] ...      requestId = index, bit 31 = it is a write
/// </code>
/// In FastCache's protocol the index in the id tells that replies come in order, the bit that the opcode is the
/// request's, both without touching the frame again. Other protocols have no ids; there a bit for each request stands
/// beside the stream.
/// </remarks>
internal sealed unsafe class RequestStream : IDisposable
{
    /// <summary>Set in the id of a write.</summary>
    public const uint WriteBit = 1u << 31;

    /// <summary>Fewest requests of a stream.</summary>
    public const int LeastCount = 2;

    private const int MaxRequests = 4 << 20;
    private const long MaxBytes = 256L << 20;

    private readonly byte* _frames;
    private readonly uint* _offsets;
    private readonly BitArray _writes;
    private readonly int _keyOffset;
    private readonly int _keyBytes;

    private RequestStream(byte* frames, uint* offsets, BitArray writes, int keyOffset, int keyBytes)
    {
        _frames = frames;
        _offsets = offsets;
        _writes = writes;
        _keyOffset = keyOffset;
        _keyBytes = keyBytes;
        Count = writes.Count;
    }

    /// <summary>Requests before the stream starts again.</summary>
    public int Count { get; }

    /// <summary>How many requests of a mix are encoded ahead: as many as fit the memory, at least two writes.</summary>
    public static int CountFor(in RequestMix mix) =>
        (int)Math.Clamp(MaxBytes / mix.AverageRequestBytes, LeastCount, MaxRequests);

    /// <summary>Encodes requests.</summary>
    /// <param name="source">Draws their keys.</param>
    /// <param name="mix">What they are.</param>
    /// <param name="count">How many, at most 2^31 bytes together.</param>
    /// <param name="seed">Same seed, same requests.</param>
    /// <exception cref="Engine.LoadFailedException">A shard has next to none of the keys that are drawn.</exception>
    public static RequestStream Create(in KeySource source, in RequestMix mix, int count, ulong seed)
    {
        SplitMix random = new(seed);
        Span<byte> key = stackalloc byte[source.Keys.KeyBytes];
        uint* offsets = (uint*)NativeMemory.Alloc((nuint)count + 1, sizeof(uint));

        // Kinds and keys are drawn twice from the same seed: first to learn the size, then to write.
        uint bytes = 0;
        for (int i = 0; i < count; i++)
        {
            offsets[i] = bytes;
            bytes = checked(bytes + (uint)(Draw(source, mix, ref random, key).IsWrite ? mix.SetBytes : mix.GetBytes));
        }

        offsets[count] = bytes;
        byte* frames = (byte*)NativeMemory.Alloc(bytes);
        random = new(seed);
        byte[] value = new byte[mix.ValueBytes];
        BitArray writes = new(count);
        for (int i = 0; i < count; i++)
        {
            (bool isWrite, int number) = Draw(source, mix, ref random, key);
            Span<byte> frame = new(frames + offsets[i], (int)(offsets[i + 1] - offsets[i]));
            if (isWrite)
            {
                ValuePattern.Write(number, value);
                mix.Wire.Set(frame, (uint)i, key, value);
                writes[i] = true;
            }
            else
            {
                mix.Wire.Get(frame, (uint)i, key);
            }
        }

        return new(frames, offsets, writes, mix.Wire.KeyOffset(source.Keys.KeyBytes), source.Keys.KeyBytes);
    }

    /// <summary>The bytes of neighbouring requests.</summary>
    /// <param name="start">Index of the first.</param>
    /// <param name="count">How many, at least 1 and not beyond <see cref="Count"/>.</param>
    /// <returns>Native memory that lives as long as this.</returns>
    public ReadOnlySpan<byte> Range(int start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start + (ulong)(uint)count, (ulong)Count);
        uint first = _offsets[start];
        return new(_frames + first, (int)(_offsets[start + count] - first));
    }

    /// <summary>The number of the key that a request names.</summary>
    public int KeyNumber(int index) => KeySpace.Read(Range(index, 1).Slice(_keyOffset, _keyBytes));

    /// <summary>Whether a request is a set.</summary>
    public bool IsWrite(int index) => _writes[index];

    public void Dispose()
    {
        NativeMemory.Free(_frames);
        NativeMemory.Free(_offsets);
    }

    private static (bool IsWrite, int Number) Draw(
        in KeySource source, in RequestMix mix, ref SplitMix random, Span<byte> key)
    {
        bool isWrite = random.NextDouble() >= mix.Reads;
        bool isMiss = !isWrite && random.NextDouble() < mix.Misses;
        return (isWrite, source.Next(ref random, isMiss, key));
    }
}
