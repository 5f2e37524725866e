using FastCache.Io;
using FastCache.Node.Doors.Resp.ClientCaching;
using FastCache.Node.Doors.Resp.Subscriptions;
using FastCache.Node.Doors.Resp.Waiting;
using FastCache.Node.Sessions;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>CLIENT: the connections, and what they are called.</summary>
internal sealed class ClientCommands(DoorShard shard, ClientTracking tracking)
{
    private const string Group = "connection";
    private const CommandFlags Flags = CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale;
    private const int MaxLineBytes = 1024;

    /// <summary>What a name must not be.</summary>
    public static ReadOnlySpan<byte> NotAName => "ERR Client names cannot contain spaces, newlines or special characters."u8;

    /// <summary>All commands, once they are brought together.</summary>
    public CommandTable Table { get; set; } = null!;

    public Command Command => Containers.Of("client", Group, "Tells of connections.",
    [
        new("client|id", 2, Flags, KeyPlaces.None, Id, Group, "Returns the connection's number."),
        new("client|setname", 3, Flags, KeyPlaces.None, SetName, Group, "Gives the connection a name.") { Arguments = "<name>" },
        new("client|getname", 2, Flags, KeyPlaces.None, GetName, Group, "Returns the connection's name."),
        new("client|setinfo", 4, Flags, KeyPlaces.None, SetLibrary, Group, "Says which library the client uses (LIB-NAME, LIB-VER).")
        {
            Arguments = "(LIB-NAME|LIB-VER) <text>",
        },
        new("client|info", 2, Flags, KeyPlaces.None, One, Group, "Describes the connection."),
        new("client|list", -2, Flags | CommandFlags.Admin, KeyPlaces.None, List, Group,
            "Describes the connections, all or those of a TYPE or with an ID.", Spread.EachShard, Join.Text)
        {
            Arguments = "[TYPE <type> | ID <id> [<id> ...]]",
        },
        new("client|no-evict", 3, Flags | CommandFlags.Admin, KeyPlaces.None, Switch, Group,
            "Is taken and changes nothing: the limits of --connection-memory hold for all.") { Arguments = "(ON|OFF)" },
        new("client|no-touch", 3, Flags, KeyPlaces.None, Switch, Group, "Is taken and changes nothing: a look at a key counts as its use.")
        {
            Arguments = "(ON|OFF)",
        },
        new ClientKill(shard).Command,
        new ClientUnblock(shard).Command,
        .. new TrackingCommands(shard, tracking).Subcommands,
    ]);

    /// <summary>Whether a client may be called that.</summary>
    public static bool IsName(scoped ReadOnlySpan<byte> name) => !name.ContainsAnyExceptInRange((byte)'!', (byte)'~');

    /// <param name="talk">The connection's.</param>
    /// <param name="name">For which <see cref="IsName"/> holds; empty: none.</param>
    public static void SetName(RespTalk talk, scoped ReadOnlySpan<byte> name) =>
        talk.Name = name.IsEmpty ? null : name[..Math.Min(name.Length, RespTalk.MostNameBytes)].ToArray();

    private static void Id(scoped Call call, ref RespReplyWriter reply) => reply.WriteInteger(call.Talk.Id);

    private static void SetName(scoped Call call, ref RespReplyWriter reply)
    {
        if (!IsName(call[2]))
        {
            reply.WriteError(NotAName);
            return;
        }

        SetName(call.Talk, call[2]);
        reply.WriteOk();
    }

    private static void GetName(scoped Call call, ref RespReplyWriter reply)
    {
        if (call.Talk.Name is byte[] name)
        {
            reply.WriteBulk(name);
        }
        else
        {
            reply.WriteNull();
        }
    }

    private static void SetLibrary(scoped Call call, ref RespReplyWriter reply)
    {
        bool isName = RespWord.Is(call[2], "lib-name"u8);
        if (!isName && !RespWord.Is(call[2], "lib-ver"u8))
        {
            Line line = new(stackalloc byte[200]);
            line.Add("ERR Unrecognized option '"u8);
            line.AddShown(call[2], 128);
            line.Add("'"u8);
            reply.WriteError(line.Text);
            return;
        }

        if (!IsName(call[3]))
        {
            reply.WriteError(isName
                ? "ERR lib-name cannot contain spaces, newlines or special characters."u8
                : "ERR lib-ver cannot contain spaces, newlines or special characters."u8);
            return;
        }

        byte[] said = call[3][..Math.Min(call[3].Length, RespTalk.MostNameBytes)].ToArray();
        (call.Talk.LibraryName, call.Talk.LibraryVersion) = isName ? (said, call.Talk.LibraryVersion) : (call.Talk.LibraryName, said);
        reply.WriteOk();
    }

    private void One(scoped Call call, ref RespReplyWriter reply)
    {
        Line line = new(stackalloc byte[MaxLineBytes]);
        Describe(call.Session!, ref line);
        reply.WriteVerbatim(line.Text);
    }

