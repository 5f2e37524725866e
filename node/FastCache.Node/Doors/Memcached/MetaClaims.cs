using FastCache.Core;
using FastCache.Protocol.Memcached;

namespace FastCache.Node.Doors.Memcached;

/// <summary>Who is to write an item anew (W) holds the engine's grant to fill its key; that others are told so (Z) is the same grant.</summary>
/// <remarks>
/// <code>
/// mg finds                        answers                            the grant lasts
///   a fresh value                 it; Z while somebody has won
///   one with less than R left     it; W for the first, then Z        WinMillis
///   a stale value (md I)          it with X; W for the first, then Z WinMillis
///   nothing, with N               an empty one; W for the first,     N's time, an hour at most
///                                 then Z
///   nothing                       EN
/// </code>
/// The unique (c) of what was won is the grant's token where there is no fresh value: cas or ms C with it stores if the grant holds.
/// A stale value with a unique of its own (md I E) keeps that.
/// </remarks>
internal sealed class MetaClaims(DoorShard shard)
{
    /// <summary>How long who has won a value that is there is the only one.</summary>
    private const int WinMillis = 30_000;

    private readonly Shard _shard = shard.Shard;

    /// <summary>Of a fresh item, which has that long to live (0: for ever).</summary>
    public MetaClaim OfFresh(in MemcachedRequest request, in LookupKey key, long restMillis)
    {
        if (_shard.Leases.IsClaimed(key))
        {
            return new MetaClaim { IsOthers = true };
        }

        if ((request.Meta & MetaOptions.Recaches) == 0 || restMillis == 0)
        {
            return default;
        }

        TimeToLive limit = TimeToLive.Of(request.RecacheSeconds, shard.UnixMillis());
        // What was won while it is fresh is written with its own unique.
        return restMillis < (long)limit.Millis ? ClaimFor(key, WinMillis) with { Token = 0 } : default;
    }

    /// <summary>Of an item that is kept as stale.</summary>
    public MetaClaim OfStale(in LookupKey key, in ItemView item)
    {
        MetaClaim claim = ClaimFor(key, WinMillis) with { IsStale = true };
        return item.OwnUnique == 0 ? claim : claim with { Token = 0 };
    }

    /// <summary>Of an item that is to be made.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="seconds">How long the grant is to last, as time to live is written.</param>
    public MetaClaim OfMissing(in LookupKey key, int seconds) => ClaimFor(key, LeaseMillisOf(seconds));

    private MetaClaim ClaimFor(in LookupKey key, int leaseMillis) =>
        _shard.Leases.TryClaim(key, leaseMillis, out ulong token)
            ? new MetaClaim { IsWon = true, Token = token }
            : new MetaClaim { IsOthers = true };

    private int LeaseMillisOf(int seconds)
    {
        TimeToLive life = TimeToLive.Of(seconds, shard.UnixMillis());
        return life.IsOver ? 1
            : life.Millis == 0 ? LeasedLookups.MaxLeaseMillis
            : (int)Math.Min(life.Millis, LeasedLookups.MaxLeaseMillis);
    }
}
