namespace FastCache.LoadGen.Wire;

/// <summary>How gets and sets look to a server.</summary>
internal interface IWire
{
    /// <summary>Bytes of a get.</summary>
    int GetBytes(int keyBytes);

    /// <summary>Bytes of a set.</summary>
    int SetBytes(int keyBytes, int valueBytes);

    /// <summary>Where the key stands in a get and in a set.</summary>
    int KeyOffset(int keyBytes);

    /// <summary>Writes a get.</summary>
    /// <param name="request">At least <see cref="GetBytes"/>.</param>
    /// <param name="index">Its place in its stream, 0 to 2^31 - 1.</param>
    /// <param name="key">The key.</param>
    /// <returns>Bytes written.</returns>
    int Get(Span<byte> request, uint index, ReadOnlySpan<byte> key);

    /// <summary>Writes a set.</summary>
    /// <param name="request">At least <see cref="SetBytes"/>.</param>
    /// <param name="index">Its place in its stream, 0 to 2^31 - 1.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <returns>Bytes written.</returns>
    int Set(Span<byte> request, uint index, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);
}
