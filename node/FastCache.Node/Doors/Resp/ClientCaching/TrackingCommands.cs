using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.ClientCaching;

/// <summary>The subcommands of CLIENT by which clients that cache are told of changes.</summary>
internal sealed class TrackingCommands(DoorShard shard, ClientTracking tracking)
{
    private const string Group = "connection";
    private const CommandFlags Flags = CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale;
    private const int MostPrefixes = 128;

    public IEnumerable<Command> Subcommands =>
    [
        new("client|tracking", -3, Flags, KeyPlaces.None, Track, Group, "Tells the client of changes of keys that it has read, or of all (BCAST).")
        {
            Arguments = "(ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix>] ... [OPTIN] [OPTOUT] [NOLOOP]",
        },
        new("client|caching", 3, Flags, KeyPlaces.None, Cache, Group, "Says whether what the next command reads is tracked.")
        {
            Arguments = "(YES|NO)",
        },
        new("client|trackinginfo", 2, Flags, KeyPlaces.None, Describe, Group, "Returns what the client is told of."),
        new("client|getredir", 2, Flags, KeyPlaces.None, Redirection, Group, "Returns the number of the client that is told in this one's place."),
    ];

    private void Track(scoped Call call, ref RespReplyWriter reply)
    {
        if (!TryRead(call, out TrackingWish wish, ref reply))
        {
            return;
        }

        if (!wish.IsOn)
        {
            tracking.Stop(call.Session!);
            reply.WriteOk();
            return;
        }

        TalkTracking? before = call.Talk.Tracking;
        ReadOnlySpan<byte> refusal =
            !wish.IsBroadcast && wish.Prefixes.Count > 0 ? "ERR PREFIX option requires BCAST mode to be enabled"u8
            : before is not null && before.IsBroadcast != wish.IsBroadcast
                ? "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode."u8
            : wish.IsBroadcast && (wish.IsOptIn || wish.IsOptOut) ? "ERR OPTIN and OPTOUT are not compatible with BCAST"u8
            : wish.IsOptIn && wish.IsOptOut ? "ERR You can't specify both OPTIN mode and OPTOUT mode"u8
            : (wish.IsOptIn && before?.Choice == ReadChoice.NotExcluded) || (wish.IsOptOut && before?.Choice == ReadChoice.Chosen)
                ? "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode."u8
            : (before?.Prefixes.Count ?? 0) + wish.Prefixes.Count > MostPrefixes ? "ERR a client has at most 128 prefixes here"u8
            : default;
        if (!refusal.IsEmpty)
        {
            reply.WriteError(refusal);
            return;
        }

        if (!AreDistinct(before, wish.Prefixes, ref reply))
        {
            return;
        }

        TalkTracking now = new()
        {
            IsBroadcast = wish.IsBroadcast,
            Choice = wish.IsOptIn ? ReadChoice.Chosen : wish.IsOptOut ? ReadChoice.NotExcluded : ReadChoice.All,
            IsWithoutOwn = wish.IsWithoutOwn,
            Redirect = wish.Redirect,
            RedirectPlace = wish.RedirectPlace,
        };
        if (before is not null)
        {
            now.Prefixes.AddRange(before.Prefixes);
        }

        now.Prefixes.AddRange(wish.Prefixes);
        if (wish.IsBroadcast && wish.Prefixes.Count == 0 && !now.HasPrefixOf(default))
        {
            now.Prefixes.Add([]);
        }

        now.Prefixes.Sort((one, other) => one.AsSpan().SequenceCompareTo(other));
        tracking.Start(call.Session!, now);
        reply.WriteOk();
    }

    /// <summary>Reads what is asked for.</summary>
    /// <returns>False when it is none, and the reply says why.</returns>
    private bool TryRead(scoped Call call, out TrackingWish wish, ref RespReplyWriter reply)
    {
        wish = new TrackingWish { Prefixes = [] };
        for (int i = 3; i < call.Count; i++)
        {
            if (RespWord.Is(call[i], "redirect"u8) && i + 1 < call.Count)
            {
                if (wish.Redirect != 0)
                {
                    reply.WriteError("ERR A client can only redirect to a single other client"u8);
                    return false;
                }

                if (!RespNumber.TryParse(call[++i], out long client))
                {
                    reply.WriteError(RespErrors.NotAnInteger);
                    return false;
                }

                if (!shard.Clients.TryFind(client, out ClientPlace place))
                {
                    reply.WriteError("ERR The client ID you want redirect to does not exist"u8);
                    return false;
                }

                (wish.Redirect, wish.RedirectPlace) = (client, place);
            }
            else if (RespWord.Is(call[i], "prefix"u8) && i + 1 < call.Count)
            {
                if (call[++i].Length > shard.Limits.MaxKeyBytes)
                {
                    reply.WriteError("ERR a prefix is no longer than a key may be (--max-key)"u8);
                    return false;
                }

                if (wish.Prefixes.Count == MostPrefixes)
                {
                    reply.WriteError("ERR a client has at most 128 prefixes here"u8);
                    return false;
                }

                wish.Prefixes.Add(call[i].ToArray());
            }
            else if (!wish.TryTake(call[i]))
            {
                reply.WriteError(RespErrors.Syntax);
                return false;
            }
        }

        wish.IsOn = RespWord.Is(call[2], "on"u8);
        if (wish.IsOn || RespWord.Is(call[2], "off"u8))
        {
            return true;
        }

        reply.WriteError(RespErrors.Syntax);
        return false;
    }

