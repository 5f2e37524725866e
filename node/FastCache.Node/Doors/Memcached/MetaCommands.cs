using System.Buffers.Text;
using FastCache.Core;
using FastCache.Protocol.Memcached;

namespace FastCache.Node.Doors.Memcached;

/// <summary>The meta commands. Who wins an item (W) holds the engine's grant to fill its key; that others are told so (Z) is the same grant.</summary>
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
/// </remarks>
internal sealed class MetaCommands(DoorShard shard)
{
    /// <summary>How long who has won a value that is there is the only one.</summary>
    public const int WinMillis = 30_000;

    private const int MillisPerSecond = 1_000;

    private readonly Shard _shard = shard.Shard;

    /// <summary>Writes the value of a key and nothing else that is known of it.</summary>
    public void GetValue(in MemcachedSimpleRequest request, in LookupKey key, ref Line reply)
    {
        bool isFresh = _shard.TryGet(key, out ItemView item);
        if (!isFresh || item.Length > shard.Limits.MaxValueBytes || _shard.Leases.IsClaimed(key))
        {
            MemcachedRequest whole = request.AsMetaGet();
            Answer(whole, key, isFresh, item, ref reply);
            return;
        }

        item.NoteFetch();
        reply.Add("VA "u8);
        reply.AddValue(item);
    }

    public void Get(in MemcachedRequest request, in LookupKey key, ref Line reply)
    {
        bool isFresh = (request.Meta & MetaOptions.IsNoUse) == 0 ? _shard.TryGet(key, out ItemView item) : _shard.TryPeek(key, out item);
        Answer(request, key, isFresh, item, ref reply);
    }

    private void Answer(in MemcachedRequest request, in LookupKey key, bool isFresh, ItemView item, ref Line reply)
    {
        Claim claim = default;
        if (isFresh)
        {
            claim = ClaimFresh(request, key, item.RestMillis);
        }
        else if (_shard.Leases.TryPeekStale(key, out item))
        {
            claim = ClaimFor(key, WinMillis) with { IsStale = true };
        }
        else if ((request.Meta & MetaOptions.Vivifies) != 0)
        {
            claim = ClaimFor(key, LeaseMillisOf(request.VivifySeconds));
            WriteVivified(request, claim, ref reply);
            return;
        }
        else
        {
            WriteEnd(request, "EN"u8, mayBeQuiet: true, ref reply);
            return;
        }

        WriteItem(request, item, claim, ref reply);
        if (isFresh && (request.Meta & MetaOptions.IsNoUse) == 0)
        {
            item.NoteFetch();
        }

        if (isFresh && (request.Meta & MetaOptions.HasExpiry) != 0)
        {
            GiveLife(request, key);
        }
    }

    public void Set(in MemcachedRequest request, in LookupKey key, ref Line reply)
    {
        bool hasVersion = (request.Meta & MetaOptions.HasVersion) != 0;
        MemcachedCommand command = request.Mode switch
        {
            (byte)'E' => MemcachedCommand.Add,
            (byte)'A' => MemcachedCommand.Append,
            (byte)'P' => MemcachedCommand.Prepend,
            _ when hasVersion => MemcachedCommand.Cas,
            (byte)'R' => MemcachedCommand.Replace,
            _ => MemcachedCommand.Set,
        };
        bool isEdit = command is MemcachedCommand.Append or MemcachedCommand.Prepend;
        ulong version = 0;
        WriteOutcome outcome = isEdit && hasVersion && request.Version != 0
            && _shard.TryPeek(key, out ItemView present) && present.Version != request.Version
                ? WriteOutcome.VersionMismatch
                : MemcachedWrites.Store(shard, request, command, key, out version);
        if (isEdit && outcome == WriteOutcome.NotFound && (request.Meta & MetaOptions.Vivifies) != 0)
        {
            MemcachedRequest vivified = request;
            vivified.ExpirySeconds = request.VivifySeconds;
            outcome = MemcachedWrites.Store(shard, vivified, MemcachedCommand.Add, key, out version);
        }

        if (command == MemcachedCommand.Cas && (request.Meta & MetaOptions.Stale) != 0
            && (outcome is WriteOutcome.VersionMismatch or WriteOutcome.NotFound))
        {
            outcome = StoreStale(request, key, outcome, out version);
        }

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

        if (request.IsQuiet && outcome == WriteOutcome.Done)
        {
            return;
        }

        long size = request.Value.Length;
        if (isEdit && outcome == WriteOutcome.Done && _shard.TryPeek(key, out ItemView edited))
        {
            size = edited.Length;
        }

        reply.Add(code);
        MemcachedTokens flags = new(request.Arguments);
        while (flags.TryNext(out ReadOnlySpan<byte> flag))
        {
            if (flag[0] == 'c')
            {
                AddNumber(" c"u8, version, ref reply);
            }
            else if (flag[0] == 's' && outcome == WriteOutcome.Done)
            {
                AddNumber(" s"u8, (ulong)size, ref reply);
            }
            else
            {
                AddEcho(request, flag, ref reply);
            }
        }

        reply.Add("\r\n"u8);
    }

