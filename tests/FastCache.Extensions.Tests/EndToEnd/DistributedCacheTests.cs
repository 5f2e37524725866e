using System.Buffers;
using System.Diagnostics;
using FastCache.Client;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace FastCache.Extensions.Tests.EndToEnd;

/// <summary>The behaviours that users of any distributed cache expect.</summary>
public sealed class DistributedCacheTests(CacheNode node) : IClassFixture<CacheNode>
{
    private static readonly DistributedCacheEntryOptions Forever = new();

    [Theory]
    [InlineData("key")]
    [InlineData("")]
    [InlineData("Ω with spaces")]
    public async Task A_value_is_there_until_it_is_removed(string key)
    {
        await using ServiceProvider services = node.Application($"{key.Length} there:");
        IDistributedCache cache = services.GetRequiredService<IDistributedCache>();
        Assert.Null(await cache.GetAsync(key));
        await cache.SetAsync(key, [1, 2, 3], Forever);
        AssertBytes([1, 2, 3], await cache.GetAsync(key));
        await cache.SetAsync(key, [4], Forever);
        AssertBytes([4], await cache.GetAsync(key));
        await cache.SetAsync(key, [], Forever);
        AssertBytes([], await cache.GetAsync(key));
        await cache.RefreshAsync(key);
        await cache.RemoveAsync(key);
        Assert.Null(await cache.GetAsync(key));
        await cache.RefreshAsync(key);
        await cache.RemoveAsync(key);
    }

