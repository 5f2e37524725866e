namespace FastCache.Core.Tests.Examples;

/// <summary>Numbers that clients give to values as their uniques, beside the versions that order writes.</summary>
public sealed class OwnUniqueTests : IDisposable
{
    private const long Start = 1_800_000_000_000;

    private readonly Shard _shard = new(new ShardOptions
    {
        MemoryBudgetBytes = 16 << 20,
        CompressFromBytes = 256,
        StaleTime = TimeSpan.FromMinutes(1),
    });

    public OwnUniqueTests() => _shard.Advance(Start, Start);

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
    public void A_unique_stays_with_a_value_of_any_form_until_it_is_written(int length)
    {
        byte[] value = new byte[length];
        new Random(1).NextBytes(value.AsSpan(length / 2));
        foreach (bool slides in (bool[])[false, true])
        {
            SetOptions options = new(TimeToLiveMillis: 60_000) { Unique = 42, ClientFlags = 7, Sliding = slides };
            Assert.Equal(WriteOutcome.Done, _shard.Set("key"u8, value, options, out ulong version));
            Assert.Equal((42UL, version), UniqueAndVersion());
            _shard.Touch("key"u8, 1_000);
            Assert.Equal((42UL, version), UniqueAndVersion());
            _shard.TryGet("key"u8, out ItemView item);
            Assert.Equal((7u, (long)length), (item.ClientFlags, item.Length));
        }

        _shard.Set("key"u8, value, new SetOptions { KeepLife = true }, out ulong next);
        Assert.Equal((next, next), UniqueAndVersion());
    }

    [Fact]
    public void Value_with_a_unique_is_not_kept_when_its_life_is_over()
    {
        _shard.Set("key"u8, "1"u8, new SetOptions(TimeToLiveMillis: 1_000) { KeepStale = true }, out _);
        Assert.Equal(WriteOutcome.Done, _shard.Edits.Append("key"u8, "2"u8, atFront: false, out _, unique: 42));
        _shard.Advance(Start + 1_000, Start + 1_000);
        using NativeKeys keys = new(1);
        keys.Fill(0, "key"u8);
        Assert.False(_shard.Leases.TryPeekStale(_shard.Prepare(keys[0]), out _));
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(ulong.MaxValue)]
    public void Versions_ascend_whatever_a_unique_is(ulong unique)
    {
        _shard.Set("key"u8, "1"u8, default, out ulong before);
        _shard.Set("key"u8, "1"u8, new SetOptions { Unique = unique }, out ulong own);
        _shard.Set("key"u8, "1"u8, default, out ulong after);
        Assert.True(before < own && own < after);
        Assert.InRange(after, before, before + 10);
        _shard.Set("key"u8, "1"u8, new SetOptions { Unique = unique }, out own);
        Assert.Equal(WriteOutcome.NotNewer, _shard.Set("key"u8, "old"u8, new SetOptions(SetCondition.IfNewer, after), out _));
        Assert.Equal(WriteOutcome.Done, _shard.Set("key"u8, "new"u8, new SetOptions(SetCondition.IfNewer, own + 1), out _));
        Assert.Equal((own + 1, own + 1), UniqueAndVersion());
    }

    [Fact]
    public void Uniques_and_versions_are_compared_each_by_their_condition()
    {
        _shard.Set("key"u8, "1"u8, new SetOptions { Unique = 42 }, out ulong version);
        Assert.Equal(WriteOutcome.VersionMismatch, _shard.Set("key"u8, "2"u8, new SetOptions(SetCondition.IfVersionMatches, 42), out _));
        Assert.Equal(WriteOutcome.VersionMismatch, _shard.Set("key"u8, "2"u8, new SetOptions(SetCondition.IfUniqueMatches, version), out _));
        Assert.Equal(WriteOutcome.NotFound, _shard.Set("none"u8, "2"u8, new SetOptions(SetCondition.IfUniqueMatches, 42), out _));
        Assert.Equal(WriteOutcome.VersionMismatch, _shard.Delete("key"u8, 42));
        Assert.Equal(WriteOutcome.Done, _shard.Set("key"u8, "2"u8, new SetOptions(SetCondition.IfUniqueMatches, 42), out version));
        Assert.Equal(WriteOutcome.Done, _shard.Set("key"u8, "3"u8, new SetOptions(SetCondition.IfUniqueMatches, version), out version));
        Assert.Equal((version, version), UniqueAndVersion());
    }

