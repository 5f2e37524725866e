using FastCache.Node.Doors.Resp.ClientCaching;
using FastCache.Node.Doors.Resp.Subscriptions;
using FastCache.Node.Sessions;
using FastCache.Protocol;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>What a client says of itself and of its connection.</summary>
internal sealed class ConnectionCommands(DoorShard shard, SubscriptionTable subscriptions, ClientTracking tracking)
{
    private const string Group = "connection";
    private const CommandFlags Always = CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast;
    private const CommandFlags BeforeAuth = Always | CommandFlags.NoAuth;

    private readonly ClientCommands _clients = new(shard, tracking);

    /// <summary>All commands, once they are brought together.</summary>
    public CommandTable Table { set => _clients.Table = value; }

    public IEnumerable<Command> Commands =>
    [
        new("ping", -1, CommandFlags.Fast, KeyPlaces.None, Ping, Group, "Answers PONG, or what it is given.")
        {
            IsForSubscribers = true,
            InTransaction = InTransaction.WaitsAnywhere,
        },
        new("echo", 2, CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast, KeyPlaces.None, Echo, Group, "Answers what it is given.")
        {
            InTransaction = InTransaction.WaitsAnywhere,
        },
        new("hello", -1, BeforeAuth, KeyPlaces.None, Hello, Group, "Agrees on the version of the protocol.")
        {
            ChangesTalk = true,
        },
        new("auth", -2, BeforeAuth, KeyPlaces.None, Authenticate, Group, "Takes the default user with any password: there are no passwords.")
        {
            InTransaction = InTransaction.WaitsAnywhere,
        },
        new("select", 2, CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast, KeyPlaces.None, Select, Group, "Takes database 0, the only one.")
        {
            InTransaction = InTransaction.WaitsAnywhere,
        },
        new("quit", -1, BeforeAuth, KeyPlaces.None, Containers.Never, Group, "Ends the connection.") { Ends = Quit },
        new("reset", 1, BeforeAuth, KeyPlaces.None, Reset, Group, "Makes the connection what it was when it was new.")
        {
            IsForSubscribers = true,
            ChangesTalk = true,
            InTransaction = InTransaction.AtOnce,
        },
        new("post", -1, Always, KeyPlaces.None, Containers.Never, Group, "Ends the connection without a word: it is HTTP's.") { Ends = Http },
        new("host:", -1, Always, KeyPlaces.None, Containers.Never, Group, "Ends the connection without a word: it is HTTP's.") { Ends = Http },
        _clients.Command,
    ];

    /// <summary>The end that a client asks for.</summary>
    private static Fault Quit => new(Status.Ok, 0, "OK");

    /// <summary>The end of a peer that speaks HTTP: a browser that was lured into sending a form here. Redis says nothing to it either.</summary>
    private static Fault Http => new(Status.Malformed, 0, "");

    private static void Ping(scoped Call call, ref RespReplyWriter reply)
    {
        if (call.Count > 2)
        {
            reply.WriteError("ERR wrong number of arguments for 'ping' command"u8);
        }
        else if (call.Session is not null && call.Talk.IsOnlySubscriber)
        {
            reply.WriteArray(2);
            reply.WriteBulk("pong"u8);
            reply.WriteBulk(call.Count == 2 ? call[1] : default);
        }
        else if (call.Count == 2)
        {
            reply.WriteBulk(call[1]);
        }
        else
        {
            reply.WriteSimple("PONG"u8);
        }
    }

    private static void Echo(scoped Call call, ref RespReplyWriter reply) => reply.WriteBulk(call[1]);

    private void Hello(scoped Call call, ref RespReplyWriter reply)
    {
        RespTalk talk = call.Talk;
        bool isVersion3 = talk.IsVersion3;
        if (call.Count > 1)
        {
            if (!RespNumber.TryParse(call[1], out long version))
            {
                reply.WriteError("ERR Protocol version is not an integer or out of range"u8);
                return;
            }

            if (version is not (2 or 3))
            {
                reply.WriteError("NOPROTO unsupported protocol version"u8);
                return;
            }

            isVersion3 = version == 3;
        }

        int name = 0;
        for (int i = 2; i < call.Count; i++)
        {
            if (RespWord.Is(call[i], "auth"u8) && i + 2 < call.Count)
            {
                if (!TryAuthenticate(call[i + 1], ref reply))
                {
                    return;
                }

                i += 2;
            }
            else if (RespWord.Is(call[i], "setname"u8) && i + 1 < call.Count)
            {
                name = ++i;
                if (!ClientCommands.IsName(call[name]))
                {
                    reply.WriteError(ClientCommands.NotAName);
                    return;
                }
            }
            else
            {
                Line line = new(stackalloc byte[200]);
                line.Add("ERR Syntax error in HELLO option '"u8);
                line.AddShown(call[i], 128);
                line.Add("'"u8);
                reply.WriteError(line.Text);
                return;
            }
        }

        talk.IsVersion3 = isVersion3;
        if (name > 0)
        {
            ClientCommands.SetName(talk, call[name]);
        }

        RespReplyWriter said = new(reply.Rest, isVersion3);
        said.WriteMap(7);
        said.WriteBulk("server"u8);
        said.WriteBulk("redis"u8);
        said.WriteBulk("version"u8);
        said.WriteBulk(ServerCommands.SpokenVersion);
        said.WriteBulk("proto"u8);
        said.WriteInteger(isVersion3 ? 3 : 2);
        said.WriteBulk("id"u8);
        said.WriteInteger(talk.Id);
        said.WriteBulk("mode"u8);
        said.WriteBulk(shard.Topology.Slots is null ? "standalone"u8 : "cluster"u8);
        said.WriteBulk("role"u8);
        said.WriteBulk("master"u8);
        said.WriteBulk("modules"u8);
        said.WriteArray(0);
        reply.Take(said.Length);
    }

    private static void Authenticate(scoped Call call, ref RespReplyWriter reply)
    {
        if (call.Count > 3)
        {
            reply.WriteError(RespErrors.Syntax);
        }
        else if (call.Count == 2)
        {
            reply.WriteError("ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"u8);
        }
        else if (TryAuthenticate(call[1], ref reply))
        {
            reply.WriteOk();
        }
    }

    /// <summary>The default user is there and has no password, as in a Redis that nobody has configured; there is no other.</summary>
    private static bool TryAuthenticate(scoped ReadOnlySpan<byte> user, ref RespReplyWriter reply)
    {
        if (user.SequenceEqual("default"u8))
        {
            return true;
        }

        reply.WriteError("WRONGPASS invalid username-password pair or user is disabled."u8);
        return false;
    }

    private static void Select(scoped Call call, ref RespReplyWriter reply)
    {
        if (!RespNumber.TryParse(call[1], out long database) || database is < int.MinValue or > int.MaxValue)
        {
            reply.WriteError(RespErrors.NotAnInteger);
        }
        else if (database != 0)
        {
            reply.WriteError(RespErrors.NoSuchDatabase);
        }
        else
        {
            reply.WriteOk();
        }
    }

    private void Reset(scoped Call call, ref RespReplyWriter reply)
    {
        subscriptions.Leave(call.Session!);
        tracking.Stop(call.Session!);
        call.Talk.Reset();
        reply.WriteSimple("RESET"u8);
    }
}