    [Fact]
    public async Task The_synchronous_methods_do_the_same()
    {
        await using ServiceProvider services = node.Application("sync:");
        FastCacheDistributedCache cache = services.GetRequiredService<FastCacheDistributedCache>();
        Assert.Null(cache.Get("key"));
        cache.Set("key", [1, 2, 3], Forever);
        AssertBytes([1, 2, 3], cache.Get("key"));
        cache.Set("key", new ReadOnlySequence<byte>([4, 5]), Forever);
        ArrayBufferWriter<byte> copy = new();
        Assert.True(cache.TryGet("key", copy));
        AssertBytes([4, 5], copy.WrittenSpan.ToArray());
        cache.Refresh("key");
        cache.Remove("key");
        Assert.False(cache.TryGet("key", copy));
        Assert.Equal(2, copy.WrittenCount);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Buffers_are_written_and_read_without_an_array_of_their_own(int segments)
    {
        await using ServiceProvider services = node.Application("buffers:");
        FastCacheDistributedCache cache = services.GetRequiredService<FastCacheDistributedCache>();
        byte[] value = new byte[30_000];
        Random.Shared.NextBytes(value);
        await cache.SetAsync("key", Split(value, segments), Forever);
        ArrayBufferWriter<byte> copy = new();
        copy.Write<byte>([7]);
        Assert.True(await cache.TryGetAsync("key", copy));
        AssertBytes([7, .. value], copy.WrittenSpan.ToArray());
        Assert.False(await cache.TryGetAsync("nobody's", copy));
        Assert.Equal(30_001, copy.WrittenCount);
    }

    [Fact]
    public async Task Keys_of_any_length_are_told_apart()
    {
        await using ServiceProvider services = node.Application("long:");
        IDistributedCache cache = services.GetRequiredService<IDistributedCache>();
        string trunk = new('x', 1_000);
        await cache.SetAsync(trunk + "a", [1], Forever);
        await cache.SetAsync(trunk + "b", [2], Forever);
        AssertBytes([1], await cache.GetAsync(trunk + "a"));
        AssertBytes([2], await cache.GetAsync(trunk + "b"));
    }

    [Fact]
    public async Task Applications_with_different_prefixes_do_not_see_each_other()
    {
        await using ServiceProvider one = node.Application("one:");
        await using ServiceProvider other = node.Application("other:");
        await one.GetRequiredService<IDistributedCache>().SetAsync("key", [1], Forever);
        Assert.Null(await other.GetRequiredService<IDistributedCache>().GetAsync("key"));
        using CacheValue value = await other.GetRequiredService<FastCacheClient>().GetAsync("one:key"u8);
        AssertBytes([1], value.Memory.ToArray());
    }

    [Fact]
    public async Task A_value_of_a_mebibyte_is_stored_and_a_larger_one_is_refused_with_the_limit()
    {
        await using ServiceProvider services = node.Application("large:");
        IDistributedCache cache = services.GetRequiredService<IDistributedCache>();
        byte[] largest = new byte[1 << 20];
        Random.Shared.NextBytes(largest);
        await cache.SetAsync("key", largest, Forever);
        Assert.Equal(largest, await cache.GetAsync("key"));
        CacheRequestException refusal = await Assert.ThrowsAsync<CacheRequestException>(
            () => cache.SetAsync("key", new byte[(1 << 20) + 1], Forever));
        Assert.Equal(Status.ValueTooLarge, refusal.Status);
        Assert.Contains("1048576", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(largest, await cache.GetAsync("key"));
    }

    [Fact]
    public async Task An_absolute_expiration_ends_a_life_however_often_it_is_read()
    {
        await using ServiceProvider services = node.Application("absolute:");
        IDistributedCache cache = services.GetRequiredService<IDistributedCache>();
        await cache.SetAsync("relative", [1], new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(1) });
        await cache.SetAsync("at", [1], new() { AbsoluteExpiration = DateTimeOffset.UtcNow.AddSeconds(1) });
        await cache.SetAsync("both", [1], new()
        {
            AbsoluteExpirationRelativeToNow = TimeSpan.FromSeconds(1),
            SlidingExpiration = TimeSpan.FromMilliseconds(700),
        });
        foreach (string key in new[] { "relative", "at", "both" })
        {
            Eventually.Is(() => cache.Get(key) is null, () => $"{key} is still there");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_sliding_expiration_is_renewed_by_every_read_and_refresh(bool byRefresh)
    {
        TimeSpan period = TimeSpan.FromSeconds(2);
        await using ServiceProvider services = node.Application("sliding:");
        IDistributedCache cache = services.GetRequiredService<IDistributedCache>();
        TimeSpan longestGap = TimeSpan.MaxValue;
        for (int attempt = 0; attempt < 5 && longestGap > period; attempt++)
        {
            longestGap = TimeSpan.Zero;
            await cache.SetAsync("key", [1], new() { SlidingExpiration = period });
            Stopwatch clock = Stopwatch.StartNew();
            for (TimeSpan last = default; clock.Elapsed < period * 1.5; last = clock.Elapsed)
            {
                await Task.Delay(50);
                await (byRefresh ? cache.RefreshAsync("key") : cache.GetAsync("key"));
                longestGap = clock.Elapsed - last > longestGap ? clock.Elapsed - last : longestGap;
            }

            // A machine that stands still for longer than the period proves nothing, and the loop goes on.
            Assert.True(await cache.GetAsync("key") is not null || longestGap > period / 2);
        }

        await Task.Delay(period + TimeSpan.FromMilliseconds(500));
        Assert.Null(await cache.GetAsync("key"));
    }

    [Fact]
    public async Task What_is_missing_or_passed_is_refused_by_name()
    {
        await using ServiceProvider services = node.Application("refused:");
        FastCacheDistributedCache cache = services.GetRequiredService<FastCacheDistributedCache>();
        Assert.Equal("key", (await Assert.ThrowsAsync<ArgumentNullException>(() => cache.GetAsync(null!))).ParamName);
        Assert.Equal("value", (await Assert.ThrowsAsync<ArgumentNullException>(() => cache.SetAsync("a", null!, Forever))).ParamName);
        Assert.Equal("options", (await Assert.ThrowsAsync<ArgumentNullException>(() => cache.SetAsync("a", [], null!))).ParamName);
        Assert.Equal("destination", (await Assert.ThrowsAsync<ArgumentNullException>(async () => await cache.TryGetAsync("a", null!))).ParamName);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(
            () => cache.SetAsync("a", [], new() { AbsoluteExpiration = DateTimeOffset.UtcNow.AddSeconds(-1) }));
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cache.GetAsync("a", cancelled.Token));
    }

    private static void AssertBytes(byte[] expected, byte[]? actual) => Assert.Equal(expected, actual);

    private static ReadOnlySequence<byte> Split(byte[] bytes, int parts)
    {
        int each = bytes.Length / parts;
        Segment first = new(bytes.AsMemory(0, each), null);
        Segment last = first;
        for (int i = 1; i < parts; i++)
        {
            last = new(i == parts - 1 ? bytes.AsMemory(i * each) : bytes.AsMemory(i * each, each), last);
        }

        return new(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is not null)
            {
                RunningIndex = before.RunningIndex + before.Memory.Length;
                before.Next = this;
            }
        }
    }
}
