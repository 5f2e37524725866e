namespace FastCache.Client;

/// <summary>Which node a read is sent to, of a slot of which several nodes have a copy. Writes and leases always go to the
/// primary.</summary>
public enum ReadFrom
{
    /// <summary>The primary: a read sees every write that was acknowledged before it.</summary>
    Primary,

    /// <summary>The copy that will answer first, as far as can be told; it may be older than the primary's value, by
    /// <see cref="FastCacheClientOptions.ReplicaMaxAge"/> and a second at most.</summary>
    BestCopy,
}
