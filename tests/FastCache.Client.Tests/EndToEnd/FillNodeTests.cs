using System.Buffers;
using FastCache.EndToEnd.Tests;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>Fills over the leases of a real node.</summary>
public sealed class FillNodeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly CountingSource _source = new();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_thousand_callers_of_every_client_ask_the_source_once(int clients)
    {
        using RunningNode node = RunningNode.Start("--shards", "2");
        FastCacheClient[] caches =
            await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => NodeTests.ConnectAsync(node)));
        Task<(FillOrigin Origin, byte[] Value)>[] calls =
            [.. Enumerable.Range(0, 1_000 * clients).Select(i => GetAsync(caches[i % clients], "missing"))];
        (FillOrigin Origin, byte[] Value)[] values = await Task.WhenAll(calls).WaitAsync(Patience);
        Assert.All(values, value => Assert.Equal([1], value.Value));
        Assert.Equal(1, values.Count(value => value.Origin == FillOrigin.Filled));
        Assert.Equal(1, _source.Calls);
        foreach (FastCacheClient cache in caches)
        {
            await cache.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_failure_reaches_all_who_waited_for_it_and_the_next_caller_asks_again()
    {
        using RunningNode node = RunningNode.Start();
        await using FastCacheClient cache = await NodeTests.ConnectAsync(node);
        _source.Failure = new InvalidDataException("broken");
        _source.Held = Task.Delay(2_000); // Time for all to come.
        Task[] calls = [.. Enumerable.Range(0, 100).Select(_ => GetAsync(cache, "k"))];
        foreach (Task call in calls)
        {
            Assert.Same(_source.Failure, await Assert.ThrowsAsync<InvalidDataException>(() => call.WaitAsync(Patience)));
        }

        Assert.Equal(1, _source.Calls);
        _source.Failure = null;
        Assert.Equal([2], (await GetAsync(cache, "k").WaitAsync(Patience)).Value);
    }

    [Fact]
    public async Task A_stale_value_is_given_out_while_one_call_fetches_a_new_one()
    {
        using RunningNode node = RunningNode.Start("--stale-time", "60");
        await using FastCacheClient cache = await NodeTests.ConnectAsync(node);
        FillOptions options = new() { AcceptStale = true };
        Assert.Equal([1], (await GetAsync(cache, "k", options)).Value);
        Assert.True(await cache.MakeStaleAsync(NodeTests.Key("k")));
        TaskCompletionSource held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _source.Held = held.Task;
        (FillOrigin Origin, byte[] Value)[] values =
            await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => GetAsync(cache, "k", options))).WaitAsync(Patience);
        Assert.All(values, value => Assert.Equal(1, value.Value[0]));
        Assert.All(values, value => Assert.Equal(FillOrigin.Stale, value.Origin));
        held.SetResult();
        Eventually.Is(() => cache.FillCounts.Stored == 2, () => $"{cache.FillCounts}");
        (FillOrigin origin, byte[] renewed) = await GetAsync(cache, "k", options);
        Assert.Equal((FillOrigin.Hit, 2, 2, 1L), (origin, renewed[0], _source.Calls, cache.FillCounts.Refreshes));
    }

    [Fact]
    public async Task That_the_source_has_nothing_is_remembered_for_other_clients_as_long_as_the_options_say()
    {
        using RunningNode node = RunningNode.Start();
        await using FastCacheClient one = await NodeTests.ConnectAsync(node);
        await using FastCacheClient other = await NodeTests.ConnectAsync(node);
        FillOptions options = new() { NegativeTimeToLive = TimeSpan.FromMinutes(1) };
        foreach (FastCacheClient cache in new[] { one, other })
        {
            using FilledValue value = await cache.GetOrFillAsync(NodeTests.Key("none"), _source, CountingSource.AskAsync, options);
            Assert.Equal((false, true, 0), (value.IsFound, value.IsStored, value.Memory.Length));
        }

        Assert.Equal(1, _source.Calls);
    }

    [Fact]
    public async Task Warming_counts_what_became_of_each_key()
    {
        using RunningNode node = RunningNode.Start();
        await using FastCacheClient cache = await NodeTests.ConnectAsync(node);
        await cache.SetAsync(NodeTests.Key("present"), [9]);
        ReadOnlyMemory<byte>[] keys =
            [.. new[] { "present", "none", "broken", "a", "b", "c" }.Select(key => (ReadOnlyMemory<byte>)NodeTests.Key(key))];
        WarmResult result = await cache.WarmAsync(keys, _source, CountingSource.AskAsync).WaitAsync(Patience);
        Assert.Equal(new WarmProgress(Filled: 3, Present: 1, Absent: 1, Failed: 1), result.Counts);
        Assert.IsType<InvalidDataException>(Assert.Single(result.Failures).Reason);
        using CacheValue found = await cache.GetAsync(NodeTests.Key("c"));
        Assert.True(found.IsFound);
    }

    private async Task<(FillOrigin Origin, byte[] Value)> GetAsync(
        FastCacheClient cache, string key, FillOptions? options = null)
    {
        using FilledValue value = await cache.GetOrFillAsync(NodeTests.Key(key), _source, CountingSource.AskAsync, options);
        return (value.Origin, value.Memory.ToArray());
    }

    /// <summary>A slow source whose values say how often it was asked.</summary>
    private sealed class CountingSource
    {
        private int _calls;

        public int Calls => Volatile.Read(ref _calls);

        public Exception? Failure { get; set; }

        /// <summary>What it waits for before it answers.</summary>
        public Task Held { get; set; } = Task.CompletedTask;

        public static async ValueTask<SourceAnswer> AskAsync(
            CountingSource source, ReadOnlyMemory<byte> key, IBufferWriter<byte> destination, CancellationToken cancellationToken)
        {
            int call = Interlocked.Increment(ref source._calls);
            await Task.Delay(100, cancellationToken);
            await source.Held.WaitAsync(cancellationToken);
            if (source.Failure is not null || key.Span.SequenceEqual("broken"u8))
            {
                throw source.Failure ?? new InvalidDataException("broken");
            }

            destination.Write([(byte)call]);
            return key.Span.SequenceEqual("none"u8) ? SourceAnswer.None : SourceAnswer.Found;
        }
    }
}
