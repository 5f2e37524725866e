using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FastCache.Io;
using FastCache.Node.Sessions;
using FastCache.Protocol.Resp;

namespace FastCache.Node.Doors.Resp.Transactions;

/// <summary>What one connection watches, and the commands that it wants executed together.</summary>
/// <remarks>
/// <code>
///                 MULTI                      a command is refused
///   IsOpen no ------------> IsOpen, Queued ----------------------> IsOpen, IsSpoilt
///       ^                         |  EXEC, DISCARD, RESET, the end     |
///       +-------------------------+------------------------------------+
/// </code>
/// It lies in connection memory, in one piece, so that the whole becomes one call of the shard that has its keys:
/// <code>
///   +---------------------------+------+---------+---------+-- -+------------------+------------------+-- -
///   | RespArgument of that call | Head | watched | watched | ...| waiting command  | waiting command  | ...
///   +---------------------------+------+---------+---------+-- -+------------------+------------------+-- -
///                               |<------------------------- the call's body, see TransactionBody ------------
/// </code>
/// All of it is changed when a request is executed, never when it is decoded: requests that are given back to the input are decoded again.
/// </remarks>
/// <param name="carries">Connection memory.</param>
internal sealed class Transaction(CarryPool carries)
{
    /// <summary>Most commands that wait: the reply of EXEC has room for an error of each.</summary>
    public const int MaxCommands = 16_384;

    /// <summary>Most keys that are watched; each new one is compared with them.</summary>
    public const int MaxWatched = 512;

    /// <summary>Most bytes of both: the call and what stands around it in a parcel take 4 MiB.</summary>
    public const int MaxBytes = (4 << 20) - (4 << 10);

    /// <summary>Most keys of commands of many keys, SCAN and RANDOMKEY, and elements that those of collections name: some tens of milliseconds.</summary>
    public const int MaxLooks = 64_000;

    /// <summary>Arguments of the call that executes it, see <see cref="TryMakeCall"/>.</summary>
    public const int Arguments = 3;

    /// <summary>In the place of a place: any.</summary>
    private const int Nowhere = -1;

    private static readonly int BodyStart = Arguments * Unsafe.SizeOf<RespArgument>();

    private NativeBuffer? _buffer;
    private int _used;
    private int _keyStart;
    private int _keyLength;
    private int _watchedEnd;

    /// <summary>Whether commands wait for EXEC.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Whether one of them was refused, so that EXEC will execute none.</summary>
    public bool IsSpoilt { get; private set; }

    /// <summary>How many keys are watched.</summary>
    public int Watched { get; private set; }

    /// <summary>How many commands wait.</summary>
    public int Commands { get; private set; }

    /// <summary>How many keys they look at, if that is not one each.</summary>
    public int Looks { get; private set; }

    /// <summary><see cref="RespChecks.PlaceOf"/> all its keys, once there is one.</summary>
    public int Place { get; private set; } = Nowhere;

    /// <summary>Bytes of connection memory.</summary>
    public int HeldBytes => _buffer?.Length ?? 0;

    /// <summary>Whether keys of a place can belong to it.</summary>
    public bool IsAt(int place) => Place == Nowhere || Place == place;

    /// <summary>Lets commands wait from now on.</summary>
    public void Begin() => IsOpen = true;

    /// <summary>A command was refused: EXEC will execute nothing if there is a transaction. Of EXEC itself it is the end.</summary>
    /// <param name="command">Null when there is no such command.</param>
    public void Refused(Command? command)
    {
        if (command is { InTransaction: InTransaction.Executes })
        {
            End();
        }
        else
        {
            IsSpoilt |= IsOpen;
        }
    }

    /// <summary>Ends it, and watches nothing any more.</summary>
    public void End()
    {
        IsOpen = IsSpoilt = false;
        (Commands, Looks, Place) = (0, 0, Nowhere);
        (_used, _keyStart, _keyLength, Watched, _watchedEnd) = (0, 0, 0, 0, 0);
        if (_buffer is not null)
        {
            carries.GiveBack(_buffer);
            _buffer = null;
        }
    }

