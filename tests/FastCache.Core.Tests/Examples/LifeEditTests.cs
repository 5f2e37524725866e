namespace FastCache.Core.Tests.Examples;

/// <summary>Lives that are looked at, kept and changed under a condition; values that are overwritten, copied and moved.</summary>
public sealed class LifeEditTests
{
    [Theory]
    [InlineData(LifeCondition.Always, 0, 50, true)]
    [InlineData(LifeCondition.IfEndless, 0, 50, true)]
    [InlineData(LifeCondition.IfEndless, 100, 50, false)]
    [InlineData(LifeCondition.IfLimited, 0, 50, false)]
    [InlineData(LifeCondition.IfLimited, 100, 0, true)]
    [InlineData(LifeCondition.IfLater, 100, 50, false)]
    [InlineData(LifeCondition.IfLater, 100, 100, false)]
    [InlineData(LifeCondition.IfLater, 100, 150, true)]
    [InlineData(LifeCondition.IfLater, 0, 150, false)]
    [InlineData(LifeCondition.IfSooner, 100, 50, true)]
    [InlineData(LifeCondition.IfSooner, 100, 100, false)]
    [InlineData(LifeCondition.IfSooner, 0, 150, true)]
    public void Touch_changes_a_life_when_its_condition_holds(LifeCondition condition, int before, int wanted, bool changes)
    {
        using Shard shard = New();
        using NativeKeys keys = new(2);
        LookupKey key = Prepared(shard, keys, 0, "key"u8);
        shard.Set(key, "value"u8, new SetOptions(TimeToLiveMillis: (ulong)before), out _);
        Assert.Equal(changes, shard.Touch(key, (ulong)wanted, condition));
        Assert.True(shard.TryPeek(key, out ItemView item));
        Assert.Equal(changes ? wanted : before, item.RestMillis);
    }

    [Fact]
    public void Set_keeps_the_life_that_is_there_when_asked_to()
    {
        using Shard shard = New();
        using NativeKeys keys = new(2);
        LookupKey key = Prepared(shard, keys, 0, "key"u8);
        shard.Set(key, "value"u8, new SetOptions(TimeToLiveMillis: 100), out _);
        shard.Advance(40, 1_800_000_000_040);
        shard.Set(key, "a longer value than before, in another chunk"u8, new SetOptions { KeepLife = true }, out _);
        Assert.True(shard.TryPeek(key, out ItemView item));
        Assert.Equal(60, item.RestMillis);
        shard.Set(key, "value"u8, default, out _);
        Assert.True(shard.TryPeek(key, out item));
        Assert.Equal(0, item.RestMillis);
    }

    [Fact]
    public void Look_without_use_counts_nothing()
    {
        using Shard shard = New();
        using NativeKeys keys = new(2);
        LookupKey key = Prepared(shard, keys, 0, "key"u8);
        Assert.False(shard.TryPeek(key, out _));
        shard.Set(key, "value"u8, default, out _);
        Assert.True(shard.TryPeek(key, out _));
        Assert.Equal((0, 0), (shard.Statistics().Hits, shard.Statistics().Misses));
    }

    [Theory]
    [InlineData("hello", 1, "EY", "hEYlo")]
    [InlineData("hello", 4, "EY", "hellEY")]
    [InlineData("", 2, "x", "\0\0x")]
    [InlineData("ab", 4, "x", "ab\0\0x")]
    public void Overwrite_replaces_a_part_and_fills_with_zeros(string before, int offset, string piece, string after)
    {
        using Shard shard = New();
        using NativeKeys keys = new(2);
        LookupKey key = Prepared(shard, keys, 0, "key"u8);
        if (before.Length > 0)
        {
            shard.Set(key, Bytes(before), new SetOptions(TimeToLiveMillis: 100), out _);
        }

        Assert.Equal(WriteOutcome.Done, shard.Edits.Overwrite(key, offset, Bytes(piece), out int length, out _));
        Assert.Equal(after.Length, length);
        Assert.True(shard.TryPeek(key, out ItemView item));
        Assert.Equal(Bytes(after), item.Value.ToArray());
        Assert.Equal(before.Length > 0 ? 100 : 0, item.RestMillis);
    }

    [Fact]
    public void Overwrite_beyond_what_can_be_edited_is_refused_and_changes_nothing()
    {
        using Shard shard = New();
        using NativeKeys keys = new(2);
        LookupKey key = Prepared(shard, keys, 0, "key"u8);
        Assert.Equal(WriteOutcome.ValueTooLarge, shard.Edits.Overwrite(key, ValueEdits.MaxValueBytes, "x"u8, out _, out _));
        Assert.Equal(WriteOutcome.ValueTooLarge, shard.Edits.Overwrite(key, long.MaxValue, "xyz"u8, out _, out _));
        Assert.False(shard.TryPeek(key, out _));
        Assert.Equal(WriteOutcome.Done, shard.Edits.Overwrite(key, ValueEdits.MaxValueBytes - 1, "x"u8, out _, out _));
    }

    [Fact]
    public void Values_are_copied_and_moved_with_their_lives()
    {
        using Shard shard = New();
        using NativeKeys keys = new(2);
        LookupKey from = Prepared(shard, keys, 0, "from"u8);
        LookupKey to = Prepared(shard, keys, 1, "to"u8);
        byte[] scratch = new byte[16];
        Assert.Equal(WriteOutcome.NotFound, shard.Copies.Copy(from, to, isForAbsent: false, scratch));
        shard.Set(from, "value"u8, new SetOptions(TimeToLiveMillis: 100), out _);
        Assert.Equal(WriteOutcome.Done, shard.Copies.Copy(from, to, isForAbsent: true, scratch));
        Assert.Equal(WriteOutcome.Exists, shard.Copies.Move(from, to, isForAbsent: true, scratch));
        Assert.Equal(WriteOutcome.ValueTooLarge, shard.Copies.Move(from, to, isForAbsent: false, scratch.AsSpan(0, 4)));
        Assert.Equal(WriteOutcome.Done, shard.Copies.Move(from, to, isForAbsent: false, scratch));
        Assert.False(shard.TryPeek(from, out _));
        Assert.True(shard.TryPeek(to, out ItemView item));
        Assert.Equal("value"u8.ToArray(), item.Value.ToArray());
        Assert.Equal(100, item.RestMillis);
        shard.Check();
    }

    private static LookupKey Prepared(Shard shard, NativeKeys keys, int place, ReadOnlySpan<byte> key)
    {
        keys.Fill(place, key);
        return shard.Prepare(keys[place]);
    }

    private static byte[] Bytes(string text) => System.Text.Encoding.Latin1.GetBytes(text);

    private static Shard New()
    {
        Shard shard = new(new ShardOptions { MemoryBudgetBytes = 16 << 20 });
        shard.Advance(0, 1_800_000_000_000);
        return shard;
    }
}
