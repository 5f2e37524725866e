using FastCache.Node.Cluster;
using FastCache.Node.Doors;
using FastCache.Node.Doors.Resp;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Node.Doors.Resp.Subscriptions;
using FastCache.Node.Limits;
using FastCache.Node.Sessions;

namespace FastCache.Node.Shards;

/// <summary>Everything of a node that is not one shard's alone. None of it is touched for an ordinary request.</summary>
internal sealed class SharedState : IDisposable
{
    /// <summary>The share of connection memory that parcels between shards may take: an eighth.</summary>
    private const int ParcelShare = 8;

    /// <param name="options">The node's options.</param>
    /// <param name="log">Where lines for people go.</param>
    /// <param name="topologyFile">The cluster that the node is in; null: none.</param>
    public SharedState(NodeOptions options, TextWriter log, TopologyFile? topologyFile = null)
    {
        TopologyFile = topologyFile;
        Directory = new ShardDirectory(options.Shards);
        Exchange = new ShardExchange(Directory, options.ConnectionMemoryBytes / ParcelShare);
        Admission = new Admission(options.MaxConnections, options.MaxConnectionsPerAddress);
        Board = new StatsBoard(options.Shards);
        Log = new NodeLog(log);
        Interest = new ChangeInterest(options.Shards);
        Channels = new ChannelCensus(options.Shards);
        Events = new KeyEventSettings(Interest, options.KeyEvents);
    }

    public TopologyFile? TopologyFile { get; }

    public ShardDirectory Directory { get; }

    public ShardExchange Exchange { get; }

    public Admission Admission { get; }

    public StatsBoard Board { get; }

    public NodeLog Log { get; }

    public OpenDoors Doors { get; } = new();

    public ChannelCensus Channels { get; }

    public OpenClients Clients { get; } = new();

    public ChangeInterest Interest { get; }

    public KeyEventSettings Events { get; }

    public void Dispose()
    {
        Exchange.Dispose();
        Log.Dispose();
    }
}
