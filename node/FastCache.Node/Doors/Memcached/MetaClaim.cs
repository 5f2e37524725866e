namespace FastCache.Node.Doors.Memcached;

/// <summary>What a lookup says of who is to write the item anew.</summary>
internal readonly record struct MetaClaim
{
    /// <summary>The caller: W.</summary>
    public bool IsWon { get; init; }

    /// <summary>Somebody else: Z.</summary>
    public bool IsOthers { get; init; }

    /// <summary>X.</summary>
    public bool IsStale { get; init; }

    /// <summary>The unique of what the caller is to write; 0: the item's own.</summary>
    public ulong Token { get; init; }

    /// <summary>Adds what it says, behind all flags that were asked for: Z, X, W.</summary>
    public void AddTo(ref Line reply)
    {
        reply.Add(IsOthers ? " Z"u8 : default);
        reply.Add(IsStale ? " X"u8 : default);
        reply.Add(IsWon ? " W"u8 : default);
    }
}
