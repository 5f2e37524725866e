using System.Net;

namespace FastCache.Client;

/// <summary>What a client knows of a node.</summary>
/// <param name="Name">Its name in the topology; of a node that is no member of a cluster, its address.</param>
/// <param name="EndPoint">Where it is.</param>
/// <param name="Shards">How many shards it has; 0 while it has not said.</param>
/// <param name="DisconnectedFor">How long a connection to it has been missing; null: all of its shards are
/// connected.</param>
/// <param name="Outstanding">Requests to it without a reply.</param>
public sealed record CacheNode(string Name, EndPoint EndPoint, int Shards, TimeSpan? DisconnectedFor, int Outstanding)
{
    /// <summary>Whether all of its shards are connected.</summary>
    public bool IsConnected => DisconnectedFor is null;
}
