using FastCache.Core.Items;

namespace FastCache.Core.Tests.Examples;

/// <summary>Values of several chunks: their memory, and what happens to readers and writers.</summary>
public sealed class LargeValueTests
{
    private const long Now = 1_800_000_000_000;

    [Fact]
    public void A_deleted_value_is_taken_apart_in_bounded_steps_and_all_of_its_memory_comes_back()
    {
        using Shard shard = Create(64);
        shard.Set(Key(1), new byte[8 << 20], default, out _);
        long chunks = UsedChunks(shard, 8 << 20);
        Assert.Equal(WriteOutcome.Done, shard.Delete(Key(1)));
        Assert.Equal(chunks, UsedChunks(shard, 8 << 20));
        Assert.True(shard.Statistics().Memory.Loose >= 8 << 20);
        bool more = true;
        while (more)
        {
            more = shard.Maintain();
            long left = UsedChunks(shard, 8 << 20);
            Assert.InRange(chunks - left, 0, 32);
            chunks = left;
            shard.Check();
        }

        Assert.Equal(0, chunks);
        Assert.Equal(0, shard.Statistics().Memory.Loose);
    }

    [Fact]
    public void A_write_that_needs_room_takes_a_bounded_number_of_chunks_from_a_dying_value()
    {
        using Shard shard = Create(64);
        Assert.Equal(WriteOutcome.Done, shard.Set(Key(1), new byte[15 << 20], default, out _));
        FillUp(shard, 500);
        if (!shard.TryGet(Key(1), out _))
        {
            shard.Set(Key(1), new byte[15 << 20], default, out _);
        }

        long chunks = UsedChunks(shard, 15 << 20);
        shard.Delete(Key(1));
        for (int i = 0; i < 2_000; i++)
        {
            Assert.Equal(WriteOutcome.Done, shard.Set(Key(-i), new byte[500], default, out _));
            long left = UsedChunks(shard, 15 << 20);
            Assert.InRange(chunks - left, 0, 256);
            chunks = left;
        }

        shard.Check();
    }

    [Fact]
    public void A_reader_keeps_the_value_that_it_opened_through_replacement_deletion_eviction_and_expiry()
    {
        using Shard shard = Create(16);
        byte[][] values = [.. Enumerable.Range(1, 4).Select(i => Pattern(i, 300_000))];
        ValueReader[] readers = new ValueReader[4];
        for (int i = 0; i < 4; i++)
        {
            shard.Set(Key(i), values[i], new SetOptions(TimeToLiveMillis: i == 3 ? 1_000UL : 0), out _);
            Assert.Equal(WriteOutcome.Done, shard.Streams.Open(Key(i), out readers[i], out long length, out _));
            Assert.Equal(300_000, length);
        }

        shard.Set(Key(0), Pattern(9, 200_000), default, out _);
        shard.Delete(Key(1));
        shard.Advance(Now + 2_000, Now + 2_000);
        while (shard.Maintain())
        {
        }

        FillUp(shard, 100_000);
        Assert.False(shard.TryGet(Key(2), out _), "evicted");
        Assert.False(shard.TryGet(Key(3), out _), "expired");
        for (int i = 0; i < 4; i++)
        {
            byte[] read = new byte[300_000];
            Assert.Equal(300_000, shard.Streams.Read(readers[i], 0, read));
            Assert.True(read.AsSpan().SequenceEqual(values[i]), $"value {i}");
            shard.Streams.Close(readers[i]);
            shard.Check();
        }

        while (shard.Maintain())
        {
        }

        Assert.Equal(0, shard.Statistics().Memory.Loose);
    }

    [Fact]
    public void Opening_a_value_counts_as_a_hit_or_a_miss_as_looking_it_up_does()
    {
        using Shard shard = Create(16);
        shard.Set(Key(1), new byte[1 << 20], default, out _);
        shard.Set(Key(2), new byte[100], default, out _);
        Assert.Equal(WriteOutcome.Done, shard.Streams.Open(Key(1), out ValueReader reader, out _, out _));
        Assert.Equal(WriteOutcome.NotFound, shard.Streams.Open(Key(3), out _, out _, out _));
        Assert.Equal((1, 1), (shard.Statistics().Hits, shard.Statistics().Misses));
        Assert.Equal(WriteOutcome.Exists, shard.Streams.Open(Key(2), out _, out _, out _));
        Assert.Equal((1, 1), (shard.Statistics().Hits, shard.Statistics().Misses));
        shard.Streams.Close(reader);
    }

    [Fact]
    public void What_readers_pin_stays_within_half_of_the_budget()
    {
        using Shard shard = Create(16);
        List<ValueReader> readers = [];
        WriteOutcome outcome = WriteOutcome.Done;
        for (int i = 0; outcome == WriteOutcome.Done; i++)
        {
            Assert.Equal(WriteOutcome.Done, shard.Set(Key(i), new byte[1 << 20], default, out _));
            outcome = shard.Streams.Open(Key(i), out ValueReader reader, out _, out _);
            Assert.InRange(shard.Store.Large.PinnedBytes, 1, 8 << 20);
            readers.Add(reader);
        }

        readers.RemoveAt(readers.Count - 1);
        Assert.Equal(WriteOutcome.TooManyOpen, outcome);
        Assert.InRange(readers.Count, 6, 7);
        Assert.Equal(WriteOutcome.Done, shard.Streams.Open(Key(readers.Count - 1), out ValueReader again, out _, out _));
        shard.Streams.Close(again);
        readers.ForEach(shard.Streams.Close);
        Assert.Equal(0, shard.Store.Large.PinnedBytes);
        shard.Check();
    }

