using System.Runtime.InteropServices;
using FastCache.Io;

namespace FastCache.Node.Sessions;

/// <summary>Frames that wait in connection memory for their turn; while there are none it takes none.</summary>
/// <remarks>
/// <code>
///   +--------+------------+-------+------------+-------+--
///   | gone   | length i32 | frame | length i32 | frame | ...
///   +--------+------------+-------+------------+-------+--
///            ^ start                                    ^ end
/// </code>
/// </remarks>
/// <param name="carries">The memory.</param>
/// <param name="canWait">Whether nobody is to be sent away for a frame that is refused.</param>
internal sealed class FrameQueue(CarryPool carries, bool canWait = false)
{
    private NativeBuffer? _buffer;
    private int _start;
    private int _end;

    public bool IsEmpty => _buffer is null;

    /// <summary>Bytes of memory that it takes.</summary>
    public int HeldBytes => _buffer?.Length ?? 0;

    /// <summary>The oldest frame. There is one.</summary>
    public ReadOnlySpan<byte> First => _buffer!.Span.Slice(_start + sizeof(int), MemoryMarshal.Read<int>(_buffer.Span[_start..]));

    /// <summary>Adds a frame.</summary>
    /// <param name="frame">It is copied.</param>
    /// <param name="mostBytes">Most bytes that may wait then.</param>
    /// <returns>False when there would be more, or there is no memory.</returns>
    public bool TryAdd(ReadOnlySpan<byte> frame, int mostBytes)
    {
        bool hasRoom = TryReserve(frame.Length, mostBytes, out Span<byte> place);
        if (hasRoom)
        {
            frame.CopyTo(place);
        }

        return hasRoom;
    }

    /// <summary>Adds a frame of so many bytes.</summary>
    /// <param name="length">Bytes of it.</param>
    /// <param name="mostBytes">Most bytes that may wait then.</param>
    /// <param name="place">To be filled with it.</param>
    /// <returns>False when there would be more, or there is no memory.</returns>
    public bool TryReserve(int length, int mostBytes, out Span<byte> place)
    {
        int bytes = sizeof(int) + length;
        if (_end - _start + bytes > mostBytes || !TryMakeRoom(bytes))
        {
            place = default;
            return false;
        }

        MemoryMarshal.Write(_buffer!.Span[_end..], length);
        place = _buffer.Span.Slice(_end + sizeof(int), length);
        _end += bytes;
        return true;
    }

    /// <summary>Removes the oldest frame. There is one.</summary>
    public void RemoveFirst()
    {
        _start += sizeof(int) + First.Length;
        if (_start == _end)
        {
            Clear();
        }
    }

    /// <summary>Removes all.</summary>
    public void Clear()
    {
        if (_buffer is not null)
        {
            carries.GiveBack(_buffer);
            (_buffer, _start, _end) = (null, 0, 0);
        }
    }

    private bool TryMakeRoom(int bytes)
    {
        int waiting = _end - _start;
        if (_buffer is not null && _end + bytes <= _buffer.Length)
        {
            return true;
        }

        // No byte is moved more than twice for each that has gone or come.
        if (_buffer is not null && _start >= waiting && waiting + bytes <= _buffer.Length)
        {
            _buffer.Span[_start.._end].CopyTo(_buffer.Span);
        }
        else if (carries.Borrow(Math.Max(waiting + bytes, Math.Min(2 * waiting, CarryPool.LargestBytes)), canWait) is NativeBuffer larger)
        {
            _buffer?.Span[_start.._end].CopyTo(larger.Span);
            Clear();
            _buffer = larger;
        }
        else
        {
            return false;
        }

        (_start, _end) = (0, waiting);
        return true;
    }
}
