using System.Runtime.CompilerServices;
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
    private const int Slots = 512;
    private const ulong SmallLetters = 0x2020_2020_2020_2020;

    private readonly Slot[] _slots = new Slot[Slots];
    private readonly Command[] _numbered;

    public CommandTable(IEnumerable<Command> commands)
    {
        All = [.. commands.OrderBy(command => command.Name, StringComparer.Ordinal)];
        _numbered = [.. All.SelectMany(command => command.Subcommands.Prepend(command))];
        for (int i = 0; i < _numbered.Length; i++)
        {
            _numbered[i].Index = i;
        }

        foreach (Command command in All)
        {
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
        // Not foreach: through the interface its enumerator is garbage.
        for (int i = 0; i < command.Subcommands.Count; i++)
        {
            if (RespWord.Is(name, command.Subcommands[i].OwnName))
            {
                return command.Subcommands[i];
            }
        }

        return null;
    }

    /// <summary>The first eight bytes in small letters, which only letters become that way; of shorter names all bytes, some twice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong StartOf(ReadOnlySpan<byte> name)
    {
        if (name.Length >= sizeof(ulong))
        {
            return MemoryMarshal.Read<ulong>(name) | SmallLetters;
        }

        if (name.Length >= sizeof(uint))
        {
            return (MemoryMarshal.Read<uint>(name) | ((ulong)MemoryMarshal.Read<uint>(name[^sizeof(uint)..]) << 32)) | SmallLetters;
        }

        return name.IsEmpty ? 0 : (name[0] | ((uint)name[name.Length / 2] << 8) | ((uint)name[^1] << 16)) | SmallLetters;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int SlotOf(ulong start, int length) =>
        (int)(((start + (ulong)length) * 0x9E37_79B9_7F4A_7C15) >> 48) % Slots;

    private readonly record struct Slot(ulong Start, Command? Command);
}
