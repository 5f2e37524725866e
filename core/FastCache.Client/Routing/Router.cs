using System.Net;
using FastCache.Client.Connections;
using FastCache.Client.Near;
using FastCache.Client.Operations;
using FastCache.Client.Replicas;
using FastCache.Client.Telemetry;
using FastCache.Cluster;

namespace FastCache.Client.Routing;

/// <summary>Finds the connection that serves a key, and learns anew when nodes, shards or slots have changed.</summary>
/// <remarks>
/// Of two topologies the one with the higher epoch is taken, and never given up for a lower one, nor for another one with the
/// same epoch. Nodes that keep their name and address keep their connections.
/// </remarks>
internal sealed class Router : IAsyncDisposable
{
    private static readonly TimeSpan ShortestSweep = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestSweep = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _lock = new();
    private readonly HashSet<EndPoint> _learning = [];
    private readonly List<(ShardConnection Connection, long Since)> _retired = [];
    private readonly SemaphoreSlim _lost = new(0);
    private readonly List<Task> _tasks = [];
    private readonly NearCache? _near;
    private volatile Routes _routes;
    private volatile CopyTraffic? _copies;
    private volatile Exception? _learningFailure;

    private Router(
        FastCacheClientOptions options,
        NearCache? near,
        ClientTelemetry telemetry,
        KnownTopology? topology,
        Func<Router, IEnumerable<NodeShards>> nodes)
    {
        Options = options;
        Telemetry = telemetry;
        _near = near;
        Strays = new(this);
        _routes = new(topology, [.. nodes(this)], options);
    }

    /// <summary>Checked ones.</summary>
    public FastCacheClientOptions Options { get; }

    /// <summary>Is told what happens.</summary>
    public ClientTelemetry Telemetry { get; }

    /// <summary>What there is now.</summary>
    public Routes Routes => _routes;

    /// <summary>What is done with copies; null while no slot has had any.</summary>
    public CopyTraffic? Copies => _copies;

    /// <summary>Requests that no connection has.</summary>
    public StrayRequests Strays { get; }

    /// <summary>Why the last attempt to learn a topology came to nothing; null: it did not.</summary>
    public Exception? LearningFailure => _learningFailure;