    [Fact]
    public void An_edit_ends_a_unique_or_gives_another()
    {
        _shard.Set("key"u8, "10"u8, new SetOptions { Unique = 42, ClientFlags = 7 }, out _);
        _shard.Edits.Append("key"u8, "0"u8, atFront: false, out ulong version);
        Assert.Equal((version, version), UniqueAndVersion());
        _shard.Edits.Append("key"u8, "1"u8, atFront: true, out version, unique: 43);
        Assert.Equal((43UL, version), UniqueAndVersion());
        _shard.Edits.Count("key"u8, new CounterChange(CounterKind.Wrapping, 1) { Unique = 44 }, out ulong number, out version);
        Assert.Equal((1101UL, 44UL, version), (number, UniqueAndVersion().Unique, UniqueAndVersion().Version));
        _shard.Edits.Count("key"u8, new CounterChange(CounterKind.Wrapping, 1), out _, out version);
        Assert.Equal((version, version), UniqueAndVersion());
        _shard.Edits.Count("new"u8, new CounterChange(CounterKind.Wrapping, 1, Initial: 5) { Unique = 45 }, out _, out _);
        Assert.True(_shard.TryGet("new"u8, out ItemView item));
        Assert.Equal(45UL, item.Unique);
    }

    [Fact]
    public void An_invalidation_says_how_long_a_value_is_kept_and_under_which_unique()
    {
        _shard.Set("key"u8, "value"u8, new SetOptions { Unique = 42 }, out _);
        using NativeKeys keys = new(1);
        keys.Fill(0, "key"u8);
        LookupKey key = _shard.Prepare(keys[0]);
        _shard.Advance(Start + 100_000, Start + 100_000);
        Assert.True(_shard.Leases.Invalidate(key, mostStaleMillis: 20_000, unique: 43));
        Assert.True(_shard.Leases.TryPeekStale(key, out ItemView stale));
        Assert.Equal((43UL, 20_000L), (stale.OwnUnique, stale.StaleRestMillis));
        _shard.Advance(Start + 119_000, Start + 119_000);
        Assert.False(_shard.Leases.Invalidate(key));
        Assert.True(_shard.Leases.TryPeekStale(key, out stale));
        Assert.Equal((0UL, stale.Version, 1_000L), (stale.OwnUnique, stale.Unique, stale.StaleRestMillis));

        // For a shorter time from then on, not for a longer one.
        Assert.False(_shard.Leases.Invalidate(key, mostStaleMillis: 400));
        Assert.False(_shard.Leases.Invalidate(key, mostStaleMillis: 10_000));
        Assert.True(_shard.Leases.TryPeekStale(key, out stale));
        Assert.Equal(400L, stale.StaleRestMillis);
        _shard.Advance(Start + 119_400, Start + 119_400);
        Assert.False(_shard.Leases.TryPeekStale(key, out _));
    }

    [Fact]
    public void A_copy_and_a_renamed_key_have_their_versions_alone()
    {
        byte[] scratch = new byte[100];
        _shard.Set("key"u8, "value"u8, new SetOptions { Unique = 42 }, out ulong version);
        using NativeKeys keys = new(2);
        keys.Fill(0, "key"u8);
        keys.Fill(1, "other"u8);
        Assert.Equal(WriteOutcome.Done, _shard.Copies.Copy(_shard.Prepare(keys[0]), _shard.Prepare(keys[1]), isForAbsent: false, scratch));
        Assert.True(_shard.TryGet("other"u8, out ItemView copy));
        Assert.Equal((0UL, true), (copy.OwnUnique, copy.Version > version));
        Assert.Equal((42UL, version), UniqueAndVersion());
        Assert.Equal(WriteOutcome.Done, _shard.Copies.Move(_shard.Prepare(keys[1]), _shard.Prepare(keys[0]), isForAbsent: false, scratch));
        Assert.Equal(UniqueAndVersion().Version, UniqueAndVersion().Unique);
    }

    [Fact]
    public void A_watched_key_has_changed_though_its_unique_is_the_same()
    {
        _shard.Set("key"u8, "value"u8, new SetOptions { Unique = 42 }, out _);
        using NativeKeys keys = new(1);
        keys.Fill(0, "key"u8);
        LookupKey key = _shard.Prepare(keys[0]);
        KeyState seen = _shard.Watch.StateOf(key);
        Assert.False(_shard.Watch.HasChanged(key, seen));
        _shard.Set("key"u8, "value"u8, new SetOptions { Unique = 42 }, out _);
        Assert.True(_shard.Watch.HasChanged(key, seen));
    }

    private (ulong Unique, ulong Version) UniqueAndVersion() => _shard.TryGet("key"u8, out ItemView item)
        ? (item.Unique, item.Version)
        : throw new InvalidOperationException("no item");
}
