using System.Buffers.Binary;

namespace FastCache.Protocol;

/// <summary>Writes a batched set entry by entry into a caller's buffer, without knowing the number of entries first.</summary>
/// <remarks>
/// <code>
/// byte  0        16      [+ 8]   +0            +1              +5
///       +--------+---------------+-------------+---------------+-------+---------+--
///       | header | [timeToLive 8]| keyLength 0 | valueLength 0 | key 0 | value 0 | ...   argument = number of entries
///       |        |               | u8          | u32           |       |         |
///       +--------+---------------+-------------+---------------+-------+---------+--
/// </code>
/// The header is written by <see cref="Finish"/>; until then the buffer holds no valid frame.
/// </remarks>
public ref struct BatchSetWriter
{
    private readonly Span<byte> _destination;
    private readonly uint _id;
    private readonly RequestFlags _flags;
    private int _length = FcpLimits.HeaderBytes;

    /// <summary>Starts a frame.</summary>
    /// <param name="destination">Where it goes; the node's maxValueBytes + 279 is the longest that any node takes.</param>
    /// <param name="id">Comes back in the replies.</param>
    /// <param name="timeToLiveMillis">Of all entries; 0 for no expiry.</param>
    /// <param name="returnVersion">Whether replies shall carry the new versions.</param>
    /// <param name="quiet">Whether only entries that failed, and the last one, shall be answered.</param>
    /// <exception cref="ArgumentException">The destination is too short, or the time too long.</exception>
    public BatchSetWriter(
        Span<byte> destination, uint id, ulong timeToLiveMillis = 0, bool returnVersion = false, bool quiet = false)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(timeToLiveMillis, FcpLimits.MaxTimeToLiveMillis);
        _destination = destination;
        _id = id;
        _flags = RequestWriter.FlagsOf(returnVersion, quiet);
        Room.Check(destination.Length, FcpLimits.HeaderBytes + FcpLimits.TimeToLiveBytes);
        if (timeToLiveMillis != 0)
        {
            _flags |= RequestFlags.HasTimeToLive;
            BinaryPrimitives.WriteUInt64LittleEndian(destination[_length..], timeToLiveMillis);
            _length += FcpLimits.TimeToLiveBytes;
        }
    }

    /// <summary>Entries so far.</summary>
    public int Count { get; private set; }

    /// <summary>Adds an entry; its reply carries the index <see cref="Count"/> had before.</summary>
    /// <returns>False, and nothing is added, when the frame has all entries that fit it or its destination.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The key is empty or longer than
    /// <see cref="FcpLimits.MaxKeyBytes"/>.</exception>
    public bool TryAdd(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        RequestWriter.CheckKey(key.Length);
        if (Count == FcpLimits.MaxBatchKeys
            || _destination.Length - _length - FcpLimits.BatchEntryBytes - key.Length < value.Length)
        {
            return false;
        }

        _destination[_length] = (byte)key.Length;
        BinaryPrimitives.WriteInt32LittleEndian(_destination[(_length + 1)..], value.Length);
        _length += FcpLimits.BatchEntryBytes;
        key.CopyTo(_destination[_length..]);
        value.CopyTo(_destination[(_length + key.Length)..]);
        _length += key.Length + value.Length;
        Count++;
        return true;
    }

    /// <summary>Writes the header.</summary>
    /// <returns>The bytes of the frame.</returns>
    /// <exception cref="InvalidOperationException">No entry was added.</exception>
    public readonly int Finish()
    {
        if (Count == 0)
        {
            throw new InvalidOperationException("A batched set has at least one entry.");
        }

        int bodyLength = _length - FcpLimits.HeaderBytes;
        RequestWriter.Start(_destination, Opcode.BatchSet, _flags, 0, bodyLength, _id, (uint)Count);
        return _length;
    }
}
