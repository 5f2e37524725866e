using System.Diagnostics.Metrics;
using FastCache.Client.Operations;
using FastCache.EndToEnd.Tests;
using FastCache.Protocol;

namespace FastCache.Client.Tests.EndToEnd;

/// <summary>Alone in the process: what is counted is everything that the process allocates.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    private const int WarmUp = 20_000;
    private const int Measured = 50_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Requests_allocate_nothing_when_warmed_up_whether_they_are_measured_or_not(bool isMeasured)
    {
        long measured = 0;
        using MeterListener listener = new();
        listener.InstrumentPublished = (instrument, _) =>
        {
            if (isMeasured && instrument.Meter.Name == "FastCache.Client")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => Interlocked.Increment(ref measured));
        listener.Start();
        using RunningNode node = RunningNode.Start();
        await using FastCacheClient client = await NodeTests.ConnectAsync(node);
        byte[] value = new byte[100];
        byte[] destination = new byte[100];
        await LoopAsync(WarmUp);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await LoopAsync(Measured);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        // The loops themselves, and what the runtime's own threads do meanwhile. One object a request would be above 1 MB.
        Assert.True(allocated < 100_000, $"{allocated} bytes for {4 * Measured} requests");
        Assert.Equal(isMeasured ? 4 * (WarmUp + Measured) : 0, measured);

        Task LoopAsync(int times) => Task.WhenAll(Enumerable.Range(0, 4).Select(task => Task.Run(async () =>
        {
            byte[] key = NodeTests.Key($"key {task}");
            using CancellationTokenSource cancellation = new();
            for (int i = 0; i < times / 4; i++)
            {
                await client.SetAsync(key, value, cancellationToken: cancellation.Token);
                using (CacheValue found = await client.GetAsync(key))
                {
                    // Not an Assert: it allocates.
                    if (found.Span.Length != value.Length)
                    {
                        throw new InvalidOperationException($"{found.Span.Length} bytes");
                    }
                }

                await client.GetAsync(key, destination, cancellation.Token);
                await client.DeleteAsync(key);
            }
        })));
    }

    [Fact]
    public async Task Reads_of_copies_and_writes_that_are_passed_on_allocate_nothing_when_warmed_up()
    {
        using RunningCluster cluster = new(replicas: 2);
        await using FastCacheClient client = await cluster.ConnectAsync(new FastCacheClientOptions { Seeds = [], ReadFrom = ReadFrom.BestCopy });
        byte[] value = new byte[100];
        await LoopAsync(WarmUp);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await LoopAsync(Measured);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.True(allocated < 200_000, $"{allocated} bytes for {Measured} requests; {client.ReplicaStatistics}");
        Assert.True(client.ReplicaStatistics.CopiesWritten > 100, $"{client.ReplicaStatistics}");

        Task LoopAsync(int times) => Task.WhenAll(Enumerable.Range(0, 4).Select(task => Task.Run(async () =>
        {
            byte[][] keys = [.. Enumerable.Range(0, 20).Select(i => NodeTests.Key($"key {task} {i}"))];
            for (int i = 0; i < times / 4; i++)
            {
                byte[] key = keys[i % keys.Length];
                if (i / keys.Length % 5 == 0)
                {
                    await client.SetAsync(key, value);
                    continue;
                }

                using CacheValue found = await client.GetAsync(key);
                if (found.Span.Length != value.Length)
                {
                    throw new InvalidOperationException($"{found.Span.Length} bytes");
                }
            }
        })));
    }

    [Fact]
    public async Task Hits_of_keys_that_would_be_filled_allocate_nothing_when_warmed_up()
    {
        using RunningNode node = RunningNode.Start();
        await using FastCacheClient client = await NodeTests.ConnectAsync(node);
        FillSource<int> source = static (_, _, _, _) => throw new InvalidOperationException("a hit asks no source");
        byte[] value = new byte[100];
        await LoopAsync(WarmUp);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await LoopAsync(Measured);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.True(allocated < 100_000, $"{allocated} bytes for {Measured} hits");

        Task LoopAsync(int times) => Task.WhenAll(Enumerable.Range(0, 4).Select(task => Task.Run(async () =>
        {
            byte[] key = NodeTests.Key($"key {task}");
            await client.SetAsync(key, value);
            using CancellationTokenSource cancellation = new();
            for (int i = 0; i < times / 4; i++)
            {
                using FilledValue found = await client.GetOrFillAsync(key, 0, source, cancellationToken: cancellation.Token);
                if (found.Span.Length != value.Length)
                {
                    throw new InvalidOperationException($"{found.Span.Length} bytes");
                }
            }
        })));
    }

    [Fact]
    public async Task Frames_that_are_kept_for_another_node_allocate_nothing_when_warmed_up()
    {
        OperationPool pool = new();
        byte[] frame = new byte[1000];
        byte[] reply = Fakes.ScriptedConnection.Frame(Opcode.Set, Status.Ok, 0);
        await RunAsync(100);
        long before = GC.GetAllocatedBytesForCurrentThread();
        await RunAsync(10_000);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated < 10_000, $"{allocated} bytes for 10000 requests");

        async ValueTask RunAsync(int times)
        {
            for (int i = 0; i < times; i++)
            {
                Operation operation = pool.Rent();
                int ticket = operation.Begin(long.MaxValue, default, slot: 5);
                operation.KeepFrame(frame);
                if (ReplyDecoder.Read(reply, out Reply answer) != DecodeResult.Ok || !operation.TryClaim(ticket))
                {
                    throw new InvalidOperationException("a request that nobody ended has an end");
                }

                operation.Accept(answer);
                operation.Signal();
                await new ValueTask<WriteResult>(operation, operation.Token);
            }
        }
    }

    [Fact]
    public async Task What_is_served_from_the_near_cache_or_kept_in_it_allocates_nothing_when_warmed_up()
    {
        using RunningNode node = RunningNode.Start();
        await using FastCacheClient client = await NearCacheNodeTests.ConnectAsync(node);
        byte[] value = new byte[100];
        byte[] destination = new byte[100];
        await LoopAsync(WarmUp);
        long hits = client.NearCacheStatistics.Hits;
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await LoopAsync(Measured);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        hits = client.NearCacheStatistics.Hits - hits;
        Assert.True(hits > Measured * 8, $"{hits} hits");

        // As above, and three pings a second.
        Assert.True(allocated < 100_000, $"{allocated} bytes for {Measured / 10} writes, as many reads and {hits} hits");

        Task LoopAsync(int times) => Task.WhenAll(Enumerable.Range(0, 4).Select(task => Task.Run(async () =>
        {
            byte[] key = NodeTests.Key($"key {task}");
            for (int i = 0; i < times / 4; i++)
            {
                if (i % 10 == 0)
                {
                    await client.SetAsync(key, value);
                }

                for (int j = 0; j < 5; j++)
                {
                    using CacheValue found = await client.GetAsync(key);
                    if (found.Span.Length != value.Length)
                    {
                        throw new InvalidOperationException($"{found.Span.Length} bytes");
                    }

                    await client.GetAsync(key, destination);
                }
            }
        })));
    }

    [Fact]
    public void Batches_allocate_nothing_when_warmed_up()
    {
        using RunningNode node = RunningNode.Start("--shards", "2");
        AssertAllocatesNothing(node);
    }

    [Fact]
    public void Batches_to_a_cluster_allocate_nothing_when_warmed_up()
    {
        using RunningCluster cluster = new();
        AssertAllocatesNothing(cluster[0]);
    }

    private static void AssertAllocatesNothing(RunningNode seed)
    {
        using FastCacheBatch batch = FastCacheBatch.Connect(new() { Seeds = [seed.EndPoint] });
        byte[][] keys = [.. Enumerable.Range(0, 100).Select(i => NodeTests.Key($"key {i}"))];
        byte[] value = new byte[100];
        Run(100);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(200);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        // What the runtime itself allocates now and then in a checked build; one object a batch would be 4,800 bytes.
        Assert.True(allocated < 1_000, $"{allocated} bytes for 200 batches");

        void Run(int times)
        {
            for (int i = 0; i < times; i++)
            {
                batch.Clear();
                foreach (byte[] key in keys)
                {
                    batch.Set(key, value, new SetTerms(60_000));
                    batch.Get(key);
                }

                batch.Execute();
                if (batch[199].Status != Status.Ok)
                {
                    throw new InvalidOperationException($"{batch[199].Status}");
                }
            }
        }
    }
}
