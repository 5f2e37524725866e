namespace FastCache.Protocol;

/// <summary>Writes a batched get key by key into a caller's buffer, without knowing the number of keys first.</summary>
/// <remarks>
/// <code>
/// byte  0        16
///       +--------+----------+-------+----------+-------+--
///       | header | length 0 | key 0 | length 1 | key 1 | ...     argument = number of keys
///       +--------+----------+-------+----------+-------+--
/// </code>
/// The header is written by <see cref="Finish"/>; until then the buffer holds no valid frame.
/// </remarks>
public ref struct BatchGetWriter
{
    private readonly Span<byte> _destination;
    private readonly uint _id;
    private readonly RequestFlags _flags;
    private int _length = FcpLimits.HeaderBytes;

    /// <summary>Starts a frame.</summary>
    /// <exception cref="ArgumentException">The destination is too short for a header.</exception>
    public BatchGetWriter(Span<byte> destination, uint id, bool returnVersion = false, bool quiet = false)
    {
        Room.Check(destination.Length, FcpLimits.HeaderBytes);
        _destination = destination;
        _id = id;
        _flags = RequestWriter.FlagsOf(returnVersion, quiet);
    }

    /// <summary>Keys so far.</summary>
    public int Count { get; private set; }

    /// <summary>Adds a key; its replies carry the index <see cref="Count"/> had before.</summary>
    /// <returns>False, and nothing is added, when the frame has all keys that fit it or its destination.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The key is empty or longer than
    /// <see cref="FcpLimits.MaxKeyBytes"/>.</exception>
    public bool TryAdd(ReadOnlySpan<byte> key)
    {
        RequestWriter.CheckKey(key.Length);
        if (Count == FcpLimits.MaxBatchKeys || _destination.Length - _length < 1 + key.Length)
        {
            return false;
        }

        _destination[_length] = (byte)key.Length;
        key.CopyTo(_destination[(_length + 1)..]);
        _length += 1 + key.Length;
        Count++;
        return true;
    }

    /// <summary>Adds a key.</summary>
    /// <exception cref="ArgumentException">The key has a wrong length, or the frame or its destination is
    /// full.</exception>
    public void Add(ReadOnlySpan<byte> key)
    {
        if (!TryAdd(key))
        {
            throw new ArgumentException(
                $"A batched get holds {FcpLimits.MaxBatchKeys} keys, and no more than its destination.", nameof(key));
        }
    }

    /// <summary>Writes the header.</summary>
    /// <returns>The bytes of the frame.</returns>
    /// <exception cref="InvalidOperationException">No key was added.</exception>
    public readonly int Finish()
    {
        if (Count == 0)
        {
            throw new InvalidOperationException("A batched get has at least one key.");
        }

        int bodyLength = _length - FcpLimits.HeaderBytes;
        RequestWriter.Start(_destination, Opcode.BatchGet, _flags, 0, bodyLength, _id, (uint)Count);
        return _length;
    }
}
