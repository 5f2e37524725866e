using System.Diagnostics;
using System.Text;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>Copies on three real nodes, of which every slot has a primary and two replicas.</summary>
public sealed class ReplicaNodeTests
{
    private const int Keys = 64;

    private static readonly FastCacheClientOptions BestCopy = new()
    {
        Seeds = [],
        ReadFrom = ReadFrom.BestCopy,
        RequestTimeout = TimeSpan.FromSeconds(20),
    };

    [Fact]
    public async Task Copies_answer_with_the_primarys_value_and_version()
    {
        using RunningCluster cluster = new(replicas: 2);
        await using FastCacheClient client = await cluster.ConnectAsync(BestCopy);
        ulong[] versions = new ulong[Keys];
        for (int i = 0; i < Keys; i++)
        {
            versions[i] = (await client.SetAsync(Key(i), Value(i, 1), new SetTerms { ReturnVersion = true })).Version;
        }

        await AwaitAsync(async () =>
        {
            for (int i = 0; i < Keys; i++)
            {
                using CacheValue value = await client.GetAsync(Key(i));
                Assert.Equal(Value(i, 1), value.Span);
                Assert.Equal((versions[i], (ulong)value.Span.Length), (value.Version, value.TotalLength));
                byte[] room = new byte[4];
                CopiedValue copied = await client.GetAsync(Key(i), room);
                Assert.Equal((true, value.Span.Length, versions[i]), (copied.IsFound, copied.Length, copied.Version));
                Assert.Equal("valu"u8, room);
                using CacheValue part = await client.GetRangeAsync(Key(i), 1, 2);
                Assert.Equal(Value(i, 1).AsSpan(1, 2), part.Span);
                Assert.Equal(value.TotalLength, part.TotalLength);
            }

            return client.ReplicaStatistics.Hits > 4 * Keys;
        }, () => $"{client.ReplicaStatistics}");
        Assert.InRange(client.ReplicaStatistics.CopiesWritten, 1, 2 * Keys);
    }

    [Fact]
    public async Task A_client_reads_its_own_writes_of_every_kind()
    {
        using RunningCluster cluster = new(replicas: 2);
        await using FastCacheClient client = await cluster.ConnectAsync(BestCopy);
        for (int round = 0; round < 300; round++)
        {
            byte[] key = Key(round % 4);
            string expected = $"{1000 + round}";
            await client.SetAsync(key, Encoding.ASCII.GetBytes(expected));
            await RequireAsync(client, key, expected);
            await client.AppendAsync(key, "7"u8);
            await RequireAsync(client, key, expected += "7");
            await client.IncrementAsync(key);
            await RequireAsync(client, key, expected = $"{expected[..^1]}8");
            await client.PrependAsync(key, "x"u8);
            await RequireAsync(client, key, $"x{expected}");
            Assert.True(round % 2 == 0 ? await client.DeleteAsync(key) : await client.MakeStaleAsync(key));
            await RequireAsync(client, key, null);
        }

        Assert.True(client.ReplicaStatistics.Hits > 0, $"{client.ReplicaStatistics}");
    }

    [Fact]
    public async Task Changes_by_others_are_seen_soon_if_they_pass_them_on_and_within_the_bound_if_not()
    {
        TimeSpan maxAge = TimeSpan.FromSeconds(2);
        using RunningCluster cluster = new(replicas: 2);
        await using FastCacheClient reader = await cluster.ConnectAsync(BestCopy with { ReplicaMaxAge = maxAge });
        await using FastCacheClient writer = await cluster.ConnectAsync(BestCopy with { ReadFrom = ReadFrom.Primary });
        for (int i = 0; i < Keys; i++)
        {
            await writer.SetAsync(Key(i), Value(i, 1));
            await RequireSeenAsync(reader, i, 1, TimeSpan.FromSeconds(20)); // Both replicas have it by now, or soon.
            await RequireSeenAsync(reader, i, 1, TimeSpan.FromSeconds(20));
            await RequireSeenAsync(reader, i, 1, TimeSpan.FromSeconds(20));
        }

        Assert.True(reader.ReplicaStatistics.CopiesWritten > 0, $"{reader.ReplicaStatistics}");
        Stopwatch told = Stopwatch.StartNew();
        for (int i = 0; i < Keys; i++)
        {
            await writer.SetAsync(Key(i), Value(i, 2));
        }

        for (int i = 0; i < Keys; i++)
        {
            await RequireSeenAsync(reader, i, 2, maxAge / 2);
        }

        // One that says nothing to the replicas: a connection to the primary alone.
        using TestClient silent = cluster[cluster.NodeOf(Key(0))].Connect();
        Assert.Equal(Status.Ok, silent.Ask((f, id) => RequestWriter.Set(f, id, Key(0), Value(0, 3), default)).Status);
        Stopwatch written = Stopwatch.StartNew();
        await RequireSeenAsync(reader, 0, 3, maxAge + TimeSpan.FromSeconds(1));
        Assert.True(written.Elapsed <= maxAge + TimeSpan.FromSeconds(1.5), $"seen after {written.Elapsed}");
    }

