using System.Text;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>The client against a real node.</summary>
public sealed class NodeTests
{
    [Theory]
    [InlineData("1")]
    [InlineData("3")]
    public async Task Values_are_stored_read_and_deleted_on_every_shard(string shards)
    {
        using RunningNode node = RunningNode.Start("--shards", shards);
        await using FastCacheClient client = await ConnectAsync(node);
        for (int i = 0; i < 300; i++)
        {
            byte[] key = Key($"key {i}");
            byte[] value = Bytes(i * 50, i);
            Assert.False((await client.GetAsync(key)).IsFound);
            WriteResult stored = await client.SetAsync(key, value, new SetTerms { ReturnVersion = true });
            Assert.True(stored.IsDone);
            using (CacheValue found = await client.GetAsync(key))
            {
                Assert.True(found.IsFound);
                Assert.Equal(stored.Version, found.Version);
                Assert.Equal((ulong)value.Length, found.TotalLength);
                Assert.True(found.Span.SequenceEqual(value));
            }

            byte[] room = new byte[100];
            CopiedValue copied = await client.GetAsync(key, room);
            Assert.Equal(new CopiedValue(true, value.Length, stored.Version), copied);
            Assert.True(room.AsSpan(0, Math.Min(100, value.Length)).SequenceEqual(value.AsSpan(0, Math.Min(100, value.Length))));
            Assert.True(await client.DeleteAsync(key));
            Assert.False(await client.DeleteAsync(key));
        }
    }

    [Theory]
    [InlineData("1")]
    [InlineData("3")]
    public async Task Every_operation_does_what_the_protocol_says(string shards)
    {
        using RunningNode node = RunningNode.Start("--shards", shards, "--stale-time", "60");
        await using FastCacheClient client = await ConnectAsync(node);
        await client.PingAsync();
        for (int i = 0; i < 20; i++)
        {
            await ChangeAsync(client, Key($"changed {i}"));
            await CountAsync(client, Key($"counted {i}"));
            await LeaseAsync(client, Key($"leased {i}"));
        }

        // Every request went straight to the shard of its key. The counters of other shards are a tenth of a second old.
        await Task.Delay(300);
        IReadOnlyDictionary<string, long> counters = await client.StatsAsync();
        Assert.True(counters["requests"] > 600, $"{counters["requests"]} requests");
        Assert.Equal(0, counters["requests_forwarded"]);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("3")]
    public async Task Many_keys_are_stored_and_read_at_once(string shards)
    {
        using RunningNode node = RunningNode.Start("--shards", shards);
        await using FastCacheClient client = await ConnectAsync(node);
        CacheEntry[] entries = [.. Enumerable.Range(0, 3_000).Select(i => new CacheEntry(Key($"key {i}"), Bytes(i % 200, i)))];
        WriteResult[] results = new WriteResult[entries.Length];
        Assert.Equal(3_000, await client.SetManyAsync(entries, new SetTerms { ReturnVersion = true }, results));
        Assert.Equal(0, await client.SetManyAsync(entries, new SetTerms { Mode = SetMode.IfAbsent }));
        ReadOnlyMemory<byte>[] keys = [.. entries.Select(entry => entry.Key), Key("nobody's")];
        CacheValue[] values = new CacheValue[keys.Length];
        Assert.Equal(3_000, await client.GetManyAsync(keys, values));
        for (int i = 0; i < 3_000; i++)
        {
            Assert.Equal(results[i].Version, values[i].Version);
            Assert.True(values[i].Span.SequenceEqual(entries[i].Value.Span));
            values[i].Dispose();
        }

        Assert.False(values[^1].IsFound);
        Assert.Equal(0, await client.GetManyAsync(default, default));
        keys[1500] = default;
        await Assert.ThrowsAnyAsync<ArgumentException>(() => client.GetManyAsync(keys, values).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => client.GetManyAsync(keys, new CacheValue[5]).AsTask());
    }

    [Fact]
    public async Task Callers_that_give_up_at_random_never_get_what_is_another_ones()
    {
        using RunningNode node = RunningNode.Start("--shards", "3");
        await using FastCacheClient client = await ConnectAsync(node);
        int answered = 0;
        int givenUp = 0;
        await Task.WhenAll(Enumerable.Range(0, 32).Select(task => Task.Run(async () =>
        {
            Random random = new(task);
            byte[] key = Key($"key of task {task}");
            byte[] value = Bytes(50 + (task * 40), task);
            await client.SetAsync(key, value);
            for (int i = 0; i < 500; i++)
            {
                using CancellationTokenSource cancellation = new();
                ValueTask<CacheValue> get = client.GetAsync(key, cancellation.Token);
                if (random.Next(2) == 0)
                {
                    await cancellation.CancelAsync();
                }

                try
                {
                    using CacheValue found = await get;
                    Assert.True(found.Span.SequenceEqual(value));
                    Interlocked.Increment(ref answered);
                }
                catch (OperationCanceledException)
                {
                    Interlocked.Increment(ref givenUp);
                }
            }
        })));
        Assert.True(answered > 1_000, $"{answered} answered");
        Assert.True(givenUp > 100, $"{givenUp} given up");
    }

