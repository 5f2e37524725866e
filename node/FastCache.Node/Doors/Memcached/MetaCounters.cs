using System.Buffers.Text;
using FastCache.Core;
using FastCache.Protocol.Memcached;

namespace FastCache.Node.Doors.Memcached;

/// <summary>The meta command that counts: ma.</summary>
internal sealed class MetaCounters(DoorShard shard)
{
    private readonly Shard _shard = shard.Shard;

    public void Count(in MemcachedRequest request, in LookupKey key, ref Line reply)
    {
        bool isThere = _shard.TryPeek(key, out ItemView item);
        if (isThere && item.Length > 0 && request.Version != 0 && item.Unique != request.Version)
        {
            MetaReplies.WriteEnd(request, "EX"u8, mayBeQuiet: false, ref reply);
            return;
        }

        bool creates = !isThere && (request.Meta & MetaOptions.Vivifies) != 0;
        TimeToLive vivified = TimeToLive.Of(request.VivifySeconds, shard.UnixMillis());
        CounterChange change = new(
            CounterKind.Wrapping,
            request.Amount,
            request.Mode is (byte)'D' or (byte)'-',
            creates ? request.Initial : null,
            vivified.Millis)
        {
            KeepsLength = true,
            Unique = request.Unique,
        };
        WriteOutcome outcome = _shard.Edits.Count(key, change, out ulong number, out ulong version);
        shard.Note(request.Key);
        if (outcome == WriteOutcome.NotFound)
        {
            MetaReplies.WriteEnd(request, "NF"u8, mayBeQuiet: false, ref reply);
            return;
        }

        if (outcome != WriteOutcome.Done)
        {
            reply.Add(MemcachedWrites.TextOf(outcome));
            reply.Add("\r\n"u8);
            return;
        }

        if (!request.IsQuiet || creates)
        {
            long restMillis = _shard.TryPeek(key, out ItemView counter) ? counter.RestMillis : 0;
            WriteNumber(request, number, version, creates ? 0 : restMillis, ref reply);
        }

        if ((request.Meta & MetaOptions.HasExpiry) != 0)
        {
            MemcachedWrites.GiveLife(shard, request, key);
        }
        else if (creates && vivified.IsOver)
        {
            _shard.Delete(key);
        }
    }

    private void WriteNumber(in MemcachedRequest request, ulong number, ulong version, long restMillis, ref Line reply)
    {
        bool hasValue = (request.Meta & MetaOptions.Value) != 0;
        Span<byte> digits = stackalloc byte[24];
        Utf8Formatter.TryFormat(number, digits, out int length);
        MetaReplies.AddStatus(hasValue, length, ref reply);
        MemcachedTokens flags = new(request.Arguments);
        while (flags.TryNext(out ReadOnlySpan<byte> flag))
        {
            switch (flag[0])
            {
                case (byte)'c':
                    MetaReplies.AddNumber(" c"u8, request.Unique != 0 ? request.Unique : version, ref reply);
                    break;
                case (byte)'t':
                    reply.Add(" t"u8);
                    reply.Add(MetaReplies.RestSeconds(restMillis));
                    break;
                case (byte)'T':
                    restMillis = (long)TimeToLive.Of(request.ExpirySeconds, shard.UnixMillis()).Millis;
                    break;
                case (byte)'N' when restMillis == 0:
                    restMillis = (long)TimeToLive.Of(request.VivifySeconds, shard.UnixMillis()).Millis;
                    break;
                default:
                    MetaReplies.AddEcho(request, flag, ref reply);
                    break;
            }
        }

        reply.Add("\r\n"u8);
        if (hasValue)
        {
            reply.Add(digits[..length]);
            reply.Add("\r\n"u8);
        }
    }
}
