using System.Net;
using FastCache.Client.Connections;
using FastCache.Client.Near;
using FastCache.Client.Operations;
using FastCache.Client.Replicas;
using FastCache.Client.Telemetry;
using FastCache.Cluster;

namespace FastCache.Client.Routing;

/// <summary>Finds the connection that serves a key, and puts other routes in place when nodes, shards or slots have
/// changed.</summary>
/// <remarks>
/// Of two topologies the one with the higher epoch is taken, and never given up for a lower one, nor for another one with the
/// same epoch. Nodes that keep their name and address keep their connections.
/// </remarks>
internal sealed class Router : IAsyncDisposable
{
    private readonly Lock _lock = new(); // Over the change from one set of routes to the next.
    private readonly BackgroundTasks _background = new();
    private readonly ConnectionSweep _sweep;
    private readonly NearCache? _near;
    private volatile Routes _routes;
    private volatile CopyTraffic? _copies;

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
        _sweep = new(this);
        Learning = new(this, _background);
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

    /// <summary>Learns what has changed.</summary>
    public Learning Learning { get; }

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

    /// <summary>Takes a topology that is newer than the one there is, and the nodes that it names.</summary>
    public void Adopt(KnownTopology topology)
    {
        Routes old;
        lock (_lock)
        {
            old = _routes;
            if (topology.Topology.Epoch <= old.Epoch || _background.IsClosing)
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

    /// <summary>Puts a node with a layout in the place of the same one with another, if that is there still.</summary>
    public void Replace(NodeShards outdated, NodeLayout layout)
    {
        lock (_lock)
        {
            if (_routes.Nodes.Contains(outdated) && !_background.IsClosing)
            {
                NodeShards node = new(this, outdated.Name, outdated.EndPoint, outdated.KeepsFrames, layout);
                NodeShards[] nodes = [.. _routes.Nodes.Select(one => one == outdated ? node : one)];
                Publish(new(_routes.Known, nodes, Options));
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _background.DisposeAsync().ConfigureAwait(false);
        IEnumerable<ShardConnection> connections;
        lock (_lock)
        {
            connections = [.. _routes.Nodes.SelectMany(node => node.Connections), .. _sweep.Retired];
        }

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
            router._background.Run(() => router._sweep.RunAsync(router._background.Closing));
            router._background.Run(router.Learning.WatchAsync);
        }

        return router;
    }

    private NodeShards NewNode(ClusterNode node, NodeLayout? layout) =>
        new(this, node.Name, node.EndPoint, isMember: true, layout);

    /// <summary>Begins with copies, when there are any for the first time. Under the lock.</summary>
    private void WatchCopies()
    {
        if (_copies is null && _routes.Copies is not null)
        {
            CopyTraffic copies = new(this);
            _copies = copies;
            if (copies.ReadsCopies)
            {
                _background.Run(() => copies.Watch.RunAsync(_background.Closing));
            }
        }
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
            _sweep.Retire(gone);
        }

        // What waits for a node that is not there may be another one's by now.
        foreach (ShardConnection kept in routes.Nodes.Intersect(old.Nodes).SelectMany(node => node.Connections))
        {
            kept.GiveBackUnsent();
        }
    }
}
