using System.Collections.Concurrent;
using FastCache.Io;

namespace FastCache.Node.Doors.Resp;

/// <summary>Where a client's connection is.</summary>
/// <param name="Shard">The number of its shard.</param>
/// <param name="Connection">On that shard.</param>
internal readonly record struct ClientPlace(int Shard, ConnectionId Connection);

/// <summary>The open connections of Redis's protocol by their numbers, on all shards. For all threads.</summary>
internal sealed class OpenClients
{
    private readonly ConcurrentDictionary<long, ClientPlace> _places = new();
    private long _lastId;

    /// <summary>Gives a new connection its number, which no other ever has.</summary>
    public long Open(ClientPlace place)
    {
        long id = Interlocked.Increment(ref _lastId);
        _places[id] = place;
        return id;
    }

    /// <summary>A connection has ended.</summary>
    public void Close(long id) => _places.TryRemove(id, out _);

    /// <summary>Where a client is, if it is still there.</summary>
    public bool TryFind(long id, out ClientPlace place) => _places.TryGetValue(id, out place);
}
