namespace FastCache.Core;

/// <summary>When a write stores.</summary>
public enum SetCondition : byte
{
    /// <summary>Whether or not the key is present.</summary>
    Always,

    /// <summary>Only if the key is absent.</summary>
    IfAbsent,

    /// <summary>Only if the key is present.</summary>
    IfPresent,

    /// <summary>Only if the key is present with <see cref="SetOptions.Version"/>.</summary>
    IfVersionMatches,

    /// <summary>
    /// Only if the key is absent or present with a lower version than <see cref="SetOptions.Version"/>, which becomes the
    /// item's version: for writes that were made elsewhere, in whatever order they arrive. With a
    /// <see cref="SetOptions.LeaseToken"/> also if it is present with this version, whose life then begins anew.
    /// </summary>
    IfNewer,

    /// <summary>Only if the key is present and its unique (<see cref="ItemView.Unique"/>) is <see cref="SetOptions.Version"/>.</summary>
    IfUniqueMatches,
}

/// <summary>The conditions and the life of one write.</summary>
/// <param name="Condition">When to store.</param>
/// <param name="Version">For <see cref="SetCondition.IfVersionMatches"/>, <see cref="SetCondition.IfNewer"/> and <see cref="SetCondition.IfUniqueMatches"/>.</param>
/// <param name="TimeToLiveMillis">Milliseconds from now until the item expires; 0: never. At most 34 years after the shard began count.</param>
public readonly record struct SetOptions(
    SetCondition Condition = SetCondition.Always,
    ulong Version = 0,
    ulong TimeToLiveMillis = 0)
{
    /// <summary>Whether every hit gives the item <see cref="TimeToLiveMillis"/> again.</summary>
    public bool Sliding { get; init; }

    /// <summary>For a sliding life: milliseconds from now beyond which no hit prolongs it; 0: no such limit.</summary>
    public ulong SlidingLimitMillis { get; init; }

    /// <summary>Whether the value may be given out as stale for <see cref="ShardOptions.StaleTime"/> after it has expired.</summary>
    public bool KeepStale { get; init; }

    /// <summary>Whether the new value goes on with the life of the one that it replaces; the times here are for a key that is absent.</summary>
    public bool KeepLife { get; init; }

    /// <summary>What the writer's client keeps with the value; whoever replaces the value replaces it too, an edit leaves it.</summary>
    public uint ClientFlags { get; init; }

    /// <summary>
    /// A number by which the writer's client knows the value, in place of its version; 0: none. It stands beside the version, which orders
    /// this write among others as ever, and goes with the next write or edit of the value.
    /// </summary>
    public ulong Unique { get; init; }

    /// <summary>The grant that this write fills; it stores only while the grant holds. 0: needs none.</summary>
    public ulong LeaseToken { get; init; }
}

/// <summary>When a touch gives an item a new life.</summary>
public enum LifeCondition : byte
{
    /// <summary>Always.</summary>
    Always,

    /// <summary>Only if the item never expires.</summary>
    IfEndless,

    /// <summary>Only if it expires at some time.</summary>
    IfLimited,

    /// <summary>Only if it then expires later; an endless life ends later than any.</summary>
    IfLater,

    /// <summary>Only if it then expires sooner.</summary>
    IfSooner,
}

/// <summary>What became of a write or a delete.</summary>
public enum WriteOutcome : byte
{
    /// <summary>Done.</summary>
    Done,

    /// <summary>The key is absent, and the condition asked for it.</summary>
    NotFound,

    /// <summary>The key is present, and the condition asked for its absence.</summary>
    Exists,

    /// <summary>The key is present with another version or unique.</summary>
    VersionMismatch,

    /// <summary>The value is longer than the shard takes, or than what can be edited; what was stored before is untouched.</summary>
    ValueTooLarge,

    /// <summary>
    /// No memory could be freed for it. An older value of the key is gone: a stale one never outlives a write. It stays when
    /// a value that is written piece by piece fails before its commit.
    /// </summary>
    OutOfMemory,

    /// <summary>The key is present with this or a higher version.</summary>
    NotNewer,

    /// <summary>A version from elsewhere lies before 2020 or more than an hour in the future: a broken clock.</summary>
    VersionOutOfRange,

    /// <summary>The grant has ended: by its deadline, another write, a delete.</summary>
    LeaseLost,

    /// <summary>The value is not a decimal number of the kind that was asked for.</summary>
    NotANumber,

    /// <summary>The result lies outside of what the kind of number can say; what was stored before is untouched.</summary>
    Overflow,

    /// <summary>As many values are being written or read piece by piece as can be. Never the answer to a plain set.</summary>
    TooManyOpen,
}
