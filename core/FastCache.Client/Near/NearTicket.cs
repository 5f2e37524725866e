namespace FastCache.Client.Near;

/// <summary>What was known of a key before its request was sent: the value that comes is kept under it.</summary>
/// <param name="Hash">The key's.</param>
/// <param name="Generation">The key's number.</param>
/// <param name="Session">The session of the shard that is asked; 0: the value is not kept.</param>
internal readonly record struct NearTicket(ulong Hash, long Generation, long Session);

/// <summary>What a request means for what is kept near.</summary>
internal enum NearEffect
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>The value that it finds may be kept.</summary>
    Fills,

    /// <summary>What is kept of its key is worth nothing any more.</summary>
    Changes,
}
