using System.Diagnostics;
using FastCache.Io;

namespace FastCache.Node.Sessions;

/// <summary>The bytes that one connection has received and not yet consumed, in order.</summary>
/// <remarks>
/// <code>
///   carry                      receive buffers
///   +------------------+      +-------------+   +-------------+
///   | copied bytes     | ---> | head        |-->| ...    tail |
///   +------------------+      +-------------+   +-------------+
///          ^ committed                ^ position
/// </code>
/// Requests are decoded where the bytes lie. Only a frame that is not whole in one piece, and what a connection sends
/// while its replies wait, is copied: to the carry.
/// <para>Invariants:
/// 1. No byte moves and no buffer is released between two calls of <see cref="Commit"/>: whatever was decoded since can
/// still be executed, and <see cref="Rewind"/> can undo the decoding.
/// 2. Pieces before the committed position are gone.
/// </para>
/// </remarks>
internal sealed class SessionInput(ReceivePath path)
{
    private NativeBuffer? _carry;
    private int _carryLength;
    private int _head = InputPosition.Nowhere;
    private int _tail = InputPosition.Nowhere;
    private int _headOffset;
    private InputPosition _position = new() { Piece = InputPosition.Nowhere };

    /// <summary>Where decoding goes on.</summary>
    public ref InputPosition Position => ref _position;

    /// <summary>Bytes in the carry.</summary>
    public int CarriedBytes => _carryLength;

    /// <summary>Grows whenever bytes may have moved: spans and pointers into them from before are void.</summary>
    public int Moves { get; private set; }

    /// <summary>Bytes of the memory that the carry takes.</summary>
    public int HeldBytes => _carry?.Length ?? 0;

    /// <summary>Queues a receive buffer; this object releases it.</summary>
    public void Append(int buffer, int length)
    {
        path.Take(buffer, length);
        if (_tail == InputPosition.Nowhere)
        {
            _head = buffer;
            _headOffset = 0;
        }
        else
        {
            path.Link(_tail, buffer);
        }

        _tail = buffer;
    }

    /// <summary>The bytes of the current piece from the position on; empty only when nothing is left.</summary>
    public ReadOnlySpan<byte> Unread()
    {
        if (_position.Piece == InputPosition.Carry)
        {
            if (_position.Offset < _carryLength)
            {
                return _carry!.Span[_position.Offset.._carryLength];
            }

            MoveTo(_head, _headOffset);
        }

        if (_position.Piece == InputPosition.Nowhere)
        {
            MoveTo(_head, _headOffset);
        }

        while (_position.Piece != InputPosition.Nowhere)
        {
            if (_position.Offset < path.LengthOf(_position.Piece))
            {
                return path.BytesOf(_position.Piece)[_position.Offset..];
            }

            int next = path.NextOf(_position.Piece);
            if (next == InputPosition.Nowhere)
            {
                break;
            }

            MoveTo(next, 0);
        }

        return default;
    }

    /// <summary>Gives up everything before the position. To be called when nothing decoded since waits for execution.</summary>
    public void Commit()
    {
        if (_position.Piece == InputPosition.Nowhere)
        {
            // Bytes that arrived after everything before them was consumed, and that nobody has looked at yet.
            MoveTo(_head, _headOffset);
        }

        if (_position.Piece == InputPosition.Carry)
        {
            if (_position.Offset < _carryLength)
            {
                return;
            }

            MoveTo(_head, _headOffset);
        }

        DropCarry();
        while (_head != _position.Piece)
        {
            PopHead();
        }

        if (_head != InputPosition.Nowhere)
        {
            _headOffset = _position.Offset;
            if (_headOffset == path.LengthOf(_head))
            {
                PopHead();
                MoveTo(_head, 0);
            }
        }
    }

    /// <summary>Undoes decoding since <paramref name="position"/>, which lies after the last commit.</summary>
    public void Rewind(in InputPosition position) => _position = position;

