using FastCache.Core;
using FastCache.Protocol.Memcached;

namespace FastCache.Node.Doors.Memcached;

/// <summary>The meta commands that write items: ms and md.</summary>
internal sealed class MetaWrites(DoorShard shard)
{
    private readonly Shard _shard = shard.Shard;

    public void Set(in MemcachedRequest request, in LookupKey key, ref Line reply)
    {
        MemcachedCommand command = CommandOf(request);
        WriteOutcome outcome = Store(request, command, key, out ulong version);
        ReadOnlySpan<byte> code = outcome switch
        {
            WriteOutcome.Done => "HD"u8,
            WriteOutcome.VersionMismatch => "EX"u8,
            WriteOutcome.NotFound when command == MemcachedCommand.Cas => "NF"u8,
            WriteOutcome.NotFound or WriteOutcome.Exists => "NS"u8,
            _ => default,
        };
        if (code.IsEmpty)
        {
            reply.Add(MemcachedWrites.TextOf(outcome));
            reply.Add("\r\n"u8);
            return;
        }

        bool isDone = outcome == WriteOutcome.Done;
        if (request.IsQuiet && isDone)
        {
            return;
        }

        reply.Add(code);
        MemcachedTokens flags = new(request.Arguments);
        while (flags.TryNext(out ReadOnlySpan<byte> flag))
        {
            if (flag[0] == 'c')
            {
                MetaReplies.AddNumber(" c"u8, isDone && request.Unique != 0 ? request.Unique : version, ref reply);
            }
            else if (flag[0] == 's')
            {
                long size = isDone && IsEdit(command) && _shard.TryPeek(key, out ItemView edited) ? edited.Length : request.Value.Length;
                MetaReplies.AddNumber(" s"u8, (ulong)size, ref reply);
            }
            else
            {
                MetaReplies.AddEcho(request, flag, ref reply);
            }
        }

        reply.Add("\r\n"u8);
    }

    public void Delete(in MemcachedRequest request, in LookupKey key, ref Line reply)
    {
        bool isFresh = _shard.TryInspect(key, out ItemView item);
        ReadOnlySpan<byte> code = "HD"u8;
        if (!isFresh && !_shard.Leases.TryPeekStale(key, out item))
        {
            // What a winner has read may be older than this delete.
            _shard.Leases.Revoke(key);
            code = "NF"u8;
        }
        else if ((request.Meta & MetaOptions.HasVersion) != 0 && item.Unique != request.Version)
        {
            code = "EX"u8;
        }
        else
        {
            Remove(request, key, item, isFresh, reply.Rest);
            if (request.IsQuiet)
            {
                return;
            }
        }

        MetaReplies.WriteEnd(request, code, mayBeQuiet: false, ref reply);
    }

    private static MemcachedCommand CommandOf(in MemcachedRequest request) => request.Mode switch
    {
        (byte)'E' => MemcachedCommand.Add,
        (byte)'A' => MemcachedCommand.Append,
        (byte)'P' => MemcachedCommand.Prepend,
        _ when (request.Meta & MetaOptions.HasVersion) != 0 => MemcachedCommand.Cas,
        (byte)'R' => MemcachedCommand.Replace,
        _ => MemcachedCommand.Set,
    };

    private static bool IsEdit(MemcachedCommand command) => command is MemcachedCommand.Append or MemcachedCommand.Prepend;

    private WriteOutcome Store(in MemcachedRequest request, MemcachedCommand command, in LookupKey key, out ulong version)
    {
        version = 0;
        if (IsEdit(command) && request.Version != 0 && _shard.TryPeek(key, out ItemView present) && present.Unique != request.Version)
        {
            return WriteOutcome.VersionMismatch;
        }

        WriteOutcome outcome = MemcachedWrites.Store(shard, request, command, key, out version);
        if (IsEdit(command) && outcome == WriteOutcome.NotFound && (request.Meta & MetaOptions.Vivifies) != 0)
        {
            MemcachedRequest vivified = request;
            vivified.ExpirySeconds = request.VivifySeconds;
            return MemcachedWrites.Store(shard, vivified, MemcachedCommand.Add, key, out version);
        }

        return command == MemcachedCommand.Cas && (request.Meta & MetaOptions.Stale) != 0
            && (outcome is WriteOutcome.VersionMismatch or WriteOutcome.NotFound)
                ? StoreStale(request, key, outcome, out version)
                : outcome;
    }

    /// <summary>Writes a value that its writer knows to be older than what it replaces.</summary>
    private WriteOutcome StoreStale(in MemcachedRequest request, in LookupKey key, WriteOutcome refused, out ulong version)
    {
        version = 0;
        bool isFresh = _shard.TryPeek(key, out ItemView item);
        bool isThere = isFresh || _shard.Leases.TryPeekStale(key, out item);
        if (!isThere || request.Version >= item.Unique || request.Version == 0)
        {
            return refused;
        }

        ulong restMillis = RestMillisOf(item, isFresh);
        SetOptions options = new() { KeepLife = true, ClientFlags = request.ClientFlags, Unique = request.Unique };
        WriteOutcome outcome = _shard.Set(key, request.Value, options, out version);
        _shard.Leases.Invalidate(key, restMillis, request.Unique);
        shard.Note(request.Key);
        return outcome;
    }

    /// <summary>How long an item is kept when it is stale: no longer than it would have been there.</summary>
    private static ulong RestMillisOf(in ItemView item, bool isFresh)
    {
        long millis = isFresh ? item.RestMillis : item.StaleRestMillis;
        return millis == 0 ? ulong.MaxValue : (ulong)millis;
    }

    private void Remove(in MemcachedRequest request, in LookupKey key, in ItemView item, bool isFresh, Span<byte> scratch)
    {
        ulong restMillis = RestMillisOf(item, isFresh);
        bool drops = (request.Meta & MetaOptions.DropsValue) != 0;
        bool isToBeStale = (request.Meta & MetaOptions.Stale) != 0;
        TimeToLive rest = isToBeStale ? TimeToLive.Of(request.ExpirySeconds, shard.UnixMillis()) : default;
        if (drops)
        {
            ulong unique = request.Unique != 0 ? request.Unique : item.OwnUnique;
            _shard.Set(key, default, new SetOptions { KeepLife = true, Unique = unique }, out _);
        }
        else if (isToBeStale && request.Unique != 0 && !rest.IsOver && _shard.Leases.KeepsStale)
        {
            GiveUnique(request, key, item, scratch);
        }

        if (isToBeStale && !rest.IsOver)
        {
            _shard.Leases.Invalidate(key, rest.Millis == 0 ? restMillis : rest.Millis, request.Unique);
        }
        else if (isToBeStale || !drops)
        {
            _shard.Delete(key);
        }

        shard.Note(request.Key);
    }

    /// <summary>Writes a value anew with a unique; one that there is no room for in between is deleted.</summary>
    private void GiveUnique(in MemcachedRequest request, in LookupKey key, in ItemView item, Span<byte> scratch)
    {
        if (item.Kind != CollectionKind.None || item.OwnUnique != 0)
        {
            // There is no value, or it has a place for the unique already.
            return;
        }

        if (item.Length > scratch.Length)
        {
            _shard.Delete(key);
            return;
        }

        Span<byte> value = scratch[..(int)item.Length];
        item.CopyTo(value);
        bool wasFetched = item.WasFetched;
        SetOptions options = new() { KeepLife = true, ClientFlags = item.ClientFlags, Unique = request.Unique };
        _shard.Set(key, value, options, out _);
        if (wasFetched && _shard.TryPeek(key, out ItemView renewed))
        {
            renewed.NoteFetch();
        }
    }
}
