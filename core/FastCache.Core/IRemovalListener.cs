namespace FastCache.Core;

/// <summary>Told of items that go by themselves. Called in the middle of other operations: it must not use the shard.</summary>
public interface IRemovalListener
{
    /// <summary>An item is removed because its time is over: when that is noticed, which an operation on its key or <see cref="Shard.Maintain"/> does.</summary>
    /// <param name="key">Its key, good during the call.</param>
    void Expired(ReadOnlySpan<byte> key);

    /// <summary>An item is removed for room.</summary>
    /// <param name="key">Its key, good during the call.</param>
    void Evicted(ReadOnlySpan<byte> key);
}
