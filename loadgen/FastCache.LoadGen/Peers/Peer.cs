using System.Net;
using FastCache.LoadGen.Children;
using FastCache.LoadGen.Wire;

namespace FastCache.LoadGen.Peers;

/// <summary>What a peer is started for.</summary>
/// <param name="Port">Where it shall listen, on the loopback address.</param>
/// <param name="MemoryBytes">Memory for items.</param>
/// <param name="Keys">Items that are stored.</param>
/// <param name="Connections">Clients.</param>
/// <param name="Depth">Most requests that a client sends at once.</param>
internal sealed record PeerSettings(int Port, long MemoryBytes, int Keys, int Connections, int Depth);

/// <summary>A cache server of others: how it is found, set up and spoken to.</summary>
/// <remarks>The settings' reasons are in the section "Peers" of the load generator's README.</remarks>
/// <param name="Name">As <c>--with</c> names it.</param>
/// <param name="Program">What is looked for.</param>
/// <param name="Wire">What it speaks.</param>
/// <param name="Find">The program and what its arguments begin with; null: it is not on this machine.</param>
/// <param name="Arguments">Its further arguments.</param>
/// <param name="Title">What tables call it; null: what the program calls itself.</param>
internal sealed record Peer(
    string Name,
    string Program,
    IWire Wire,
    Func<IReadOnlyList<string>?> Find,
    Func<PeerSettings, IEnumerable<string>> Arguments,
    string? Title = null)
{
    private const string NodeProject = "node/FastCache.Node";
    private const string GarnetProject = "loadgen/FastCache.GarnetPeer";
    private const int SpareConnections = 64;
    private const int MinGarnetIndexBytes = 1 << 20;
    private const int GarnetIndexBytesPerKey = 32;

    private static readonly string Loopback = IPAddress.Loopback.ToString();

    /// <summary>In the order of tables.</summary>
    public static IReadOnlyList<Peer> All { get; } =
    [
        new("redis", PeerProgram.Redis, RespWire.Instance, () => Installed(PeerProgram.Redis), Redis),
        new("valkey", PeerProgram.Valkey, RespWire.Instance, () => Installed(PeerProgram.Valkey), Redis),
        new("memcached", PeerProgram.Memcached, MetaWire.Instance, () => Installed(PeerProgram.Memcached), Memcached),
        new("garnet", GarnetProject, RespWire.Instance, () => Built(GarnetProject), Garnet),
        new("resp", NodeProject, RespWire.Instance, () => Built(NodeProject), settings => Node("resp", settings), "FastCache by RESP"),
        new("meta", NodeProject, MetaWire.Instance, () => Built(NodeProject), settings => Node("memcached", settings), "FastCache by mg, ms"),
    ];

    public static Peer? Named(string name) =>
        All.FirstOrDefault(peer => peer.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static string[]? Installed(string program) => PeerProgram.Find(program) is string path ? [path] : null;

    private static string[]? Built(string project) =>
        PeerProgram.Find("dotnet") is string dotnet
        && BuiltProgram.PathOf(project, AppContext.BaseDirectory) is string path
        && File.Exists(path)
            ? [dotnet, path]
            : null;

    private static IEnumerable<string> Redis(PeerSettings settings) =>
    [
        "--bind", Loopback, "--port", $"{settings.Port}", .. PeerProgram.RedisInMemory, "--io-threads", "1",
        "--maxmemory", $"{settings.MemoryBytes}", "--maxmemory-policy", "allkeys-lru",
        "--maxclients", $"{settings.Connections + SpareConnections}",
    ];

    private static IEnumerable<string> Memcached(PeerSettings settings) =>
    [
        "-l", Loopback, "-p", $"{settings.Port}", "-U", "0", "-u", Environment.UserName, "-t", "1",
        "-m", $"{settings.MemoryBytes >> 20}", "-c", $"{settings.Connections + SpareConnections}",
        "-R", $"{settings.Depth}",
    ];

    private static IEnumerable<string> Garnet(PeerSettings settings) =>
    [
        "--bind", Loopback, "--port", $"{settings.Port}", "--memory", $"{settings.MemoryBytes}",
        "--index", $"{Math.Max(MinGarnetIndexBytes, (long)settings.Keys * GarnetIndexBytesPerKey)}",
        "--no-pubsub", "--no-obj", "--network-connection-limit", $"{settings.Connections + SpareConnections}",
    ];

    private static IEnumerable<string> Node(string door, PeerSettings settings) =>
    [
        "--listen", $"{Loopback}:0", "--listen", $"{door}://{Loopback}:{settings.Port}", "--shards", "1",
        "--memory", $"{settings.MemoryBytes}", "--prefault", "false", "--max-connections", $"{settings.Connections + SpareConnections}",
    ];
}
