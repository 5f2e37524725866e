namespace FastCache.Node.Doors.Resp.Subscriptions;

/// <summary>How many connections of the whole node have subscribed to what: asked by PUBSUB, never by PUBLISH. For all threads.</summary>
/// <param name="shards">How many the node has.</param>
internal sealed class ChannelCensus(int shards)
{
    private readonly int[] _ofShards = new int[shards];
    private readonly Lock _lock = new();

    private readonly Dictionary<byte[], int>[] _counts =
        [.. Enum.GetValues<ChannelKind>().Select(_ => new Dictionary<byte[], int>(ByName.Comparer))];

    /// <summary>Whether there are subscriptions of a shard's connections.</summary>
    public bool IsAnyOf(int shard) => Volatile.Read(ref _ofShards[shard]) > 0;

    /// <summary>Counts a subscription of one of a shard's connections.</summary>
    public void Add(int shard, ChannelKind kind, byte[] name)
    {
        Interlocked.Increment(ref _ofShards[shard]);
        lock (_lock)
        {
            Dictionary<byte[], int> counts = _counts[(int)kind];
            counts[name] = counts.GetValueOrDefault(name) + 1;
        }
    }

    /// <summary>Counts the end of one.</summary>
    public void Remove(int shard, ChannelKind kind, byte[] name)
    {
        Interlocked.Decrement(ref _ofShards[shard]);
        lock (_lock)
        {
            Dictionary<byte[], int> counts = _counts[(int)kind];
            int left = counts[name] - 1;
            if (left > 0)
            {
                counts[name] = left;
            }
            else
            {
                counts.Remove(name);
            }
        }
    }

    /// <summary>How many connections have subscribed to a name.</summary>
    public int Count(ChannelKind kind, ReadOnlySpan<byte> name)
    {
        lock (_lock)
        {
            return _counts[(int)kind].GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out int count) ? count : 0;
        }
    }

    /// <summary>How many different names of a kind there are.</summary>
    public int CountNames(ChannelKind kind)
    {
        lock (_lock)
        {
            return _counts[(int)kind].Count;
        }
    }

    /// <summary>All names of a kind.</summary>
    public byte[][] Names(ChannelKind kind)
    {
        lock (_lock)
        {
            return [.. _counts[(int)kind].Keys];
        }
    }
}
