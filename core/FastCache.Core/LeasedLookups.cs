using System.Diagnostics;
using System.Runtime.CompilerServices;
using FastCache.Core.Items;
using FastCache.Core.Leases;

namespace FastCache.Core;

/// <summary>What a lookup with a lease found, and what its caller is to do.</summary>
public enum LeaseAnswer : byte
{
    /// <summary>The value, fresh.</summary>
    Hit,

    /// <summary>The value, fresh but near the end of its life: this caller, and no other, is asked to write a new one under the token.</summary>
    HitRefresh,

    /// <summary>A value that has expired or was invalidated; somebody else fetches a new one.</summary>
    Stale,

    /// <summary>
    /// A value that has expired or was invalidated; this caller, and no other, is asked to write a new one under the token.
    /// With a token of 0 there was no room for another grant, and every caller is told so: write without a token.
    /// </summary>
    StaleFill,

    /// <summary>Nothing; this caller, and no other, is asked to write a value under the token.</summary>
    Fill,

    /// <summary>Nothing; somebody else fetches it: wait a little and ask again.</summary>
    Wait,

    /// <summary>Nothing, and there is no room for another grant: fetch it and write without a token.</summary>
    Miss,
}

/// <summary>Lookups that let one caller fill a missing key while the others wait or take a stale value.</summary>
/// <remarks>
/// After Nishtala et al., "Scaling Memcache at Facebook" (NSDI 2013), 3.2.1. The rules:
/// <list type="bullet">
/// <item>A key has at most one grant at a time. It ends when a write is done under its token, when its deadline passes,
/// when the key is written in any other way, and when it is deleted or invalidated.</item>
/// <item>A write under a token that has ended is refused with <see cref="WriteOutcome.LeaseLost"/>: what its caller
/// fetched may be older than what ended the grant.</item>
/// <item>So within one lease period at most one caller is told to fill a key, unless the key changes meanwhile.</item>
/// <item>A value that was stored with <see cref="SetOptions.KeepStale"/> is given out as stale for
/// <see cref="ShardOptions.StaleTime"/> after it expired or was invalidated; to all other operations it is absent.</item>
/// <item>In the last share (<see cref="ShardOptions.RefreshAhead"/>) of the time from its write to its expiry, or of the period
/// of a sliding life that has come to its limit, an item that was used before is granted once to be refreshed; all go on
/// getting it as a hit.</item>
/// </list>
/// </remarks>
public sealed unsafe class LeasedLookups
{
    /// <summary>Longest lease in milliseconds: an hour.</summary>
    public const int MaxLeaseMillis = 3_600_000;

    private readonly Shard _shard;
    private readonly double _refreshAhead;
    private readonly ulong _staleMillis;

    internal LeasedLookups(Shard shard, ShardOptions options)
    {
        _shard = shard;
        _refreshAhead = options.RefreshAhead;
        _staleMillis = (ulong)options.StaleTime.TotalMilliseconds;
    }

    /// <summary>Looks a key up, and asks for a grant if there is no fresh value.</summary>
    /// <param name="key"><see cref="Shard.MinKeyBytes"/> to <see cref="Shard.MaxKeyBytes"/> bytes.</param>
    /// <param name="leaseMillis">How long a grant lasts, 1 to <see cref="MaxLeaseMillis"/>.</param>
    /// <param name="item">The value for all answers that have one, valid until the next operation.</param>
    /// <param name="token">For <see cref="SetOptions.LeaseToken"/>, where 0 asks for no grant; 0 unless something was granted.</param>
    /// <exception cref="ArgumentOutOfRangeException">The key's length or the time is out of range.</exception>
    public LeaseAnswer Get(ReadOnlySpan<byte> key, int leaseMillis, out ItemView item, out ulong token)
    {
        Shard.ThrowIfNotKey(key);
        fixed (byte* start = key)
        {
            return Get(_shard.Hashed(start, key.Length), leaseMillis, out item, out token);
        }
    }

    /// <inheritdoc cref="Get(ReadOnlySpan{byte}, int, out ItemView, out ulong)"/>
    public LeaseAnswer Get(scoped in LookupKey key, int leaseMillis, out ItemView item, out ulong token)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(leaseMillis, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(leaseMillis, MaxLeaseMillis);
        token = 0;
        item = default;
        uint reference = _shard.FindResident(key, out bool isLive);
        bool wasUsed = reference != 0 && (_shard.At(reference)->Packed & (Item.UseMask | Item.Hot)) != 0;
        if (isLive)
        {
            _shard.Use(reference, key.Hash);
        }
        else
        {
            _shard.CountMiss();
        }

        if (reference == 0 || !_shard.TryView(reference, key.Hash, out item, isLookup: isLive))
        {
            return Grant(key.Hash, leaseMillis, out token) switch
            {
                LeaseGrant.Granted => LeaseAnswer.Fill,
                LeaseGrant.Held => LeaseAnswer.Wait,
                _ => LeaseAnswer.Miss,
            };
        }

        if (!isLive)
        {
            // Were nobody told to fill for lack of room, the value would stay stale until it is gone.
            return Grant(key.Hash, leaseMillis, out token) == LeaseGrant.Held ? LeaseAnswer.Stale : LeaseAnswer.StaleFill;
        }

        return wasUsed && IsNearItsEnd(_shard.At(reference)) && Grant(key.Hash, leaseMillis, out token) == LeaseGrant.Granted
            ? LeaseAnswer.HitRefresh
            : LeaseAnswer.Hit;
    }

