namespace FastCache.Node.Sessions;

/// <summary>A place in a connection's received bytes, down to the key inside a batched get.</summary>
internal struct InputPosition
{
    /// <summary>The piece is the carry, which comes before all received buffers.</summary>
    public const int Carry = -1;

    /// <summary>There is no piece: nothing was received that is not consumed.</summary>
    public const int Nowhere = -2;

    /// <summary>A receive buffer's number, <see cref="Carry"/> or <see cref="Nowhere"/>.</summary>
    public int Piece;

    /// <summary>Bytes from the start of the piece.</summary>
    public int Offset;

    /// <summary>Keys of the batched get at this place that are done.</summary>
    public int BatchKeys;

    /// <summary>Bytes of that batched get's body that are done.</summary>
    public int BatchOffset;

    /// <summary>Bytes from here on that are skipped: the rest of a set whose value is too large.</summary>
    public int Skip;
}
