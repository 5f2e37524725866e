using FastCache.Core.Items;
using FastCache.Core.Memory;

namespace FastCache.Core.Tests.Examples;

public sealed unsafe class PageMoverTests
{
    private const long Now = 1_800_000_000_000;

    [Fact]
    public void Emptying_a_page_of_large_values_costs_about_as_many_of_them_as_it_holds()
    {
        const int Values = 60;
        using Shard shard = Create(32);
        byte[] value = new byte[500_000];
        for (int i = 0; i < Values; i++)
        {
            Assert.Equal(WriteOutcome.Done, shard.Set(Key(i), value, default, out _));
        }

        int held = Enumerable.Range(0, Values).Count(i => shard.TryGet(Key(i), out _));
        int page = FirstPageOf(shard, LargeLayout.For(4, value.Length, 0).SizeClass);
        Assert.True(held < Values, "the class is full");
        shard.Store.Mover.Start(page, taker: -1);
        while (shard.Store.Mover.IsBusy)
        {
            shard.Store.Mover.StepFor(4096);
            shard.Check();
        }

        int left = Enumerable.Range(0, Values).Count(i => shard.TryGet(Key(i), out _));
        Assert.Equal(1, shard.Store.Mover.Moves);
        // A page is two of them; the moving may take the place of one that is not yet taken apart.
        Assert.InRange(held - left, 2, 5);
    }

    [Fact]
    public void A_class_whose_only_page_is_being_emptied_still_stores()
    {
        using Shard shard = Create(8);
        for (int i = 0; i < 100_000; i++)
        {
            shard.Set(Key(i), new byte[100], default, out _);
        }

        // A class that has nothing takes the page that is kept free for it.
        for (int i = 0; i < 34; i++)
        {
            Assert.Equal(WriteOutcome.Done, shard.Set(Key(-1 - i), new byte[30_000], default, out _));
        }

        int sizeClass = SizeClasses.For(Item.Bytes(4, 30_000, 0));
        Assert.Equal(1, shard.Store.Slab.PagesOf(sizeClass));
        shard.Store.Mover.Finish(taker: -1);
        while (shard.Store.Pool.FreePages > 0)
        {
            shard.Store.Slab.Grow(SizeClasses.For(200));
        }

        shard.Store.Mover.Start(FirstPageOf(shard, sizeClass), taker: -1);
        Assert.Equal(WriteOutcome.Done, shard.Set(Key(-100), new byte[30_000], default, out _));
        Assert.True(shard.TryGet(Key(-100), out _));
        shard.Check();
    }

    [Fact]
    public void A_class_without_a_page_gets_one_though_all_of_the_idlest_class_is_being_written()
    {
        using Shard shard = Create(16);
        for (int i = 0; i < 6; i++)
        {
            Assert.Equal(WriteOutcome.Done, shard.Streams.Begin(Key(-1 - i), 1 << 20, default, out ValueWriter writer));
            Assert.Equal(WriteOutcome.Done, shard.Streams.Append(writer, new byte[1 << 20]));
        }

        for (int i = 0; i < 200_000; i++)
        {
            Assert.Equal(WriteOutcome.Done, shard.Set(Key(i), new byte[100], default, out _));
        }

        for (int length = 200; length < 40_000; length += length / 4)
        {
            Assert.Equal(WriteOutcome.Done, shard.Set(Key(-1_000 - length), new byte[length], default, out _));
        }

        shard.Check();
    }

    private static int FirstPageOf(Shard shard, int sizeClass)
    {
        int page = 0;
        while (shard.Store.Pool.Headers[page].Use != PageUse.Slab || shard.Store.Pool.Headers[page].SizeClass != sizeClass)
        {
            page++;
        }

        return page;
    }

    private static Shard Create(int budgetMebibytes)
    {
        Shard shard = new(new ShardOptions { MemoryBudgetBytes = (long)budgetMebibytes << 20, HashSeed = 1 });
        shard.Advance(Now, Now);
        return shard;
    }

    private static byte[] Key(int i) => BitConverter.GetBytes(i);
}
