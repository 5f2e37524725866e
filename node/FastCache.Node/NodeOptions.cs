using System.Net;
using FastCache.Core;
using FastCache.Io;

namespace FastCache.Node;

/// <summary>What a node is told at its start; <see cref="NodeCommand"/> declares how each is given.</summary>
internal sealed record NodeOptions
{
    /// <summary>Hard budget of the cache in bytes.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Where to listen; port 0 takes any free one.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Most connections at once.</summary>
    public required int MaxConnections { get; init; }

    /// <summary>Hard budget in bytes for input and output that waits, over all connections; half for each.</summary>
    public required long ConnectionMemoryBytes { get; init; }

    /// <summary>How long a peer may leave its replies unread.</summary>
    public required TimeSpan WriteTimeout { get; init; }

    /// <summary>How long a frame that has begun may take to arrive whole.</summary>
    public required TimeSpan FrameTimeout { get; init; }

    /// <summary>Whether the node stops when its standard input ends.</summary>
    public required bool StopWithInput { get; init; }

    /// <summary>Whether the cache's memory is made present before the node listens.</summary>
    public required bool Prefault { get; init; }

    /// <summary>Values of at least so many bytes are stored compressed when that pays; 0: none.</summary>
    public required int CompressFromBytes { get; init; }

    /// <summary>How the node reaches its sockets.</summary>
    public IoBackend Io { get; init; }

    /// <summary>Whether the node only says what this machine offers, and ends.</summary>
    public bool IoInfo { get; init; }

    /// <summary>How long values that were stored with KeepStale are kept as stale.</summary>
    public TimeSpan StaleTime { get; init; }

    public ShardOptions ToShardOptions() => new()
    {
        MemoryBudgetBytes = MemoryBytes,
        Prefault = Prefault,
        CompressFromBytes = CompressFromBytes,
        StaleTime = StaleTime,
    };

    public ShardIoOptions ToIoOptions() =>
        new() { MaxConnections = MaxConnections, MaxBacklogBytes = ConnectionMemoryBytes / 2 };
}
