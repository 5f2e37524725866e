using System.Net;
using System.Numerics;
using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Doors;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Node.Sessions;
using FastCache.Protocol;

namespace FastCache.Node;

/// <summary>What a node is told at its start; <see cref="NodeCommand"/> declares how each is given.</summary>
internal sealed record NodeOptions
{
    /// <summary>Connections that a backend has room for beyond the limit, so that those above it can be told why they are refused.</summary>
    public const int RefusalSlots = 64;

    /// <summary>Receive buffers of a shard take at most this share of its connection memory.</summary>
    private const int ReceiveShare = 8;

    private const int MaxReceiveBuffers = 256;
    private const int MinReceiveBuffers = 16;

    /// <summary>Hard budget of the cache in bytes.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Where to listen for FCP; port 0 takes any free one.</summary>
    public required IPEndPoint Listen { get; init; }

    /// <summary>Where to listen beside that, also for other protocols.</summary>
    public IReadOnlyList<DoorAddress> MoreListens { get; init; } = [];

    /// <summary>Where to listen, FCP's own address first: in the order of <see cref="Io.IoEvent.Listener"/>.</summary>
    public IEnumerable<DoorAddress> Listens => [new DoorAddress(DoorKind.Fcp, Listen), .. MoreListens];

    /// <summary>Whether <see cref="Listen"/> was given, rather than the default.</summary>
    public bool IsListenGiven { get; init; }

    /// <summary>File of the cluster's topology; null: the node is in no cluster.</summary>
    public string? TopologyPath { get; init; }

    /// <summary>The node's name in the topology; null: that of the node with the address <see cref="Listen"/>.</summary>
    public string? NodeName { get; init; }

    /// <summary>Number of shards, each with a thread and a share of the memory.</summary>
    public int Shards { get; init; } = 1;

    /// <summary>Most connections at once.</summary>
    public required int MaxConnections { get; init; }

    /// <summary>Most connections at once from one address.</summary>
    public int MaxConnectionsPerAddress { get; init; } = int.MaxValue;

    /// <summary>Longest key that clients may use.</summary>
    public int MaxKeyBytes { get; init; } = Shard.MaxKeyBytes;

    /// <summary>Largest value that a frame may carry.</summary>
    public int MaxValueBytes { get; init; } = RequestExecutor.MaxValueBytes;

    /// <summary>Most requests of one connection that are executed before the others have their turn.</summary>
    public int MaxPipelined { get; init; } = 16_384;

    /// <summary>Hard budget in bytes for input and output that waits, over all connections; half for each.</summary>
    public required long ConnectionMemoryBytes { get; init; }

    /// <summary>How long a peer may leave its replies unread.</summary>
    public required TimeSpan WriteTimeout { get; init; }

    /// <summary>How long a frame that has begun may take to arrive whole.</summary>
    public required TimeSpan FrameTimeout { get; init; }

    /// <summary>How long an open stream may wait for its client.</summary>
    public TimeSpan StreamTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a connection may take to say its Hello.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may say nothing; zero: for ever.</summary>
    public TimeSpan IdleTimeout { get; init; }

    /// <summary>How long the node takes at most to bring its conversations to their ends.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether a shard watches short silences before it sleeps, see <see cref="AdaptiveSpin"/>.</summary>
    public bool Spin { get; init; } = true;

    /// <summary>How long connection memory may be scarce until the heaviest peers, which were told to wait, are disconnected.</summary>
    public TimeSpan PressurePatience { get; init; } = TimeSpan.FromSeconds(1);

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

    /// <summary>Whether each shard's thread is bound to a processor of its own, where there are enough.</summary>
    public bool Pin { get; init; }

    /// <summary>How long values that were stored with KeepStale are kept as stale.</summary>
    public TimeSpan StaleTime { get; init; }

    /// <summary>Of which events subscribers of Redis's protocol are told at the start; CONFIG SET changes it.</summary>
    public EventClasses KeyEvents { get; init; }

    /// <summary>These options where so many processors may be used: shards that share one are not bound to it, and do not
    /// spin while another has work there (2,718 to 1,291 ns an operation of unordered clients at depth 16).</summary>
    public NodeOptions On(int processors) => Shards <= processors ? this : this with { Pin = false, Spin = false };

    /// <summary>The options of one shard.</summary>
    public ShardOptions ToShardOptions() => new()
    {
        MemoryBudgetBytes = MemoryBytes / Shards,
        Prefault = Prefault,
        CompressFromBytes = CompressFromBytes,
        StaleTime = StaleTime,
    };

    /// <summary>The sizes of one shard's backend.</summary>
    public ShardIoOptions ToIoOptions()
    {
        ShardIoOptions sizes = new();
        long share = ConnectionMemoryBytes / Shards;
        long buffers = Math.Clamp(share / ReceiveShare / sizes.ReceiveBufferBytes, MinReceiveBuffers, MaxReceiveBuffers);
        return sizes with
        {
            MaxConnections = MaxConnections + RefusalSlots,
            MaxBacklogBytes = share / 2,
            ReceiveBuffers = 1 << BitOperations.Log2((uint)buffers),
        };
    }

    /// <summary>What clients may ask for.</summary>
    public ProtocolLimits ToProtocolLimits() => new(MaxKeyBytes, MaxValueBytes, FcpLimits.MaxBatchKeys);
}
