using System.Text;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>Commands that are never executed: a subcommand is in their place, or the conversation ends with them.</summary>
internal static class Containers
{
    /// <summary>Answers a call of HELP that is not to be answered with the subcommands.</summary>
    /// <returns>Whether it is not refused, and nothing is written.</returns>
    public delegate bool Gate(ref RespReplyWriter reply);

    /// <summary>A command that has subcommands, and is nothing without one.</summary>
    /// <param name="name">In small letters.</param>
    /// <param name="group">Redis's group of commands.</param>
    /// <param name="summary">One sentence for people.</param>
    /// <param name="subcommands">Without HELP, which is added.</param>
    /// <param name="gate">What has to let HELP pass; null: nothing.</param>
    public static Command Of(string name, string group, string summary, IReadOnlyList<Command> subcommands, Gate? gate = null) =>
        WithHelp(new Command(name, -2, CommandFlags.None, KeyPlaces.None, Never, group, summary) { Subcommands = subcommands }, gate);

    /// <summary>The same command with HELP among its subcommands, which says what the others are.</summary>
    /// <param name="container">A command with subcommands.</param>
    /// <param name="gate">What has to let HELP pass; null: nothing.</param>
    public static Command WithHelp(Command container, Gate? gate = null)
    {
        byte[][] lines = [];
        Command help = new(
            $"{container.Name}|help", 2, CommandFlags.Loading | CommandFlags.Stale, KeyPlaces.None, Write, container.Group, "Says which subcommands there are.")
        {
            InTransaction = InTransaction.WaitsAnywhere,
        };
        Command whole = container with { Subcommands = [.. container.Subcommands, help] };
        lines = [.. LinesOf(whole).Select(Encoding.ASCII.GetBytes)];
        return whole;

        void Write(scoped Call call, ref RespReplyWriter reply)
        {
            if (gate is not null && !gate(ref reply))
            {
                return;
            }

            reply.WriteArray(lines.Length);
            foreach (byte[] line in lines)
            {
                reply.WriteSimple(line);
            }
        }
    }

    /// <summary>In the place of their handlers.</summary>
    public static void Never(scoped Call call, ref RespReplyWriter reply) =>
        throw new InvalidOperationException("This command is never executed.");

    private static IEnumerable<string> LinesOf(Command container)
    {
        yield return $"{container.Name.ToUpperInvariant()} takes one of these subcommands:";
        if (container.Takes(1))
        {
            yield return "(none)";
            yield return Indented(container.Summary);
        }

        foreach (Command part in container.Subcommands)
        {
            string name = Encoding.ASCII.GetString(part.OwnName).ToUpperInvariant();
            yield return part.Arguments.Length == 0 ? name : $"{name} {part.Arguments}";
            yield return Indented(part.Summary);
        }
    }

    private static string Indented(string line) => $"    {line}";
}
