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
/// <param name="shard">The shard's number.</param>
/// <param name="interest">Who wants to know beside the sessions of this shard that track by FCP; null: nobody.</param>
internal sealed class ChangeLog(int shard = 0, ChangeInterest? interest = null)
{
    /// <summary>Changes of nobody's connection.</summary>
    public const int NoOrigin = -1;

    /// <summary>Nobody has changed it: its time is over, or it was evicted. FCP does not tell of that.</summary>
    public const int Removed = -2;

    /// <summary>Below it lie the slots of connections (<see cref="FastCache.Io.ShardIoOptions.MaxConnections"/>), above it the shards.</summary>
    private const int SlotBits = 20;

    /// <summary>Most bytes of the changes of a pass.</summary>
    public const int Bytes = 64 << 10;

    private const int EntryBytes = sizeof(int) + 1;

    private byte[] _written = new byte[Bytes];
    private byte[] _told = new byte[Bytes];
    private int _writtenBytes;
    private int _toldBytes;
    private bool _hasOverflowed;
    private bool _toldOverflowed;

    /// <summary>Whether anybody wants to know.</summary>
    public bool IsWatched => IsTracked || IsWatchedByAll;

    /// <summary>Whether sessions of this shard track by FCP.</summary>
    public bool IsTracked
    {
        get;
        set
        {
            interest?.Want((value ? 1 : 0) - (field ? 1 : 0));
            field = value;
        }
    }

    /// <summary>Whether anybody wants to know of all shards' keys, also of those that go by themselves.</summary>
    public bool IsWatchedByAll => interest is not null && interest.IsAny;

    /// <summary>The connection whose requests are being executed, <see cref="OriginOf"/> it, or <see cref="NoOrigin"/>.</summary>
    public int Origin { get; private set; } = NoOrigin;

    /// <summary>What was changed in the pass before: origin, length and key, as in the drawing.</summary>
    public ReadOnlySpan<byte> Told => _told.AsSpan(0, _toldBytes);

    /// <summary>Whether <see cref="Told"/> is not all of it.</summary>
    public bool HasOverflowed => _toldOverflowed;

    /// <summary>Names a connection among those of all shards.</summary>
    public static int OriginOf(int shard, int slot) => (shard << SlotBits) | slot;

    /// <summary>Requests of a connection of this shard are executed from now on.</summary>
    public void BeginRequestsOf(Session session) => Origin = OriginOf(shard, session.Connection.Slot);

    /// <summary>Requests of a connection of another shard are executed from now on.</summary>
    public void BeginRequestsOf(int home, int slot) => Origin = OriginOf(home, slot);

    /// <summary>Nobody's requests are executed from now on.</summary>
    public void EndRequests() => Origin = NoOrigin;

    /// <summary>Reads the next entry of <see cref="Told"/>, and goes behind it.</summary>
    public static ReadOnlySpan<byte> ReadKey(ref ReadOnlySpan<byte> told, out int origin)
    {
        origin = MemoryMarshal.Read<int>(told);
        ReadOnlySpan<byte> key = told.Slice(EntryBytes, told[sizeof(int)]);
        told = told[(EntryBytes + key.Length)..];
        return key;
    }

    /// <summary>Counts the passes that have changed something; names what sessions are told of now.</summary>
    public long Number { get; private set; }

    /// <summary>Longest frame that <see cref="Write"/> makes.</summary>
    public const int MaxFrameBytes = FcpLimits.HeaderBytes + Bytes;

    /// <summary>Whether a write with this outcome can have changed what its key has.</summary>
    public static bool IsChange(WriteOutcome outcome) => outcome is WriteOutcome.Done or WriteOutcome.OutOfMemory;

    /// <summary>Notes that a key was changed by <see cref="Origin"/>.</summary>
    public void Add(ReadOnlySpan<byte> key) => Add(key, Origin);

    /// <summary>Notes that a key has gone by itself.</summary>
    public void AddRemoved(ReadOnlySpan<byte> key) => Add(key, Removed);

    private void Add(ReadOnlySpan<byte> key, int origin)
    {
        if (_writtenBytes + EntryBytes + key.Length > Bytes)
        {
            _hasOverflowed = true;
            return;
        }

        Span<byte> entry = _written.AsSpan(_writtenBytes);
        MemoryMarshal.Write(entry, origin);
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
    /// <param name="slot">The connection's, which is of this shard.</param>
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
        int own = OriginOf(shard, slot);
        ReadOnlySpan<byte> rest = Told;
        while (!rest.IsEmpty)
        {
            ReadOnlySpan<byte> key = ReadKey(ref rest, out int origin);
            if (origin != own && origin != Removed)
            {
                room[bytes] = (byte)key.Length;
                key.CopyTo(room[(bytes + 1)..]);
                bytes += 1 + key.Length;
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
