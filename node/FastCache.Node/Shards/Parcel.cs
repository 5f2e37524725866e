using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Io;
using FastCache.Node.Doors;
using FastCache.Node.Sessions;
using FastCache.Protocol;

namespace FastCache.Node.Shards;

/// <summary>Which entry of a batch a request was.</summary>
/// <param name="Opcode">The batch's.</param>
/// <param name="Index">The entry's place in it, or -1.</param>
/// <param name="IsLast">Whether it is the last one.</param>
internal readonly record struct BatchPlace(Opcode Opcode, int Index, bool IsLast)
{
    /// <summary>It was none.</summary>
    public static BatchPlace None => new(default, -1, false);
}

/// <summary>What stands before each frame in a parcel: whose it is, and how its reply is to look.</summary>
/// <param name="Connection">On its own shard.</param>
/// <param name="Length">Bytes of the frame; a reply may have none.</param>
/// <param name="Batch">Where in a batch it stands.</param>
/// <param name="Door">What the connection speaks.</param>
/// <param name="Tag">What the door has to know of a call when the reply comes.</param>
/// <param name="IsPayment">Whether it is no request: the frame is an i32, what the connection pays, see <see cref="ReplyDebts"/>.</param>
internal readonly record struct ParcelEntry(
    ConnectionId Connection, int Length, BatchPlace Batch, DoorKind Door, byte Tag = 0, bool IsPayment = false);

/// <summary>A block of frames that goes from one shard to another and comes back empty.</summary>
/// <remarks>
/// <code>
///   +-------------+-------+------+-------------+-------+------+--
///   | ParcelEntry | frame | pad  | ParcelEntry | frame | pad  | ...
///   +-------------+-------+------+-------------+-------+------+--
/// </code>
/// Entries begin at multiples of 8 bytes. Owned by one thread at a time: the one that took it out of a queue last.
/// </remarks>
/// <param name="bytes">Bytes of the block.</param>
internal sealed class Parcel(int bytes) : IDisposable
{
    private const int Alignment = 8;

    private NativeBuffer? _block;
    private NativeBuffer? _oversize;
    private int _used;

    /// <summary>Number of entries.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of all entries: the offset behind the last one.</summary>
    public int Length => _used;

    /// <summary>Whether there is something in it that could not be taken out yet.</summary>
    public bool IsRetained { get; set; }

    /// <summary>Whether a frame of so many bytes has room behind what is there.</summary>
    public bool HasRoomFor(int length) => _used + SizeOf(length) <= Capacity;

    /// <summary>Lets an empty parcel take one frame that is longer than its block.</summary>
    /// <returns>False when the memory is refused.</returns>
    public bool TryEnlarge(CarryPool carries, int length)
    {
        Debug.Assert(Count == 0 && _oversize is null);
        _oversize = carries.Borrow(SizeOf(length));
        return _oversize is not null;
    }

    /// <summary>Adds a frame, for which there is room.</summary>
    /// <returns>Where its bytes go.</returns>
    public Span<byte> Add(scoped in ParcelEntry entry)
    {
        Debug.Assert(HasRoomFor(entry.Length));
        Span<byte> place = Bytes[_used..];
        MemoryMarshal.Write(place, entry);
        _used += SizeOf(entry.Length);
        Count++;
        return place.Slice(Unsafe.SizeOf<ParcelEntry>(), entry.Length);
    }

    /// <summary>Reads the entry at an offset, 0 for the first, and moves the offset to the next one.</summary>
    public bool TryRead(ref int offset, out ParcelEntry entry, out ReadOnlySpan<byte> frame)
    {
        if (offset == _used)
        {
            entry = default;
            frame = default;
            return false;
        }

        ReadOnlySpan<byte> place = Bytes[offset..];
        entry = MemoryMarshal.Read<ParcelEntry>(place);
        frame = place.Slice(Unsafe.SizeOf<ParcelEntry>(), entry.Length);
        offset += SizeOf(entry.Length);
        return true;
    }

    /// <summary>The entry at an offset, and its frame.</summary>
    public ReadOnlySpan<byte> FrameAt(int offset, out ParcelEntry entry)
    {
        ReadOnlySpan<byte> place = Bytes[offset..];
        entry = MemoryMarshal.Read<ParcelEntry>(place);
        return place.Slice(Unsafe.SizeOf<ParcelEntry>(), entry.Length);
    }

    /// <summary>Makes it empty, on the thread of the shard that it belongs to.</summary>
    public void Clear(CarryPool carries)
    {
        _used = Count = 0;
        if (_oversize is not null)
        {
            carries.GiveBack(_oversize);
            _oversize = null;
        }
    }

    public void Dispose()
    {
        _block?.Dispose();
        _oversize?.Dispose();
    }

    private int Capacity => _oversize is null ? bytes : _oversize.Length;

    // Most pairs of a node with many shards never exchange a frame, so the block is taken when it is first needed.
    private Span<byte> Bytes => (_oversize ?? (_block ??= new NativeBuffer(bytes))).Span;

    private static int SizeOf(int length) => Unsafe.SizeOf<ParcelEntry>() + ((length + Alignment - 1) & ~(Alignment - 1));
}