    /// <summary>Learns the nodes and their shards from the first seed that answers, and connects to each of them.</summary>
    /// <exception cref="CacheException">None of the seeds answers as a node, or no node of the cluster can be
    /// connected.</exception>
    public static async Task<Router> ConnectAsync(
        FastCacheClientOptions options, NearCache? near, ClientTelemetry telemetry, CancellationToken cancellationToken)
    {
        List<string> failures = [];
        foreach (EndPoint seed in options.Seeds)
        {
            try
            {
                (NodeLayout layout, KnownTopology? topology) =
                    await NodeTalk.AskAllAsync(seed, options, cancellationToken).ConfigureAwait(false);
                return topology is null
                    ? await StartAsync(
                        new(options, near, telemetry, null, router => [new(router, $"{seed}", seed, isMember: false, layout)]),
                        cancellationToken)
                        .ConfigureAwait(false)
                    : await ConnectAsync(topology, options, near, telemetry, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception failure) when (NodeTalk.IsFailure(failure))
            {
                cancellationToken.ThrowIfCancellationRequested();
                failures.Add($"{seed}: {NodeTalk.ReasonOf(failure)}");
            }
        }

        throw NoSeed(failures);
    }

    /// <summary>What is thrown when none of the seeds answers as a node.</summary>
    public static CacheConnectionException NoSeed(IEnumerable<string> failures) =>
        new($"No seed answers as a node: {string.Join("; ", failures)}", mayHaveExecuted: false);

    /// <summary>Sends a request to where its key is, or anywhere if it has none.</summary>
    /// <inheritdoc cref="ShardConnection.Begin"/>
    public Operation Begin<TRequest>(
        scoped in TRequest request, Memory<byte> destination, CancellationToken cancellationToken)
        where TRequest : IRequest, allows ref struct
    {
        if (TRequest.IsRead && _copies is { ReadsCopies: true } copies
            && copies.TryBegin(request, destination, cancellationToken) is Operation read)
        {
            return read;
        }

        while (true)
        {
            ShardConnection connection = Of(request, out int slot);
            if (connection.Begin(request, slot, destination, cancellationToken) is Operation operation)
            {
                return operation;
            }
        }
    }

    /// <summary>Sends a request of no key to a node.</summary>
    /// <param name="request">It.</param>
    /// <param name="node">The node's name; null: any node, one that is up if there is any.</param>
    /// <param name="cancellationToken">Releases the caller.</param>
    /// <exception cref="ArgumentException">There is no such node.</exception>
    public Operation Begin<TRequest>(scoped in TRequest request, string? node, CancellationToken cancellationToken)
        where TRequest : IRequest, allows ref struct
    {
        while (true)
        {
            Routes routes = _routes;
            ShardConnection connection = node is null ? routes.Any : routes.Nodes.FirstOrDefault(one => one.Name == node)?.Connections[0]
                ?? throw new ArgumentException(
                    $"There is no node {node}; there are {string.Join(", ", routes.Nodes.Select(one => one.Name))}.", nameof(node));
            if (connection.Begin(request, -1, default, cancellationToken) is Operation operation)
            {
                return operation;
            }
        }
    }

    /// <summary>The connection for a request: to the primary of its key's slot.</summary>
    /// <param name="request">It.</param>
    /// <param name="slot">The slot of its key, or -1.</param>
    public ShardConnection Of<TRequest>(scoped in TRequest request, out int slot)
        where TRequest : IRequest, allows ref struct
    {
        slot = -1;
        Routes routes = _routes;
        return !TRequest.HasKey ? routes.Any
            : routes.ForWrite(request.Key, out slot);
    }

    /// <summary>Begins to learn a newer topology from a node, unless that is under way already.</summary>
    /// <returns>Whether it was not.</returns>
    public bool Learn(EndPoint from)
    {
        lock (_lock)
        {
            if (_closing.IsCancellationRequested || !_learning.Add(from))
            {
                return false;
            }

            Track(() => LearnAsync(from));
            return true;
        }
    }

    /// <summary>Learns the shards of a node anew, and replaces the connections to it.</summary>
    public void Relayout(NodeShards outdated)
    {
        lock (_lock)
        {
            Track(() => RelayoutAsync(outdated));
        }
    }

    /// <summary>Asks another node soon whether the topology is another one by now.</summary>
    public void NodeLost()
    {
        if (_lost.CurrentCount == 0)
        {
            _lost.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        Task[] tasks;
        IEnumerable<ShardConnection> connections;
        lock (_lock)
        {
            tasks = [.. _tasks];
            connections = [.. _routes.Nodes.SelectMany(node => node.Connections), .. _retired.Select(one => one.Connection)];
        }

        await Task.WhenAll(tasks).ConfigureAwait(false);
        await Task.WhenAll(connections.Select(connection => connection.DisposeAsync().AsTask())).ConfigureAwait(false);
        Strays.Dispose();
    }

    /// <summary>Connects to all nodes of a cluster of which at least one is up.</summary>
    private static async Task<Router> ConnectAsync(
        KnownTopology topology,
        FastCacheClientOptions options,
        NearCache? near,
        ClientTelemetry telemetry,
        CancellationToken cancellationToken)
    {
        IReadOnlyList<ClusterNode> nodes = topology.Topology.Nodes;
        NodeLayout?[] layouts = await NodeTalk.AskLayoutsAsync(nodes.Select(node => node.EndPoint), options, cancellationToken)
            .ConfigureAwait(false);
        Router router = new(options, near, telemetry, topology, router => nodes.Zip(layouts, router.NewNode));
        telemetry.Log.TopologyLearnt(topology.Topology.Epoch, nodes.Count, oldEpoch: 0);
        return await StartAsync(router, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Begins to connect, and waits until the first attempts at nodes that have answered before have ended.</summary>
    private static async Task<Router> StartAsync(Router router, CancellationToken cancellationToken)
    {
        try
        {
            Task[] starts = [.. router._routes.Nodes.Where(node => node.IsKnown).Select(node => node.StartAsync())];
            _ = Task.WhenAll(router._routes.Nodes.Where(node => !node.IsKnown).Select(node => node.StartAsync()));
            await Task.WhenAny(Task.WhenAll(starts)).WaitAsync(cancellationToken).ConfigureAwait(false);
            if (!starts.Any(start => start.IsCompletedSuccessfully))
            {
                await starts[0].ConfigureAwait(false);
            }
        }
        catch
        {
            await router.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        lock (router._lock)
        {
            router._near?.Follow(router._routes.Addresses);
            router.WatchCopies();
            router.Track(router.SweepAsync);
            router.Track(router.WatchAsync);
        }

        return router;
    }

    private NodeShards NewNode(ClusterNode node, NodeLayout? layout) =>
        new(this, node.Name, node.EndPoint, isMember: true, layout);

    /// <summary>Runs something that ends soon when the router closes. Under the lock.</summary>
    private void Track(Func<Task> run)
    {
        _tasks.RemoveAll(task => task.IsCompleted);
        if (!_closing.IsCancellationRequested)
        {
            _tasks.Add(Task.Run(run));
        }
    }

    /// <summary>Begins with copies, when there are any for the first time. Under the lock.</summary>
    private void WatchCopies()
    {
        if (_copies is null && _routes.Copies is not null)
        {
            CopyTraffic copies = new(this);
            _copies = copies;
            if (copies.ReadsCopies)
            {
                Track(() => copies.Watch.RunAsync(_closing.Token));
            }
        }
    }

    private async Task LearnAsync(EndPoint from)
    {
        try
        {
            KnownTopology? topology = await NodeTalk.AskTopologyAsync(from, _routes.Known, Options, _closing.Token)
                .ConfigureAwait(false);
            if (topology is not null)
            {
                Adopt(topology);
            }

            _learningFailure = null;
        }
        catch (Exception failure) when (NodeTalk.IsFailure(failure))
        {
            _learningFailure = failure;
        }
        finally
        {
            lock (_lock)
            {
                _learning.Remove(from);
            }

            Strays.Wake();
        }
    }

    private void Adopt(KnownTopology topology)
    {
        Routes old;
        lock (_lock)
        {
            old = _routes;
            if (topology.Topology.Epoch <= old.Epoch || _closing.IsCancellationRequested)
            {
                return;
            }

            Dictionary<(string, EndPoint), NodeShards> kept = old.Nodes.Where(node => node.KeepsFrames)
                .ToDictionary(node => (node.Name, node.EndPoint));
            NodeShards[] nodes = [.. topology.Topology.Nodes.Select(
                node => kept.GetValueOrDefault((node.Name, node.EndPoint)) ?? NewNode(node, null))];
            Publish(new(topology, nodes, Options));
        }

        Telemetry.Log.TopologyLearnt(topology.Topology.Epoch, topology.Topology.Nodes.Count, old.Epoch);
    }

    /// <summary>Puts other routes in place. Under the lock.</summary>
    private void Publish(Routes routes)
    {
        Routes old = _routes;
        foreach (NodeShards added in routes.Nodes.Except(old.Nodes))
        {
            _ = added.StartAsync();
        }

        _routes = routes;
        WatchCopies();
        _near?.Follow(routes.Addresses);
        foreach (ShardConnection gone in old.Nodes.Except(routes.Nodes).SelectMany(node => node.Connections))
        {
            gone.Retire();
            _retired.Add((gone, Environment.TickCount64));
        }

        // What waits for a node that is not there may be another one's by now.
        foreach (ShardConnection kept in routes.Nodes.Intersect(old.Nodes).SelectMany(node => node.Connections))
        {
            kept.GiveBackUnsent();
        }
    }

    private async Task RelayoutAsync(NodeShards outdated)
    {
        Backoff backoff = new(Options.MaxReconnectPause);
        while (_routes.Nodes.Contains(outdated) && !_closing.IsCancellationRequested)
        {
            try
            {
                NodeLayout layout = await NodeTalk.AskLayoutAsync(outdated.EndPoint, Options, _closing.Token)
                    .ConfigureAwait(false);
                Replace(outdated, new(this, outdated.Name, outdated.EndPoint, outdated.KeepsFrames, layout));
                return;
            }
            catch (Exception failure) when (NodeTalk.IsFailure(failure))
            {
                await Task.Delay(backoff.Next(), _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Replace(NodeShards outdated, NodeShards node)
    {
        lock (_lock)
        {
            if (_routes.Nodes.Contains(outdated) && !_closing.IsCancellationRequested)
            {
                NodeShards[] nodes = [.. _routes.Nodes.Select(one => one == outdated ? node : one)];
                Publish(new(_routes.Known, nodes, Options));
            }
        }
    }

    /// <summary>Asks one node after another whether there is a newer topology: now and then, soon when a node is lost, and often
    /// while one is.</summary>
    private async Task WatchAsync()
    {
        while (!_closing.IsCancellationRequested)
        {
            bool isOneLost = !_routes.Nodes.All(node => node.IsUp);
            TimeSpan pause = isOneLost ? Options.MaxReconnectPause
                : Options.TopologyRefresh == TimeSpan.Zero ? Timeout.InfiniteTimeSpan
                : Options.TopologyRefresh;
            try
            {
                await _lost.WaitAsync(pause, _closing.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            Routes routes = _routes;
            if (routes.Topology is not null)
            {
                Learn(AnyEndPoint(routes));
            }
        }
    }

    /// <summary>A node to ask about the others: one that is up, if there is any.</summary>
    private EndPoint AnyEndPoint(Routes routes) => NodeTalk.OneOf(
        routes.Nodes.Where(node => node.IsUp).Select(node => node.EndPoint),
        routes.Nodes.Select(node => node.EndPoint).Concat(Options.Seeds));

    private async Task SweepAsync()
    {
        TimeSpan period = Options.RequestTimeout / 10;
        period = period < ShortestSweep ? ShortestSweep : period > LongestSweep ? LongestSweep : period;
        using PeriodicTimer timer = new(period);
        try
        {
            while (await timer.WaitForNextTickAsync(_closing.Token).ConfigureAwait(false))
            {
                foreach (ShardConnection connection in _routes.Nodes.SelectMany(node => node.Connections))
                {
                    connection.Sweep();
                }

                await SweepRetiredAsync().ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The client is closed.
        }
    }

    /// <summary>Closes retired connections on which nobody waits for a reply any more.</summary>
    private async Task SweepRetiredAsync()
    {
        List<ShardConnection> ended = [];
        lock (_lock)
        {
            long longest = Environment.TickCount64 - (2 * (long)Options.RequestTimeout.TotalMilliseconds);
            foreach ((ShardConnection connection, long since) in _retired)
            {
                connection.Sweep();
                if (connection.Outstanding == 0 || since < longest)
                {
                    ended.Add(connection);
                }
            }

            _retired.RemoveAll(one => ended.Contains(one.Connection));
        }

        await Task.WhenAll(ended.Select(connection => connection.DisposeAsync().AsTask())).ConfigureAwait(false);
    }
}
