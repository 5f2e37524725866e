namespace FastCache.Core.Tests.Examples;

public sealed unsafe class CompressionTests
{
    [Fact]
    public void A_value_that_shrinks_is_stored_compressed_and_read_as_it_was()
    {
        using Shard shard = Create(minSaving: 0.125);
        byte[] value = Text(10_000);
        shard.Set("k"u8, value, default, out _);
        Assert.True(shard.TryGet("k"u8, out ItemView item));
        Assert.True(item.IsCompressed && !item.IsContiguous);
        Assert.Equal(value.Length, item.Length);
        Assert.InRange(item.CompressedFrame.Length, 9, 2_000);
        byte[] copy = new byte[value.Length];
        item.CopyTo(copy);
        Assert.Equal(value, copy);
        Assert.Equal(1, shard.Statistics().CompressedSets);
        Assert.True(shard.Statistics().PayloadBytes < 2_000);
        shard.Check();
    }

    [Fact]
    public void A_value_that_would_not_save_enough_is_stored_as_it_is()
    {
        byte[] value = new byte[1_000];
        new Random(1).NextBytes(value.AsSpan(0, 800));
        using Shard modest = Create(minSaving: 0.1);
        modest.Set("k"u8, value, default, out _);
        modest.TryGet("k"u8, out ItemView item);
        Assert.True(item.IsCompressed);
        using Shard demanding = Create(minSaving: 0.3);
        demanding.Set("k"u8, value, default, out _);
        demanding.TryGet("k"u8, out item);
        Assert.False(item.IsCompressed);
        Assert.Equal(value, item.Value);
    }

    [Fact]
    public void A_value_longer_than_a_chunk_that_shrinks_into_one_lies_in_one()
    {
        using Shard shard = Create(minSaving: 0.125);
        byte[] value = Text(ShardOptions.MaxCompressedValueBytes);
        shard.Set("k"u8, value, default, out _);
        Assert.True(shard.TryGet("k"u8, out ItemView item) && item.IsCompressed);
        Assert.Equal(WriteOutcome.Exists, shard.Streams.Open("k"u8, out _, out _, out _));
        byte[] part = new byte[100];
        Assert.Equal(100, item.CopyTo(200_000, part));
        Assert.Equal(value[200_000..200_100], part);
        shard.Set("k"u8, Text(ShardOptions.MaxCompressedValueBytes + 1), default, out _);
        Assert.True(shard.TryGet("k"u8, out item) && !item.IsCompressed && !item.IsContiguous);
        shard.Check();
    }

    [Fact]
    public void A_damaged_value_is_a_miss_and_is_removed()
    {
        using Shard shard = Create(minSaving: 0.125);
        shard.Set("k"u8, Text(10_000), default, out _);
        shard.TryGet("k"u8, out ItemView item);
        fixed (byte* frame = item.CompressedFrame)
        {
            frame[item.CompressedFrame.Length / 2] ^= 4;
        }

        Assert.False(shard.TryGet("k"u8, out _));
        ShardStatistics statistics = shard.Statistics();
        Assert.Equal(1, statistics.DamagedValues);
        Assert.Equal((1, 1, 0), (statistics.Hits, statistics.Misses, statistics.Items));
        Assert.Equal(LeaseAnswer.Fill, shard.Leases.Get("k"u8, 100, out _, out _));
        Assert.Equal(WriteOutcome.NotFound, shard.Edits.Append("k"u8, "x"u8, false, out _));
        shard.Check();
    }

    [Fact]
    public void A_write_that_found_no_memory_does_not_count_as_compressed()
    {
        using Shard shard = Create(minSaving: 0.125);
        HoldMemory(shard);
        WriteOutcome[] outcomes = [.. Enumerable.Range(1, 60)
            .Select(i => shard.Set(BitConverter.GetBytes(i), Text(i * 1_000), default, out _))];
        Assert.Contains(WriteOutcome.OutOfMemory, outcomes);
        Assert.Equal(outcomes.Count(outcome => outcome == WriteOutcome.Done), shard.Statistics().CompressedSets);
    }

    [Fact]
    public void An_edit_of_a_compressed_value_works_on_what_it_says()
    {
        using Shard shard = Create(minSaving: 0.125);
        byte[] value = Text(5_000);
        shard.Set("k"u8, value, default, out _);
        Assert.Equal(WriteOutcome.Done, shard.Edits.Append("k"u8, "tail"u8, atFront: false, out _));
        Assert.Equal(WriteOutcome.Done, shard.Edits.Append("k"u8, "head"u8, atFront: true, out _));
        shard.TryGet("k"u8, out ItemView item);
        byte[] copy = new byte[item.Length];
        item.CopyTo(copy);
        Assert.Equal([.. "head"u8, .. value, .. "tail"u8], copy);
    }

    /// <summary>Reads and writes values piece by piece, as many and as long as a shard permits, and ends none.</summary>
    private static void HoldMemory(Shard shard)
    {
        byte[] value = new byte[300_000];
        new Random(1).NextBytes(value);
        for (int i = 0; ; i++)
        {
            byte[] key = BitConverter.GetBytes(-i);
            Assert.Equal(WriteOutcome.Done, shard.Set(key, value, default, out _));
            if (shard.Streams.Open(key, out _, out _, out _) != WriteOutcome.Done)
            {
                break;
            }
        }

        while (shard.Streams.Begin("written"u8, value.Length, default, out ValueWriter writer) == WriteOutcome.Done
            && shard.Streams.Append(writer, value) == WriteOutcome.Done)
        {
        }
    }

    private static byte[] Text(int length) =>
        [.. Enumerable.Range(0, length).Select(i => (byte)"the cache is a node "[i % 20])];

    private static Shard Create(double minSaving) => new(new ShardOptions
    {
        MemoryBudgetBytes = ShardOptions.MinMemoryBudgetBytes,
        HashSeed = 1,
        CompressFromBytes = ShardOptions.MinCompressFromBytes,
        CompressionMinSaving = minSaving,
    });
}
