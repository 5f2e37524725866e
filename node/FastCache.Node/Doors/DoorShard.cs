using System.Runtime.CompilerServices;
using FastCache.Core;
using FastCache.Io;
using FastCache.Node.Doors.Resp;
using FastCache.Node.Doors.Resp.Collections;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Node.Doors.Resp.Subscriptions;
using FastCache.Node.Doors.Resp.Waiting;
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

    /// <summary>Connection memory.</summary>
    public required CarryPool Carries { get; init; }

    public required NodeOptions Options { get; init; }

    public required OpenDoors Doors { get; init; }

    /// <summary>What calls wait for.</summary>
    public required Waits Waits { get; init; }

    /// <summary>What commands of collections may look at.</summary>
    public LookBudget Looks { get; } = new();

    /// <summary>The conversations of this shard.</summary>
    public required Func<SessionTable> Sessions { get; init; }

    /// <summary>Ends a connection of this shard, whatever its peer is still to be sent.</summary>
    public required Action<Session> CloseConnection { get; init; }

    /// <summary>Bytes of replies that a connection's peer has not read yet.</summary>
    public required Func<ConnectionId, long> UnreadBytes { get; init; }

    /// <summary>The wall clock in milliseconds since 1970, as of this pass.</summary>
    public required Func<long> UnixMillis { get; init; }

    /// <summary>The loop's time in milliseconds.</summary>
    public required Func<long> NowMillis { get; init; }

    /// <summary>Of which events subscribers are told.</summary>
    public required KeyEventSettings Events { get; init; }

    /// <summary>How they are told.</summary>
    public KeyEventChannels? EventChannels { get; set; }

    /// <summary>Tells those who want to know that a key may have changed.</summary>
    public void Note(ReadOnlySpan<byte> key)
    {
        NoteChange(key);
        Waits.Written(key);
    }

    /// <summary>Tells those who want to know that a key has changed, and what has happened to it.</summary>
    public void Note(ReadOnlySpan<byte> key, KeyEvent what) => Note(key, WriteOutcome.Done, what);

    /// <summary>The same for a write that may have failed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Note(ReadOnlySpan<byte> key, WriteOutcome outcome, KeyEvent what)
    {
        if (!Interest.IsNothing)
        {
            NoteWanted(key, outcome, what);
        }

        Waits.Written(key);
    }

    /// <summary>The same for a collection that has lost elements, and with the last one its key.</summary>
    /// <param name="key">Its key, in memory that does not move.</param>
    /// <param name="what">How.</param>
    public void NoteTaken(ReadOnlySpan<byte> key, KeyEvent what)
    {
        Note(key, what);
        if (Events.IsOn && !Shard.TryInspect(Shard.Prepare(key), out _))
        {
            Tell(key, KeyEvent.Del);
        }
    }

    /// <summary>Tells subscribers what has happened to a key.</summary>
    public void Tell(ReadOnlySpan<byte> key, KeyEvent what)
    {
        if (Events.IsOn)
        {
            EventChannels!.Tell(key, what);
        }
    }

    private void NoteChange(ReadOnlySpan<byte> key)
    {
        if (Changes.IsWatched)
        {
            Changes.Add(key);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void NoteWanted(ReadOnlySpan<byte> key, WriteOutcome outcome, KeyEvent what)
    {
        if (ChangeLog.IsChange(outcome))
        {
            NoteChange(key);
        }

        if (outcome == WriteOutcome.Done)
        {
            Tell(key, what);
        }
    }
}
