using System.Net;
using FastCache.Io;
using FastCache.LoadGen.Wire;

namespace FastCache.LoadGen.Options;

/// <summary>How keys are drawn.</summary>
internal enum KeyDistribution
{
    /// <summary>Each key equally often.</summary>
    Uniform,

    /// <summary>The key of rank k in proportion to 1 / k^exponent.</summary>
    Zipf,
}

/// <summary>What clients know of the shards of a node. With one shard, aware and unaware ones are the same.</summary>
internal enum ClientKind
{
    /// <summary>Each connection is for one shard, and asks for its keys only.</summary>
    Aware,

    /// <summary>Every connection asks for every key, and has its replies in order.</summary>
    Unaware,

    /// <summary>Every connection asks for every key, and takes its replies as they come.</summary>
    Unordered,
}

/// <summary>What a run does, apart from the load itself.</summary>
internal enum RunMode
{
    /// <summary>One measured phase, closed loop or at a rate.</summary>
    Measure,

    /// <summary>Node and byte-moving program in turn.</summary>
    Floor,

    /// <summary>The search for the highest rate that holds the latency target.</summary>
    FindRate,

    /// <summary>The node over each of its backends in turn.</summary>
    CompareIo,
}

/// <summary>The options of <c>run</c>, parsed and checked.</summary>
/// <remarks>Their defaults and ranges are declared in <see cref="RunCommand"/>.</remarks>
internal sealed record RunOptions
{
    /// <summary>The node to load; null: start one.</summary>
    public DnsEndPoint? Connect { get; init; }

    public int Keys { get; init; }

    public int KeySize { get; init; }

    public int ValueSize { get; init; }

    /// <summary>Reads among all operations, 0 to 1.</summary>
    public double Reads { get; init; }

    /// <summary>Reads of absent keys among all reads, 0 to 1.</summary>
    public double Misses { get; init; }

    public KeyDistribution Distribution { get; init; }

    public double ZipfExponent { get; init; }

    /// <summary>What the server speaks.</summary>
    public IWire Wire { get; init; } = FcpWire.Instance;

    public int Connections { get; init; }

    /// <summary>Connections beside them that only are there.</summary>
    public int QuietConnections { get; init; }

    public ClientKind Clients { get; init; }

    /// <summary>Requests of one connection that are sent together.</summary>
    public int Depth { get; init; }

    public TimeSpan Duration { get; init; }

    public TimeSpan WarmUp { get; init; }

    /// <summary>Requests a second; 0: closed loop.</summary>
    public long Rate { get; init; }

    public CpuList NodeCpus { get; init; } = CpuList.Of(0);

    public CpuList LoadCpus { get; init; } = CpuList.Of(1);

    /// <summary>The memory of the node that is started, as its own option wants it.</summary>
    public string Memory { get; init; } = "";

    /// <summary>Further options of the node that is started.</summary>
    public IReadOnlyList<string> NodeArguments { get; init; } = [];

    /// <summary>Shards of the node that is started; null: one for each of its processors.</summary>
    public int? Shards { get; init; }

    /// <summary>How the node that is started reaches its sockets.</summary>
    public IoBackend NodeIo { get; init; }

    /// <summary>Where the record goes; null: nowhere.</summary>
    public string? RecordPath { get; init; }

    /// <summary>Where the page goes; null: nowhere.</summary>
    public string? PagePath { get; init; }

    /// <summary>All options as they are typed, defaults too.</summary>
    public IReadOnlyDictionary<string, string> Texts { get; init; } = new Dictionary<string, string>();

    public ulong Seed { get; init; }

    public RunMode Mode { get; init; }

    /// <summary>Rounds of <see cref="RunMode.Floor"/> and <see cref="RunMode.CompareIo"/>.</summary>
    public int Rounds { get; init; }

    public bool IsOpenLoop => Rate > 0;
}
