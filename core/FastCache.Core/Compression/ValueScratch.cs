using FastCache.Core.Memory;

namespace FastCache.Core.Compression;

/// <summary>Where one value at a time is put together or compressed before it is stored, or expanded before a part of it is given out.</summary>
internal sealed unsafe class ValueScratch(PagePool pool)
{
    /// <summary>Longest value in bytes that can be put together here.</summary>
    public const int ValueBytes = ValueFrame.MaxValueBytes;

    /// <summary>Bytes of the two buffers.</summary>
    public static long FixedBytes => PagePool.FixedSize(ValueBytes) + PagePool.FixedSize(ValueFrame.MaxFrameBytes);

    /// <summary>Room for a value of <see cref="ValueBytes"/>.</summary>
    public byte* Value { get; } = pool.TakeFixed(ValueBytes);

    /// <summary>Room for a frame of such a value.</summary>
    public byte* Frame { get; } = pool.TakeFixed(ValueFrame.MaxFrameBytes);
}
