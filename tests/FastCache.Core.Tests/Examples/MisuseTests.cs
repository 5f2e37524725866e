namespace FastCache.Core.Tests.Examples;

/// <summary>Calls that break the rules: refused, never carried out by half.</summary>
public sealed class MisuseTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(251)]
    [InlineData(1_000)]
    public void A_batch_refuses_a_key_of_a_length_that_cannot_be_stored(int length)
    {
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = 8 << 20 });
        byte[] key = GC.AllocateArray<byte>(length, pinned: true);
        Assert.Throws<ArgumentOutOfRangeException>(() => shard.Prepare(key));
    }

    [Fact]
    public void A_counter_grows_no_longer_than_the_longest_value()
    {
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = 8 << 20, MaxValueBytes = 1 });
        Assert.Equal(WriteOutcome.Done, shard.Set("n"u8, "9"u8, default, out _));
        Assert.Equal(WriteOutcome.ValueTooLarge, shard.Edits.Count("n"u8, new CounterChange(CounterKind.Wrapping, 1), out _, out _));
        Assert.True(shard.TryGet("n"u8, out ItemView item));
        Assert.True(item.Value.SequenceEqual("9"u8));
    }

    [Fact]
    public void A_counter_that_would_overflow_gives_no_result()
    {
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = 8 << 20 });
        shard.Set("n"u8, "9223372036854775807"u8, default, out _);
        CounterChange change = new(CounterKind.Checked, 1);
        Assert.Equal(WriteOutcome.Overflow, shard.Edits.Count("n"u8, change, out ulong result, out ulong version));
        Assert.Equal((0UL, 0UL), (result, version));
    }

    [Fact]
    public void A_look_at_an_item_that_was_not_found_says_so()
    {
        using Shard shard = new(new ShardOptions { MemoryBudgetBytes = 8 << 20 });
        Action<ItemView>[] members =
        [
            static item => _ = item.Length,
            static item => _ = item.Version,
            static item => _ = item.IsContiguous,
            static item => _ = item.IsCompressed,
            static item => _ = item.Value.Length,
            static item => _ = item.CompressedFrame.Length,
            static item => item.CopyTo(default),
            static item => item.CopyTo(0, default),
        ];
        foreach (Action<ItemView> member in members)
        {
            InvalidOperationException refusal = Assert.Throws<InvalidOperationException>(() =>
            {
                shard.TryGet("absent"u8, out ItemView item);
                member(item);
            });
            Assert.Contains("none was found", refusal.Message);
        }
    }

    [Fact]
    public void A_reader_or_writer_of_another_shard_is_refused()
    {
        using Shard mine = new(new ShardOptions { MemoryBudgetBytes = 8 << 20 });
        using Shard other = new(new ShardOptions { MemoryBudgetBytes = 8 << 20 });
        foreach (Shard shard in new[] { mine, other })
        {
            shard.Set("k"u8, new byte[100_000], default, out _);
        }

        mine.Streams.Open("k"u8, out ValueReader reader, out _, out _);
        other.Streams.Open("k"u8, out ValueReader othersReader, out _, out _);
        mine.Streams.Begin("w"u8, 100_000, default, out ValueWriter writer);
        other.Streams.Begin("w"u8, 100_000, default, out ValueWriter othersWriter);
        Assert.Throws<ArgumentException>(() => mine.Streams.Close(othersReader));
        Assert.Throws<ArgumentException>(() => mine.Streams.Append(othersWriter, new byte[1]));
        Assert.Throws<ArgumentException>(() => mine.Streams.Abort(othersWriter));
        Assert.Throws<ArgumentException>(() => mine.Streams.Close(default));
        Assert.Throws<ArgumentException>(() => mine.Streams.Abort(default));
        Assert.Equal(10, mine.Streams.Read(reader, 99_990, new byte[20]));
        mine.Streams.Close(reader);
        mine.Streams.Abort(writer);
        mine.Check();
    }
}
