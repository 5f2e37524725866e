using FastCache.Io;
using FastCache.Node.Doors;

namespace FastCache.Node.Sessions;

/// <summary>The conversations of one shard by the slots of their connections; those of ended ones are used again.</summary>
/// <param name="slots">Most connections at once.</param>
/// <param name="create">Makes a conversation for a slot that never had one.</param>
internal sealed class SessionTable(int slots, Func<Session> create)
{
    private readonly Session?[] _sessions = new Session?[slots];
    private int _highWater;

    /// <summary>One entry for every slot that ever had a connection.</summary>
    public ReadOnlySpan<Session?> All => _sessions.AsSpan(0, _highWater);

    /// <summary>The conversation on a slot that has had a connection.</summary>
    public Session this[int slot] => _sessions[slot]!;

    /// <summary>Begins the conversation on a new connection.</summary>
    public Session Open(ConnectionId connection, Door door)
    {
        Session session = _sessions[connection.Slot] ??= create();
        _highWater = Math.Max(_highWater, connection.Slot + 1);
        session.Open(connection, door);
        return session;
    }

    /// <summary>The conversation on a connection that may be over, or that never was (<see cref="Shards.ForeignRequests.Nobody"/>).</summary>
    /// <returns>Null then.</returns>
    public Session? Find(ConnectionId connection)
    {
        if (connection.Slot < 0)
        {
            return null;
        }

        Session? session = _sessions[connection.Slot];
        return session is not null && session.IsOn(connection) ? session : null;
    }
}
