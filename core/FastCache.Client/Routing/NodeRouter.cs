using System.Net;
using System.Net.Sockets;
using FastCache.Client.Connections;
using FastCache.Client.Near;
using FastCache.Protocol;

namespace FastCache.Client.Routing;

/// <summary>Finds the connection that serves a key, and learns anew when the node's shards have changed.</summary>
internal sealed class NodeRouter : IAsyncDisposable
{
    private static readonly TimeSpan ShortestSweep = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestSweep = TimeSpan.FromSeconds(1);

    private readonly EndPoint _endPoint;
    private readonly FastCacheClientOptions _options;
    private readonly NearCache? _near;
    private readonly CancellationTokenSource _closing = new();
    private readonly SemaphoreSlim _learning = new(1, 1);
    private volatile Routes _routes;
    private Task _sweeping = Task.CompletedTask;

    private NodeRouter(EndPoint endPoint, FastCacheClientOptions options, NearCache? near, NodeLayout layout)
    {
        _endPoint = endPoint;
        _options = options;
        _near = near;
        _routes = NewRoutes(layout);
    }

    /// <summary>Learns a node's shards from the first seed that answers, and connects to each of them.</summary>
    /// <exception cref="CacheException">None of the seeds answers as a node.</exception>
    public static async Task<NodeRouter> ConnectAsync(
        FastCacheClientOptions options, NearCache? near, CancellationToken cancellationToken)
    {
        List<string> failures = [];
        foreach (EndPoint seed in options.Seeds)
        {
            try
            {
                return await ConnectAsync(seed, options, near, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is SocketException or CacheException or OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                failures.Add($"{seed}: {(failure is OperationCanceledException ? "no answer in time" : failure.Message)}");
            }
        }

        throw NoSeed(failures);
    }

    /// <summary>What is thrown when none of the seeds answers as a node.</summary>
    public static CacheConnectionException NoSeed(IEnumerable<string> failures) =>
        new($"No seed answers as a node: {string.Join("; ", failures)}", mayHaveExecuted: false);

    /// <summary>The connection for a key.</summary>
    public ShardConnection Of(ReadOnlySpan<byte> key) => _routes.Of(key);

    /// <summary>The connection for requests of no key.</summary>
    public ShardConnection Any => _routes.Any;

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _sweeping.ConfigureAwait(false);
        await _learning.WaitAsync().ConfigureAwait(false);
        await _routes.CloseAsync().ConfigureAwait(false);
        _learning.Release();
    }

    private static async Task<NodeRouter> ConnectAsync(
        EndPoint seed, FastCacheClientOptions options, NearCache? near, CancellationToken cancellationToken)
    {
        NodeLayout layout = await LearnAsync(seed, options, cancellationToken).ConfigureAwait(false);
        NodeRouter router = new(seed, options, near, layout);
        try
        {
            await router._routes.StartAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await router.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        near?.Follow(router._routes.Addresses);
        router._sweeping = router.SweepAsync();
        return router;
    }

    private static async Task<NodeLayout> LearnAsync(
        EndPoint endPoint, FastCacheClientOptions options, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.ConnectTimeout);
        (Socket socket, _) = await Handshake.ConnectAsync(endPoint, 0, limit.Token).ConfigureAwait(false);
        using (socket)
        {
            return NodeLayout.Read(await Handshake.AskAsync(
                socket, frame => RequestWriter.Topology(frame, 1), Opcode.Topology, limit.Token).ConfigureAwait(false));
        }
    }

    private Routes NewRoutes(NodeLayout layout)
    {
        int each = _options.ConnectionsPerShard;
        ShardConnection[] connections = new ShardConnection[layout.ShardCount * each];
        for (int i = 0; i < connections.Length; i++)
        {
            connections[i] = new(new(_endPoint, i / each, layout.ShardCount), _options, () => _ = RelearnAsync(layout));
        }

        return new(layout, connections, each);
    }

    /// <summary>Replaces routes that were made from an outdated layout. What waits on the old ones fails, unsent.</summary>
    private async Task RelearnAsync(NodeLayout outdated)
    {
        if (!await _learning.WaitAsync(0).ConfigureAwait(false))
        {
            return;
        }

        try
        {
            if (_routes.Layout != outdated || _closing.IsCancellationRequested)
            {
                return;
            }

            Routes old = _routes;
            Routes routes = NewRoutes(await LearnAsync(_endPoint, _options, _closing.Token).ConfigureAwait(false));
            _ = routes.StartAsync();
            _routes = routes;
            _near?.Follow(routes.Addresses);
            await old.CloseAsync().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is SocketException or CacheException or OperationCanceledException)
        {
            // The connection that found the change tries again, and asks again.
        }
        finally
        {
            _learning.Release();
        }
    }

    private async Task SweepAsync()
    {
        TimeSpan period = _options.RequestTimeout / 10;
        period = period < ShortestSweep ? ShortestSweep : period > LongestSweep ? LongestSweep : period;
        using PeriodicTimer timer = new(period);
        try
        {
            while (await timer.WaitForNextTickAsync(_closing.Token).ConfigureAwait(false))
            {
                _routes.Sweep();
            }
        }
        catch (OperationCanceledException)
        {
            // The client is closed.
        }
    }

    /// <summary>One layout and the connections made from it, those of a shard side by side.</summary>
    private sealed class Routes(NodeLayout layout, ShardConnection[] connections, int perShard)
    {
        public NodeLayout Layout => layout;

        public ShardConnection Any => connections[0];

        public IEnumerable<ShardAddress> Addresses => connections.Select(connection => connection.Address);

        public ShardConnection Of(ReadOnlySpan<byte> key)
        {
            int shard = layout.ShardOf(key);
            return perShard == 1
                ? connections[shard]
                : connections[(shard * perShard) + (Thread.GetCurrentProcessorId() % perShard)];
        }

        public Task StartAsync() => Task.WhenAll(connections.Select(connection => connection.StartAsync()));

        public Task CloseAsync() => Task.WhenAll(connections.Select(connection => connection.DisposeAsync().AsTask()));

        public void Sweep()
        {
            foreach (ShardConnection connection in connections)
            {
                connection.Sweep();
            }
        }
    }
}
