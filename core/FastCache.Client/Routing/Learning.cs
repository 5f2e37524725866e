using System.Diagnostics.CodeAnalysis;
using System.Net;
using FastCache.Client.Connections;
using FastCache.Cluster;

namespace FastCache.Client.Routing;

/// <summary>Learns from the nodes what has changed: the topology of their cluster, and the shards that each of them has.</summary>
/// <remarks>
/// <code>
///   Moved, by a newer epoch ------> Learn (that node) ----------+
///   a connection was lost --> LearnSoon --+                     |
///   the time between two looks -----------+-> a node that is up +--> a newer topology --> Router.Adopt
///
///   another number of shards -----> Relayout (that node), until it answers ------------> Router.Replace
/// </code>
/// </remarks>
[SuppressMessage(
    "Design", "CA1001", Justification = "The semaphore has no handle to be freed, and connections that end last still release it.")]
internal sealed class Learning(Router router, BackgroundTasks background)
{
    private readonly Lock _lock = new();
    private readonly HashSet<EndPoint> _asked = []; // Nodes of which a topology is being learnt.
    private readonly SemaphoreSlim _soon = new(0);
    private volatile Exception? _failure;

    /// <summary>Why the last attempt to learn a topology came to nothing; null: it did not.</summary>
    public Exception? Failure => _failure;

    /// <summary>Begins to learn a newer topology from a node, unless that is under way already.</summary>
    /// <returns>Whether it was not.</returns>
    public bool Learn(EndPoint from)
    {
        lock (_lock)
        {
            if (background.IsClosing || !_asked.Add(from))
            {
                return false;
            }
        }

        background.Run(() => LearnAsync(from));
        return true;
    }

    /// <summary>Asks a node soon whether the topology is another one by now.</summary>
    public void LearnSoon()
    {
        if (_soon.CurrentCount == 0)
        {
            _soon.Release();
        }
    }

    /// <summary>Learns the shards of a node anew, and replaces the connections to it.</summary>
    public void Relayout(NodeShards outdated) => background.Run(() => RelayoutAsync(outdated));

    /// <summary>Asks one node after another whether there is a newer topology: now and then, soon when a node is lost, and often
    /// while one is. Goes on until the router closes.</summary>
    public async Task WatchAsync()
    {
        while (!background.IsClosing)
        {
            bool isOneLost = !router.Routes.Nodes.All(node => node.IsUp);
            TimeSpan pause = isOneLost ? router.Options.MaxReconnectPause
                : router.Options.TopologyRefresh == TimeSpan.Zero ? Timeout.InfiniteTimeSpan
                : router.Options.TopologyRefresh;
            try
            {
                await _soon.WaitAsync(pause, background.Closing).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            Routes routes = router.Routes;
            if (routes.Topology is not null)
            {
                Learn(AnyEndPoint(routes));
            }
        }
    }

    /// <summary>A node to ask about the others: one that is up, if there is any.</summary>
    private EndPoint AnyEndPoint(Routes routes) => NodeTalk.OneOf(
        routes.Nodes.Where(node => node.IsUp).Select(node => node.EndPoint),
        routes.Nodes.Select(node => node.EndPoint).Concat(router.Options.Seeds));

    private async Task LearnAsync(EndPoint from)
    {
        try
        {
            KnownTopology? topology = await NodeTalk.AskTopologyAsync(
                from, router.Routes.Known, router.Options, background.Closing).ConfigureAwait(false);
            if (topology is not null)
            {
                router.Adopt(topology);
            }

            _failure = null;
        }
        catch (Exception failure) when (NodeTalk.IsFailure(failure))
        {
            _failure = failure;
        }
        finally
        {
            lock (_lock)
            {
                _asked.Remove(from);
            }

            router.Strays.Wake();
        }
    }

    private async Task RelayoutAsync(NodeShards outdated)
    {
        Backoff backoff = new(router.Options.MaxReconnectPause);
        while (router.Routes.Nodes.Contains(outdated) && !background.IsClosing)
        {
            try
            {
                NodeLayout layout = await NodeTalk.AskLayoutAsync(outdated.EndPoint, router.Options, background.Closing)
                    .ConfigureAwait(false);
                router.Replace(outdated, layout);
                return;
            }
            catch (Exception failure) when (NodeTalk.IsFailure(failure))
            {
                await Task.Delay(backoff.Next(), background.Closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