    public void Delete(in MemcachedRequest request, in LookupKey key, ref Line reply)
    {
        bool isStale = false;
        bool isThere = _shard.TryPeek(key, out ItemView item);
        if (!isThere)
        {
            isThere = isStale = _shard.Leases.TryPeekStale(key, out item);
        }

        ReadOnlySpan<byte> code = "HD"u8;
        if (!isThere)
        {
            // What a winner has read may be older than this delete.
            _shard.Leases.Revoke(key);
            code = "NF"u8;
        }
        else if ((request.Meta & MetaOptions.HasVersion) != 0 && item.Version != request.Version)
        {
            code = "EX"u8;
        }
        else
        {
            Remove(request, key, isStale);
            if (request.IsQuiet)
            {
                return;
            }
        }

        WriteEnd(request, code, mayBeQuiet: false, ref reply);
    }

    public void Count(in MemcachedRequest request, in LookupKey key, ref Line reply)
    {
        bool isThere = _shard.TryPeek(key, out ItemView item);
        if (isThere && item.Length > 0 && request.Version != 0 && item.Version != request.Version)
        {
            WriteEnd(request, "EX"u8, mayBeQuiet: false, ref reply);
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
        };
        WriteOutcome outcome = _shard.Edits.Count(key, change, out ulong number, out ulong version);
        shard.Note(request.Key);
        if (outcome == WriteOutcome.NotFound)
        {
            WriteEnd(request, "NF"u8, mayBeQuiet: false, ref reply);
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
            GiveLife(request, key);
        }
        else if (creates && vivified.IsOver)
        {
            _shard.Delete(key);
        }
    }

    public void Describe(in MemcachedRequest request, in LookupKey key, ref Line reply)
    {
        if (!_shard.TryPeek(key, out ItemView item))
        {
            reply.Add("EN\r\n"u8);
            return;
        }

        reply.Add("ME "u8);
        AddKey(request, ref reply);
        reply.Add(" exp="u8);
        reply.Add(RestSeconds(item.RestMillis));
        reply.Add(" la="u8);
        reply.Add(AgeSeconds(item));
        reply.Add(" cas="u8);
        reply.Add(item.Version);
        reply.Add(item.WasFetched ? " fetch=yes size="u8 : " fetch=no size="u8);
        reply.Add(item.StoredBytes);
        reply.Add("\r\n"u8);
    }

    private Claim ClaimFresh(in MemcachedRequest request, in LookupKey key, long restMillis)
    {
        if (_shard.Leases.IsClaimed(key))
        {
            return new Claim { IsOthers = true };
        }

        if ((request.Meta & MetaOptions.Recaches) == 0 || restMillis == 0)
        {
            return default;
        }

        TimeToLive limit = TimeToLive.Of(request.RecacheSeconds, shard.UnixMillis());
        // What was won while it is fresh is written with its own unique.
        return restMillis < (long)limit.Millis ? ClaimFor(key, WinMillis) with { Token = 0 } : default;
    }

    private Claim ClaimFor(in LookupKey key, int leaseMillis) =>
        _shard.Leases.TryClaim(key, leaseMillis, out ulong token)
            ? new Claim { IsWon = true, Token = token }
            : new Claim { IsOthers = true };

    private int LeaseMillisOf(int seconds)
    {
        TimeToLive life = TimeToLive.Of(seconds, shard.UnixMillis());
        return life.IsOver ? 1
            : life.Millis == 0 ? LeasedLookups.MaxLeaseMillis
            : (int)Math.Min(life.Millis, LeasedLookups.MaxLeaseMillis);
    }

