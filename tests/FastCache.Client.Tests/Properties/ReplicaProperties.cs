using System.Diagnostics;
using FastCache.Client.Replicas;
using FastCache.Client.Tests.Fakes;
using FastCache.Cluster;

namespace FastCache.Client.Tests.Properties;

/// <summary>Two clients read and write the same keys on three nodes that answer after random pauses and lose connections; each
/// key has one writer, whose values are numbers that grow.</summary>
public sealed class ReplicaProperties
{
    private const int Keys = 6;
    private const int ClockMillis = 16;
    private const int LeastHits = 50;
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan MaxAge = TimeSpan.FromMilliseconds(300);

    // A grant and a life, each by a clock that may be a tick behind (Environment.TickCount64).
    private static readonly TimeSpan Bound = MaxAge + TimeSpan.FromMilliseconds(CopyTraffic.FillMillis + (2 * ClockMillis));

    [Theory]
    [InlineData(0, 1)]
    [InlineData(150, 1)]
    [InlineData(150, 3)]
    public async Task No_read_is_older_than_the_bound_and_own_writes_are_read_with_one_connection(int losesOneIn, int connectionsPerShard)
    {
        for (int seed = 0; seed < 3; seed++)
        {
            await RunAsync(seed, losesOneIn, connectionsPerShard);
        }
    }

    private static async Task RunAsync(int seed, int losesOneIn, int connectionsPerShard)
    {
        ScriptedNode[] nodes = [new(), new(), new()];
        ModelNode[] models = [.. nodes.Select((node, i) => new ModelNode(node, new Random((seed * 3) + i), losesOneIn))];
        ClusterTopology topology = BalancedTopology.Create(
            1, [.. nodes.Select((node, i) => new ClusterNode($"n{i}", "127.0.0.1", node.EndPoint.Port))], replicas: 2);
        foreach (ScriptedNode node in nodes)
        {
            node.Cluster = (1, TopologyDocument.Write(topology));
        }

        Task[] serving = [.. models.Select(model => Task.Run(model.ServeAsync))];
        FastCacheClientOptions options = nodes[0].Options with
        {
            ReadFrom = ReadFrom.BestCopy,
            ReplicaMaxAge = MaxAge,
            ConnectionsPerShard = connectionsPerShard,
            HedgeAfterPercentile = seed % 2 == 0 ? 0.9 : 0,
        };
        await using (FastCacheClient first = await FastCacheClient.ConnectAsync(options))
        await using (FastCacheClient second = await FastCacheClient.ConnectAsync(options))
        {
            FastCacheClient[] clients = [first, second];
            History[] histories = [.. Enumerable.Range(0, Keys).Select(_ => new History())];
            await Task.WhenAll(Enumerable.Range(0, 2 * Keys).Select(i => Task.Run(() =>
                CallAsync(clients[i % 2], histories, new Random((seed * 100) + i), i < Keys ? i : -1, connectionsPerShard == 1)))).WaitAsync(TimeSpan.FromSeconds(60));
            Assert.True(first.ReplicaStatistics.Hits > LeastHits, $"{first.ReplicaStatistics}");
            Assert.True(models.Sum(model => model.CopyRequests) > 100);
        }

        foreach (ScriptedNode node in nodes)
        {
            await node.DisposeAsync();
        }
    }

    /// <param name="client">Which.</param>
    /// <param name="histories">Of all keys.</param>
    /// <param name="random">Its own.</param>
    /// <param name="own">The key that is written here; -1: none is. A client's keys have its parity.</param>
    /// <param name="readsOwn">Whether own writes are read at once.</param>
    private static async Task CallAsync(FastCacheClient client, History[] histories, Random random, int own, bool readsOwn)
    {
        Stopwatch time = Stopwatch.StartNew();
        while (time.Elapsed < Least || (client.ReplicaStatistics.Hits <= LeastHits && time.Elapsed < Most))
        {
            try
            {
                if (own >= 0 && random.Next(12) == 0)
                {
                    int number = histories[own].Begin();
                    await client.SetAsync(BitConverter.GetBytes(own), BitConverter.GetBytes(number));
                    histories[own].End(number);
                    continue;
                }

                int key = own >= 0 && random.Next(2) == 0 ? own : random.Next(histories.Length);
                int least = key == own && readsOwn ? histories[key].LastEnded : histories[key].LastEndedBefore(Stopwatch.GetTimestamp(), Bound);
                using CacheValue value = await client.GetAsync(BitConverter.GetBytes(key));
                int read = value.IsFound ? BitConverter.ToInt32(value.Span) : 0;
                Assert.True(read >= least, $"{(key == own ? "own " : "")}key {key} has {read}, at least {least} was to be read; {client.ReplicaStatistics}");
                Assert.True(read <= histories[key].LastBegun, "a value that nobody has written");
            }
            catch (CacheConnectionException)
            {
                await Task.Delay(1);
            }
        }
    }

    /// <summary>What one key was given, and when.</summary>
    private sealed class History
    {
        private readonly Lock _lock = new();
        private readonly List<(int Number, long At)> _ended = [];
        private int _begun;

        public int LastBegun
        {
            get
            {
                lock (_lock)
                {
                    return _begun;
                }
            }
        }

        public int LastEnded
        {
            get
            {
                lock (_lock)
                {
                    return _ended.Count == 0 ? 0 : _ended[^1].Number;
                }
            }
        }

        public int Begin()
        {
            lock (_lock)
            {
                return ++_begun;
            }
        }

        public void End(int number)
        {
            lock (_lock)
            {
                _ended.Add((number, Stopwatch.GetTimestamp()));
            }
        }

        public int LastEndedBefore(long now, TimeSpan bound)
        {
            lock (_lock)
            {
                return _ended.FindLast(one => Stopwatch.GetElapsedTime(one.At, now) > bound).Number;
            }
        }
    }
}
