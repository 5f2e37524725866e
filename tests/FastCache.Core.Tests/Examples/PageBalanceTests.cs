using FastCache.Core.Eviction;
using FastCache.Core.Memory;

namespace FastCache.Core.Tests.Examples;

public sealed class PageBalanceTests
{
    private readonly PlainMemory _memory = new([10, 1, 5]);

    [Fact]
    public void A_class_is_looked_at_once_for_every_page_of_steps()
    {
        PageBalance balance = new(3);
        int looks = 0;
        for (int i = 0; i < 1_000; i++)
        {
            looks += balance.Count(1, 1, chunksPerPage: 100) ? 1 : 0;
        }

        Assert.Equal(10, looks);
    }

    [Fact]
    public void The_class_whose_clock_turns_slowest_gives()
    {
        PageBalance balance = new(3);
        balance.Count(0, 400, 100);
        balance.Count(1, 300, 100);
        balance.Count(2, 50, 100);
        Assert.Equal(2, balance.DonorFor(1, _memory));
    }

    [Fact]
    public void Classes_whose_clocks_turn_about_equally_fast_keep_their_pages()
    {
        PageBalance balance = new(3);
        balance.Count(0, 1_000, 100);
        balance.Count(1, 110, 100);
        balance.Count(2, 500, 100);
        Assert.Equal(-1, balance.DonorFor(1, _memory));
    }

    [Fact]
    public void A_difference_that_may_be_chance_moves_nothing()
    {
        PageBalance balance = new(3);
        balance.Count(0, 60, 100);
        balance.Count(1, 9, 100);
        balance.Count(2, 30, 100);
        Assert.Equal(-1, balance.DonorFor(1, _memory));
    }

    [Fact]
    public void The_last_page_of_a_class_stays_unless_a_page_must_be_had()
    {
        PageBalance balance = new(3);
        PlainMemory memory = new([1, 1, 1]);
        balance.Count(0, 1_000, 100);
        balance.Count(2, 900, 100);
        Assert.Equal(-1, balance.DonorFor(0, memory));
        Assert.Equal(1, balance.DonorAtAnyPrice(0, memory));
        Assert.Equal(2, balance.DonorAtAnyPrice(1, memory));
    }

    [Fact]
    public void A_class_with_two_pages_of_free_chunks_gives_first()
    {
        PageBalance balance = new(3);
        balance.Count(0, 1_000, 100);
        balance.Count(1, 900, 100);
        _memory.Free[0] = 200;
        Assert.Equal(0, balance.DonorFor(1, _memory));
    }

    [Fact]
    public void A_class_that_could_not_give_is_asked_again_only_when_no_other_can()
    {
        PageBalance balance = new(3);
        balance.Count(0, 400, 100);
        balance.Count(1, 300, 100);
        balance.Asked(2, hasGiven: false);
        Assert.Equal(0, balance.DonorFor(1, _memory));
        Assert.Equal(0, balance.DonorAtAnyPrice(1, _memory));
        balance.Asked(0, hasGiven: false);
        Assert.Equal(-1, balance.DonorAtAnyPrice(1, _memory));
        Assert.Equal(2, balance.DonorAtAnyPrice(1, _memory));
    }

    private sealed class PlainMemory(int[] pages) : IClassMemory
    {
        private const int Chunks = 100;

        public long[] Free { get; } = new long[pages.Length];

        public int PagesOf(int sizeClass) => pages[sizeClass];

        public long CapacityOf(int sizeClass) => pages[sizeClass] * Chunks;

        public long UsedChunksOf(int sizeClass) => CapacityOf(sizeClass) - Free[sizeClass];

        public int ChunksPerPageOf(int sizeClass) => Chunks;
    }
}
