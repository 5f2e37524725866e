namespace FastCache.Cluster;

/// <summary>Consecutive slots with the same copies.</summary>
/// <param name="First">The first slot.</param>
/// <param name="Last">The last slot, itself included.</param>
/// <param name="Copies">Indices of nodes: the primary, then the replicas in the order of the document.</param>
public sealed record SlotRange(int First, int Last, IReadOnlyList<int> Copies)
{
    /// <summary>The node that decides about writes.</summary>
    public int Primary => Copies[0];

    /// <summary>How many slots.</summary>
    public int Count => Last - First + 1;
}
