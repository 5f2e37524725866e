using FastCache.Core;
using FastCache.Node.Doors.Resp;
using FastCache.Node.Doors.Resp.Subscriptions;
using FastCache.Node.Sessions;
using FastCache.Node.Shards;
using FastCache.Protocol;

namespace FastCache.Node.Doors;

/// <summary>What the commands of a door work with: one shard and what belongs to it.</summary>
internal sealed class DoorShard
{
    public required Shard Shard { get; init; }

    public required ProtocolLimits Limits { get; init; }

    public required NodeTopology Topology { get; init; }

    public required NodeCounters Counters { get; init; }

    /// <summary>The counters of all shards.</summary>
    public required StatsReport Stats { get; init; }

    public required ChangeLog Changes { get; init; }

    /// <summary>Who is told when all keys are gone.</summary>
    public required Tracking Tracking { get; init; }

    /// <summary>What sessions of this shard are sent because of others' requests.</summary>
    public required Pushes Pushes { get; init; }

    /// <summary>The channels of all shards.</summary>
    public required ChannelCensus Channels { get; init; }

    /// <summary>The clients of Redis's protocol on all shards.</summary>
    public required OpenClients Clients { get; init; }

    /// <summary>Who wants to know of changes on all shards.</summary>
    public required ChangeInterest Interest { get; init; }

    /// <summary>The way to other shards; null when there are none.</summary>
    public required ForeignRequests? Foreign { get; init; }

    public required NodeOptions Options { get; init; }

    public required OpenDoors Doors { get; init; }

    /// <summary>The conversations of this shard.</summary>
    public required Func<SessionTable> Sessions { get; init; }

    /// <summary>The wall clock in milliseconds since 1970, as of this pass.</summary>
    public required Func<long> UnixMillis { get; init; }

    /// <summary>The loop's time in milliseconds.</summary>
    public required Func<long> NowMillis { get; init; }

    /// <summary>Tells those who want to know that a key may have changed.</summary>
    public void Note(ReadOnlySpan<byte> key)
    {
        if (Changes.IsWatched)
        {
            Changes.Add(key);
        }
    }
}
