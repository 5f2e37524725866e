using FastCache.Core.Memory;

namespace FastCache.Core.Tests.Examples;

public sealed class SizeClassTests
{
    [Fact]
    public void Every_size_gets_the_smallest_chunk_that_holds_it()
    {
        for (int bytes = 1; bytes <= SizeClasses.LargestChunk; bytes += bytes < 5_000 ? 1 : 997)
        {
            int found = SizeClasses.For(bytes);
            Assert.True(SizeClasses.ChunkBytes(found) >= bytes, $"{bytes} bytes");
            Assert.True(found == 0 || SizeClasses.ChunkBytes(found - 1) < bytes, $"{bytes} bytes");
        }
    }

    [Fact]
    public void Chunks_ascend_in_steps_of_sixteen_bytes_up_to_a_sixteenth_of_a_page()
    {
        for (int i = 1; i < SizeClasses.Count; i++)
        {
            Assert.True(SizeClasses.ChunkBytes(i) > SizeClasses.ChunkBytes(i - 1));
            Assert.Equal(0, SizeClasses.ChunkBytes(i) % SizeClasses.Granularity);
        }

        Assert.Equal(SizeClasses.LargestChunk, SizeClasses.ChunkBytes(SizeClasses.Count - 1));
        Assert.True(SizeClasses.Count <= 128, "a ghost keeps the class in 7 bits");
    }

    [Fact]
    public void Rounding_wastes_at_most_one_eighth_up_to_64_KiB()
    {
        for (int bytes = 128; bytes <= 64 << 10; bytes++)
        {
            int chunk = SizeClasses.ChunkBytes(SizeClasses.For(bytes));
            Assert.True((chunk - bytes) * 8 <= chunk, $"{bytes} bytes in a chunk of {chunk}");
        }
    }
}