    [Fact]
    public async Task Reads_go_on_when_a_replica_is_killed_and_when_it_is_back()
    {
        using RunningCluster cluster = new(replicas: 2);
        await using FastCacheClient client = await cluster.ConnectAsync(BestCopy);
        int[] others = [.. Enumerable.Range(0, Keys).Where(i => cluster.NodeOf(Key(i)) != 1)];
        await FillAsync(client, others);
        cluster[1].Crash();
        Stopwatch down = Stopwatch.StartNew();
        while (down.Elapsed < TimeSpan.FromSeconds(1))
        {
            await ReadAllAsync(client, others, 1);
        }

        foreach (int i in others)
        {
            await client.SetAsync(Key(i), Value(i, 2));
        }

        cluster.Start(1);
        Stopwatch back = Stopwatch.StartNew();
        while (back.Elapsed < TimeSpan.FromSeconds(2))
        {
            await ReadAllAsync(client, others, 2);
        }
    }

    [Fact]
    public async Task What_copies_have_is_read_while_the_primary_is_dead()
    {
        using RunningCluster cluster = new(replicas: 2);
        await using FastCacheClient client = await cluster.ConnectAsync(BestCopy with { ReplicaMaxAge = TimeSpan.FromMinutes(10) });
        int[] own = [.. Enumerable.Range(0, 3 * Keys).Where(i => cluster.NodeOf(Key(i)) == 1)];
        await FillAsync(client, own);
        await AwaitAsync(async () =>
        {
            await ReadAllAsync(client, own, 1);
            return client.ReplicaStatistics.CopiesWritten == 2 * own.Length;
        }, () => $"{client.ReplicaStatistics} of {own.Length}");
        await Task.Delay(50); // The last of them may still be on their way.
        cluster[1].Crash();
        Eventually.Is(() => !client.Nodes[1].IsConnected, () => "the loss is not noticed");
        await ReadAllAsync(client, own, 1);
        await Assert.ThrowsAsync<CacheConnectionException>(async () => await client.SetAsync(Key(own[0]), Value(0, 2)));
    }

    [Fact]
    public async Task A_node_that_falls_silent_delays_reads_for_a_moment_and_is_avoided()
    {
        using RunningCluster cluster = new(replicas: 2);
        await using FastCacheClient client = await cluster.ConnectAsync(BestCopy with { ReplicaMaxAge = TimeSpan.FromMinutes(10) });
        int[] all = [.. Enumerable.Range(0, Keys)];
        await FillAsync(client, all);
        await AwaitAsync(async () =>
        {
            await ReadAllAsync(client, all, 1);
            return client.ReplicaStatistics.CopiesWritten == 2 * Keys;
        }, () => $"{client.ReplicaStatistics}");
        cluster[0].Suspend();
        Stopwatch silent = Stopwatch.StartNew();
        TimeSpan longest = TimeSpan.Zero;
        while (silent.Elapsed < TimeSpan.FromSeconds(2))
        {
            foreach (int i in all)
            {
                long begun = Stopwatch.GetTimestamp();
                using CacheValue value = await client.GetAsync(Key(i));
                Assert.Equal(Value(i, 1), value.Span);
                TimeSpan took = Stopwatch.GetElapsedTime(begun);
                longest = took > longest ? took : longest;
            }
        }

        cluster[0].Resume();
        Assert.True(longest < TimeSpan.FromSeconds(2), $"a read took {longest}"); // 100 ms, and what a loaded machine adds.
        await ReadAllAsync(client, all, 1);
    }

