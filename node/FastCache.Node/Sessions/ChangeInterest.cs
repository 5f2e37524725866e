namespace FastCache.Node.Sessions;

/// <summary>On which shards of a node somebody wants to know of changes on all shards. For all threads; written when somebody begins or ends.</summary>
/// <param name="shards">How many there are.</param>
internal sealed class ChangeInterest(int shards)
{
    private readonly int[] _counts = new int[shards];
    private int _total;
    private int _wanted;

    /// <summary>Whether nobody wants to know of any change for any reason: what a write of a door costs then is this look.</summary>
    public bool IsNothing => Volatile.Read(ref _wanted) == 0;

    /// <summary>Whether anybody wants to know of changes on all shards.</summary>
    public bool IsAny => Volatile.Read(ref _total) > 0;

    /// <summary>Whether anybody of a shard wants to know.</summary>
    public bool IsOf(int shard) => Volatile.Read(ref _counts[shard]) > 0;

    /// <summary>Somebody of a shard begins (+1) or ceases (-1) to want it.</summary>
    public void Add(int shard, int change)
    {
        Interlocked.Add(ref _counts[shard], change);
        Interlocked.Add(ref _total, change);
        Want(change);
    }

    /// <summary>There is a reason more (+1) or less (-1) not to be <see cref="IsNothing"/>.</summary>
    public void Want(int change) => Interlocked.Add(ref _wanted, change);
}

/// <summary>Told what was changed on a shard, after each pass that has changed something.</summary>
internal interface IChangeListener
{
    /// <summary>The log has turned: <see cref="ChangeLog.Told"/> is what was changed.</summary>
    void Changed(ChangeLog log);

    /// <summary>All keys may have changed.</summary>
    void AllChanged();

    /// <summary>A pass ends.</summary>
    void EndPass();
}
