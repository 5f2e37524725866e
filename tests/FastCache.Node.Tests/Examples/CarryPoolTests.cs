using FastCache.Io;
using FastCache.Node.Sessions;

namespace FastCache.Node.Tests.Examples;

public sealed class CarryPoolTests
{
    [Theory]
    [InlineData(1, 4 << 10)]
    [InlineData(4 << 10, 4 << 10)]
    [InlineData((4 << 10) + 1, 8 << 10)]
    [InlineData(1_048_594, 2 << 20)]
    [InlineData(CarryPool.LargestBytes, CarryPool.LargestBytes)]
    public void Lends_the_next_power_of_two(int asked, int lent)
    {
        using CarryPool pool = new(2L * CarryPool.LargestBytes);
        using NativeBuffer? buffer = pool.Borrow(asked);
        Assert.Equal(lent, buffer!.Length);
        Assert.Equal(lent, pool.UsedBytes);
        Assert.Equal(lent, pool.LentBytes);
    }

    [Fact]
    public void Lends_nothing_beyond_its_largest_size()
    {
        using CarryPool pool = new(long.MaxValue);
        Assert.Null(pool.Borrow(CarryPool.LargestBytes + 1));
        Assert.Equal(0, pool.UsedBytes);
    }

    [Fact]
    public void Lends_nothing_beyond_its_budget()
    {
        using CarryPool pool = new(20 << 10);
        using NativeBuffer? first = pool.Borrow(16 << 10);
        using NativeBuffer? second = pool.Borrow(4 << 10);
        Assert.NotNull(first);
        Assert.NotNull(second);
        Assert.Null(pool.Borrow(1));
        pool.GiveBack(first);
        using NativeBuffer? again = pool.Borrow(10 << 10);
        Assert.Same(first, again);
        Assert.Equal(20 << 10, pool.UsedBytes);
    }

    [Fact]
    public void Lends_the_same_buffers_again()
    {
        using CarryPool pool = new(1 << 20);
        NativeBuffer first = pool.Borrow(5_000)!;
        pool.GiveBack(first);
        Assert.Equal(0, pool.LentBytes);
        Assert.Equal(8 << 10, pool.UsedBytes);
        using NativeBuffer second = pool.Borrow(8_192)!;
        Assert.Same(first, second);
    }

    [Fact]
    public void Gives_back_to_the_system_what_is_too_much_to_keep()
    {
        using CarryPool pool = new(1 << 20);
        NativeBuffer[] lent = [.. Enumerable.Range(0, 20).Select(_ => pool.Borrow(1)!)];
        Assert.Equal(20 * 4_096, pool.UsedBytes);
        Array.ForEach(lent, pool.GiveBack);
        Assert.Equal(8 * 4_096, pool.UsedBytes);
    }

    [Fact]
    public void Buffers_that_are_only_kept_do_not_stand_in_the_way_of_another_size()
    {
        using CarryPool pool = new(4 << 20);
        NativeBuffer[] large = [pool.Borrow(2 << 20)!, pool.Borrow(1 << 20)!];
        Array.ForEach(large, pool.GiveBack);
        NativeBuffer?[] others = [.. Enumerable.Range(0, 6).Select(_ => pool.Borrow(512 << 10))];
        Assert.DoesNotContain(null, others);
        Assert.True(pool.UsedBytes <= 4 << 20);
        Array.ForEach(others, other => other!.Dispose());
    }

    [Fact]
    public void Large_buffers_leave_an_eighth_to_small_ones()
    {
        using CarryPool pool = new(4 << 20);
        using NativeBuffer? first = pool.Borrow(2 << 20);
        using NativeBuffer? second = pool.Borrow(1 << 20);
        using NativeBuffer? third = pool.Borrow(512 << 10);
        Assert.NotNull(third);
        Assert.Null(pool.Borrow(128 << 10));
        using NativeBuffer? small = pool.Borrow(64 << 10);
        Assert.NotNull(small);
    }
}