    /// <summary>Watches a key; one that is watched stays as it was.</summary>
    /// <param name="watched">A record of <see cref="TransactionBody"/>.</param>
    /// <param name="place">Of the key, for which <see cref="IsAt"/> holds.</param>
    /// <returns>False when there are too many, or the memory is refused.</returns>
    public bool TryWatch(ReadOnlySpan<byte> watched, int place)
    {
        Debug.Assert(!IsOpen && IsAt(place));
        if (IsWatched(TransactionBody.KeyOf(watched)))
        {
            return true;
        }

        if (Watched == MaxWatched || !TryMakeRoom(watched.Length))
        {
            return false;
        }

        watched.CopyTo(_buffer!.Span[_used..]);
        TakeKey(_used + TransactionBody.KeyStart, TransactionBody.KeyOf(watched).Length, place);
        _used += watched.Length;
        _watchedEnd = _used;
        Watched++;
        return true;
    }

    /// <summary>Lets a command wait for EXEC.</summary>
    /// <param name="request">The command.</param>
    /// <param name="command">Its place in the table.</param>
    /// <param name="keyIndex">Which argument is its first key; 0: none.</param>
    /// <param name="place">Of its keys, for which <see cref="IsAt"/> holds.</param>
    /// <param name="looks">See <see cref="Looks"/>.</param>
    /// <returns>False when the memory is refused.</returns>
    public bool TryAdd(in RespRequest request, int command, int keyIndex, int place, int looks)
    {
        Debug.Assert(IsOpen && HasRoomFor(request));
        int bytes = TransactionBody.BytesOf(request);
        if (!TryMakeRoom(bytes))
        {
            return false;
        }

        int keyStart = TransactionBody.Write(request, command, keyIndex, _buffer!.Span.Slice(_used, bytes));
        if (keyIndex > 0)
        {
            TakeKey(_used + keyStart, request[keyIndex].Length, place);
        }

        _used += bytes;
        Commands++;
        Looks += looks;
        return true;
    }

    /// <summary>Whether a command more would still be allowed.</summary>
    public bool HasRoomFor(in RespRequest request) =>
        Commands < MaxCommands && (long)_used + TransactionBody.BytesOf(request) <= MaxBytes;

    /// <summary>The call that executes all of it: its arguments are a name, which is empty, the first key, and the body.</summary>
    /// <param name="keyIndex">Which of them is the key; 0 when there is none.</param>
    /// <returns>False when the memory is refused.</returns>
    public bool TryMakeCall(out RespRequest call, out int keyIndex)
    {
        call = default;
        keyIndex = _keyLength == 0 ? 0 : 1;
        if (!TryMakeRoom(0))
        {
            return false;
        }

        Span<byte> whole = _buffer!.Span[.._used];
        TransactionBody.WriteHead(whole[BodyStart..], Watched, Commands);
        Span<RespArgument> arguments = MemoryMarshal.Cast<byte, RespArgument>(whole[..BodyStart]);
        arguments[0] = new RespArgument(BodyStart, 0);
        arguments[1] = new RespArgument(_keyStart, _keyLength);
        arguments[2] = new RespArgument(BodyStart, _used - BodyStart);
        call = new RespRequest(whole, arguments);
        return true;
    }

    private void TakeKey(int start, int length, int place)
    {
        Place = place;
        if (_keyLength == 0)
        {
            (_keyStart, _keyLength) = (start, length);
        }
    }

    private bool IsWatched(ReadOnlySpan<byte> key)
    {
        if (Watched == 0)
        {
            return false;
        }

        ReadOnlySpan<byte> rest = _buffer!.Span[(BodyStart + TransactionBody.HeadBytes).._watchedEnd];
        while (!rest.IsEmpty)
        {
            if (TransactionBody.KeyOf(rest).SequenceEqual(key))
            {
                return true;
            }

            rest = rest[TransactionBody.WatchedBytes(TransactionBody.KeyOf(rest).Length)..];
        }

        return false;
    }

    private bool TryMakeRoom(int bytes)
    {
        int used = Math.Max(_used, BodyStart + TransactionBody.HeadBytes);
        if (_buffer is null || _buffer.Length < used + bytes)
        {
            NativeBuffer? larger = carries.Borrow(used + bytes);
            if (larger is null)
            {
                return false;
            }

            if (_buffer is not null)
            {
                _buffer.Span[.._used].CopyTo(larger.Span);
                carries.GiveBack(_buffer);
            }

            _buffer = larger;
        }

        _used = used;
        return true;
    }
}