    [Fact]
    public async Task A_primary_that_becomes_a_replica_shows_nothing_of_what_it_had()
    {
        using RunningCluster cluster = new(replicas: 1);
        await using FastCacheClient writer = await cluster.ConnectAsync(BestCopy with { ReadFrom = ReadFrom.Primary });
        await using FastCacheClient reader = await cluster.ConnectAsync(BestCopy);
        for (int i = 0; i < Keys; i++)
        {
            await writer.SetAsync(Key(i), Value(i, 1));
        }

        cluster.Swap();
        for (int i = 0; i < Keys; i++)
        {
            await writer.SetAsync(Key(i), Value(i, 2));
        }

        for (int round = 0; round < 10; round++)
        {
            await ReadAllAsync(reader, [.. Enumerable.Range(0, Keys)], 2);
        }
    }

    [Fact]
    public async Task Requests_go_on_while_primaries_and_replicas_change_places()
    {
        using RunningCluster cluster = new(replicas: 1);
        await using FastCacheClient client = await cluster.ConnectAsync(BestCopy with { ReplicaMaxAge = TimeSpan.FromMilliseconds(500) });
        using CancellationTokenSource end = new();
        Task callers = Task.WhenAll(Enumerable.Range(0, 8).Select(caller => Task.Run(async () =>
        {
            for (int number = 0; !end.IsCancellationRequested; number++)
            {
                await client.SetAsync(Key(caller), BitConverter.GetBytes(number));
                using CacheValue value = await client.GetAsync(Key(caller));
                Assert.True(!value.IsFound || BitConverter.ToInt32(value.Span) <= number);
            }
        })));
        for (int i = 0; i < 4; i++)
        {
            await Task.Delay(100);
            cluster.Swap();
        }

        await end.CancelAsync();
        await callers.WaitAsync(TimeSpan.FromSeconds(60));
        for (int i = 0; i < 8; i++)
        {
            await client.SetAsync(Key(i), Value(i, 1));
            await RequireSeenAsync(client, i, 1, TimeSpan.FromSeconds(20)); // Copies that were left at a new primary have an end.
        }
    }

    [Theory]
    [InlineData(256 << 10, true)]
    [InlineData(1 << 20, false)]
    public async Task Values_are_copied_up_to_a_length_and_read_whole_in_any_case(int bytes, bool isCopied)
    {
        using RunningCluster cluster = new(replicas: 2);
        await using FastCacheClient client = await cluster.ConnectAsync(BestCopy);
        byte[] value = TestClient.Bytes(bytes, 1);
        await client.SetAsync(Key(0), value);
        for (int i = 0; i < 50; i++)
        {
            using CacheValue read = await client.GetAsync(Key(0));
            Assert.True(read.Span.SequenceEqual(value));
        }

        Assert.Equal(isCopied, client.ReplicaStatistics.CopiesWritten > 0);
        Assert.Equal(isCopied, client.ReplicaStatistics.Hits > 0);
    }

    private static byte[] Key(int number) => Encoding.ASCII.GetBytes($"key {number}");

    private static byte[] Value(int number, int round) => Encoding.ASCII.GetBytes($"value {number} of round {round}");

    private static async Task AwaitAsync(Func<Task<bool>> condition, Func<string> otherwise)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(20), otherwise());
            await Task.Delay(1);
        }
    }

    private static async Task FillAsync(FastCacheClient client, int[] keys)
    {
        foreach (int i in keys)
        {
            await client.SetAsync(Key(i), Value(i, 1));
        }

        await ReadAllAsync(client, keys, 1);
        await ReadAllAsync(client, keys, 1);
    }

    private static async Task ReadAllAsync(FastCacheClient client, int[] keys, int round)
    {
        foreach (int i in keys)
        {
            using CacheValue value = await client.GetAsync(Key(i));
            Assert.Equal(Encoding.ASCII.GetString(Value(i, round)), Encoding.ASCII.GetString(value.Span));
        }
    }

    private static async Task RequireAsync(FastCacheClient client, byte[] key, string? expected)
    {
        for (int i = 0; i < 3; i++)
        {
            using CacheValue value = await client.GetAsync(key);
            Assert.Equal(expected, value.IsFound ? Encoding.ASCII.GetString(value.Span) : null);
        }
    }

    private static async Task RequireSeenAsync(FastCacheClient client, int number, int round, TimeSpan within)
    {
        Stopwatch waited = Stopwatch.StartNew();
        while (true)
        {
            using (CacheValue value = await client.GetAsync(Key(number)))
            {
                if (value.Span.SequenceEqual(Value(number, round)))
                {
                    return;
                }
            }

            Assert.True(waited.Elapsed < within, $"key {number} has an older value after {waited.Elapsed}");
            await Task.Delay(1);
        }
    }
}