    /// <summary>Brings the next <paramref name="bytes"/> bytes together in the carry, as far as they are there.</summary>
    /// <remarks>Commits: nothing decoded may wait for execution.</remarks>
    /// <returns>False when the memory for it is refused.</returns>
    public bool TryGather(int bytes)
    {
        Commit();
        if (_position.Piece == InputPosition.Nowhere)
        {
            return true;
        }

        Moves++;
        // Room for what has arrived, not for what the frame claims: a few bytes must not reserve a megabyte.
        bytes = (int)Math.Min(bytes, UnreadBytes());
        if (!TryMakeRoom(bytes))
        {
            return false;
        }

        InputPosition position = _position;
        if (position.Piece == InputPosition.Carry)
        {
            Span<byte> unread = _carry!.Span[position.Offset.._carryLength];
            unread.CopyTo(_carry.Span);
            _carryLength = unread.Length;
        }
        else
        {
            _carryLength = 0;
        }

        while (_carryLength < bytes && _head != InputPosition.Nowhere)
        {
            ReadOnlySpan<byte> rest = path.BytesOf(_head)[_headOffset..];
            rest = rest[..Math.Min(rest.Length, bytes - _carryLength)];
            rest.CopyTo(_carry!.Span[_carryLength..]);
            _carryLength += rest.Length;
            _headOffset += rest.Length;
            if (_headOffset == path.LengthOf(_head))
            {
                PopHead();
            }
        }

        position.Piece = InputPosition.Carry;
        position.Offset = 0;
        _position = position;
        return true;
    }

    /// <summary>Copies everything that is unread to the carry, so that no receive buffer waits with it.</summary>
    /// <param name="limitBytes">Most bytes that may be carried.</param>
    /// <returns>False when the limit or the memory budget is exceeded.</returns>
    public bool TryPark(int limitBytes)
    {
        Commit();
        if (_head == InputPosition.Nowhere)
        {
            return true;
        }

        long unread = UnreadBytes();
        return unread <= limitBytes && TryGather((int)unread);
    }

    /// <summary>A copy of everything that is unread; allocates.</summary>
    /// <remarks>Commits: nothing decoded may wait for execution.</remarks>
    public byte[] CopyUnread()
    {
        Commit();
        byte[] unread = new byte[UnreadBytes()];
        int used = 0;
        if (_position.Piece == InputPosition.Carry)
        {
            ReadOnlySpan<byte> carried = _carry!.Span[_position.Offset.._carryLength];
            carried.CopyTo(unread);
            used = carried.Length;
        }

        for (int buffer = _head; buffer != InputPosition.Nowhere; buffer = path.NextOf(buffer))
        {
            ReadOnlySpan<byte> bytes = path.BytesOf(buffer)[(buffer == _head ? _headOffset : 0)..];
            bytes.CopyTo(unread.AsSpan(used));
            used += bytes.Length;
        }

        return unread;
    }

    /// <summary>Begins with bytes that were received elsewhere; nothing was received here yet.</summary>
    /// <returns>False when the memory for them is refused.</returns>
    public bool TryBegin(ReadOnlySpan<byte> received)
    {
        Debug.Assert(_carry is null && _head == InputPosition.Nowhere);
        if (!TryMakeRoom(received.Length))
        {
            return false;
        }

        received.CopyTo(_carry!.Span);
        _carryLength = received.Length;
        _position = new InputPosition { Piece = InputPosition.Carry };
        return true;
    }

    /// <summary>Gives everything back, read or not.</summary>
    public void Clear()
    {
        DropCarry();
        while (_head != InputPosition.Nowhere)
        {
            PopHead();
        }

        _position = new InputPosition { Piece = InputPosition.Nowhere };
    }

    /// <summary>Bytes from the position on, just after a commit.</summary>
    private long UnreadBytes()
    {
        long unread = _position.Piece == InputPosition.Carry ? _carryLength - _position.Offset : 0;
        for (int buffer = _head; buffer != InputPosition.Nowhere; buffer = path.NextOf(buffer))
        {
            unread += path.LengthOf(buffer) - (buffer == _head ? _headOffset : 0);
        }

        return unread;
    }

    private void MoveTo(int piece, int offset)
    {
        _position.Piece = piece;
        _position.Offset = piece == InputPosition.Nowhere ? 0 : offset;
    }

    private void PopHead()
    {
        Moves++;
        Debug.Assert(_head >= 0);
        int next = path.NextOf(_head);
        path.Release(_head);
        _head = next;
        _headOffset = 0;
        if (next == InputPosition.Nowhere)
        {
            _tail = InputPosition.Nowhere;
        }
    }

    private void DropCarry()
    {
        _carryLength = 0;
        if (_carry is not null)
        {
            Moves++;
            path.Carries.GiveBack(_carry);
            _carry = null;
        }
    }

    private bool TryMakeRoom(int bytes)
    {
        if (_carry is not null && _carry.Length >= bytes)
        {
            return true;
        }

        NativeBuffer? larger = path.Carries.Borrow(bytes);
        if (larger is null)
        {
            return false;
        }

        if (_carry is not null)
        {
            _carry.Span[.._carryLength].CopyTo(larger.Span);
            path.Carries.GiveBack(_carry);
        }

        _carry = larger;
        return true;
    }
}
