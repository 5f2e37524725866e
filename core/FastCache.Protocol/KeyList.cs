namespace FastCache.Protocol;

/// <summary>Keys with their length bytes, one behind the other, as Scan and Invalidate tell them.</summary>
public static class KeyList
{
    /// <summary>Takes the next key off.</summary>
    /// <param name="keys">What is left; moved behind the key.</param>
    /// <param name="key">1 or more bytes.</param>
    /// <returns>False if nothing is left, or what is left is no list of keys.</returns>
    public static bool TryRead(ref ReadOnlySpan<byte> keys, out ReadOnlySpan<byte> key)
    {
        if (keys.IsEmpty || keys[0] == 0 || keys.Length <= keys[0])
        {
            key = default;
            return false;
        }

        key = keys.Slice(1, keys[0]);
        keys = keys[(1 + key.Length)..];
        return true;
    }

    /// <summary>Whether the bytes are so many keys and nothing else.</summary>
    public static bool Has(ReadOnlySpan<byte> keys, uint count)
    {
        while (count > 0 && TryRead(ref keys, out _))
        {
            count--;
        }

        return count == 0 && keys.IsEmpty;
    }
}
