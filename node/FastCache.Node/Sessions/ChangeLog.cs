using System.Diagnostics;
using System.Runtime.InteropServices;
using FastCache.Core;
using FastCache.Protocol;

namespace FastCache.Node.Sessions;

/// <summary>The keys that were changed in one pass of a shard's loop, and by which connection.</summary>
/// <remarks>
/// <code>
///   +------------+-----------+-----+------------+-----------+-----+--
///   | origin i32 | length u8 | key | origin i32 | length u8 | key | ...      at most 64 KiB, then only "too many"
///   +------------+-----------+-----+------------+-----------+-----+--
/// </code>
/// Two of them take turns: one is written while the sessions that track are told of the other, which is full since the end
/// of the last pass. When nobody tracks, a write costs a look at <see cref="IsWatched"/>.
/// </remarks>
internal sealed class ChangeLog
{
    /// <summary>Changes of nobody's connection of this shard: they came from another shard.</summary>
    public const int NoOrigin = -1;

    private const int Bytes = 64 << 10;
    private const int EntryBytes = sizeof(int) + 1;

    private byte[] _written = new byte[Bytes];
    private byte[] _told = new byte[Bytes];
    private int _writtenBytes;
    private int _toldBytes;
    private bool _hasOverflowed;
    private bool _toldOverflowed;

    /// <summary>Whether anybody wants to know.</summary>
    public bool IsWatched { get; set; }

    /// <summary>Slot of the connection whose requests are being executed, or <see cref="NoOrigin"/>.</summary>
    public int Origin { get; set; } = NoOrigin;

    /// <summary>Counts the passes that have changed something; names what sessions are told of now.</summary>
    public long Number { get; private set; }

    /// <summary>Longest frame that <see cref="Write"/> makes.</summary>
    public const int MaxFrameBytes = FcpLimits.HeaderBytes + Bytes;

    /// <summary>Whether a write with this outcome can have changed what its key has.</summary>
    public static bool IsChange(WriteOutcome outcome) => outcome is WriteOutcome.Done or WriteOutcome.OutOfMemory;

    /// <summary>Notes that a key was changed by <see cref="Origin"/>.</summary>
    public void Add(ReadOnlySpan<byte> key)
    {
        if (_writtenBytes + EntryBytes + key.Length > Bytes)
        {
            _hasOverflowed = true;
            return;
        }

        Span<byte> entry = _written.AsSpan(_writtenBytes);
        MemoryMarshal.Write(entry, Origin);
        entry[sizeof(int)] = (byte)key.Length;
        key.CopyTo(entry[EntryBytes..]);
        _writtenBytes += EntryBytes + key.Length;
    }

    /// <summary>Ends a pass: what was written in it is what sessions are told of from now on.</summary>
    /// <returns>False when nothing has changed in it, and nothing takes the place of what was told.</returns>
    public bool TryTurn()
    {
        if (_writtenBytes == 0 && !_hasOverflowed)
        {
            return false;
        }

        (_written, _told) = (_told, _written);
        (_toldBytes, _writtenBytes) = (_writtenBytes, 0);
        (_toldOverflowed, _hasOverflowed) = (_hasOverflowed, false);
        Number++;
        return true;
    }

    /// <summary>Writes the frame that tells of the changes that others than a connection have made.</summary>
    /// <param name="room">At least <see cref="MaxFrameBytes"/>.</param>
    /// <param name="slot">The connection's.</param>
    /// <returns>Bytes of the frame; 0 if there is nothing to tell.</returns>
    public int Write(Span<byte> room, int slot)
    {
        if (_toldOverflowed)
        {
            return WriteAll(room);
        }

        Debug.Assert(room.Length >= MaxFrameBytes);
        uint count = 0;
        int bytes = FcpLimits.HeaderBytes;
        ReadOnlySpan<byte> rest = _told.AsSpan(0, _toldBytes);
        while (!rest.IsEmpty)
        {
            int origin = MemoryMarshal.Read<int>(rest);
            ReadOnlySpan<byte> key = rest.Slice(sizeof(int), 1 + rest[sizeof(int)]);
            rest = rest[(sizeof(int) + key.Length)..];
            if (origin != slot)
            {
                key.CopyTo(room[bytes..]);
                bytes += key.Length;
                count++;
            }
        }

        if (count == 0)
        {
            return 0;
        }

        ReplyForms.WriteHeader(room, Opcode.Invalidate, Status.Ok, ReplyFlags.None, bytes - FcpLimits.HeaderBytes, 0, count);
        return bytes;
    }

    /// <summary>Writes the frame that stands for all keys.</summary>
    public static int WriteAll(Span<byte> room)
    {
        ReplyForms.WriteHeader(room, Opcode.Invalidate, Status.Ok, ReplyFlags.None, 0, 0, 0);
        return FcpLimits.HeaderBytes;
    }
}
