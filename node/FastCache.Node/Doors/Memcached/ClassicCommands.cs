using FastCache.Core;
using FastCache.Protocol.Memcached;

namespace FastCache.Node.Doors.Memcached;

/// <summary>The commands of memcached's protocol that are words.</summary>
internal sealed class ClassicCommands(DoorShard shard)
{
    /// <summary>What clients are told that this is a memcached of: they choose features by it.</summary>
    public static ReadOnlySpan<byte> SpokenVersion => "1.6.18"u8;

    private readonly Shard _shard = shard.Shard;

    /// <summary>Answers a get of one key.</summary>
    public void GetValue(ReadOnlySpan<byte> keyBytes, in LookupKey key, ref Line reply)
    {
        if (_shard.TryGet(key, out ItemView item) && item.Length <= shard.Limits.MaxValueBytes)
        {
            item.NoteFetch();
            AddHead(keyBytes, item, ref reply);
            reply.AddValue(0, 0, item);
        }

        reply.Add("END\r\n"u8);
    }

    /// <summary>Writes an item if there is one.</summary>
    /// <param name="request">Its key is the one to look up.</param>
    /// <param name="isLast">Whether it is the request's last one.</param>
    /// <param name="key">The key, prepared.</param>
    /// <param name="reply">The reply.</param>
    public void Get(in MemcachedRequest request, bool isLast, in LookupKey key, ref Line reply)
    {
        if (request.KeyCount > 0 && _shard.TryGet(key, out ItemView item) && item.Length <= shard.Limits.MaxValueBytes)
        {
            item.NoteFetch();
            AddHead(request.Key, item, ref reply);
            int length = (int)item.Length;
            reply.Add(length);
            if (request.Command is MemcachedCommand.Gets or MemcachedCommand.Gats)
            {
                reply.Add(" "u8);
                reply.Add(item.Version);
            }

            reply.Add("\r\n"u8);
            item.CopyTo(reply.Begin(length));
            reply.Add("\r\n"u8);
            if (request.Command is MemcachedCommand.Gat or MemcachedCommand.Gats)
            {
                Touch(request, key);
            }
        }

        if (isLast)
        {
            reply.Add("END\r\n"u8);
        }
    }

    /// <summary>Executes what answers with one line.</summary>
    public void Execute(in MemcachedRequest request, in LookupKey key, ref Line reply)
    {
        switch (request.Command)
        {
            case >= MemcachedCommand.Set and <= MemcachedCommand.Cas:
                reply.Add(Store(request, key));
                break;
            case MemcachedCommand.Increment or MemcachedCommand.Decrement:
                Count(request, key, ref reply);
                break;
            case MemcachedCommand.Delete:
                WriteOutcome deleted = _shard.Delete(key);
                shard.Note(request.Key);
                reply.Add(deleted == WriteOutcome.Done ? "DELETED"u8 : "NOT_FOUND"u8);
                break;
            case MemcachedCommand.Touch:
                reply.Add(Touch(request, key) ? "TOUCHED"u8 : "NOT_FOUND"u8);
                break;
            case MemcachedCommand.FlushAll:
                Flush(request.ExpirySeconds);
                reply.Add("OK"u8);
                break;
            case MemcachedCommand.Version:
                reply.Add("VERSION "u8);
                reply.Add(SpokenVersion);
                break;
            default:
                // verbosity: there is nothing here that would say more.
                reply.Add("OK"u8);
                break;
        }

        reply.Add("\r\n"u8);
    }

    private static void AddHead(scoped ReadOnlySpan<byte> key, in ItemView item, ref Line reply)
    {
        reply.Add("VALUE "u8);
        reply.Add(key);
        reply.Add(" "u8);
        reply.Add(item.ClientFlags);
        reply.Add(" "u8);
    }

    private ReadOnlySpan<byte> Store(in MemcachedRequest request, in LookupKey key)
    {
        WriteOutcome outcome = MemcachedWrites.Store(shard, request, request.Command, key, out _);
        return outcome switch
        {
            WriteOutcome.Done => "STORED"u8,
            WriteOutcome.NotFound when request.Command == MemcachedCommand.Cas => "NOT_FOUND"u8,
            WriteOutcome.VersionMismatch or WriteOutcome.LeaseLost => "EXISTS"u8,
            WriteOutcome.NotFound or WriteOutcome.Exists => "NOT_STORED"u8,
            _ => MemcachedWrites.TextOf(outcome),
        };
    }

    private void Count(in MemcachedRequest request, in LookupKey key, ref Line reply)
    {
        CounterChange change = new(CounterKind.Wrapping, request.Amount, request.Command == MemcachedCommand.Decrement) { KeepsLength = true };
        WriteOutcome outcome = _shard.Edits.Count(key, change, out ulong number, out _);
        shard.Note(request.Key);
        if (outcome == WriteOutcome.Done)
        {
            reply.Add(number);
        }
        else
        {
            reply.Add(outcome == WriteOutcome.NotFound ? "NOT_FOUND"u8 : MemcachedWrites.TextOf(outcome));
        }
    }

    private bool Touch(in MemcachedRequest request, in LookupKey key)
    {
        TimeToLive life = TimeToLive.Of(request.ExpirySeconds, shard.UnixMillis());
        bool isThere = life.IsOver ? _shard.Delete(key) == WriteOutcome.Done : _shard.Touch(key, life.Millis);
        shard.Note(request.Key);
        return isThere;
    }

    private void Flush(int delaySeconds)
    {
        TimeToLive delay = TimeToLive.Of(delaySeconds, shard.UnixMillis());
        if (delay.Millis > 0)
        {
            _shard.ClearAfter(delay.Millis);
            return;
        }

        _shard.ClearAfter(0);
        _shard.Clear();
        shard.Tracking.TellAll();
    }
}
