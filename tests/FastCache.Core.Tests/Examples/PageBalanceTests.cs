using FastCache.Core.Eviction;

namespace FastCache.Core.Tests.Examples;

public sealed class PageBalanceTests
{
    private readonly int[] _pages = [10, 1, 5];

    [Fact]
    public void A_class_is_looked_at_once_for_every_page_of_evictions()
    {
        PageBalance balance = new(3);
        int looks = 0;
        for (int i = 0; i < 1_000; i++)
        {
            looks += balance.CountEviction(1, chunksPerPage: 100) ? 1 : 0;
        }

        Assert.Equal(10, looks);
    }

    [Fact]
    public void The_class_whose_items_live_longest_gives()
    {
        PageBalance balance = new(3);
        Evict(balance, 0, 400);
        Evict(balance, 1, 300);
        Evict(balance, 2, 50);
        Assert.Equal(2, DonorFor(balance, 1));
    }

    [Fact]
    public void Classes_whose_items_live_about_equally_long_keep_their_pages()
    {
        PageBalance balance = new(3);
        Evict(balance, 0, 1_000);
        Evict(balance, 1, 150);
        Evict(balance, 2, 500);
        Assert.Equal(-1, DonorFor(balance, 1));
    }

    [Fact]
    public void The_last_page_of_a_class_stays()
    {
        PageBalance balance = new(3);
        Evict(balance, 0, 1_000);
        Evict(balance, 2, 1_000);
        _pages[0] = _pages[2] = 1;
        Assert.Equal(-1, DonorFor(balance, 0));
    }

    private static void Evict(PageBalance balance, int sizeClass, int count)
    {
        for (int i = 0; i < count; i++)
        {
            balance.CountEviction(sizeClass, 100);
        }
    }

    private int DonorFor(PageBalance balance, int taker) =>
        balance.DonorFor(taker, sizeClass => _pages[sizeClass] * 100, sizeClass => _pages[sizeClass]);
}