    /// <summary>Looks at a value that has expired or was invalidated and is kept as stale. Neither clock nor counters hear of it.</summary>
    /// <param name="key">The key.</param>
    /// <param name="item">The value, valid until the next operation.</param>
    /// <returns>False when there is none, or a fresh one.</returns>
    public bool TryPeekStale(scoped in LookupKey key, out ItemView item)
    {
        uint reference = _shard.FindResident(key, out bool isLive);
        item = default;
        return reference != 0 && !isLive && _shard.TryView(reference, key.Hash, out item, isLookup: false);
    }

    /// <summary>Asks for the right to write a new value of a key, whatever it has now.</summary>
    /// <param name="key">The key.</param>
    /// <param name="leaseMillis">How long a grant lasts, 1 to <see cref="MaxLeaseMillis"/>.</param>
    /// <param name="token">For <see cref="SetOptions.LeaseToken"/>; 0 when nothing was granted, or there was no room for another grant.</param>
    /// <returns>Whether the caller is the one to write it: false when somebody else is.</returns>
    public bool TryClaim(scoped in LookupKey key, int leaseMillis, out ulong token)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(leaseMillis, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(leaseMillis, MaxLeaseMillis);
        return Grant(key.Hash, leaseMillis, out token) != LeaseGrant.Held;
    }

    /// <summary>Whether somebody is to write a new value of a key.</summary>
    public bool IsClaimed(scoped in LookupKey key) => _shard.LeaseTable.Count != 0 && _shard.LeaseTable.IsHeld(key.Hash, _shard.Now);

    /// <summary>Voids a grant: the next caller is granted at once.</summary>
    public void Revoke(scoped in LookupKey key) => _shard.LeaseTable.Revoke(key.Hash);

    /// <summary>Gives a grant back unused, because its holder could not fetch the value: the next caller is granted at once.</summary>
    /// <returns>Whether it was still held.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The key's length is out of range.</exception>
    public bool Release(ReadOnlySpan<byte> key, ulong token)
    {
        Shard.ThrowIfNotKey(key);
        fixed (byte* start = key)
        {
            return _shard.LeaseTable.TryRedeem(_shard.Hashed(start, key.Length).Hash, token, _shard.Now);
        }
    }

    /// <summary>Makes a value stale at once and voids a grant; deletes it when nothing stale is kept.</summary>
    /// <returns>False when the key is absent or expired.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The key's length is out of range.</exception>
    public bool Invalidate(ReadOnlySpan<byte> key)
    {
        Shard.ThrowIfNotKey(key);
        fixed (byte* start = key)
        {
            return Invalidate(_shard.Hashed(start, key.Length));
        }
    }

    /// <inheritdoc cref="Invalidate(ReadOnlySpan{byte})"/>
    /// <param name="key">The key.</param>
    /// <param name="mostStaleMillis">
    /// For how long it is kept as stale at most, if that is shorter than the shard's own time for it; not within that time after the
    /// shard began.
    /// </param>
    /// <param name="unique">
    /// What takes the place of a unique that the value's writer has given it, also when it is stale already; 0: nothing does. Without
    /// such a one it gets none.
    /// </param>
    public bool Invalidate(scoped in LookupKey key, ulong mostStaleMillis = ulong.MaxValue, ulong unique = 0)
    {
        if (_staleMillis == 0)
        {
            return _shard.Delete(key) == WriteOutcome.Done;
        }

        _shard.LeaseTable.Revoke(key.Hash);
        uint reference = _shard.FindResident(key, out bool isLive);
        Item* item = _shard.At(reference);
        if (reference != 0 && (item->Kind & Item.HasUnique) != 0)
        {
            // Whoever knew the value by its unique knows nothing of this.
            Unsafe.WriteUnaligned(Item.Unique(item), unique);
        }

        if (reference == 0)
        {
            return false;
        }

        ulong over = Math.Min(_shard.Now, _staleMillis - Math.Min(_staleMillis, mostStaleMillis));
        ulong expiry = Math.Clamp(_shard.Now - over, 1, Item.ExpiryMask);
        if (!isLive)
        {
            // It may be kept for a shorter time from now on, not for a longer one.
            _shard.SetExpiry(reference, Math.Min(item->Expiry, expiry));
            return false;
        }

        item->Lengths |= Item.KeepStale;
        _shard.SetExpiry(reference, expiry);
        _shard.CountDelete();
        if (_shard.Store.Removals.IsKept)
        {
            _shard.Store.Removals.Add(key.Hash);
        }

        return true;
    }

    /// <summary>Whether <see cref="Invalidate(ReadOnlySpan{byte})"/> keeps values as stale; otherwise it deletes them.</summary>
    public bool KeepsStale => _staleMillis != 0;

    /// <summary>Voids all grants: every write under a token that was given out before is refused.</summary>
    public void RevokeAll() => _shard.LeaseTable.RevokeAll();

    private LeaseGrant Grant(ulong hash, int leaseMillis, out ulong token)
    {
        ulong wanted = _shard.NextVersion();
        LeaseGrant grant = _shard.LeaseTable.Grant(hash, wanted, _shard.Now, _shard.Now + (ulong)leaseMillis);
        token = grant == LeaseGrant.Granted ? wanted : 0;
        return grant;
    }

    private bool IsNearItsEnd(Item* item)
    {
        if (item->Expiry == 0 || _refreshAhead == 0)
        {
            return false;
        }

        Debug.Assert(item->Expiry > _shard.Now);
        ulong rest = item->Expiry - _shard.Now;
        if ((item->Kind & Item.Sliding) != 0 && Item.Trailer(item)->PeriodMillis is ulong period and not 0)
        {
            // Hits renew it, so its age says nothing: it is near its end when they cannot any more.
            return rest <= _refreshAhead * period;
        }

        // The version says when the value was written. Where the wall clock was set since, the age is off by as much.
        long age = Math.Max(0, _shard.UnixMillis - VersionClock.UnixMillisOf(item->Version));
        return rest <= _refreshAhead * (rest + (ulong)age);
    }
}
