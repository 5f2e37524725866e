using System.Text;

namespace FastCache.Core.Tests.Examples;

/// <summary>Who is told of items that go by themselves.</summary>
public sealed class RemovalTests
{
    [Fact]
    public void Listener_is_told_of_what_expires_and_not_of_what_is_deleted_overwritten_or_cleared()
    {
        using Shard shard = Create();
        Listener listener = new();
        shard.RemovalListener = listener;
        foreach (string key in (string[])["looked at", "left alone", "deleted", "cleared"])
        {
            Set(shard, key, timeToLiveMillis: key == "cleared" ? 100_000UL : 1_000);
        }

        Set(shard, "deleted", timeToLiveMillis: 1_000);
        shard.Delete("deleted"u8);
        shard.Advance(5_000, 5_000);
        Assert.False(shard.TryGet("looked at"u8, out _));
        Assert.Equal(["looked at"], listener.Expirations);
        while (shard.Maintain())
        {
        }

        Assert.Equal(["looked at", "left alone"], listener.Expirations);
        shard.Clear();
        shard.Advance(500_000, 500_000);
        while (shard.Maintain())
        {
        }

        Assert.Equal(["looked at", "left alone"], listener.Expirations);
        Assert.Empty(listener.Evictions);
    }

    [Fact]
    public void Listener_is_told_of_every_eviction()
    {
        using Shard shard = Create();
        Listener listener = new();
        shard.RemovalListener = listener;
        HashSet<string> there = [];
        for (int i = 0; i < 100_000; i++)
        {
            Set(shard, $"key{i}", 0);
            there.Add($"key{i}");
        }

        there.ExceptWith(listener.Evictions);
        Assert.NotEmpty(listener.Evictions);
        Assert.Equal(shard.Statistics().Evictions, listener.Evictions.Count);
        Assert.Equal(shard.Count, there.Count);
        Assert.All(there, key => Assert.True(shard.TryGet(Encoding.ASCII.GetBytes(key), out _)));
    }

    private static Shard Create()
    {
        Shard shard = new(new ShardOptions { MemoryBudgetBytes = ShardOptions.MinMemoryBudgetBytes });
        shard.Advance(0, 0);
        return shard;
    }

    private static void Set(Shard shard, string key, ulong timeToLiveMillis) => Assert.Equal(
        WriteOutcome.Done, shard.Set(Encoding.ASCII.GetBytes(key), new byte[100], new SetOptions(TimeToLiveMillis: timeToLiveMillis), out _));

    private sealed class Listener : IRemovalListener
    {
        public List<string> Expirations { get; } = [];

        public List<string> Evictions { get; } = [];

        public void Expired(ReadOnlySpan<byte> key) => Expirations.Add(Encoding.ASCII.GetString(key));

        public void Evicted(ReadOnlySpan<byte> key) => Evictions.Add(Encoding.ASCII.GetString(key));
    }
}
