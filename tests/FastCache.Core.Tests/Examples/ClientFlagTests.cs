using System.Text;

namespace FastCache.Core.Tests.Examples;

/// <summary>What clients keep with values, and what the text protocols ask of counters and grants.</summary>
public sealed class ClientFlagTests : IDisposable
{
    private readonly Shard _shard = new(new ShardOptions
    {
        MemoryBudgetBytes = 16 << 20,
        CompressFromBytes = 256,
        StaleTime = TimeSpan.FromMinutes(1),
    });

    public void Dispose()
    {
        _shard.Check();
        _shard.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(5_000)]
    [InlineData(300_000)]
    public void Flags_stay_with_a_value_of_any_form_until_it_is_replaced(int length)
    {
        byte[] value = new byte[length];
        new Random(1).NextBytes(value.AsSpan(length / 2));
        foreach (bool slides in (bool[])[false, true])
        {
            SetOptions options = new(TimeToLiveMillis: 60_000) { ClientFlags = 0xFFFF_FFFE, Sliding = slides };
            Assert.Equal(WriteOutcome.Done, _shard.Set("key"u8, value, options, out _));
            Assert.Equal(0xFFFF_FFFE, FlagsOf("key"));
            Assert.True(_shard.TryGet("key"u8, out ItemView item));
            byte[] read = new byte[item.Length];
            item.CopyTo(read);
            Assert.Equal(value, read);
            _shard.Touch("key"u8, 1_000);
            Assert.Equal(0xFFFF_FFFE, FlagsOf("key"));
        }

        _shard.Set("key"u8, value, new SetOptions { KeepLife = true, ClientFlags = 5 }, out _);
        Assert.Equal(5u, FlagsOf("key"));
        _shard.Set("key"u8, value, default, out _);
        Assert.Equal(0u, FlagsOf("key"));
    }

    [Fact]
    public void Edits_leave_flags_and_counters_may_keep_their_length()
    {
        _shard.Set("n"u8, "100"u8, new SetOptions { ClientFlags = 7 }, out _);
        CounterChange down = new(CounterKind.Wrapping, 1, Subtract: true) { KeepsLength = true };
        _shard.Edits.Count("n"u8, down, out ulong number, out _);
        Assert.Equal((99UL, "99 ", 7u), (number, TextOf("n"), FlagsOf("n")));
        _shard.Edits.Count("n"u8, down with { KeepsLength = false }, out _, out _);
        Assert.Equal("98", TextOf("n"));
        _shard.Edits.Append("n"u8, "0"u8, atFront: false, out _);
        Assert.Equal(("980", 7u), (TextOf("n"), FlagsOf("n")));
    }

    [Fact]
    public void A_fetch_is_remembered_until_the_value_is_written()
    {
        _shard.Set("k"u8, "v"u8, default, out _);
        Assert.True(_shard.TryGet("k"u8, out ItemView item));
        Assert.False(item.WasFetched);
        item.NoteFetch();
        Assert.True(item.WasFetched);
        _shard.Set("k"u8, "w"u8, default, out _);
        _shard.TryGet("k"u8, out item);
        Assert.False(item.WasFetched);
    }

    [Fact]
    public void A_clear_comes_when_it_is_due()
    {
        _shard.Advance(1_000, 1_700_000_000_000);
        _shard.Set("k"u8, "v"u8, default, out _);
        _shard.ClearAfter(500);
        Assert.False(_shard.ClearIfDue());
        _shard.Advance(1_499, 1_700_000_000_499);
        Assert.False(_shard.ClearIfDue());
        _shard.Advance(1_500, 1_700_000_000_500);
        Assert.True(_shard.ClearIfDue());
        Assert.False(_shard.TryGet("k"u8, out _));
        Assert.False(_shard.ClearIfDue());
    }

    [Fact]
    public void A_clear_takes_the_place_of_one_that_is_to_come()
    {
        _shard.Advance(1_000, 1_700_000_000_000);
        _shard.ClearAfter(500);
        _shard.Clear();
        _shard.Set("k"u8, "v"u8, default, out _);
        _shard.Advance(2_000, 1_700_000_001_000);
        Assert.False(_shard.ClearIfDue());
        Assert.True(_shard.TryGet("k"u8, out _));
    }

    private uint FlagsOf(string key) =>
        _shard.TryGet(Encoding.ASCII.GetBytes(key), out ItemView item) ? item.ClientFlags : throw new InvalidOperationException("no item");

    private string TextOf(string key) => _shard.TryGet(Encoding.ASCII.GetBytes(key), out ItemView item)
        ? Encoding.ASCII.GetString(item.Value)
        : throw new InvalidOperationException("no item");
}
