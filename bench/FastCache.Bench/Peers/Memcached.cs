using FastCache.LoadGen.Peers;

namespace FastCache.Bench.Peers;

/// <summary>memcached, over its text protocol with quiet sets.</summary>
internal sealed class Memcached : Peer
{
    private const int MostMebibytes = 32 << 10;

    private Memcached(string name, PeerProcess process)
        : base(name, process)
    {
    }

    public static Peer? Start() => PeerProgram.Find(PeerProgram.Memcached) is string path
        ? new Memcached(PeerProgram.NameOf([path]), PeerProcess.OverUnixSocket([path], socket =>
            ["-s", socket, "-u", Environment.UserName, "-m", $"{MostMebibytes}", "-t", "1"]))
        : null;

    protected override long Items() => NumberIn(Ask("stats\r\n", "END\r\n"), "STAT curr_items ");

    protected override long OwnBytes() =>
        NumberIn(Ask("stats slabs\r\n", "END\r\n"), "STAT total_malloced ")
        + NumberIn(Ask("stats\r\n", "END\r\n"), "STAT hash_bytes ");

    protected override void WriteSet(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Write("set ");
        Write(key);
        Write($" 0 0 {value.Length} noreply\r\n");
        Write(value);
        Write("\r\n");
    }

    protected override string Acknowledgement(int sets)
    {
        Write("mn\r\n");
        return "MN\r\n";
    }
}
