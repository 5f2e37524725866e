using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>The client against three real nodes: routed, moved, and with one of them lost.</summary>
public sealed class RealClusterTests : IDisposable
{
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan OutageWait = TimeSpan.FromMilliseconds(300);

    // What a loaded machine may add.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(8);

    private readonly RealCluster _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task Every_key_is_where_the_topology_says()
    {
        // A seed that nobody listens on is passed over.
        await using FastCacheClient client = await ConnectAsync(new IPEndPoint(IPAddress.Loopback, 1), _cluster.Seeds[1]);
        Assert.Equal(1u, client.Topology!.Epoch);
        Assert.Equal(["n0", "n1", "n2"], client.Nodes.Select(node => node.Name));
        CacheEntry[] entries = [.. Enumerable.Range(0, 600).Select(i => new CacheEntry(Key(i), Encoding.UTF8.GetBytes($"value {i}")))];
        Assert.Equal(entries.Length, await client.SetManyAsync(entries));
        CacheValue[] values = new CacheValue[entries.Length];
        Assert.Equal(entries.Length, await client.GetManyAsync(entries.Select(entry => entry.Key).ToArray(), values));
        for (int i = 0; i < values.Length; i++)
        {
            using CacheValue value = values[i];
            Assert.Equal($"value {i}", Encoding.UTF8.GetString(value.Span));
        }

        Assert.Equal(1ul, (await client.IncrementAsync("count"u8, terms: new CountTerms(Initial: 1))).Number);
        Assert.True((await client.AppendAsync(Key(3).Span, "+"u8)).IsDone);
        Assert.True(await client.TouchAsync(Key(4).Span, 60_000));
        Assert.True(await client.DeleteAsync(Key(5).Span));
        await Task.Delay(300); // The counters of other shards are a tenth of a second old.
        for (int i = 0; i < RealCluster.Count; i++)
        {
            IReadOnlyDictionary<string, long> counters = await client.StatsAsync($"n{i}");
            int here = entries.Where((_, number) => number != 5).Count(entry => _cluster.OwnerOf(entry.Key.Span) == i);
            Assert.Equal(here + (_cluster.OwnerOf("count"u8) == i ? 1 : 0), counters["items"]);
            Assert.Equal(0, counters["moved_answers"]);
        }
    }

    [Fact]
    public async Task Slots_move_under_load_and_nobody_notices_but_by_misses()
    {
        await using FastCacheClient client = await ConnectAsync(_cluster.Seeds[0]);
        Load load = new(client, _cluster);
        Task running = load.RunAsync();
        for (int round = 0; round < 4; round++)
        {
            await Task.Delay(300);
            _cluster.Rotate();
        }

        Eventually.Is(() => client.Topology!.Epoch == 5, () => $"the client is at epoch {client.Topology!.Epoch}");
        await Task.Delay(300);
        await load.EndAsync(running);
        Assert.Empty(load.Failures);
        Assert.True(load.Hits > 1_000, $"{load.Hits} hits");
    }

    [Fact]
    public async Task Node_that_is_killed_fails_its_own_keys_only_and_they_come_back_with_it()
    {
        await using FastCacheClient client = await ConnectAsync(_cluster.Seeds[0]);
        Load load = new(client, _cluster);
        Task running = load.RunAsync();
        await Task.Delay(300);
        _cluster.Nodes[1].Crash();
        await Task.Delay(1_500);
        Assert.False(client.Nodes[1].IsConnected);
        _cluster.Restart(1);
        await AwaitWorkingAsync(client);
        await load.EndAsync(running);
        Assert.NotEmpty(load.Failures);
        Assert.All(load.Failures, failure =>
        {
            Assert.Equal(1, failure.Node);
            Assert.IsType<CacheConnectionException>(failure.Exception);
            Assert.True(failure.Took < OutageWait + Slack, $"{failure.Took}");
        });
        Assert.True(load.Hits > 1_000, $"{load.Hits} hits");
    }

    [Fact]
    public async Task Node_that_stands_still_costs_its_own_keys_the_time_out_and_nothing_more()
    {
        await using FastCacheClient client = await ConnectAsync(_cluster.Seeds[0]);
        Load load = new(client, _cluster);
        Task running = load.RunAsync();
        await Task.Delay(300);
        _cluster.Nodes[2].Freeze(isOn: true);
        byte[] key = Enumerable.Range(0, 1_000).Select(i => (byte[])[.. Key(i).Span]).First(key => _cluster.OwnerOf(key) == 2);
        Stopwatch clock = Stopwatch.StartNew();
        CacheException failure = await Assert.ThrowsAnyAsync<CacheException>(async () => await client.SetAsync(key, "late"u8));
        Assert.True(clock.Elapsed < RequestTimeout + Slack, $"{clock.Elapsed}");
        Assert.True(failure.MayHaveExecuted, failure.Message);
        long others = load.HitsAt(0) + load.HitsAt(1);
        await Task.Delay(500);
        Assert.True(load.HitsAt(0) + load.HitsAt(1) > others, "the others stand still too");
        _cluster.Nodes[2].Freeze(isOn: false);
        await AwaitWorkingAsync(client);
        await load.EndAsync(running);
        Assert.All(load.Failures, one =>
        {
            Assert.Equal(2, one.Node);
            Assert.True(one.Exception is CacheTimeoutException or CacheConnectionException, one.Exception.ToString());
            Assert.True(one.Took < RequestTimeout + Slack, $"{one.Took}");
        });
    }

