using FastCache.Protocol;

namespace FastCache.Client;

/// <summary>How a write with conditions ended.</summary>
/// <param name="Status"><see cref="Status.Ok"/> if it was done, otherwise the condition that was not met:
/// <see cref="Status.NotFound"/>, <see cref="Status.Exists"/>, <see cref="Status.VersionMismatch"/>,
/// <see cref="Status.NotNewer"/> or <see cref="Status.LeaseLost"/>.</param>
/// <param name="Version">The item's new version, if it was done and the version was asked for; otherwise 0.</param>
public readonly record struct WriteResult(Status Status, ulong Version)
{
    /// <summary>Whether the write was done.</summary>
    public bool IsDone => Status == Status.Ok;
}

/// <summary>What a count made of a counter.</summary>
/// <param name="IsFound">Whether there is a counter now; if not, the rest is 0.</param>
/// <param name="Number">Its new value; of a checked count a number in two's complement.</param>
/// <param name="Version">Its new version.</param>
public readonly record struct CountResult(bool IsFound, ulong Number, ulong Version)
{
    /// <summary>The value of a checked count.</summary>
    public long SignedNumber => (long)Number;
}

/// <summary>What a read copied into the caller's buffer.</summary>
/// <param name="IsFound">Whether the key was there; if not, the rest is 0 and the buffer untouched.</param>
/// <param name="Length">Bytes of the whole value. If the buffer is shorter it was filled.</param>
/// <param name="Version">The item's version.</param>
public readonly record struct CopiedValue(bool IsFound, int Length, ulong Version);

/// <summary>What a read found that may be granted the right to fill the key.</summary>
/// <param name="Result">What there is, and what the caller is to do.</param>
/// <param name="Token">With Fill, StaleFill and HitRefresh: what goes into <see cref="SetTerms.LeaseToken"/> of the write;
/// otherwise 0.</param>
/// <param name="Value">The value of Hit, HitRefresh, Stale and StaleFill; dispose it.</param>
public readonly record struct LeasedValue(LeaseResult Result, ulong Token, CacheValue Value) : IDisposable
{
    /// <summary>Gives the value's buffer back.</summary>
    public void Dispose() => Value.Dispose();
}
