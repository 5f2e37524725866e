using FastCache.Core.Index;
using FastCache.Core.Memory;

namespace FastCache.Core.Tests.Properties;

/// <summary>Bytes, buckets and chunks by themselves, against plain models.</summary>
public sealed unsafe class LayerProperties
{
    [Fact]
    public void The_vector_probe_agrees_with_the_scalar_one()
    {
        for (int seed = 0; seed < 20_000; seed++)
        {
            Random random = new(seed);
            Bucket bucket = default;
            for (int i = 0; i < Bucket.Entries; i++)
            {
                bucket.Tags[i] = (byte)random.Next(random.Next(2) == 0 ? 4 : 256);
            }

            bucket.Overflow = (uint)random.Next();
            for (int tag = 0; tag < 256; tag += tag < 4 ? 1 : 63)
            {
                uint expected = Bucket.MatchScalar(&bucket, (byte)tag);
                Assert.True(expected == Bucket.Match(&bucket, (byte)tag), $"tag {tag}, seed {seed}");
            }
        }
    }

    [Fact]
    public void Comparing_and_copying_agree_with_spans_at_every_length()
    {
        byte* a = stackalloc byte[600];
        byte* b = stackalloc byte[600];
        for (int length = 0; length <= 500; length++)
        {
            new Random(length).NextBytes(new Span<byte>(a, 600));
            new Span<byte>(b, 600).Fill(0xCC);
            Bytes.Copy(a, b + 8, length);
            Assert.True(new Span<byte>(a, length).SequenceEqual(new Span<byte>(b + 8, length)), $"length {length}");
            Assert.True(b[7] == 0xCC && b[8 + length] == 0xCC, $"wrote outside, length {length}");
            Assert.True(Bytes.AreEqual(a, b + 8, length), $"length {length}");
            for (int i = 0; i < length; i++)
            {
                b[8 + i] ^= 1;
                Assert.False(Bytes.AreEqual(a, b + 8, length), $"byte {i} of {length}");
                b[8 + i] ^= 1;
            }
        }
    }

    [Fact]
    public void Chunks_never_overlap_and_pages_come_back()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            Random random = new(seed);
            using PagePool pool = new(16L << 20, prefault: false);
            Assert.Equal(0, pool.Take(PageUse.Index));
            SlabAllocator slab = new(pool);
            Dictionary<uint, int> used = [];
            for (int step = 0; step < 2_000; step++)
            {
                if (random.Next(3) != 0)
                {
                    int sizeClass = random.Next(8) == 0 ? random.Next(SizeClasses.Count) : random.Next(4) + 60;
                    uint chunk = slab.Allocate(sizeClass);
                    if (chunk == 0 && slab.Grow(sizeClass))
                    {
                        chunk = slab.Allocate(sizeClass);
                    }

                    if (chunk != 0)
                    {
                        Assert.True(used.TryAdd(chunk, sizeClass), $"chunk {chunk:x} twice, seed {seed}");
                        Assert.Equal(sizeClass, slab.ClassOf(chunk));
                        // Filling the chunk would destroy any neighbour that overlaps it; see the check below.
                        new Span<byte>(slab.Address(chunk), SizeClasses.ChunkBytes(sizeClass)).Fill((byte)chunk);
                    }
                }
                else if (used.Count > 0)
                {
                    uint chunk = used.Keys.ElementAt(random.Next(Math.Min(8, used.Count)));
                    int sizeClass = used[chunk];
                    Span<byte> bytes = new(slab.Address(chunk), SizeClasses.ChunkBytes(sizeClass));
                    Assert.True(bytes.IndexOfAnyExcept((byte)chunk) < 0, $"chunk {chunk:x} was overwritten, seed {seed}");
                    used.Remove(chunk);
                    slab.Free(chunk);
                }
            }

            int pages = Enumerable.Range(0, SizeClasses.Count).Sum(slab.PagesOf);
            Assert.Equal(pool.Count, pages + pool.FreePages + 1);
        }
    }
}
