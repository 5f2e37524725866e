namespace FastCache.Client;

/// <summary>What a client has had to do with copies so far.</summary>
public readonly record struct ReplicaStatistics
{
    /// <summary>Reads that a replica has answered.</summary>
    public long Hits { get; init; }

    /// <summary>Reads that a replica could not answer, and that the primary was asked for.</summary>
    public long Misses { get; init; }

    /// <summary>Values that were written to replicas.</summary>
    public long CopiesWritten { get; init; }

    /// <summary>Copies that were deleted because their key was written.</summary>
    public long CopiesDeleted { get; init; }

    /// <summary>Values that were not written to a replica, and copies that were not deleted, as too much was under way; a replica
    /// of which a deletion was left out is not read from for a while.</summary>
    public long Dropped { get; init; }

    /// <summary>Reads for which a second node was asked because the first was late.</summary>
    public long Hedges { get; init; }
}