    /// <summary>Whether no prefix begins with another one.</summary>
    private static bool AreDistinct(TalkTracking? before, List<byte[]> prefixes, ref RespReplyWriter reply)
    {
        for (int i = 0; i < prefixes.Count; i++)
        {
            foreach (byte[] there in before?.Prefixes ?? [])
            {
                if (Overlap(prefixes[i], there))
                {
                    WriteOverlap(prefixes[i], "' overlaps with an existing prefix '"u8, there, ref reply);
                    return false;
                }
            }

            for (int j = i + 1; j < prefixes.Count; j++)
            {
                if (Overlap(prefixes[i], prefixes[j]))
                {
                    WriteOverlap(prefixes[i], "' overlaps with another provided prefix '"u8, prefixes[j], ref reply);
                    return false;
                }
            }
        }

        return true;
    }

    private static bool Overlap(byte[] one, byte[] other) => one.AsSpan().StartsWith(other) || other.AsSpan().StartsWith(one);

    private static void WriteOverlap(byte[] prefix, ReadOnlySpan<byte> what, byte[] other, ref RespReplyWriter reply)
    {
        Line line = new(stackalloc byte[700]);
        line.Add("ERR Prefix '"u8);
        line.AddShown(prefix, prefix.Length);
        line.Add(what);
        line.AddShown(other, other.Length);
        line.Add("'. Prefixes for a single client must not overlap."u8);
        reply.WriteError(line.Text);
    }

    private static void Cache(scoped Call call, ref RespReplyWriter reply)
    {
        bool isYes = RespWord.Is(call[2], "yes"u8);
        if (call.Talk.Tracking is not TalkTracking own)
        {
            reply.WriteError("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled"u8);
        }
        else if (!isYes && !RespWord.Is(call[2], "no"u8))
        {
            reply.WriteError(RespErrors.Syntax);
        }
        else if (isYes && own.Choice != ReadChoice.Chosen)
        {
            reply.WriteError("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode."u8);
        }
        else if (!isYes && own.Choice != ReadChoice.NotExcluded)
        {
            reply.WriteError("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode."u8);
        }
        else
        {
            own.IsNextNamed = true;
            reply.WriteOk();
        }
    }

    private static void Describe(scoped Call call, ref RespReplyWriter reply)
    {
        TalkTracking? own = call.Talk.Tracking;
        bool hasChoice = own is not null && own.Choice != ReadChoice.All;
        int flags = 1 + (own is { IsBroadcast: true } ? 1 : 0) + (hasChoice ? 1 : 0) + (own is { IsNextNamed: true } ? 1 : 0)
            + (own is { IsWithoutOwn: true } ? 1 : 0);
        reply.WriteMap(3);
        reply.WriteBulk("flags"u8);
        reply.WriteSet(flags);
        reply.WriteBulk(own is null ? "off"u8 : "on"u8);
        if (own is { IsBroadcast: true })
        {
            reply.WriteBulk("bcast"u8);
        }

        if (hasChoice)
        {
            reply.WriteBulk(own!.Choice == ReadChoice.Chosen ? "optin"u8 : "optout"u8);
        }

        if (own is { IsNextNamed: true })
        {
            reply.WriteBulk(own.Choice == ReadChoice.Chosen ? "caching-yes"u8 : "caching-no"u8);
        }

        if (own is { IsWithoutOwn: true })
        {
            reply.WriteBulk("noloop"u8);
        }

        reply.WriteBulk("redirect"u8);
        reply.WriteInteger(own?.Redirect ?? -1);
        reply.WriteBulk("prefixes"u8);
        reply.WriteArray(own?.Prefixes.Count ?? 0);
        foreach (byte[] prefix in own?.Prefixes ?? [])
        {
            reply.WriteBulk(prefix);
        }
    }

    private static void Redirection(scoped Call call, ref RespReplyWriter reply) => reply.WriteInteger(call.Talk.Tracking?.Redirect ?? -1);

    private struct TrackingWish
    {
        public bool IsOn;
        public bool IsBroadcast;
        public bool IsOptIn;
        public bool IsOptOut;
        public bool IsWithoutOwn;
        public long Redirect;
        public ClientPlace RedirectPlace;
        public List<byte[]> Prefixes;

        /// <summary>Takes one of the words that stand alone.</summary>
        public bool TryTake(ReadOnlySpan<byte> word)
        {
            bool isBroadcast = RespWord.Is(word, "bcast"u8);
            bool isOptIn = RespWord.Is(word, "optin"u8);
            bool isOptOut = RespWord.Is(word, "optout"u8);
            bool isWithoutOwn = RespWord.Is(word, "noloop"u8);
            IsBroadcast |= isBroadcast;
            IsOptIn |= isOptIn;
            IsOptOut |= isOptOut;
            IsWithoutOwn |= isWithoutOwn;
            return isBroadcast || isOptIn || isOptOut || isWithoutOwn;
        }
    }
}
