using FastCache.Core.Items;

namespace FastCache.Core;

/// <summary>What <see cref="KeyWatch.StateOf"/> has seen of a key.</summary>
/// <param name="Version">Of its item, of whatever kind; 0: there was none.</param>
/// <param name="Mark">When that item expires, or which of the shard's removals came next.</param>
public readonly record struct KeyState(ulong Version, ulong Mark);

/// <summary>Finds out whether anything has happened to a key since it was looked at, without remembering who has looked.</summary>
public sealed unsafe class KeyWatch
{
    private readonly Shard _shard;

    internal KeyWatch(Shard shard) => _shard = shard;

    /// <summary>Looks at a key without using it.</summary>
    public KeyState StateOf(scoped in LookupKey key)
    {
        uint reference = _shard.FindResident(key, out bool isLive);
        if (!isLive)
        {
            return new KeyState(0, _shard.Store.Removals.Begin());
        }

        Item* item = _shard.At(reference);
        return new KeyState(item->Version, (item->Kind & Item.Sliding) != 0 ? 0 : item->Expiry);
    }

    /// <summary>
    /// Whether a key was written, given another end of its life, or lost its item since it was looked at; also when it was absent then
    /// and is again. A look and the sliding of a life are no change.
    /// </summary>
    /// <remarks>True for a key without an item also after <see cref="RemovalLog.Capacity"/> removals of others: nobody knows then.</remarks>
    public bool HasChanged(scoped in LookupKey key, in KeyState since)
    {
        KeyState now = StateOf(key);
        return now.Version != since.Version
            || (now.Version != 0 ? now.Mark != since.Mark : _shard.Store.Removals.MayContain(key.Hash, since.Mark));
    }
}
