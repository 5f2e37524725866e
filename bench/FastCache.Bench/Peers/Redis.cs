using FastCache.LoadGen.Peers;

namespace FastCache.Bench.Peers;

/// <summary>redis-server without persistence, over RESP.</summary>
internal sealed class Redis : Peer
{
    private const string Stored = "+OK\r\n";

    private Redis(string name, PeerProcess process)
        : base(name, process)
    {
    }

    public static Peer? Start() => PeerProgram.Find(PeerProgram.Redis) is string path
        ? new Redis(PeerProgram.NameOf([path]), PeerProcess.OverUnixSocket([path], socket =>
            ["--port", "0", "--unixsocket", socket, .. PeerProgram.RedisInMemory]))
        : null;

    /// <summary>One that listens on a port of loopback; null: it is not installed.</summary>
    public static PeerProcess? Listen() => PeerProgram.Find(PeerProgram.Redis) is string path
        ? PeerProcess.OverLoopback([path], port =>
            ["--port", $"{port}", "--bind", $"{System.Net.IPAddress.Loopback}", .. PeerProgram.RedisInMemory])
        : null;

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
}
