using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>How long keys live.</summary>
internal sealed class ExpiryCommands(DoorShard shard)
{
    private const string Group = "generic";
    private const CommandFlags Reads = CommandFlags.ReadOnly | CommandFlags.Fast;
    private const CommandFlags Writes = CommandFlags.Write | CommandFlags.Fast;
    private const long MillisPerSecond = 1000;
    private const long NoKey = -2;
    private const long NoExpiry = -1;

    private readonly Shard _shard = shard.Shard;

    public IEnumerable<Command> Commands =>
    [
        new("expire", -3, Writes, KeyPlaces.Only, Expire, Group, "Lets a key expire in so many seconds."),
        new("pexpire", -3, Writes, KeyPlaces.Only, PExpire, Group, "Lets a key expire in so many milliseconds."),
        new("expireat", -3, Writes, KeyPlaces.Only, ExpireAt, Group, "Lets a key expire at a Unix time in seconds."),
        new("pexpireat", -3, Writes, KeyPlaces.Only, PExpireAt, Group, "Lets a key expire at a Unix time in milliseconds."),
        new("persist", 2, Writes, KeyPlaces.Only, Persist, Group, "Lets a key live for ever."),
        new("ttl", 2, Reads, KeyPlaces.Only, Ttl, Group, "Returns the seconds until a key expires."),
        new("pttl", 2, Reads, KeyPlaces.Only, PTtl, Group, "Returns the milliseconds until a key expires."),
        new("expiretime", 2, Reads, KeyPlaces.Only, ExpireTime, Group, "Returns the Unix time in seconds at which a key expires."),
        new("pexpiretime", 2, Reads, KeyPlaces.Only, PExpireTime, Group, "Returns the Unix time in milliseconds at which a key expires."),
    ];

    private void Expire(scoped Call call, ref RespReplyWriter reply) => Limit(call, MillisPerSecond, isAbsolute: false, "expire"u8, ref reply);

    private void PExpire(scoped Call call, ref RespReplyWriter reply) => Limit(call, 1, isAbsolute: false, "pexpire"u8, ref reply);

    private void ExpireAt(scoped Call call, ref RespReplyWriter reply) => Limit(call, MillisPerSecond, isAbsolute: true, "expireat"u8, ref reply);

    private void PExpireAt(scoped Call call, ref RespReplyWriter reply) => Limit(call, 1, isAbsolute: true, "pexpireat"u8, ref reply);

    private void Limit(scoped Call call, long unitMillis, bool isAbsolute, scoped ReadOnlySpan<byte> name, ref RespReplyWriter reply)
    {
        if (!TryReadCondition(call, out LifeCondition condition, out bool isForLimited, ref reply))
        {
            return;
        }

        if (!RespNumber.TryParse(call[2], out long time))
        {
            reply.WriteError(RespErrors.NotAnInteger);
            return;
        }

        long unixMillis = shard.UnixMillis();
        if (time > long.MaxValue / unitMillis || time < long.MinValue / unitMillis
            || (!isAbsolute && time * unitMillis > long.MaxValue - unixMillis))
        {
            RespErrors.WriteInvalidExpiry(name, ref reply);
            return;
        }

        long end = time * unitMillis;
        long rest = !isAbsolute ? end : end > unixMillis ? end - unixMillis : 0;
        bool isDone = !(isForLimited && !(_shard.TryInspect(call.Key, out ItemView item) && item.RestMillis > 0))
            && _shard.Touch(call.Key, (ulong)Math.Max(1, rest), condition);
        if (isDone && rest <= 0)
        {
            _shard.Delete(call.Key);
            shard.Note(call.KeyBytes, KeyEvent.Del);
        }
        else if (isDone)
        {
            shard.Note(call.KeyBytes, KeyEvent.Expire);
        }

        reply.WriteInteger(isDone ? 1 : 0);
    }

    private static bool TryReadCondition(
        scoped Call call, out LifeCondition condition, out bool isForLimited, ref RespReplyWriter reply)
    {
        bool nx = false;
        bool xx = false;
        bool gt = false;
        bool lt = false;
        condition = LifeCondition.Always;
        isForLimited = false;
        for (int i = 3; i < call.Count; i++)
        {
            ReadOnlySpan<byte> word = call[i];
            bool isNx = RespWord.Is(word, "nx"u8);
            bool isXx = RespWord.Is(word, "xx"u8);
            bool isGt = RespWord.Is(word, "gt"u8);
            bool isLt = RespWord.Is(word, "lt"u8);
            if (!isNx && !isXx && !isGt && !isLt)
            {
                Line line = new(stackalloc byte[160]);
                line.Add("ERR Unsupported option "u8);
                line.AddShown(word, 128);
                reply.WriteError(line.Text);
                return false;
            }

            (nx, xx, gt, lt) = (nx | isNx, xx | isXx, gt | isGt, lt | isLt);
        }

        if (nx && (xx || gt || lt))
        {
            reply.WriteError("ERR NX and XX, GT or LT options at the same time are not compatible"u8);
            return false;
        }

        if (gt && lt)
        {
            reply.WriteError("ERR GT and LT options at the same time are not compatible"u8);
            return false;
        }

        condition = nx ? LifeCondition.IfEndless : gt ? LifeCondition.IfLater : lt ? LifeCondition.IfSooner : LifeCondition.Always;
        isForLimited = xx;
        return true;
    }

    private void Persist(scoped Call call, ref RespReplyWriter reply)
    {
        bool isDone = _shard.Touch(call.Key, 0, LifeCondition.IfLimited);
        if (isDone)
        {
            shard.Note(call.KeyBytes, KeyEvent.Persist);
        }

        reply.WriteInteger(isDone ? 1 : 0);
    }

    private void Ttl(scoped Call call, ref RespReplyWriter reply) => reply.WriteInteger(InSeconds(Rest(call)));

    private void PTtl(scoped Call call, ref RespReplyWriter reply) => reply.WriteInteger(Rest(call));

    private void ExpireTime(scoped Call call, ref RespReplyWriter reply) => reply.WriteInteger(InSeconds(End(call)));

    private void PExpireTime(scoped Call call, ref RespReplyWriter reply) => reply.WriteInteger(End(call));

    private long Rest(scoped Call call) =>
        !_shard.TryInspect(call.Key, out ItemView item) ? NoKey : item.RestMillis is long rest and > 0 ? rest : NoExpiry;

    private long End(scoped Call call) => Rest(call) is long rest and > 0 ? rest + shard.UnixMillis() : Rest(call);

    private static long InSeconds(long millis) => millis < 0 ? millis : (millis + (MillisPerSecond / 2)) / MillisPerSecond;
}
