using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace FastCache.Bench.Peers;

/// <summary>redis-server without persistence, over RESP.</summary>
internal sealed class Redis : Peer
{
    private const string Program = "redis-server";
    private const string Stored = "+OK\r\n";

    private Redis(string name, PeerProcess process)
        : base(name, process)
    {
    }

    public static Peer? Start() => PeerProcess.Find(Program) is string path
        ? new Redis(NameOf(PeerProcess.OutputOf(path, "--version")), PeerProcess.Start(path, socket =>
            ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no"]))
        : null;

    /// <summary>One that also listens on an address.</summary>
    public static PeerProcess? Start(IPEndPoint address) => PeerProcess.Find(Program) is string path
        ? PeerProcess.Start(path, socket =>
        [
            "--port", address.Port.ToString(CultureInfo.InvariantCulture), "--bind", address.Address.ToString(),
            "--unixsocket", socket, "--save", "", "--appendonly", "no",
        ])
        : null;

    /// <summary>An address of this machine on which nobody listens.</summary>
    public static IPEndPoint FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return (IPEndPoint)listener.LocalEndpoint;
    }

    protected override long Items() => NumberIn(Ask("DBSIZE\r\n", "\r\n"), ":");

    protected override long OwnBytes() => NumberIn(Ask("INFO memory\r\n", "\r\n\r\n"), "used_memory:");

    protected override void WriteSet(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Write($"*3\r\n$3\r\nSET\r\n${key.Length}\r\n");
        Write(key);
        Write($"\r\n${value.Length}\r\n");
        Write(value);
        Write("\r\n");
    }

    protected override string Acknowledgement(int sets) => string.Concat(Enumerable.Repeat(Stored, sets));

    /// <summary>From "Redis server v=7.0.15 sha=...".</summary>
    private static string NameOf(string version) =>
        "redis " + (version.Split(' ').FirstOrDefault(word => word.StartsWith("v=", StringComparison.Ordinal)) ?? "v=?")[2..];
}
