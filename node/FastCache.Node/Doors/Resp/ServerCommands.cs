using FastCache.Core;
using FastCache.Node.Doors.Resp.KeyEvents;
using FastCache.Node.Sessions;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>The node as a whole.</summary>
internal sealed class ServerCommands(DoorShard shard)
{
    private const string Group = "server";
    private const CommandFlags Reads = CommandFlags.Loading | CommandFlags.Stale;

    private readonly RespReport _report = new(shard);

    /// <summary>The version of Redis that clients are told. They choose by it what they send, and what it added for them is here (CLIENT
    /// SETINFO, CLIENT NO-TOUCH, ZRANK with WITHSCORE); replies are compared with those of 7.0.15.</summary>
    public static ReadOnlySpan<byte> SpokenVersion => "7.2.0"u8;

    /// <summary>All commands, once they are brought together.</summary>
    public CommandTable Table { get; set; } = null!;

    public IEnumerable<Command> Commands =>
    [
        new("dbsize", 1, CommandFlags.ReadOnly | CommandFlags.Fast, KeyPlaces.None, Size, Group, "Returns the number of keys.",
            Spread.EachShard, Join.Sum),
        new("flushdb", -1, CommandFlags.Write, KeyPlaces.None, Flush, Group,
            "Deletes all keys: none is found any more at once, their memory comes back step by step.", Spread.EachShard, Join.Ok),
        new("flushall", -1, CommandFlags.Write, KeyPlaces.None, Flush, Group, "Does what FLUSHDB does.", Spread.EachShard, Join.Ok),
        new("info", -1, Reads, KeyPlaces.None, Report, Group, "Describes the node in Redis's words.",
            Spread.EachShardThenHere, Join.Last),
        new("time", 1, Reads | CommandFlags.Fast, KeyPlaces.None, Time, Group, "Returns the time: seconds since 1970, and microseconds.")
        {
            InTransaction = InTransaction.WaitsAnywhere,
        },
        Containers.Of("config", Group, "Tells of settings.",
        [
            new("config|get", -3, CommandFlags.Admin | CommandFlags.NoScript | Reads, KeyPlaces.None, Settings, Group,
                "Returns settings by their names in Redis.") { Arguments = "<pattern> [<pattern> ...]" },
            new("config|set", -4, CommandFlags.Admin | CommandFlags.NoScript | Reads, KeyPlaces.None, Change, Group,
                "Sets of which events of keys subscribers are told (notify-keyspace-events).") { Arguments = "<name> <value>" },
        ]),
        Containers.WithHelp(new("command", -1, Reads, KeyPlaces.None, Describe, Group, "Describes all commands.")
        {
            Subcommands =
            [
                new("command|count", 2, Reads, KeyPlaces.None, CountCommands, Group, "Returns how many commands there are."),
                new("command|info", -2, Reads, KeyPlaces.None, DescribeSome, Group, "Describes commands.") { Arguments = "[<command> ...]" },
                new("command|docs", -2, Reads, KeyPlaces.None, Document, Group, "Says what commands are for.") { Arguments = "[<command> ...]" },
                new("command|list", -2, Reads, KeyPlaces.None, ListNames, Group, "Returns the names of all commands."),
            ],
        }),
    ];

    private void Size(scoped Call call, ref RespReplyWriter reply) => reply.WriteInteger(shard.Shard.Count);

    private void Flush(scoped Call call, ref RespReplyWriter reply)
    {
        if (call.Count > 2 || (call.Count == 2 && !RespWord.Is(call[1], "async"u8) && !RespWord.Is(call[1], "sync"u8)))
        {
            reply.WriteError(RespErrors.Syntax);
            return;
        }

        shard.Shard.Clear();
        shard.Tracking.TellAll();
        reply.WriteOk();
    }

    private void Report(scoped Call call, ref RespReplyWriter reply)
    {
        if (call.Session is null)
        {
            shard.Stats.Refresh(); // Another shard reports, and wants this one's counters.
            return;
        }

        Line text = new(reply.Rest[RespReplyWriter.MaxOverheadBytes..RequestExecutor.MaxValueBytes]);
        _report.Write(call, ref text);
        reply.WriteVerbatim(text.Text);
    }

    private void Time(scoped Call call, ref RespReplyWriter reply)
    {
        long millis = shard.UnixMillis();
        Line digits = new(stackalloc byte[24]);
        digits.Add(millis / 1000);
        reply.WriteArray(2);
        reply.WriteBulk(digits.Text);
        Line rest = new(stackalloc byte[24]);
        rest.Add(millis % 1000 * 1000);
        reply.WriteBulk(rest.Text);
    }

    private void Settings(scoped Call call, ref RespReplyWriter reply)
    {
        (string Name, string Value)[] settings = _report.Settings();
        int count = 0;
        foreach ((string name, _) in settings)
        {
            count += IsAskedFor(call, name) ? 1 : 0;
        }

        reply.WriteMap(count);
        foreach ((string name, string value) in settings)
        {
            if (IsAskedFor(call, name))
            {
                WriteText(name, ref reply);
                WriteText(value, ref reply);
            }
        }
    }

