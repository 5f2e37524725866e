using System.Diagnostics.Metrics;
using System.Net;
using FastCache.Client.Near;
using Microsoft.Extensions.Logging;

namespace FastCache.Client;

/// <summary>Where the node is, and what a client may use and wait for.</summary>
/// <remarks>Checked as a whole when a client is connected; what is out of range is named with what is allowed.</remarks>
public sealed record FastCacheClientOptions
{
    private const int MaxConnectionsPerShard = 64;
    private const int MostOutstanding = 1 << 20;
    private const int MostBackgroundFills = 1 << 16;
    private const int MostStreams = 1 << 10;
    private const int LeastSendBytes = 64 << 10;
    private const int MostSendBytes = 1 << 30;
    private const long MostNearBytes = 32L << 30;
    private const double LeastPercentile = 0.5;
    private const double MostPercentile = 0.999;
    private static readonly TimeSpan LongestTime = TimeSpan.FromHours(1);

    /// <summary>Addresses of the node, or of some nodes of the cluster, tried in this order until one answers; at least
    /// one.</summary>
    public required IReadOnlyList<EndPoint> Seeds { get; init; }

    /// <summary>Time for one connection with its handshake, 1 ms to 1 h.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time for one request from the call to its result, 10 ms to 1 h. Noticed up to a tenth of it late.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long requests that were not sent yet wait for a lost connection to come back, 0 (they fail at once) to
    /// 1 h. After an outage of this length requests fail at once until the node is back.</summary>
    public TimeSpan OutageWait { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest pause between two attempts to connect again, 1 ms to 1 h; the first pauses are shorter.</summary>
    public TimeSpan MaxReconnectPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a node of the cluster is asked whether there is a newer topology, 10 ms to 1 h, or 0: never. A
    /// request for a slot that has moved, and a lost node, are reasons to ask at once in any case.</summary>
    public TimeSpan TopologyRefresh { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Connections to each shard, 1 to 64. One is enough unless a single core cannot carry its traffic.</summary>
    public int ConnectionsPerShard { get; init; } = 1;

    /// <summary>Most requests without a reply on one connection, 1 to 1,048,576; the next one fails at once with
    /// <see cref="CacheLimitException"/>. A request that was given up counts until its reply comes.</summary>
    public int MaxOutstanding { get; init; } = 16_384;

    /// <summary>Most bytes of requests that wait to be sent on one connection, 64 KiB to 1 GiB; a request that does not fit
    /// fails at once with <see cref="CacheLimitException"/>. With a cluster requests count until their replies, as they are
    /// kept for another node.</summary>
    public int MaxSendBytes { get; init; } = 32 << 20;

    /// <summary>Memory for values that are kept in this process, 16 MiB to 32 GiB, or 0: none are.</summary>
    public long NearCacheBytes { get; init; }

    /// <summary>The longest that a change of another client can stay unseen in kept values, 100 ms to 1 min, whatever
    /// becomes of the network. Nodes are asked three times as often whether they are still there.</summary>
    public TimeSpan NearCacheMaxStaleness { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a value is kept, 10 ms to 1 h. Nodes do not tell when items expire: a kept value may outlive its
    /// item by as much.</summary>
    public TimeSpan NearCacheMaxAge { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest value in bytes that is kept, 1 to 61,440.</summary>
    public int NearCacheMaxValueBytes { get; init; } = 16 << 10;

    /// <summary>Where reads of slots go that have replicas.</summary>
    public ReadFrom ReadFrom { get; init; } = ReadFrom.Primary;

    /// <summary>The zone that this client is in, as the topology names it: copies in it are read first. Null: not said.</summary>
    public string? Zone { get; init; }

    /// <summary>The region that this client is in: copies in it are read if there is none in the zone, or only slow ones. Null:
    /// not said.</summary>
    public string? Region { get; init; }

    /// <summary>How long a value that this client writes to a replica lives there, 10 ms to 1 h: changes by others are seen so
    /// long and a second later at most.</summary>
    public TimeSpan ReplicaMaxAge { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A read that takes longer than so large a share of those before, 0.5 to 0.999, is asked of a second copy, and the
    /// first answer counts; 0: never. Only with <see cref="ReadFrom.BestCopy"/>, and for a tenth of the requests at
    /// most.</summary>
    public double HedgeAfterPercentile { get; init; }

    /// <summary>Most values that are streamed at once, 1 to 1,024, each on a connection of its own; the next one fails at once with
    /// <see cref="CacheLimitException"/>.</summary>
    public int MaxStreams { get; init; } = 16;

    /// <summary>Most bytes of a value from a stream of unknown length, which has to be held in memory, 64 KiB to 1 GiB.</summary>
    public int MaxSpoolBytes { get; init; } = 64 << 20;

    /// <summary>Most fills that run in the background at once, for values near their end or stale ones, 0 (none, such
    /// values are left to others) to 65,536.</summary>
    public int MaxBackgroundFills { get; init; } = 64;

    /// <summary>Whose meter has the client's measurements; clients with the same factory share it. Null: a meter of the client's own,
    /// which ends with it. A <see cref="FastCacheBatch"/> measures nothing.</summary>
    public IMeterFactory? MeterFactory { get; init; }

    /// <summary>Takes the client's events, under the category "FastCache.Client"; null: nobody does. A <see cref="FastCacheBatch"/>
    /// logs nothing.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>How long a read of a slot with replicas has no answer before a second node is asked, whatever else is said here.</summary>
    internal int SilenceMillis { get; init; } = 100;

    /// <exception cref="ArgumentException">An option is out of range.</exception>
    internal void Check()
    {
        if (Seeds is null || Seeds.Count == 0 || Seeds.Any(seed => seed is null))
        {
            throw new ArgumentException($"{nameof(Seeds)} must name at least one address, and none that is null.");
        }

        Range(nameof(ConnectTimeout), ConnectTimeout, TimeSpan.FromMilliseconds(1));
        Range(nameof(RequestTimeout), RequestTimeout, TimeSpan.FromMilliseconds(10));
        Range(nameof(OutageWait), OutageWait, TimeSpan.Zero);
        Range(nameof(MaxReconnectPause), MaxReconnectPause, TimeSpan.FromMilliseconds(1));
        if (TopologyRefresh != TimeSpan.Zero)
        {
            Range(nameof(TopologyRefresh), TopologyRefresh, TimeSpan.FromMilliseconds(10));
        }

        Range(nameof(ConnectionsPerShard), ConnectionsPerShard, 1, MaxConnectionsPerShard);
        Range(nameof(MaxOutstanding), MaxOutstanding, 1, MostOutstanding);
        Range(nameof(MaxSendBytes), MaxSendBytes, LeastSendBytes, MostSendBytes);
        Range(nameof(MaxStreams), MaxStreams, 1, MostStreams);
        Range(nameof(MaxSpoolBytes), MaxSpoolBytes, LeastSendBytes, MostSendBytes);
        Range(nameof(MaxBackgroundFills), MaxBackgroundFills, 0, MostBackgroundFills);
        if (NearCacheBytes != 0)
        {
            Range(nameof(NearCacheBytes), NearCacheBytes, NearCache.LeastBytes, MostNearBytes);
        }

        if (!Enum.IsDefined(ReadFrom))
        {
            throw new ArgumentOutOfRangeException(
                nameof(ReadFrom), ReadFrom, $"{nameof(ReadFrom)} is {ReadFrom}; allowed are {string.Join(" and ", Enum.GetNames<ReadFrom>())}.");
        }

        Range(nameof(ReplicaMaxAge), ReplicaMaxAge, TimeSpan.FromMilliseconds(10));
        if (HedgeAfterPercentile != 0)
        {
            Range(nameof(HedgeAfterPercentile), HedgeAfterPercentile, LeastPercentile, MostPercentile);
        }

        if (ReadFrom == ReadFrom.Primary && (HedgeAfterPercentile != 0 || Zone is not null || Region is not null))
        {
            throw new ArgumentException(
                $"{nameof(HedgeAfterPercentile)}, {nameof(Zone)} and {nameof(Region)} are for {nameof(ReadFrom)}.{nameof(ReadFrom.BestCopy)}; "
                + $"{nameof(ReadFrom)} is {ReadFrom}.");
        }

        Range(nameof(NearCacheMaxStaleness), NearCacheMaxStaleness, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        Range(nameof(NearCacheMaxAge), NearCacheMaxAge, TimeSpan.FromMilliseconds(10));
        Range(nameof(NearCacheMaxValueBytes), NearCacheMaxValueBytes, 1, NearCache.MostValueBytes);
    }

    private static void Range(string name, TimeSpan value, TimeSpan least) => Range(name, value, least, LongestTime);

    private static void Range<T>(string name, T value, T least, T most)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}; allowed are {least} to {most}.");
        }
    }
}
