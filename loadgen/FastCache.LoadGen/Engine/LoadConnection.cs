using FastCache.Io;

namespace FastCache.LoadGen.Engine;

/// <summary>One connection's place in what it sends.</summary>
/// <param name="id">The connection.</param>
/// <param name="start">Index of the request that is sent first.</param>
internal class LoadConnection(ConnectionId id, int start)
{
    public ConnectionId Id { get; } = id;

    /// <summary>Index of the request that is sent next.</summary>
    public int NextRequest { get; set; } = start;

    /// <summary>Requests without a reply.</summary>
    public int Outstanding { get; set; }

    /// <summary>When its batch was sent (closed loop), in clock ticks.</summary>
    public long SentAt { get; set; }
}

/// <summary>One whose replies are looked at.</summary>
/// <remarks>Its walker is a mutable struct, and a field for that reason.</remarks>
/// <typeparam name="TWalker">What looks at them.</typeparam>
/// <param name="id">The connection.</param>
/// <param name="start">Index of the request that is sent first.</param>
/// <param name="walker">One that expects the reply to that request.</param>
internal sealed class LoadConnection<TWalker>(ConnectionId id, int start, TWalker walker)
    : LoadConnection(id, start)
    where TWalker : struct, IReplyWalker
{
    /// <summary>Checks what it receives.</summary>
    public TWalker Walker = walker;
}
