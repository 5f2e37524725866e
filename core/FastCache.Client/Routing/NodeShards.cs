using System.Net;
using FastCache.Client.Connections;
using FastCache.Client.Operations;
using FastCache.Client.Replicas;

namespace FastCache.Client.Routing;

/// <summary>One node with one layout, and the connections made from it, those of a shard side by side.</summary>
/// <remarks>While the layout is not known there are connections to any shard, which forwards what is for another one. When the
/// layout becomes known, or another one, this is replaced as a whole.</remarks>
internal sealed class NodeShards : IShardOwner
{
    private const int AnyShard = -1;

    private readonly Router _router;
    private readonly ShardConnection[] _connections;
    private readonly NodeLayout? _layout;
    private int _isOutdated;

    /// <param name="router">Whose it is.</param>
    /// <param name="name">What it is called.</param>
    /// <param name="endPoint">Where it is.</param>
    /// <param name="isMember">Whether it is a member of a cluster.</param>
    /// <param name="layout">Its layout; null: not known.</param>
    public NodeShards(Router router, string name, EndPoint endPoint, bool isMember, NodeLayout? layout)
    {
        _router = router;
        _layout = layout;
        Name = name;
        EndPoint = endPoint;
        KeepsFrames = isMember;
        int each = router.Options.ConnectionsPerShard;
        _connections = new ShardConnection[(layout?.ShardCount ?? 1) * each];
        for (int i = 0; i < _connections.Length; i++)
        {
            ShardAddress address = new(endPoint, layout is null ? AnyShard : i / each, layout?.ShardCount ?? 0);
            _connections[i] = new(address, router.Options, this, router.Telemetry);
        }
    }

    public string Name { get; }

    public EndPoint EndPoint { get; }

    public bool KeepsFrames { get; }

    public IReadOnlyList<ShardConnection> Connections => _connections;

    /// <summary>What is done with copies; null while no slot has any.</summary>
    public CopyTraffic? Copies => _router.Copies;

    /// <summary>Whether every shard is connected.</summary>
    public bool IsUp => Connections.All(connection => connection.IsUp);

    /// <summary>Whether its shards are known.</summary>
    public bool IsKnown => _layout is not null;

    /// <summary>Number of the first connection to the shard that has a slot.</summary>
    public int FirstOf(int slot) => _layout is null ? 0 : _layout.ShardOf(slot) * _router.Options.ConnectionsPerShard;

    /// <summary>A connection to the shard that has a slot.</summary>
    public ShardConnection ConnectionOf(int slot)
    {
        int each = _router.Options.ConnectionsPerShard;
        return _connections[each == 1 ? FirstOf(slot) : FirstOf(slot) + (Thread.GetCurrentProcessorId() % each)];
    }

    /// <summary>Begins to connect.</summary>
    /// <returns>How the first attempts ended.</returns>
    public Task StartAsync() => Task.WhenAll(Connections.Select(connection => connection.StartAsync()));

    /// <summary>What a user sees of it.</summary>
    public CacheNode Snapshot()
    {
        long[] down = [.. Connections.Where(connection => !connection.IsUp).Select(connection => connection.DownSince)];
        TimeSpan? since = down.Length == 0 ? null : TimeSpan.FromMilliseconds(Math.Max(0, Environment.TickCount64 - down.Min()));
        return new(Name, EndPoint, _layout?.ShardCount ?? 0, since, Connections.Sum(connection => connection.Outstanding));
    }

    void IShardOwner.OtherShards()
    {
        if (Interlocked.Exchange(ref _isOutdated, 1) == 0)
        {
            _router.Relayout(this);
        }
    }

    void IShardOwner.Lost() => _router.NodeLost();

    bool IShardOwner.TryTakeMoved(Operation operation, int ticket, uint epoch)
    {
        if (!KeepsFrames)
        {
            _router.Learn(EndPoint);
            return false;
        }

        if (operation.CopyFrame(ticket) is byte[] frame)
        {
            _router.Strays.Add(new(operation, ticket, frame) { From = this, Epoch = epoch });
        }

        return true;
    }

    void IShardOwner.TakeUnsent(Operation operation, int ticket, byte[] frame) =>
        _router.Strays.Add(new(operation, ticket, frame));
}
