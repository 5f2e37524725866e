using System.Collections.Concurrent;
using FastCache.Client.Tests.Fakes;
using FastCache.Cluster;
using FastCache.Protocol;

namespace FastCache.Client.Tests.Properties;

/// <summary>Requests while slots move at random between nodes that hear of it at different times.</summary>
public sealed class MoveProperties
{
    private const int Nodes = 3;
    private const int Callers = 8;
    private const int Requests = 60;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Every_request_is_executed_once_by_a_node_that_had_its_slot()
    {
        for (int seed = 0; seed < 12; seed++)
        {
            await RunAsync(seed, async options =>
            {
                await using FastCacheClient client = await FastCacheClient.ConnectAsync(options);
                await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
                {
                    for (int i = 0; i < Requests; i++)
                    {
                        Assert.True(await client.DeleteAsync(BitConverter.GetBytes((caller * Requests) + i)));
                        await Task.Yield();
                    }
                }))).WaitAsync(Patience);
            });
        }
    }

    [Fact]
    public async Task Every_request_of_batches_is_executed_once_and_has_its_own_reply()
    {
        for (int seed = 0; seed < 12; seed++)
        {
            Random random = new(seed);
            await RunAsync(seed, options => Task.Factory.StartNew(() => RunBatches(options, random), TaskCreationOptions.LongRunning));
        }
    }

    private static void RunBatches(FastCacheClientOptions options, Random random)
    {
        using FastCacheBatch batch = FastCacheBatch.Connect(options);
        for (int next = 0; next < Callers * Requests;)
        {
            int first = next;
            int count = Math.Min(random.Next(1, 24), (Callers * Requests) - next);
            batch.Clear();
            for (; next < first + count; next++)
            {
                _ = random.Next(2) == 0 ? batch.Get(BitConverter.GetBytes(next)) : batch.Delete(BitConverter.GetBytes(next));
            }

            if (random.Next(4) == 0)
            {
                Thread.Sleep(random.Next(3));
            }

            batch.Execute();
            for (int i = 0; i < count; i++)
            {
                Assert.Equal(Status.Ok, batch[i].Status);
                Assert.Equal(first + i, BitConverter.ToInt32(batch[i].Value));
            }
        }
    }

    private static async Task RunAsync(int seed, Func<FastCacheClientOptions, Task> callAsync)
    {
        Random random = new(seed);
        await using ScriptedNode first = new();
        await using ScriptedNode second = new();
        await using ScriptedNode third = new();
        Member[] members = [new(first), new(second), new(third)];
        ClusterNode[] nodes = [.. members.Select((member, i) => new ClusterNode($"n{i}", "127.0.0.1", member.Node.EndPoint.Port))];
        ClusterTopology topology = BalancedTopology.Create(1, nodes, 0);
        Array.ForEach(members, member => member.Load(topology, Array.IndexOf(members, member)));
        Task[] serving = [.. members.Select(member => Task.Run(member.ServeAsync))];
        Task callers = callAsync(first.Options);
        for (uint epoch = 2; epoch < 6; epoch++)
        {
            int[] owners = [.. Enumerable.Range(0, 16).Select(_ => random.Next(Nodes))];
            topology = new(epoch, nodes, owners.Select((owner, i) => new SlotRange(i * 1024, (i * 1024) + 1023, [owner])));
            foreach (int late in Enumerable.Range(0, Nodes).OrderBy(_ => random.Next()))
            {
                members[late].Load(topology, late);
                await Task.Delay(random.Next(4));
            }
        }

        await callers.WaitAsync(Patience);
        await Task.WhenAll(serving).WaitAsync(Patience);
        int[] executed = [.. members.SelectMany(member => member.Executed)];
        Assert.Equal(Callers * Requests, executed.Length);
        Assert.Equal(Callers * Requests, executed.Distinct().Count());
    }

    /// <summary>A node that executes what it has by its own topology, and nothing else.</summary>
    private sealed class Member(ScriptedNode node)
    {
        private volatile ClusterTopology? _topology;
        private int _number;

        public ScriptedNode Node => node;

        public ConcurrentQueue<int> Executed { get; } = [];

        public void Load(ClusterTopology topology, int number)
        {
            _number = number;
            _topology = topology;
            node.Cluster = (topology.Epoch, TopologyDocument.Write(topology));
        }

        public async Task ServeAsync()
        {
            using ScriptedConnection connection = await node.ConnectedAsync();
            while (await connection.ReadAsync() is ScriptedRequest request)
            {
                ClusterTopology topology = _topology!;
                bool isOwn = topology.Has(_number, KeySlot.Of(request.Key));
                if (isOwn)
                {
                    Executed.Enqueue(BitConverter.ToInt32(request.Key));
                }

                await connection.ReplyAsync(request, isOwn ? Status.Ok : Status.Moved, isOwn ? request.Body : [], isOwn ? 0 : topology.Epoch);
            }
        }
    }
}
