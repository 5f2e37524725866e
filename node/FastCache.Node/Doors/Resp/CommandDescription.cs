using System.Text;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>What COMMAND tells of a command, in the form of Redis 7.</summary>
internal static class CommandDescription
{
    private static readonly (CommandFlags Flag, string Name)[] Flags =
    [
        (CommandFlags.Write, "write"),
        (CommandFlags.ReadOnly, "readonly"),
        (CommandFlags.DenyOom, "denyoom"),
        (CommandFlags.Admin, "admin"),
        (CommandFlags.NoScript, "noscript"),
        (CommandFlags.Loading, "loading"),
        (CommandFlags.Stale, "stale"),
        (CommandFlags.Fast, "fast"),
        (CommandFlags.NoAuth, "no_auth"),
        (CommandFlags.Blocking, "blocking"),
        (CommandFlags.PubSub, "pubsub"),
    ];

    /// <summary>Writes name, arity, flags, first key, last key, step, categories, tips, key specifications, subcommands.</summary>
    public static void Write(Command command, ref RespReplyWriter reply)
    {
        reply.WriteArray(10);
        WriteText(command.Name, ref reply);
        reply.WriteInteger(command.Arity);
        bool moveKeys = command.Keys.CountAt > 0;
        int flags = moveKeys ? 1 : 0;
        foreach ((CommandFlags flag, _) in Flags)
        {
            flags += (command.Flags & flag) != 0 ? 1 : 0;
        }

        reply.WriteSet(flags);
        foreach ((CommandFlags flag, string name) in Flags)
        {
            if ((command.Flags & flag) != 0)
            {
                reply.WriteSimple(Encoding.ASCII.GetBytes(name));
            }
        }

        if (moveKeys)
        {
            reply.WriteSimple("movablekeys"u8);
        }

        reply.WriteInteger(command.Keys.First);
        reply.WriteInteger(command.Keys.Last);
        reply.WriteInteger(command.Keys.Step);
        reply.WriteSet(2);
        reply.WriteSimple((command.Flags & CommandFlags.Write) != 0 ? "@write"u8 : "@read"u8);
        reply.WriteSimple((command.Flags & CommandFlags.Fast) != 0 ? "@fast"u8 : "@slow"u8);
        reply.WriteArray(0);
        reply.WriteArray(0);
        reply.WriteArray(command.Subcommands.Count);
        foreach (Command part in command.Subcommands)
        {
            Write(part, ref reply);
        }
    }

    /// <summary>Writes the name and what it is for.</summary>
    public static void WriteDocs(Command command, ref RespReplyWriter reply)
    {
        WriteText(command.Name, ref reply);
        reply.WriteMap(command.Subcommands.Count > 0 ? 3 : 2);
        reply.WriteBulk("summary"u8);
        WriteText(command.Summary, ref reply);
        reply.WriteBulk("group"u8);
        WriteText(command.Group, ref reply);
        if (command.Subcommands.Count > 0)
        {
            reply.WriteBulk("subcommands"u8);
            reply.WriteMap(command.Subcommands.Count);
            foreach (Command part in command.Subcommands)
            {
                WriteDocs(part, ref reply);
            }
        }
    }

    private static void WriteText(string text, ref RespReplyWriter reply) => reply.WriteBulk(Encoding.ASCII.GetBytes(text));
}