    [Fact]
    public async Task A_node_that_is_killed_under_load_fails_every_caller_at_once_and_serves_nobody_a_wrong_value()
    {
        RunningNode node = RunningNode.Start("--shards", "2");
        await using FastCacheClient client = await ConnectAsync(node);
        int answered = 0;
        Task[] callers = [.. Enumerable.Range(0, 64).Select(task => Task.Run(async () =>
        {
            byte[] key = Key($"key of task {task}");
            byte[] value = Bytes(100, task);
            while (true)
            {
                await client.SetAsync(key, value);
                using CacheValue found = await client.GetAsync(key);
                Assert.True(found.Span.SequenceEqual(value));
                Interlocked.Increment(ref answered);
            }
        }))];
        Eventually.Is(() => Volatile.Read(ref answered) > 10_000, () => $"{answered} answered");
        node.Dispose();
        Task<Task[]> all = Task.WhenAll(callers.Select(caller => Task.WhenAny(caller)));
        foreach (Task caller in await all.WaitAsync(TimeSpan.FromSeconds(10)))
        {
            await Assert.ThrowsAsync<CacheConnectionException>(() => caller);
        }
    }

    private static async Task ChangeAsync(FastCacheClient client, byte[] key)
    {
        Assert.False(await client.TouchAsync(key, 1000));
        Assert.Equal(Status.NotFound, (await client.AppendAsync(key, [1])).Status);
        Assert.Equal(Status.NotFound, (await client.SetAsync(key, [2, 3], new SetTerms(Mode: SetMode.IfPresent))).Status);
        ulong version = (await client.SetAsync(key, [2, 3], new SetTerms(60_000, SetMode.IfAbsent) { ReturnVersion = true })).Version;
        Assert.Equal(Status.Exists, (await client.SetAsync(key, [2, 3], new SetTerms(Mode: SetMode.IfAbsent))).Status);
        Assert.True(await client.TouchAsync(key, 0));
        WriteResult appended = await client.AppendAsync(key, [4]);
        Assert.True(appended.IsDone && appended.Version != version);
        Assert.Equal(Status.VersionMismatch, (await client.SetAsync(key, [9], new SetTerms(0, SetMode.IfVersion, version))).Status);
        Assert.True((await client.PrependAsync(key, [1])).IsDone);
        using (CacheValue part = await client.GetRangeAsync(key, 1, 2))
        {
            Assert.Equal([2, 3], part.Memory.ToArray());
            Assert.Equal(4UL, part.TotalLength);
        }

        CacheRequestException beyond = await Assert.ThrowsAsync<CacheRequestException>(() => client.GetRangeAsync(key, 5).AsTask());
        Assert.Equal(Status.RangeOutOfValue, beyond.Status);
        Assert.Equal(Status.VersionMismatch, (await client.DeleteIfVersionAsync(key, version)).Status);
        Assert.True(await client.DeleteAsync(key));
        Assert.Equal(Status.NotFound, (await client.DeleteIfVersionAsync(key, version)).Status);
        Assert.False((await client.GetRangeAsync(key, 0)).IsFound);
    }

    private static async Task CountAsync(FastCacheClient client, byte[] key)
    {
        Assert.False((await client.IncrementAsync(key)).IsFound);
        Assert.Equal(10UL, (await client.IncrementAsync(key, 5, new CountTerms(Initial: 10))).Number);
        CountResult counted = await client.IncrementAsync(key, 5);
        Assert.Equal(15UL, counted.Number);
        Assert.NotEqual(0UL, counted.Version);
        Assert.Equal(12UL, (await client.DecrementAsync(key, 3)).Number);
        Assert.Equal(-8, (await client.DecrementAsync(key, 20, new CountTerms(IsChecked: true))).SignedNumber);
    }

    private static async Task LeaseAsync(FastCacheClient client, byte[] key)
    {
        using LeasedValue first = await client.LeaseGetAsync(key, 60_000);
        Assert.Equal(LeaseResult.Fill, first.Result);
        Assert.False(first.Value.IsFound);
        using LeasedValue second = await client.LeaseGetAsync(key, 60_000);
        Assert.Equal(LeaseResult.Wait, second.Result);
        Assert.True(await client.LeaseReleaseAsync(key, first.Token));
        Assert.False(await client.LeaseReleaseAsync(key, first.Token));
        Assert.Equal(Status.LeaseLost, (await client.SetAsync(key, [1], new SetTerms { LeaseToken = first.Token })).Status);
        using LeasedValue third = await client.LeaseGetAsync(key, 60_000);
        Assert.True((await client.SetAsync(key, [7, 8], new SetTerms { LeaseToken = third.Token, KeepStale = true })).IsDone);
        using LeasedValue hit = await client.LeaseGetAsync(key, 60_000);
        Assert.Equal(LeaseResult.Hit, hit.Result);
        Assert.Equal([7, 8], hit.Value.Memory.ToArray());
        Assert.True(await client.MakeStaleAsync(key));
        using LeasedValue stale = await client.LeaseGetAsync(key, 60_000);
        Assert.Equal(LeaseResult.StaleFill, stale.Result);
        Assert.Equal([7, 8], stale.Value.Memory.ToArray());
        Assert.False((await client.GetAsync(key)).IsFound);
    }

    internal static Task<FastCacheClient> ConnectAsync(RunningNode node, int connectionsPerShard = 1) => FastCacheClient.ConnectAsync(new()
    {
        Seeds = [node.EndPoint],
        RequestTimeout = TimeSpan.FromSeconds(20),
        ConnectionsPerShard = connectionsPerShard,
    });

    internal static byte[] Key(string key) => Encoding.UTF8.GetBytes(key);

    internal static byte[] Bytes(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
