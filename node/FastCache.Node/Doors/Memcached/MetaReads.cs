using System.Runtime.CompilerServices;
using FastCache.Core;
using FastCache.Protocol.Memcached;

namespace FastCache.Node.Doors.Memcached;

/// <summary>The meta commands that look: mg and me.</summary>
internal sealed class MetaReads(DoorShard shard)
{
    private const int MillisPerSecond = 1_000;

    private readonly Shard _shard = shard.Shard;
    private readonly MetaClaims _claims = new(shard);
    private readonly int _maxValueBytes = shard.Limits.MaxValueBytes;

    /// <summary>Writes the value of a key and nothing else that is known of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void GetValue(in MemcachedSimpleRequest request, in LookupKey key, ref Line reply)
    {
        bool isFresh = _shard.TryGet(key, out ItemView item);
        if (!isFresh || item.Length > _maxValueBytes || _shard.Leases.IsClaimed(key))
        {
            AnswerWhole(request, key, isFresh, item, ref reply);
            return;
        }

        item.NoteFetch();
        reply.AddValue('V' | ('A' << 8) | (' ' << 16), 3, item);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AnswerWhole(in MemcachedSimpleRequest request, in LookupKey key, bool isFresh, ItemView item, ref Line reply)
    {
        MemcachedRequest whole = request.AsRequest();
        Answer(whole, key, isFresh, item, ref reply);
    }

    public void Get(in MemcachedRequest request, in LookupKey key, ref Line reply)
    {
        bool isFresh = (request.Meta & MetaOptions.IsNoUse) == 0 ? _shard.TryGet(key, out ItemView item) : _shard.TryPeek(key, out item);
        Answer(request, key, isFresh, item, ref reply);
    }

    public void Describe(in MemcachedRequest request, in LookupKey key, ref Line reply)
    {
        if (!_shard.TryPeek(key, out ItemView item))
        {
            reply.Add("EN\r\n"u8);
            return;
        }

        reply.Add("ME "u8);
        MetaReplies.AddKey(request, ref reply);
        reply.Add(" exp="u8);
        reply.Add(MetaReplies.RestSeconds(item.RestMillis));
        reply.Add(" la="u8);
        reply.Add(AgeSeconds(item));
        reply.Add(" cas="u8);
        reply.Add(item.Unique);
        reply.Add(item.WasFetched ? " fetch=yes cls="u8 : " fetch=no cls="u8);
        reply.Add(item.SizeClass + 1);
        reply.Add(" size="u8);
        reply.Add(item.StoredBytes);
        reply.Add("\r\n"u8);
    }

    private void Answer(in MemcachedRequest request, in LookupKey key, bool isFresh, ItemView item, ref Line reply)
    {
        MetaClaim claim = default;
        if (isFresh)
        {
            claim = _claims.OfFresh(request, key, item.RestMillis);
        }
        else if (_shard.Leases.TryPeekStale(key, out item))
        {
            claim = _claims.OfStale(key, item);
        }
        else if ((request.Meta & MetaOptions.Vivifies) != 0)
        {
            claim = _claims.OfMissing(key, request.VivifySeconds);
            WriteVivified(request, claim, ref reply);
            return;
        }
        else
        {
            MetaReplies.WriteEnd(request, "EN"u8, mayBeQuiet: true, ref reply);
            return;
        }

        WriteItem(request, item, claim, ref reply);
        if (isFresh && (request.Meta & MetaOptions.IsNoUse) == 0)
        {
            item.NoteFetch();
        }

        if (isFresh && (request.Meta & MetaOptions.HasExpiry) != 0)
        {
            MemcachedWrites.GiveLife(shard, request, key);
        }
    }

    private void WriteItem(in MemcachedRequest request, in ItemView item, in MetaClaim claim, ref Line reply)
    {
        bool hasValue = (request.Meta & MetaOptions.Value) != 0
            && !((request.Meta & MetaOptions.HasVersion) != 0 && item.Unique == request.Version);
        if (hasValue && item.Length > shard.Limits.MaxValueBytes)
        {
            reply.Add("SERVER_ERROR the value is longer than a reply can be (--max-value)\r\n"u8);
            return;
        }

        MetaReplies.AddStatus(hasValue, item.Length, ref reply);
        long restMillis = claim.IsStale ? item.StaleRestMillis : item.RestMillis;
        MemcachedTokens flags = new(request.Arguments);
        while (flags.TryNext(out ReadOnlySpan<byte> flag))
        {
            switch (flag[0])
            {
                case (byte)'v':
                    break;
                case (byte)'T' when !claim.IsStale:
                    restMillis = (long)TimeToLive.Of(request.ExpirySeconds, shard.UnixMillis()).Millis;
                    break;
                case (byte)'s':
                    MetaReplies.AddNumber(" s"u8, (ulong)item.Length, ref reply);
                    break;
                case (byte)'t':
                    reply.Add(" t"u8);
                    reply.Add(MetaReplies.RestSeconds(restMillis));
                    break;
                case (byte)'c':
                    MetaReplies.AddNumber(" c"u8, claim.Token != 0 ? claim.Token : item.Unique, ref reply);
                    break;
                case (byte)'f':
                    MetaReplies.AddNumber(" f"u8, item.ClientFlags, ref reply);
                    break;
                case (byte)'l':
                    MetaReplies.AddNumber(" l"u8, (ulong)AgeSeconds(item), ref reply);
                    break;
                case (byte)'h':
                    reply.Add(item.WasFetched ? " h1"u8 : " h0"u8);
                    break;
                default:
                    MetaReplies.AddEcho(request, flag, ref reply);
                    break;
            }
        }

        claim.AddTo(ref reply);
        reply.Add("\r\n"u8);
        if (hasValue)
        {
            item.CopyTo(reply.Begin((int)item.Length));
            reply.Add("\r\n"u8);
        }
    }

    /// <summary>Writes what stands for an item that somebody is to make.</summary>
    private void WriteVivified(in MemcachedRequest request, in MetaClaim claim, ref Line reply)
    {
        bool hasValue = (request.Meta & MetaOptions.Value) != 0;
        MetaReplies.AddStatus(hasValue, 0, ref reply);
        MemcachedTokens flags = new(request.Arguments);
        long restMillis = (long)TimeToLive.Of(request.VivifySeconds, shard.UnixMillis()).Millis;
        while (flags.TryNext(out ReadOnlySpan<byte> flag))
        {
            switch (flag[0])
            {
                case (byte)'t':
                    reply.Add(" t"u8);
                    reply.Add(MetaReplies.RestSeconds(restMillis));
                    break;
                case (byte)'c':
                    MetaReplies.AddNumber(" c"u8, claim.Token, ref reply);
                    break;
                case (byte)'s' or (byte)'f' or (byte)'l' or (byte)'h':
                    reply.Add(" "u8);
                    reply.Add(flag[..1]);
                    reply.Add("0"u8);
                    break;
                default:
                    MetaReplies.AddEcho(request, flag, ref reply);
                    break;
            }
        }

        claim.AddTo(ref reply);
        reply.Add(hasValue ? "\r\n\r\n"u8 : "\r\n"u8);
    }

    private long AgeSeconds(in ItemView item) => Math.Max(0, shard.UnixMillis() - item.WrittenUnixMillis) / MillisPerSecond;
}