    [Fact]
    public async Task Nodes_are_restarted_one_after_the_other_under_load()
    {
        await using FastCacheClient client = await ConnectAsync(_cluster.Seeds[0]);
        Load load = new(client, _cluster);
        Task running = load.RunAsync();
        for (int node = 0; node < RealCluster.Count; node++)
        {
            await Task.Delay(200);
            _cluster.Nodes[node].Stop();
            _cluster.Restart(node);
            await AwaitWorkingAsync(client);
        }

        await load.EndAsync(running);
        Assert.All(load.Failures, failure => Assert.IsType<CacheConnectionException>(failure.Exception));
        Assert.True(load.Hits > 1_000, $"{load.Hits} hits");
    }

    private static ReadOnlyMemory<byte> Key(int number) => Encoding.UTF8.GetBytes($"key {number}");

    private static Task<FastCacheClient> ConnectAsync(params EndPoint[] seeds) => FastCacheClient.ConnectAsync(new()
    {
        Seeds = seeds,
        RequestTimeout = RequestTimeout,
        OutageWait = OutageWait,
        MaxReconnectPause = TimeSpan.FromMilliseconds(200),
    });

    /// <summary>Waits until every node answers again.</summary>
    private static async Task AwaitWorkingAsync(FastCacheClient client)
    {
        Stopwatch clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                for (int i = 0; i < 100; i++)
                {
                    Assert.True((await client.SetAsync(Encoding.UTF8.GetBytes($"probe {i}"), "x"u8)).IsDone);
                }

                return;
            }
            catch (CacheException) when (clock.Elapsed < TimeSpan.FromSeconds(30))
            {
                await Task.Delay(20);
            }
        }
    }

    private sealed record Failure(int Node, CacheException Exception, TimeSpan Took);

    /// <summary>Tasks with keys of their own, which read what they wrote last, or nothing.</summary>
    private sealed class Load(FastCacheClient client, RealCluster cluster)
    {
        private const int Tasks = 8;
        private const int KeysPerTask = 40;

        private readonly long[] _hits = new long[RealCluster.Count];
        private volatile bool _isOn = true;

        public ConcurrentQueue<Failure> Failures { get; } = [];

        public long Hits => _hits.Sum();

        public long HitsAt(int node) => Volatile.Read(ref _hits[node]);

        public Task RunAsync() => Task.WhenAll(Enumerable.Range(0, Tasks).Select(task => Task.Run(() => LoopAsync(task))));

        public async Task EndAsync(Task running)
        {
            _isOn = false;
            await running.WaitAsync(TimeSpan.FromSeconds(30));
        }

        private async Task LoopAsync(int task)
        {
            // What a key may hold: the last value written, and those whose writes had no certain end.
            Dictionary<int, HashSet<string>> possible = [];
            Random random = new(task);
            for (int round = 0; _isOn; round++)
            {
                int number = (task * KeysPerTask) + random.Next(KeysPerTask);
                byte[] key = Encoding.UTF8.GetBytes($"load {number}");
                int node = cluster.OwnerOf(key);
                long start = Stopwatch.GetTimestamp();
                try
                {
                    if (round % 3 == 0)
                    {
                        string text = round.ToString(CultureInfo.InvariantCulture);
                        possible.TryAdd(number, []);
                        possible[number].Add(text);
                        Assert.True((await client.SetAsync(key, Encoding.UTF8.GetBytes(text))).IsDone);
                        possible[number] = [text];
                        continue;
                    }

                    using CacheValue value = await client.GetAsync(key);
                    if (value.IsFound)
                    {
                        Assert.Contains(Encoding.UTF8.GetString(value.Span), possible.GetValueOrDefault(number, []));
                        Interlocked.Increment(ref _hits[node]);
                    }
                }
                catch (CacheException failure)
                {
                    Failures.Enqueue(new(node, failure, Stopwatch.GetElapsedTime(start)));
                    await Task.Delay(1);
                }
            }
        }
    }
}
