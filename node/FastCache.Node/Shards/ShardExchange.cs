using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using FastCache.Io;
using FastCache.Node.Doors;

namespace FastCache.Node.Shards;

/// <summary>The parcels between one shard whose clients ask, and one that owns the keys.</summary>
/// <remarks>
/// <code>
///              Requests: filled by the home shard            Replies: filled by the owner
///   home  ───────────────────────────────► owner    home ◄─────────────────────────────── owner
///         ◄───────────────────────────────               ───────────────────────────────►
///              EmptyRequests: executed                       EmptyReplies: handed to their sessions
/// </code>
/// Replies have parcels of their own, so that whoever waits for one to put a reply in waits for a shard that takes replies
/// without waiting for anybody: no circle of full queues can come about.
/// </remarks>
internal sealed class ShardLink : IDisposable
{
    private readonly Parcel[] _parcels;

    /// <param name="parcels">Parcels in each direction, a power of two.</param>
    /// <param name="parcelBytes">Bytes of each.</param>
    public ShardLink(int parcels, int parcelBytes)
    {
        Requests = new(parcels);
        EmptyRequests = new(parcels);
        Replies = new(parcels);
        EmptyReplies = new(parcels);
        _parcels = [.. Enumerable.Range(0, 2 * parcels).Select(_ => new Parcel(parcelBytes))];
        for (int i = 0; i < parcels; i++)
        {
            EmptyRequests.TryEnqueue(_parcels[i]);
            EmptyReplies.TryEnqueue(_parcels[parcels + i]);
        }
    }

    public SpscQueue<Parcel> Requests { get; }

    public SpscQueue<Parcel> EmptyRequests { get; }

    public SpscQueue<Parcel> Replies { get; }

    public SpscQueue<Parcel> EmptyReplies { get; }

    public void Dispose()
    {
        foreach (Parcel parcel in _parcels)
        {
            parcel.Dispose();
        }
    }
}

/// <summary>A connection on its way to the shard that its client wants.</summary>
/// <param name="Descriptor">Of the socket; whoever takes this owns it.</param>
/// <param name="Input">What was received and not consumed, its Hello first.</param>
/// <param name="Peer">Where the client is.</param>
/// <param name="Door">What it speaks.</param>
internal sealed record Handover(nint Descriptor, byte[] Input, PeerAddress Peer, DoorKind Door);

/// <summary>Everything that the shards of a node share: links, handovers, and who sleeps.</summary>
/// <remarks>
/// A shard that is about to sleep says so and then looks at its queues once more; one that has filled a queue looks
/// afterwards whether the other sleeps. With a full fence on both sides at least one of them sees the other's word, so
/// no parcel waits for a sleeper, and a shard that is awake costs nobody a system call.
/// </remarks>
internal sealed class ShardExchange : IDisposable
{
    /// <summary>Parcels of each kind between two shards: one that fills, one that travels, one that is emptied, one in hand.</summary>
    private const int Parcels = 4;

    private const int MaxParcelBytes = 64 << 10;
    private const int MinParcelBytes = 4 << 10;

    private readonly ShardLink[,] _links;
    private readonly ConcurrentQueue<Handover>[] _handovers;
    private readonly Sleeper[] _sleepers;
    private readonly IShardIo?[] _ios;
    private int _serving;

    /// <param name="directory">The shards.</param>
    /// <param name="parcelBudgetBytes">Most bytes of all parcels together, where that leaves each 4 KiB.</param>
    public ShardExchange(ShardDirectory directory, long parcelBudgetBytes)
    {
        Directory = directory;
        Waits = new WaitBoard(directory.Count);
        int count = directory.Count;
        long pairs = (long)count * count;
        ParcelBytes = (int)Math.Clamp(parcelBudgetBytes / (pairs * 2 * Parcels), MinParcelBytes, MaxParcelBytes) & ~7;
        _links = new ShardLink[count, count];
        _handovers = [.. Enumerable.Range(0, count).Select(_ => new ConcurrentQueue<Handover>())];
        _sleepers = new Sleeper[count];
        _ios = new IShardIo?[count];
        _serving = count;
        for (int home = 0; home < count; home++)
        {
            for (int owner = 0; owner < count; owner++)
            {
                _links[home, owner] = new ShardLink(Parcels, ParcelBytes);
            }
        }
    }

    public ShardDirectory Directory { get; }

    /// <summary>Who waits for a call that is held back.</summary>
    public WaitBoard Waits { get; }

    /// <summary>Bytes of each parcel.</summary>
    public int ParcelBytes { get; }

    /// <summary>Whether every shard has said that its connections are over.</summary>
    public bool IsQuiet => Volatile.Read(ref _serving) <= 0;

    /// <summary>The link of two shards, which may be the same one.</summary>
    public ShardLink Link(int home, int owner) => _links[home, owner];

    /// <summary>To be called once by each shard's thread, before any parcel is sent.</summary>
    public void Join(int shard, IShardIo io) => Volatile.Write(ref _ios[shard], io);

    /// <summary>To be called once by each shard that has no connections left and takes no more.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _serving) == 0)
        {
            WakeAll();
        }
    }

    /// <summary>Wakes every shard. May be called by any thread while the shards run.</summary>
    public void WakeAll()
    {
        for (int shard = 0; shard < _ios.Length; shard++)
        {
            Volatile.Read(ref _ios[shard])?.Wake();
        }
    }

    /// <summary>Says that a shard will sleep unless its queues turn out to hold something.</summary>
    public void FallAsleep(int shard)
    {
        _sleepers[shard].IsAsleep = true;
        Interlocked.MemoryBarrier();
    }

    /// <summary>Undoes <see cref="FallAsleep"/>.</summary>
    public void Awake(int shard) => Volatile.Write(ref _sleepers[shard].IsAsleep, false);

    /// <summary>Wakes a shard if it sleeps, after something was put into a queue of its.</summary>
    public void Nudge(int shard)
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _sleepers[shard].IsAsleep))
        {
            Volatile.Read(ref _ios[shard])?.Wake();
        }
    }

    /// <summary>Sends a connection to another shard.</summary>
    public void HandOver(int shard, Handover handover)
    {
        _handovers[shard].Enqueue(handover);
        Nudge(shard);
    }

    /// <summary>Takes a connection that was sent to this shard.</summary>
    public bool TryTake(int shard, [NotNullWhen(true)] out Handover? handover) => _handovers[shard].TryDequeue(out handover);

    /// <summary>Whether a connection waits for a shard.</summary>
    public bool HasHandover(int shard) => !_handovers[shard].IsEmpty;

    public void Dispose()
    {
        foreach (ShardLink link in _links)
        {
            link.Dispose();
        }
    }

    [StructLayout(LayoutKind.Sequential, Size = 128)]
    private struct Sleeper
    {
        public bool IsAsleep;
    }
}