    private void List(scoped Call call, ref RespReplyWriter reply)
    {
        ClientType type = ClientType.Any;
        bool byId = call.Count > 3 && RespWord.Is(call[2], "id"u8);
        bool byType = call.Count == 4 && RespWord.Is(call[2], "type"u8);
        if (!byId && !byType && call.Count > 2)
        {
            reply.WriteError(RespErrors.Syntax);
            return;
        }

        if (byType && !ClientTypes.TryParse(call[3], out type))
        {
            Line line = new(stackalloc byte[200]);
            line.Add("ERR Unknown client type '"u8);
            line.AddShown(call[3], 128);
            line.Add("'"u8);
            reply.WriteError(line.Text);
            return;
        }

        // The head is written when the length is known.
        Line lines = new(reply.Rest[RespReplyWriter.MaxOverheadBytes..RequestExecutor.MaxValueBytes]);
        if (byId ? TryAddNamed(call, ref lines, ref reply) : TryAddAll(type, ref lines, ref reply))
        {
            reply.WriteVerbatim(lines.Text);
        }
    }

    /// <summary>Describes the connections of this shard with the numbers that stand behind ID.</summary>
    /// <returns>False when the reply is an error.</returns>
    private bool TryAddNamed(scoped Call call, ref Line lines, ref RespReplyWriter reply)
    {
        for (int i = 3; i < call.Count; i++)
        {
            if (!RespNumber.TryParse(call[i], out long id))
            {
                reply.WriteError("ERR Invalid client ID"u8);
                return false;
            }

            if (shard.Clients.TryFind(id, out ClientPlace place) && place.Shard == shard.Topology.Shard
                && shard.Sessions().Find(place.Connection) is Session session && !TryAdd(session, ref lines, ref reply))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Describes all connections of this shard that are of a type.</summary>
    /// <inheritdoc cref="TryAddNamed"/>
    private bool TryAddAll(ClientType type, ref Line lines, ref RespReplyWriter reply)
    {
        foreach (Session? session in shard.Sessions().All)
        {
            if (session is { State: SessionState.Open, Talk: RespTalk talk } && session.Door.Kind == DoorKind.Resp && talk.IsOf(type)
                && !TryAdd(session, ref lines, ref reply))
            {
                return false;
            }
        }

        return true;
    }

    private bool TryAdd(Session session, ref Line lines, ref RespReplyWriter reply)
    {
        if (lines.RoomBytes < MaxLineBytes)
        {
            reply.WriteError(RespErrors.TooManyConnections);
            return false;
        }

        Describe(session, ref lines);
        return true;
    }

    private static void Switch(scoped Call call, ref RespReplyWriter reply)
    {
        if (RespWord.Is(call[2], "on"u8) || RespWord.Is(call[2], "off"u8))
        {
            reply.WriteOk();
        }
        else
        {
            reply.WriteError(RespErrors.Syntax);
        }
    }

    private void Describe(Session session, ref Line line)
    {
        RespTalk talk = (RespTalk)session.Talk!;
        line.Add("id="u8);
        line.Add(talk.Id);
        line.Add(" addr="u8);
        line.Add(session.Peer.ToString());
        line.Add(" name="u8);
        line.Add(talk.Name);
        line.Add(" age="u8);
        line.Add((shard.NowMillis() - session.OpenedMillis) / 1000);
        line.Add(" idle="u8);
        line.Add((shard.NowMillis() - session.LastReceivedMillis) / 1000);
        TalkSubscriptions? own = talk.Subscriptions;
        line.Add(" flags="u8);
        line.Add(own is { IsEmpty: false } ? "P"u8 : default);
        line.Add(talk.Transaction.IsOpen ? "x"u8 : default);
        line.Add(session.IsParked ? "b"u8 : default);
        line.Add(talk.Tracking is null ? default : talk.Tracking.IsBroadcast ? "tB"u8 : "t"u8);
        bool hasFlag = own is { IsEmpty: false } || talk.Transaction.IsOpen || talk.Tracking is not null || session.IsParked;
        line.Add(hasFlag ? " db=0 sub="u8 : "N db=0 sub="u8);
        line.Add(own?.Of(ChannelKind.Plain).Count ?? 0);
        line.Add(" psub="u8);
        line.Add(own?.Of(ChannelKind.Pattern).Count ?? 0);
        line.Add(" ssub="u8);
        line.Add(own?.Of(ChannelKind.OfSlot).Count ?? 0);
        line.Add(" multi="u8);
        line.Add(talk.Transaction.IsOpen ? talk.Transaction.Commands : -1);
        line.Add(" cmd="u8);
        line.Add(talk.LastCommand < 0 ? "NULL" : Table[talk.LastCommand].Name);
        line.Add(" user=default redir="u8);
        line.Add(talk.Tracking?.Redirect ?? -1);
        line.Add(" lib-name="u8);
        line.Add(talk.LibraryName);
        line.Add(" lib-ver="u8);
        line.Add(talk.LibraryVersion);
        line.Add(" resp="u8);
        line.Add(talk.IsVersion3 ? 3 : 2);
        AddMemory(session, ref line);
        line.Add("\n"u8);
    }

    /// <summary>The numbers of a connection that some clients fail without.</summary>
    private void AddMemory(Session session, ref Line line)
    {
        long unreadBytes = shard.UnreadBytes(session.Connection);
        line.Add(" qbuf="u8);
        line.Add(session.Input.CarriedBytes);
        line.Add(" qbuf-free="u8);
        line.Add(session.Input.HeldBytes - session.Input.CarriedBytes);
        line.Add(" argv-mem=0 obl=0 oll="u8);
        line.Add(unreadBytes > 0 ? 1 : 0);
        line.Add(" omem="u8);
        line.Add(unreadBytes);
        line.Add(" tot-mem="u8);
        line.Add(session.HeldBytes + unreadBytes);
    }
}
