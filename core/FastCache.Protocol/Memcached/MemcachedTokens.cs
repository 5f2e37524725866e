namespace FastCache.Protocol.Memcached;

/// <summary>The words of a line, between spaces.</summary>
public ref struct MemcachedTokens(ReadOnlySpan<byte> line)
{
    private ReadOnlySpan<byte> _rest = line;

    /// <summary>What has not been read.</summary>
    public readonly ReadOnlySpan<byte> Rest => _rest;

    /// <summary>The next word.</summary>
    /// <returns>False at the end.</returns>
    public bool TryNext(out ReadOnlySpan<byte> token)
    {
        int start = 0;
        while (start < _rest.Length && _rest[start] == ' ')
        {
            start++;
        }

        _rest = _rest[start..];
        int end = _rest.IndexOf((byte)' ');
        end = end < 0 ? _rest.Length : end;
        token = _rest[..end];
        _rest = _rest[end..];
        return end > 0;
    }
}
