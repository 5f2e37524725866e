using System.Diagnostics.Metrics;
using System.Net;
using FastCache.Client.Connections;

namespace FastCache.Client.Telemetry;

/// <summary>What is told of each node, summed over the connections to it.</summary>
internal sealed class ServerInstruments
{
    private const string ConnectionState = "fastcache.connection.state";
    private const string NodeState = "fastcache.node.state";
    private const string Connected = "connected";
    private const string Disconnected = "disconnected";
    private const string Direction = "network.io.direction";

    private readonly Lock _lock = new();
    private readonly Dictionary<EndPoint, Server> _servers = [];

    public ServerInstruments(Meter meter)
    {
        Counter("fastcache.client.requests", "{request}", "Requests for the node, repeats after Moved included.", all => all.Requests);
        Counter("fastcache.client.replies", "{reply}", "Replies of the node.", all => all.Replies);
        meter.CreateObservableCounter(
            "fastcache.client.io",
            () => Each<long>(server => [
                new(server.Counts.SentBytes, server.Tags.With(Direction, "transmit")),
                new(server.Counts.ReceivedBytes, server.Tags.With(Direction, "receive"))]),
            "By",
            "Bytes of requests and of replies, with their headers.");
        Counter("fastcache.client.moved", "{reply}", "Replies that the slot is another node's.", all => all.Moved);
        Counter("fastcache.client.timeouts", "{request}", "Requests without a reply in time.", all => all.TimeOuts);
        Counter("fastcache.client.reconnects", "{connection}", "Connections that were made in place of lost ones.", all => all.Reconnects);
        meter.CreateObservableUpDownCounter(
            "fastcache.client.outstanding",
            () => Each<long>(server => [new(server.Connections.Sum(connection => (long)connection.Outstanding), server.Tags.Server)]),
            "{request}",
            "Requests without a reply.");
        meter.CreateObservableUpDownCounter(
            "fastcache.client.connections",
            () => Each<long>(server => [
                new(server.Connections.Count(one => one.IsUp), server.Tags.With(ConnectionState, Connected)),
                new(server.Connections.Count(one => !one.IsUp), server.Tags.With(ConnectionState, Disconnected))]),
            "{connection}",
            "Connections to the node's shards.");
        meter.CreateObservableUpDownCounter("fastcache.client.nodes", Nodes, "{node}", "Nodes; connected are those whose shards all are.");

        void Counter(string name, string unit, string description, Func<ConnectionCounts, long> read) => meter.CreateObservableCounter(
            name, () => Each<long>(server => [new(read(server.Counts), server.Tags.Server)]), unit, description);
    }

    public void Add(ShardConnection connection)
    {
        lock (_lock)
        {
            if (!_servers.TryGetValue(connection.Address.EndPoint, out Server? server))
            {
                server = new(connection.Tags);
                _servers.Add(connection.Address.EndPoint, server);
            }

            server.Connections.Add(connection);
        }
    }

    public void Remove(ShardConnection connection)
    {
        lock (_lock)
        {
            if (_servers.TryGetValue(connection.Address.EndPoint, out Server? server) && server.Connections.Remove(connection))
            {
                server.Ended += connection.Counters.Read();
                if (server.Connections.Count == 0)
                {
                    _servers.Remove(connection.Address.EndPoint);
                }
            }
        }
    }

    private Measurement<T>[] Each<T>(Func<Server, Measurement<T>[]> measure)
        where T : struct
    {
        lock (_lock)
        {
            return [.. _servers.Values.SelectMany(measure)];
        }
    }

    private Measurement<long>[] Nodes()
    {
        lock (_lock)
        {
            int connected = _servers.Values.Count(server => server.Connections.TrueForAll(one => one.IsUp || one.IsRetired));
            return _servers.Count == 0 ? [] : [
                new(connected, [new(NodeState, Connected)]),
                new(_servers.Count - connected, [new(NodeState, Disconnected)])];
        }
    }

    /// <summary>A node to which there are connections.</summary>
    private sealed class Server(ServerTags tags)
    {
        public ServerTags Tags => tags;

        public List<ShardConnection> Connections { get; } = [];

        /// <summary>Of connections that are no more.</summary>
        public ConnectionCounts Ended { get; set; }

        public ConnectionCounts Counts => Connections.Aggregate(Ended, (sum, connection) => sum + connection.Counters.Read());
    }
}
