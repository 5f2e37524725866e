namespace FastCache.Core.Memory;

/// <summary>The chunk sizes of the slab: which class holds a given number of bytes.</summary>
/// <remarks>
/// <code>
/// 48, 64, 80 ... 256         every 16 bytes            rounding wastes at most 15 bytes
/// 288, 320 ... 512           8 steps a doubling        at most 1/9 of a chunk
/// ...                        up to 64 KiB
/// page/15, page/14 ... page  the page divided evenly   nothing is left at a page's end
/// </code>
/// Invariants:
/// 1. Chunk sizes ascend strictly and are multiples of <see cref="Granularity"/>, so that 32-bit references reach far.
/// 2. The largest class is one whole page.
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
    private const int LargestGeometricChunk = 64 << 10;

    private static readonly int[] ChunkSizes = Build();
    private static readonly byte[] SmallLookup = BuildSmallLookup();

    /// <summary>Number of classes, at most 128.</summary>
    public static int Count => ChunkSizes.Length;

    /// <summary>Bytes of one chunk of <paramref name="sizeClass"/>.</summary>
    public static int ChunkBytes(int sizeClass) => ChunkSizes[sizeClass];

    /// <summary>The class with the smallest chunk that holds <paramref name="bytes"/> bytes.</summary>
    /// <param name="bytes">1 to <see cref="PageBytes"/>.</param>
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

        for (int doubling = LargestFineChunk; doubling < LargestGeometricChunk; doubling *= 2)
        {
            for (int step = 1; step <= StepsPerDoubling; step++)
            {
                sizes.Add(doubling + (step * doubling / StepsPerDoubling));
            }
        }

        for (int parts = (PageBytes / LargestGeometricChunk) - 1; parts >= 1; parts--)
        {
            sizes.Add(PageBytes / parts / Granularity * Granularity);
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
