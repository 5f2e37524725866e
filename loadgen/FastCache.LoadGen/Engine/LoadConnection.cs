using FastCache.Io;

namespace FastCache.LoadGen.Engine;

/// <summary>One connection's place in the stream of requests and replies.</summary>
/// <remarks>Its walker is a mutable struct, and a field for that reason.</remarks>
internal sealed class LoadConnection(ConnectionId id, int start, ReplyShapes shapes)
{
    /// <summary>Checks what it receives.</summary>
    public ReplyWalker Walker = new(shapes, start);

    public ConnectionId Id { get; } = id;

    /// <summary>Index of the request that is sent next.</summary>
    public int NextRequest { get; set; } = start;

    /// <summary>Requests without a reply.</summary>
    public int Outstanding { get; set; }

    /// <summary>When its batch was sent (closed loop), in clock ticks.</summary>
    public long SentAt { get; set; }
}