    private void WriteItem(in MemcachedRequest request, in ItemView item, in Claim claim, ref Line reply)
    {
        bool hasValue = (request.Meta & MetaOptions.Value) != 0
            && !((request.Meta & MetaOptions.HasVersion) != 0 && item.Version == request.Version);
        if (hasValue && item.Length > shard.Limits.MaxValueBytes)
        {
            reply.Add("SERVER_ERROR the value is longer than a reply can be (--max-value)\r\n"u8);
            return;
        }

        AddStatus(hasValue, item.Length, ref reply);
        long restMillis = item.RestMillis;
        MemcachedTokens flags = new(request.Arguments);
        while (flags.TryNext(out ReadOnlySpan<byte> flag))
        {
            switch (flag[0])
            {
                case (byte)'v':
                    break;
                case (byte)'T':
                    restMillis = (long)TimeToLive.Of(request.ExpirySeconds, shard.UnixMillis()).Millis;
                    break;
                case (byte)'s':
                    AddNumber(" s"u8, (ulong)item.Length, ref reply);
                    break;
                case (byte)'t':
                    reply.Add(" t"u8);
                    reply.Add(claim.IsStale ? 0 : RestSeconds(restMillis));
                    break;
                case (byte)'c':
                    AddNumber(" c"u8, claim.Token != 0 ? claim.Token : item.Version, ref reply);
                    break;
                case (byte)'f':
                    AddNumber(" f"u8, item.ClientFlags, ref reply);
                    break;
                case (byte)'l':
                    AddNumber(" l"u8, (ulong)AgeSeconds(item), ref reply);
                    break;
                case (byte)'h':
                    reply.Add(item.WasFetched ? " h1"u8 : " h0"u8);
                    break;
                default:
                    AddEcho(request, flag, ref reply);
                    break;
            }
        }

        AddClaim(claim, ref reply);
        reply.Add("\r\n"u8);
        if (hasValue)
        {
            item.CopyTo(reply.Begin((int)item.Length));
            reply.Add("\r\n"u8);
        }
    }

    /// <summary>Writes what stands for an item that somebody is to make.</summary>
    private void WriteVivified(in MemcachedRequest request, in Claim claim, ref Line reply)
    {
        bool hasValue = (request.Meta & MetaOptions.Value) != 0;
        AddStatus(hasValue, 0, ref reply);
        MemcachedTokens flags = new(request.Arguments);
        long restMillis = (long)TimeToLive.Of(request.VivifySeconds, shard.UnixMillis()).Millis;
        while (flags.TryNext(out ReadOnlySpan<byte> flag))
        {
            switch (flag[0])
            {
                case (byte)'t':
                    reply.Add(" t"u8);
                    reply.Add(RestSeconds(restMillis));
                    break;
                case (byte)'c':
                    AddNumber(" c"u8, claim.Token, ref reply);
                    break;
                case (byte)'s' or (byte)'f' or (byte)'l' or (byte)'h':
                    reply.Add(" "u8);
                    reply.Add(flag[..1]);
                    reply.Add("0"u8);
                    break;
                default:
                    AddEcho(request, flag, ref reply);
                    break;
            }
        }

        AddClaim(claim, ref reply);
        reply.Add(hasValue ? "\r\n\r\n"u8 : "\r\n"u8);
    }