    private void Change(scoped Call call, ref RespReplyWriter reply)
    {
        if (call.Count % 2 != 0)
        {
            reply.WriteError("ERR wrong number of arguments for 'config|set' command"u8);
            return;
        }

        EventClasses classes = shard.Events.Classes;
        for (int i = 2; i < call.Count; i += 2)
        {
            string? why = !IsNamed(RespReport.KeyEventSetting, call[i]) ? "can't set immutable config"
                : i > 2 ? "duplicate parameter"
                : !EventLetters.TryParse(call[i + 1], out classes) ? $"Invalid event class character. Use '{EventLetters.Allowed}'."
                : null;
            if (why is null)
            {
                continue;
            }

            Line line = new(stackalloc byte[300]);
            bool isKnown = IsSetting(call[i]);
            line.Add(isKnown ? "ERR CONFIG SET failed (possibly related to argument '"u8 : "ERR Unknown option or number of arguments for CONFIG SET - '"u8);
            line.AddShown(call[i], 128);
            line.Add("'"u8);
            line.Add(isKnown ? ") - " + why : "");
            reply.WriteError(line.Text);
            return;
        }

        shard.Events.Classes = classes;
        reply.WriteOk();
    }

    private bool IsSetting(scoped ReadOnlySpan<byte> name)
    {
        foreach ((string setting, _) in _report.Settings())
        {
            if (IsNamed(setting, name))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsNamed(string setting, scoped ReadOnlySpan<byte> name)
    {
        Line bytes = new(stackalloc byte[80]);
        bytes.Add(setting);
        return RespWord.Is(name, bytes.Text);
    }

    private static bool IsAskedFor(scoped Call call, string name)
    {
        Line bytes = new(stackalloc byte[80]);
        bytes.Add(name);
        for (int i = 2; i < call.Count; i++)
        {
            if (RespPattern.Matches(call[i], bytes.Text) || RespWord.Is(call[i], bytes.Text))
            {
                return true;
            }
        }

        return false;
    }

    private void CountCommands(scoped Call call, ref RespReplyWriter reply) => reply.WriteInteger(Table.All.Count);

    private void ListNames(scoped Call call, ref RespReplyWriter reply)
    {
        if (call.Count > 2)
        {
            reply.WriteError(RespErrors.Syntax);
            return;
        }

        reply.WriteArray(Table.All.Count);
        foreach (Command command in Table.All)
        {
            reply.WriteBulk(command.OwnName);
        }
    }

    private void Describe(scoped Call call, ref RespReplyWriter reply)
    {
        reply.WriteArray(Table.All.Count);
        foreach (Command command in Table.All)
        {
            CommandDescription.Write(command, ref reply);
        }
    }

    private void DescribeSome(scoped Call call, ref RespReplyWriter reply)
    {
        if (call.Count == 2)
        {
            Describe(call, ref reply);
            return;
        }

        if (call.Count - 2 > MostDescribed)
        {
            reply.WriteError(RespErrors.Syntax);
            return;
        }

        reply.WriteArray(call.Count - 2);
        for (int i = 2; i < call.Count; i++)
        {
            if (Find(call[i]) is Command command)
            {
                CommandDescription.Write(command, ref reply);
            }
            else
            {
                reply.WriteNullArray();
            }
        }
    }

    private void Document(scoped Call call, ref RespReplyWriter reply)
    {
        if (call.Count == 2)
        {
            reply.WriteMap(Table.All.Count);
            foreach (Command command in Table.All)
            {
                CommandDescription.WriteDocs(command, ref reply);
            }

            return;
        }

        if (call.Count - 2 > MostDescribed)
        {
            reply.WriteError(RespErrors.Syntax);
            return;
        }

        int found = 0;
        for (int i = 2; i < call.Count; i++)
        {
            found += Find(call[i]) is null ? 0 : 1;
        }

        reply.WriteMap(found);
        for (int i = 2; i < call.Count; i++)
        {
            if (Find(call[i]) is Command command)
            {
                CommandDescription.WriteDocs(command, ref reply);
            }
        }
    }

    /// <summary>Descriptions that a reply has room for, whichever they are.</summary>
    private const int MostDescribed = 256;

    private Command? Find(ReadOnlySpan<byte> name)
    {
        int bar = name.IndexOf((byte)'|');
        Command? command = Table.Find(bar < 0 ? name : name[..bar]);
        return command is null || bar < 0 ? command : CommandTable.FindIn(command, name[(bar + 1)..]);
    }

    private static void WriteText(string text, ref RespReplyWriter reply)
    {
        Line bytes = new(stackalloc byte[80]);
        bytes.Add(text);
        reply.WriteBulk(bytes.Text);
    }
}
