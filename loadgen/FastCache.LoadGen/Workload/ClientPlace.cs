namespace FastCache.LoadGen.Workload;

/// <summary>Which shard's keys a connection asks for, and its place among the connections that do the same.</summary>
/// <param name="Shard">From 0.</param>
/// <param name="Rank">From 0.</param>
/// <param name="Peers">How many do the same, at least 1.</param>
internal readonly record struct ClientPlace(int Shard, int Rank, int Peers)
{
    /// <summary>Connections are dealt out to the shards in turn.</summary>
    /// <param name="connection">From 0.</param>
    /// <param name="connections">At least <paramref name="shards"/>.</param>
    /// <param name="shards">At least 1.</param>
    public static ClientPlace Of(int connection, int connections, int shards)
    {
        int shard = connection % shards;
        return new(shard, connection / shards, (connections - shard + shards - 1) / shards);
    }

    /// <summary>Where its equal part of so many things begins; the next one's begins where it ends.</summary>
    public int StartOf(int count) => (int)((long)count * Rank / Peers);

    /// <summary>Where its part ends.</summary>
    public int EndOf(int count) => (int)((long)count * (Rank + 1) / Peers);
}
