namespace FastCache.Core.Items;

/// <summary>Which keys have lost their items lately, by their hashes. Nothing is kept before somebody asks for the first time.</summary>
internal sealed class RemovalLog
{
    /// <summary>Removals that are remembered, a power of two.</summary>
    public const int Capacity = 4_096;

    private ulong[]? _hashes;
    private ulong _removals;

    /// <summary>Whether removals are to be added.</summary>
    public bool IsKept => _hashes is not null;

    /// <summary>The place of the next removal, for <see cref="MayContain"/>; from now on they are kept.</summary>
    public ulong Begin()
    {
        _hashes ??= new ulong[Capacity];
        return _removals;
    }

    public void Add(ulong hash) => _hashes![_removals++ % Capacity] = hash;

    /// <summary>Whether an item of a key was removed since a place was told; true also when that is too long ago to be known.</summary>
    public bool MayContain(ulong hash, ulong since)
    {
        ulong count = _removals - since;
        if (count == 0 || count > Capacity)
        {
            return count != 0;
        }

        int start = (int)(since % Capacity);
        int end = (int)(_removals % Capacity);
        return start < end
            ? _hashes.AsSpan(start, end - start).Contains(hash)
            : _hashes.AsSpan(start).Contains(hash) || _hashes.AsSpan(0, end).Contains(hash);
    }
}
