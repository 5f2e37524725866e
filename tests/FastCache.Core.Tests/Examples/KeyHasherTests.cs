using FastCache.Core.Index;

namespace FastCache.Core.Tests.Examples;

public sealed unsafe class KeyHasherTests
{
    [Fact]
    public void Equal_seeds_give_equal_hashes_and_others_do_not()
    {
        byte[] key = "session:4711"u8.ToArray();
        Assert.Equal(Hash(new KeyHasher(7), key), Hash(new KeyHasher(7), key));
        Assert.NotEqual(Hash(new KeyHasher(7), key), Hash(new KeyHasher(8), key));
        Assert.NotEqual(Hash(KeyHasher.Random(), key), Hash(KeyHasher.Random(), key));
    }

    [Fact]
    public void Every_byte_and_the_length_change_the_hash()
    {
        KeyHasher hasher = new(1);
        for (int length = 1; length <= 250; length++)
        {
            byte[] key = new byte[length];
            HashSet<ulong> seen = [Hash(hasher, key)];
            for (int i = 0; i < length; i++)
            {
                key[i] = 1;
                Assert.True(seen.Add(Hash(hasher, key)), $"byte {i} of {length}");
                key[i] = 0;
            }

            Assert.True(seen.Add(Hash(hasher, new byte[length + 1])), $"length {length}");
        }
    }

    [Fact]
    public void Sequential_keys_spread_evenly_over_buckets_and_tags()
    {
        KeyHasher hasher = new(1);
        int[] buckets = new int[1024];
        int[] tags = new int[256];
        const int Keys = 256 * 1024;
        for (int i = 0; i < Keys; i++)
        {
            ulong hash = Hash(hasher, System.Text.Encoding.ASCII.GetBytes($"key:{i:D12}"));
            buckets[hash & 1023]++;
            tags[Bucket.TagOf(hash)]++;
        }

        // 256 expected a bucket, with a standard deviation of 16; tag 1 also takes what would be tag 0.
        Assert.All(buckets, count => Assert.InRange(count, 256 - 100, 256 + 100));
        Assert.InRange(tags[1], 2 * 1024 - 300, 2 * 1024 + 300);
        Assert.All(tags.Skip(2), count => Assert.InRange(count, 1024 - 220, 1024 + 220));
    }

    private static ulong Hash(in KeyHasher hasher, byte[] key)
    {
        fixed (byte* start = key)
        {
            return hasher.Hash(start, key.Length);
        }
    }
}