    private void WriteNumber(in MemcachedRequest request, ulong number, ulong version, long restMillis, ref Line reply)
    {
        bool hasValue = (request.Meta & MetaOptions.Value) != 0;
        Span<byte> digits = stackalloc byte[24];
        Utf8Formatter.TryFormat(number, digits, out int length);
        AddStatus(hasValue, length, ref reply);
        MemcachedTokens flags = new(request.Arguments);
        while (flags.TryNext(out ReadOnlySpan<byte> flag))
        {
            switch (flag[0])
            {
                case (byte)'c':
                    AddNumber(" c"u8, version, ref reply);
                    break;
                case (byte)'t':
                    reply.Add(" t"u8);
                    reply.Add(RestSeconds(restMillis));
                    break;
                case (byte)'T':
                    restMillis = (long)TimeToLive.Of(request.ExpirySeconds, shard.UnixMillis()).Millis;
                    break;
                case (byte)'N' when restMillis == 0:
                    restMillis = (long)TimeToLive.Of(request.VivifySeconds, shard.UnixMillis()).Millis;
                    break;
                default:
                    AddEcho(request, flag, ref reply);
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

    /// <summary>Writes a value that its writer knows to be older than what it replaces.</summary>
    private WriteOutcome StoreStale(in MemcachedRequest request, in LookupKey key, WriteOutcome refused, out ulong version)
    {
        version = 0;
        bool isThere = _shard.TryPeek(key, out ItemView item) || _shard.Leases.TryPeekStale(key, out item);
        if (!isThere || request.Version >= item.Version || request.Version == 0)
        {
            return refused;
        }

        SetOptions options = new() { KeepLife = true, ClientFlags = request.ClientFlags };
        WriteOutcome outcome = _shard.Set(key, request.Value, options, out version);
        _shard.Leases.Invalidate(key);
        shard.Note(request.Key);
        return outcome;
    }

    private void Remove(in MemcachedRequest request, in LookupKey key, bool isStale)
    {
        if ((request.Meta & MetaOptions.DropsValue) != 0)
        {
            _shard.Set(key, default, new SetOptions { KeepLife = true }, out _);
            isStale = false;
        }

        if ((request.Meta & MetaOptions.Stale) != 0)
        {
            TimeToLive rest = TimeToLive.Of(request.ExpirySeconds, shard.UnixMillis());
            if (rest.IsOver)
            {
                _shard.Delete(key);
            }
            else if (!isStale)
            {
                _shard.Leases.Invalidate(key, rest.Millis == 0 ? ulong.MaxValue : rest.Millis);
            }
            else
            {
                _shard.Leases.Revoke(key);
            }
        }
        else if ((request.Meta & MetaOptions.DropsValue) == 0)
        {
            _shard.Delete(key);
        }

        shard.Note(request.Key);
    }

    private void GiveLife(in MemcachedRequest request, in LookupKey key)
    {
        TimeToLive life = TimeToLive.Of(request.ExpirySeconds, shard.UnixMillis());
        if (life.IsOver)
        {
            _shard.Delete(key);
        }
        else
        {
            _shard.Touch(key, life.Millis);
        }

        shard.Note(request.Key);
    }

    /// <summary>Writes a status with what is echoed.</summary>
    private static void WriteEnd(in MemcachedRequest request, ReadOnlySpan<byte> code, bool mayBeQuiet, ref Line reply)
    {
        if (mayBeQuiet && request.IsQuiet)
        {
            return;
        }

        reply.Add(code);
        MemcachedTokens flags = new(request.Arguments);
        while (flags.TryNext(out ReadOnlySpan<byte> flag))
        {
            AddEcho(request, flag, ref reply);
        }

        reply.Add("\r\n"u8);
    }

    private static void AddStatus(bool hasValue, long length, ref Line reply)
    {
        if (hasValue)
        {
            reply.Add("VA "u8);
            reply.Add(length);
        }
        else
        {
            reply.Add("HD"u8);
        }
    }

    private static void AddClaim(in Claim claim, ref Line reply)
    {
        reply.Add(claim.IsOthers ? " Z"u8 : default);
        reply.Add(claim.IsStale ? " X"u8 : default);
        reply.Add(claim.IsWon ? " W"u8 : default);
    }

    /// <summary>Adds what a flag says when it is one that every reply gives back: O and k.</summary>
    private static void AddEcho(in MemcachedRequest request, ReadOnlySpan<byte> flag, ref Line reply)
    {
        if (flag[0] == 'O')
        {
            reply.Add(" "u8);
            reply.Add(flag);
        }
        else if (flag[0] == 'k')
        {
            reply.Add(" k"u8);
            AddKey(request, ref reply);
            reply.Add((request.Meta & MetaOptions.IsBase64) != 0 ? " b"u8 : default);
        }
    }

    private static void AddKey(in MemcachedRequest request, ref Line reply)
    {
        if ((request.Meta & MetaOptions.IsBase64) == 0)
        {
            reply.Add(request.Key);
            return;
        }

        Base64.EncodeToUtf8(request.Key, reply.Begin(Base64.GetMaxEncodedToUtf8Length(request.Key.Length)), out _, out _);
    }

    private static void AddNumber(ReadOnlySpan<byte> flag, ulong number, ref Line reply)
    {
        reply.Add(flag);
        reply.Add(number);
    }

    private static long RestSeconds(long millis) => millis == 0 ? -1 : (millis + MillisPerSecond - 1) / MillisPerSecond;

    private long AgeSeconds(in ItemView item) => Math.Max(0, shard.UnixMillis() - item.WrittenUnixMillis) / MillisPerSecond;

    /// <summary>What a lookup says of who is to write the item anew.</summary>
    private readonly record struct Claim
    {
        /// <summary>The caller: W.</summary>
        public bool IsWon { get; init; }

        /// <summary>Somebody else: Z.</summary>
        public bool IsOthers { get; init; }

        /// <summary>X.</summary>
        public bool IsStale { get; init; }

        /// <summary>The unique of what the caller is to write; 0: the item's own.</summary>
        public ulong Token { get; init; }
    }
}
