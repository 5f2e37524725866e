using FastCache.Core.Index;
using FastCache.Core.Memory;

namespace FastCache.Core.Tests.Properties;

/// <summary>The index against a dictionary from references to hashes.</summary>
public sealed unsafe class BucketIndexProperties
{
    [Theory]
    [InlineData(0, 300)]
    [InlineData(300, 600)]
    public void The_index_finds_what_a_dictionary_finds_whatever_grows_and_shrinks(int firstSeed, int endSeed)
    {
        for (int seed = firstSeed; seed < endSeed; seed++)
        {
            using IndexAndModel both = new(seed);
            for (int step = 0; step < 1_500; step++)
            {
                both.Step();
                if (step % 250 == 0)
                {
                    both.Check();
                }
            }

            both.Check();
            both.RemoveAll();
            both.Check();
        }
    }

    [Fact]
    public void Without_a_free_page_the_index_refuses_what_needs_one_and_goes_on_when_there_is_one_again()
    {
        int refused = 0;
        for (int seed = 0; seed < 100; seed++)
        {
            using IndexAndModel both = new(seed);
            for (int round = 0; round < 6; round++)
            {
                both.IsExhausted = round % 2 == 0;
                for (int step = 0; step < 400; step++)
                {
                    both.Step();
                }

                both.Check();
            }

            both.IsExhausted = false;
            both.RemoveAll();
            both.Check();
            refused += both.Refused;
        }

        Assert.True(refused > 100, $"only {refused} insertions found no room");
    }

    [Fact]
    public void Pages_of_buckets_come_back_when_items_go()
    {
        const int Items = 350_000;
        using PagePool pool = new(32L << 20, prefault: false, BucketIndex.FixedBytes, BucketIndex.FixedBytesPerPage);
        ulong[] hashes = new ulong[Items + 1];
        Random random = new(1);
        BucketIndex index = new(pool, new SlabAllocator(pool), new ArrayOwner(hashes));
        int free = pool.FreePages;
        for (uint reference = 1; reference <= Items; reference++)
        {
            hashes[reference] = (ulong)random.NextInt64() << 1;
            Assert.True(index.TryInsert(hashes[reference], reference));
            for (int splits = 0; splits < 2 && index.WantsToGrow; splits++)
            {
                Assert.True(index.TryGrow());
            }
        }

        Assert.Equal(3, index.Pages);
        for (uint reference = 1; reference <= Items; reference++)
        {
            index.Remove(hashes[reference], reference);
            for (int merges = 0; merges < 2 && index.WantsToShrink; merges++)
            {
                Assert.True(index.TryShrink());
            }

            if (reference < Items && reference % 1_000 == 0)
            {
                Assert.Equal(reference + 1, index.Find(hashes[reference + 1], new ReferenceMatcher(reference + 1)));
            }
        }

        Assert.Equal(1, index.Pages);
        Assert.Equal(free, pool.FreePages);
    }

    private sealed class ArrayOwner(ulong[] hashes) : IIndexOwner
    {
        public ulong HashOf(uint reference) => hashes[reference];

        public void PrefetchItem(uint reference)
        {
        }

        public uint AgeOf(uint ghost) => 0;

        public bool IsForgotten(uint ghost) => false;

        public void GhostDropped(uint ghost)
        {
        }
    }
}
