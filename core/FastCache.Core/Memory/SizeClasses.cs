namespace FastCache.Core.Memory;

/// <summary>The chunk sizes of the slab: which class holds a given number of bytes.</summary>
/// <remarks>
/// <code>
/// 48, 64, 80 ... 256         every 16 bytes            rounding wastes at most 15 bytes
/// 288, 320 ... 512           8 steps a doubling        at most 1/9 of a chunk
/// ...                        up to 64 KiB              longer values take several chunks, see Items.LargeValue
/// </code>
/// Behind the classes for items are two for the shard's own structures, whose chunks nobody evicts.
/// <para>Invariants:
/// 1. Chunk sizes of items ascend strictly and are multiples of <see cref="Granularity"/>, so that 32-bit references reach far.
/// 2. The largest chunk divides a page evenly.
/// </para>
/// </remarks>
internal static class SizeClasses
{
    /// <summary>Bytes of one slab page; also the unit in which classes and the index take memory.</summary>
    public const int PageBytes = 1 << PageShift;

    /// <summary>log2 of <see cref="PageBytes"/>.</summary>
    public const int PageShift = 20;

    /// <summary>Chunk sizes and references count in units of this many bytes.</summary>
    public const int Granularity = 1 << GranularityShift;

    /// <summary>log2 of <see cref="Granularity"/>.</summary>
    public const int GranularityShift = 4;

    private const int SmallestChunk = 48;
    private const int LargestFineChunk = 256;
    private const int StepsPerDoubling = 8;

    /// <summary>Largest chunk in bytes.</summary>
    public const int LargestChunk = 64 << 10;

    private const int OverflowBucketBytes = 64;
    private const int ExpiryBlockBytes = 512;

    private static readonly int[] ChunkSizes = Build();
    private static readonly byte[] SmallLookup = BuildSmallLookup();

    /// <summary>Number of classes for items, at most 128.</summary>
    public static int Count => ChunkSizes.Length;

    /// <summary>The class of the index's overflow buckets.</summary>
    public static int OverflowBuckets => Count;

    /// <summary>The class of the timing wheel's blocks.</summary>
    public static int ExpiryBlocks => Count + 1;

    /// <summary>Number of classes, those of the shard's own structures included.</summary>
    public static int TotalCount => Count + 2;

    /// <summary>Bytes of one chunk of <paramref name="sizeClass"/>.</summary>
    public static int ChunkBytes(int sizeClass) =>
        sizeClass < Count ? ChunkSizes[sizeClass] : sizeClass == OverflowBuckets ? OverflowBucketBytes : ExpiryBlockBytes;

    /// <summary>The class with the smallest chunk that holds <paramref name="bytes"/> bytes.</summary>
    /// <param name="bytes">1 to <see cref="LargestChunk"/>.</param>
    public static int For(int bytes)
    {
        int units = (bytes + Granularity - 1) >> GranularityShift;
        return units < SmallLookup.Length ? SmallLookup[units] : Search(bytes);
    }

    private static int Search(int bytes)
    {
        int found = Array.BinarySearch(ChunkSizes, bytes);
        return found >= 0 ? found : ~found;
    }

    private static int[] Build()
    {
        List<int> sizes = [];
        for (int size = SmallestChunk; size <= LargestFineChunk; size += Granularity)
        {
            sizes.Add(size);
        }

        for (int doubling = LargestFineChunk; doubling < LargestChunk; doubling *= 2)
        {
            for (int step = 1; step <= StepsPerDoubling; step++)
            {
                sizes.Add(doubling + (step * doubling / StepsPerDoubling));
            }
        }

        return [.. sizes];
    }

    private static byte[] BuildSmallLookup()
    {
        const int CoveredBytes = 4096;
        byte[] lookup = new byte[(CoveredBytes / Granularity) + 1];
        for (int units = 0; units < lookup.Length; units++)
        {
            lookup[units] = (byte)Search(Math.Max(1, units * Granularity));
        }

        return lookup;
    }
}
