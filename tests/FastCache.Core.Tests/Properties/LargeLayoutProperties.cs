using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Core.Tests.Properties;

/// <summary>How values are cut into chunks, for lengths and keys of all kinds.</summary>
public sealed class LargeLayoutProperties
{
    private static readonly uint[] Kinds = [0, Item.Sliding, Item.KeepStale, Item.Sliding | Item.KeepStale];

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(250)]
    public void Every_value_has_room_and_no_chunk_too_many(int keyLength)
    {
        foreach (uint kind in Kinds)
        {
            foreach (long length in Lengths(keyLength, kind))
            {
                LargeLayout layout = LargeLayout.For(keyLength, length, kind);
                int chunkBytes = SizeClasses.ChunkBytes(layout.SizeClass);
                string context = $"{length} bytes, key of {keyLength}, kind {kind:x}";
                int head = Item.Bytes(keyLength, layout.HeadValueBytes, kind);
                Assert.True(layout.HeadDataBytes >= 0 && head <= chunkBytes, $"the head takes {head} of {chunkBytes}: {context}");
                Assert.True(layout.Segments >= 1, $"no segment: {context}");
                long rest = length - layout.HeadDataBytes;
                long needed = (rest + layout.SegmentDataBytes - 1) / layout.SegmentDataBytes;
                Assert.True(needed == layout.Segments, $"{layout.Segments} segments, {needed} needed: {context}");
            }
        }
    }

    [Fact]
    public void Little_of_the_chunks_is_lost_to_rounding()
    {
        double worst = 0;
        foreach (long length in Lengths(16, 0))
        {
            LargeLayout layout = LargeLayout.For(16, length, 0);
            long taken = (layout.Segments + 1L) * SizeClasses.ChunkBytes(layout.SizeClass);
            worst = Math.Max(worst, 1 - ((double)length / taken));
        }

        // A ninth where two chunks are needed: the step between classes. Less and less from then on.
        Assert.InRange(worst, 0.05, 0.12);
    }

    [Fact]
    public void A_position_is_where_a_walk_over_the_chunks_finds_it()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            Random random = new(seed);
            long length = random.NextInt64(65_600, 3_000_000);
            LargeLayout layout = LargeLayout.For(random.Next(1, 251), length, Kinds[random.Next(Kinds.Length)]);
            long start = 0;
            for (int chunk = 0; chunk <= layout.Segments; chunk++)
            {
                long bytes = Math.Min(chunk == 0 ? layout.HeadDataBytes : layout.SegmentDataBytes, length - start);
                long position = start + random.NextInt64(bytes);
                long behindHead = position - layout.HeadDataBytes;
                long expected = behindHead < 0 ? 0 : 1 + (behindHead / layout.SegmentDataBytes);
                Assert.True(expected == chunk, $"position {position} in chunk {chunk}, seed {seed}");
                start += bytes;
            }

            Assert.True(start == length, $"the chunks hold {start} of {length} bytes, seed {seed}");
        }
    }

    /// <summary>All just beyond one chunk, those around a change of the number of chunks, and random ones up to the longest.</summary>
    private static IEnumerable<long> Lengths(int keyLength, uint kind)
    {
        long shortest = SizeClasses.LargestChunk - Item.Bytes(keyLength, 0, kind) + 1;
        Random random = new(keyLength);
        for (long length = shortest; length < shortest + 5_000; length++)
        {
            yield return length;
        }

        for (long chunks = 2; chunks < 200; chunks++)
        {
            for (long near = -40; near <= 40; near++)
            {
                long length = (chunks * SizeClasses.LargestChunk) - (chunks * 20) - keyLength + (near * 8);
                yield return Math.Max(shortest, length);
            }
        }

        for (int i = 0; i < 20_000; i++)
        {
            yield return shortest + (long)Math.Exp(random.NextDouble() * Math.Log(Shard.LargestMaxValueBytes - shortest));
        }

        yield return Shard.LargestMaxValueBytes - 1;
        yield return Shard.LargestMaxValueBytes;
    }
}
