using FastCache.Core;
using FastCache.Protocol.Memcached;

namespace FastCache.Node.Doors.Memcached;

/// <summary>What the classic and the meta commands have in common when they write.</summary>
internal static class MemcachedWrites
{
    /// <summary>Stores the data block of a request.</summary>
    /// <param name="shard">Where.</param>
    /// <param name="request">Its life, flags, version and data block count.</param>
    /// <param name="command">One of set, add, replace, append, prepend, cas.</param>
    /// <param name="key">The key, prepared.</param>
    /// <param name="version">The version that the value was given; 0 unless it was stored.</param>
    public static WriteOutcome Store(
        DoorShard shard, in MemcachedRequest request, MemcachedCommand command, in LookupKey key, out ulong version)
    {
        WriteOutcome outcome = StoreSilently(shard, request, command, key, out version);
        shard.Note(request.Key);
        return outcome;
    }

    /// <summary>Gives an item the life that a request has; what is over at once is deleted.</summary>
    public static void GiveLife(DoorShard shard, in MemcachedRequest request, in LookupKey key)
    {
        TimeToLive life = TimeToLive.Of(request.ExpirySeconds, shard.UnixMillis());
        if (life.IsOver)
        {
            shard.Shard.Delete(key);
        }
        else
        {
            shard.Shard.Touch(key, life.Millis);
        }

        shard.Note(request.Key);
    }

    /// <summary>The line for what went wrong, without its end.</summary>
    public static ReadOnlySpan<byte> TextOf(WriteOutcome outcome) => outcome switch
    {
        WriteOutcome.NotANumber => "CLIENT_ERROR cannot increment or decrement non-numeric value"u8,
        WriteOutcome.ValueTooLarge => MemcachedFaults.TextOf(MemcachedFault.TooLarge),
        _ => "SERVER_ERROR out of memory storing object"u8,
    };

    private static WriteOutcome StoreSilently(
        DoorShard shard, in MemcachedRequest request, MemcachedCommand command, in LookupKey key, out ulong version)
    {
        Shard cache = shard.Shard;
        if (command is MemcachedCommand.Append or MemcachedCommand.Prepend)
        {
            return cache.Edits.Append(key, request.Value, command == MemcachedCommand.Prepend, out version, request.Unique);
        }

        TimeToLive life = TimeToLive.Of(request.ExpirySeconds, shard.UnixMillis());
        SetCondition condition = command switch
        {
            MemcachedCommand.Add => SetCondition.IfAbsent,
            MemcachedCommand.Replace => SetCondition.IfPresent,
            MemcachedCommand.Cas => SetCondition.IfUniqueMatches,
            _ => SetCondition.Always,
        };
        SetOptions options = new(condition, request.Version, life.Millis) { ClientFlags = request.ClientFlags, Unique = request.Unique };
        WriteOutcome outcome = cache.Set(key, request.Value, options, out version);
        if (command == MemcachedCommand.Cas && outcome is WriteOutcome.NotFound or WriteOutcome.VersionMismatch)
        {
            outcome = StoreUnseen(cache, request, options with { Condition = SetCondition.Always }, key, outcome, out version);
        }

        if (outcome == WriteOutcome.Done && life.IsOver)
        {
            cache.Delete(key);
        }

        return outcome;
    }

    /// <summary>Stores under a unique that only mg shows: the token of a grant, or what a stale item was given.</summary>
    private static WriteOutcome StoreUnseen(
        Shard cache, in MemcachedRequest request, in SetOptions options, in LookupKey key, WriteOutcome refused, out ulong version)
    {
        version = 0;
        bool isStale = cache.Leases.TryPeekStale(key, out ItemView stale);
        bool isClaimed = cache.Leases.IsClaimed(key);
        if (isStale && request.Version != 0 && stale.OwnUnique == request.Version)
        {
            return cache.Set(key, request.Value, options, out version);
        }

        if (isClaimed && request.Version != 0)
        {
            WriteOutcome filled = cache.Set(key, request.Value, options with { LeaseToken = request.Version }, out version);
            if (filled != WriteOutcome.LeaseLost)
            {
                return filled;
            }
        }

        // Who asks by mg sees an item, so the unique is the wrong one of an item that is there.
        return isStale || isClaimed ? WriteOutcome.VersionMismatch : refused;
    }
}
