using System.Runtime.InteropServices;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp;

/// <summary>All commands of the door of Redis's protocol, found by their names in any case.</summary>
/// <remarks>
/// To add a command: write its handler in the type of its group, or a new type for a new group; put one line for it in that
/// type's <c>Commands</c>; give a new type to <see cref="RespDoor"/>, where the groups are brought together. Arity, keys, flags and
/// the sentence for people are said there and nowhere else: the checks before a handler runs, COMMAND and docs/doors.md (which
/// a test compares) read them from here.
/// </remarks>
internal sealed class CommandTable
{
    private const int Slots = 1024;
    private const ulong SmallLetters = 0x2020_2020_2020_2020;

    private readonly Slot[] _slots = new Slot[Slots];
    private readonly List<Command> _numbered = [];

    public CommandTable(IEnumerable<Command> commands)
    {
        All = [.. commands.OrderBy(command => command.Name, StringComparer.Ordinal)];
        foreach (Command command in All)
        {
            Number(command);
            foreach (Command part in command.Subcommands)
            {
                Number(part);
            }

            ulong start = StartOf(command.OwnName);
            int slot = SlotOf(start, command.OwnName.Length);
            while (_slots[slot].Command is not null)
            {
                slot = (slot + 1) % Slots;
            }

            _slots[slot] = new Slot(start, command);
        }
    }

    /// <summary>Every command by its name, without subcommands.</summary>
    public IReadOnlyList<Command> All { get; }

    /// <summary>The command or subcommand with a number.</summary>
    public Command this[int index] => _numbered[index];

    /// <summary>The command with a name.</summary>
    /// <returns>Null when there is none.</returns>
    public Command? Find(ReadOnlySpan<byte> name)
    {
        ulong start = StartOf(name);
        for (int slot = SlotOf(start, name.Length); _slots[slot].Command is Command command; slot = (slot + 1) % Slots)
        {
            if (_slots[slot].Start == start && command.OwnName.Length == name.Length
                && (name.Length <= sizeof(ulong) || RespWord.Is(name, command.OwnName)))
            {
                return command;
            }
        }

        return null;
    }

    /// <summary>The subcommand of a command with a name.</summary>
    /// <returns>Null when there is none.</returns>
    public static Command? FindIn(Command command, ReadOnlySpan<byte> name)
    {
        foreach (Command part in command.Subcommands)
        {
            if (RespWord.Is(name, part.OwnName))
            {
                return part;
            }
        }

        return null;
    }

    private void Number(Command command)
    {
        command.Index = _numbered.Count;
        _numbered.Add(command);
    }

    /// <summary>The first eight bytes in small letters, which only letters become that way.</summary>
    private static ulong StartOf(ReadOnlySpan<byte> name)
    {
        if (name.Length >= sizeof(ulong))
        {
            return MemoryMarshal.Read<ulong>(name) | SmallLetters;
        }

        ulong start = 0;
        for (int i = 0; i < name.Length; i++)
        {
            start |= (ulong)(name[i] | 0x20u) << (8 * i);
        }

        return start;
    }

    private static int SlotOf(ulong start, int length) =>
        (int)(((start + (ulong)length) * 0x9E37_79B9_7F4A_7C15) >> 54) % Slots;

    private readonly record struct Slot(ulong Start, Command? Command);
}
