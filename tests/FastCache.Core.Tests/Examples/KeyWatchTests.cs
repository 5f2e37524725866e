using System.Text;

namespace FastCache.Core.Tests.Examples;

public sealed class KeyWatchTests : IDisposable
{
    private const int ForgetfulAfter = 4_096;

    private readonly Shard _shard = new(new ShardOptions { MemoryBudgetBytes = 32 << 20, StaleTime = TimeSpan.FromMinutes(1) });
    private readonly NativeKeys _keys = new(1);

    public KeyWatchTests()
    {
        _keys.Fill(0, "k"u8);
        _shard.Advance(0, 1_800_000_000_000);
    }

    public void Dispose()
    {
        _keys.Dispose();
        _shard.Dispose();
    }

    [Fact]
    public void Looks_are_no_change()
    {
        Set("k", "v");
        Assert.False(Changes(() =>
        {
            _shard.TryGet("k"u8, out _);
            _shard.TryPeek(Key(), out _);
            _shard.Delete("other"u8);
            Set("other", "v");
        }));
    }

    [Theory]
    [InlineData("w")]
    [InlineData("v")]
    [InlineData("a value that takes another size of memory than the first one did, by far")]
    public void Write_is_a_change_whatever_it_writes(string value)
    {
        Set("k", "v");
        Assert.True(Changes(() => Set("k", value)));
    }

    [Fact]
    public void Removal_is_a_change_also_when_the_key_is_back()
    {
        Set("k", "v");
        Assert.True(Changes(() => _shard.Delete("k"u8)));
        Set("k", "v");
        Assert.True(Changes(() =>
        {
            _shard.Delete("k"u8);
            Set("k", "v");
        }));
    }

    [Fact]
    public void Another_end_of_life_is_a_change_and_the_same_one_is_none()
    {
        Set("k", "v");
        Assert.True(Changes(() => _shard.Touch("k"u8, 10_000)));
        Assert.False(Changes(() => _shard.Touch("k"u8, 10_000)));
        Assert.True(Changes(() => _shard.Touch("k"u8, 0)));
    }

    [Fact]
    public void Sliding_of_a_life_is_no_change()
    {
        _shard.Set("k"u8, "v"u8, new SetOptions(TimeToLiveMillis: 10_000) { Sliding = true }, out _);
        Assert.False(Changes(() =>
        {
            _shard.Advance(5_000, 1_800_000_005_000);
            Assert.True(_shard.TryGet("k"u8, out _));
        }));
    }

    [Fact]
    public void End_of_a_life_is_a_change()
    {
        _shard.Set("k"u8, "v"u8, new SetOptions(TimeToLiveMillis: 100), out _);
        Assert.True(Changes(() => _shard.Advance(1_000, 1_800_000_001_000)));
    }

    [Fact]
    public void Key_that_was_absent_and_is_again_has_changed_only_if_it_was_there()
    {
        Assert.False(Changes(() => _shard.Delete("k"u8)));
        Assert.True(Changes(() =>
        {
            Set("k", "v");
            _shard.Delete("k"u8);
        }));
        Assert.True(Changes(() =>
        {
            Set("k", "v");
            _shard.Leases.Invalidate("k"u8);
        }));
        Assert.False(Changes(() =>
        {
            Set("other", "v");
            _shard.Delete("other"u8);
        }));
    }

    [Fact]
    public void Clear_changes_the_keys_that_there_are_and_those_that_there_were_for_a_while()
    {
        Set("k", "v");
        Assert.True(Changes(_shard.Clear));
        Set("other", "v");
        Assert.False(Changes(_shard.Clear));
        Assert.True(Changes(() =>
        {
            Set("k", "v");
            _shard.Clear();
        }));
        Assert.False(Changes(() =>
        {
            while (_shard.Maintain())
            {
            }
        }));
    }

    [Fact]
    public void Collection_changes_with_its_elements()
    {
        Put("a");
        Assert.True(Changes(() => Put("b")));
        Assert.False(Changes(() => _shard.Collections.Open("k"u8, CollectionKind.Hash, out _)));
        Assert.True(Changes(() => Set("k", "a string")));

        void Put(string field)
        {
            _shard.Collections.OpenOrCreate("k"u8, CollectionKind.Hash, out CollectionView view);
            Assert.Equal(WriteOutcome.Done, view.Put(Encoding.UTF8.GetBytes(field), "v"u8, out _));
        }
    }

    [Fact]
    public void After_very_many_removals_nobody_knows_of_an_absent_key()
    {
        Assert.False(Changes(() => RemoveOthers(ForgetfulAfter)));
        Assert.True(Changes(() =>
        {
            Set("k", "v");
            _shard.Delete("k"u8);
            RemoveOthers(ForgetfulAfter - 1);
        }));
        Assert.True(Changes(() => RemoveOthers(ForgetfulAfter + 1)));
    }

    private void RemoveOthers(int count)
    {
        for (int i = 0; i < count; i++)
        {
            Set("other", "v");
            _shard.Delete("other"u8);
        }
    }

    private bool Changes(Action what)
    {
        KeyState before = _shard.Watch.StateOf(Key());
        what();
        return _shard.Watch.HasChanged(Key(), before);
    }

    private LookupKey Key() => _shard.Prepare(_keys[0]);

    private void Set(string key, string value) =>
        Assert.Equal(WriteOutcome.Done, _shard.Set(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value), default, out _));
}
