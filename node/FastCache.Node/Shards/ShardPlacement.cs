namespace FastCache.Node.Shards;

/// <summary>Where a new connection belongs, from the point of view of one shard.</summary>
/// <param name="directory">All shards.</param>
/// <param name="home">This one.</param>
internal sealed class ShardPlacement(ShardDirectory directory, int home)
{
    /// <summary>Number of shards.</summary>
    public int Count => directory.Count;

    /// <summary>This shard.</summary>
    public int Home => home;

    /// <summary>The shard of a client.</summary>
    /// <param name="wish">What its Hello says: 0 for any, k for shard k - 1; at most <see cref="Count"/>.</param>
    public int For(int wish) => wish == 0 ? directory.NextInTurn() : wish - 1;
}