    [Fact]
    public void Readers_and_writers_beyond_the_most_are_refused_and_welcome_again_later()
    {
        using Shard shard = Create(64);
        shard.Set(Key(1), new byte[100_000], default, out _);
        ValueReader[] readers = new ValueReader[LargeValues.MaxReaders];
        for (int i = 0; i < readers.Length; i++)
        {
            Assert.Equal(WriteOutcome.Done, shard.Streams.Open(Key(1), out readers[i], out _, out _));
        }

        Assert.Equal(WriteOutcome.TooManyOpen, shard.Streams.Open(Key(1), out _, out _, out _));
        shard.Streams.Close(readers[7]);
        Assert.Throws<ArgumentException>(() => shard.Streams.Read(readers[7], 0, new byte[1]));
        Assert.Equal(WriteOutcome.Done, shard.Streams.Open(Key(1), out readers[7], out _, out _));

        ValueWriter[] writers = new ValueWriter[LargeValues.MaxWriters];
        for (int i = 0; i < writers.Length; i++)
        {
            Assert.Equal(WriteOutcome.Done, shard.Streams.Begin(Key(2), 90_000, default, out writers[i]));
        }

        Assert.Equal(WriteOutcome.TooManyOpen, shard.Streams.Begin(Key(2), 90_000, default, out _));
        shard.Streams.Abort(writers[3]);
        Assert.Equal(WriteOutcome.Done, shard.Streams.Begin(Key(2), 90_000, default, out writers[3]));
        shard.Check();
        Array.ForEach(readers, shard.Streams.Close);
        Array.ForEach(writers, shard.Streams.Abort);
        while (shard.Maintain())
        {
        }

        Assert.Equal(0, shard.Statistics().Memory.Loose);
        Assert.True(shard.TryGet(Key(1), out _));
        shard.Check();
    }

    [Fact]
    public void A_value_cannot_be_committed_before_it_is_complete_nor_with_another_kind_of_life()
    {
        using Shard shard = Create(16);
        SetOptions options = new(TimeToLiveMillis: 1_000) { KeepStale = true };
        Assert.Throws<ArgumentOutOfRangeException>(() => shard.Streams.Begin(Key(1), 100, options, out _));
        Assert.Equal(WriteOutcome.Done, shard.Streams.Begin(Key(1), 70_000, options, out ValueWriter writer));
        Assert.Equal(WriteOutcome.Done, shard.Streams.Append(writer, new byte[69_999]));
        Assert.Throws<ArgumentException>(() => shard.Streams.Commit(writer, options, out _));
        Assert.Throws<ArgumentException>(() => shard.Streams.Append(writer, new byte[2]));
        Assert.Equal(WriteOutcome.Done, shard.Streams.Append(writer, new byte[1]));
        Assert.Throws<ArgumentException>(() => shard.Streams.Commit(writer, options with { KeepStale = false }, out _));
        Assert.False(shard.TryGet(Key(1), out _));
        Assert.Equal(WriteOutcome.Done, shard.Streams.Commit(writer, options, out _));
        Assert.True(shard.TryGet(Key(1), out _));
        Assert.Throws<ArgumentException>(() => shard.Streams.Abort(writer));
        shard.Check();
    }

    [Fact]
    public void Writers_that_are_given_up_leave_nothing_behind()
    {
        using Shard shard = Create(16);
        shard.Set(Key(1), Pattern(1, 200_000), default, out _);
        for (int i = 0; i < 500; i++)
        {
            Assert.Equal(WriteOutcome.Done, shard.Streams.Begin(Key(1), 1 << 20, default, out ValueWriter writer));
            Assert.Equal(WriteOutcome.Done, shard.Streams.Append(writer, new byte[i * 2_000]));
            shard.Streams.Abort(writer);
            shard.Maintain();
        }

        Assert.True(shard.TryGet(Key(1), out ItemView item));
        byte[] read = new byte[item.Length];
        item.CopyTo(read);
        Assert.Equal(Pattern(1, 200_000), read);
        while (shard.Maintain())
        {
        }

        Assert.Equal(0, shard.Statistics().Memory.Loose);
        Assert.Equal(0, shard.Statistics().Evictions);
        shard.Check();
    }

    private static void FillUp(Shard shard, int length)
    {
        byte[] value = new byte[length];
        long total = 2 * shard.Statistics().BudgetBytes;
        for (int i = 0; i < total / length; i++)
        {
            shard.Set(Key(1_000_000 + i), value, default, out _);
        }
    }

    private static long UsedChunks(Shard shard, int length) =>
        shard.Store.Slab.UsedChunksOf(LargeLayout.For(4, length, 0).SizeClass);

    private static byte[] Pattern(int seed, int length)
    {
        byte[] value = new byte[length];
        new Random(seed).NextBytes(value);
        return value;
    }

    private static Shard Create(int budgetMebibytes)
    {
        Shard shard = new(new ShardOptions { MemoryBudgetBytes = (long)budgetMebibytes << 20, HashSeed = 1 });
        shard.Advance(Now, Now);
        return shard;
    }

    private static byte[] Key(int i) => BitConverter.GetBytes(i);
}
