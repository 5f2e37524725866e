namespace FastCache.Core;

/// <summary>When <see cref="Shard.Set(ReadOnlySpan{byte}, ReadOnlySpan{byte}, in SetOptions, out ulong)"/> stores.</summary>
public enum SetCondition : byte
{
    /// <summary>Whether or not the key is present.</summary>
    Always,

    /// <summary>Only if the key is absent.</summary>
    IfAbsent,

    /// <summary>Only if the key is present.</summary>
    IfPresent,

    /// <summary>Only if the key is present with <see cref="SetOptions.ExpectedVersion"/>.</summary>
    IfVersionMatches,
}

/// <summary>The conditions and the life of one write.</summary>
/// <param name="Condition">When to store.</param>
/// <param name="ExpectedVersion">For <see cref="SetCondition.IfVersionMatches"/>.</param>
/// <param name="TimeToLiveMillis">Milliseconds from now until the item expires; 0: never. Times past 2054 are cut to it.</param>
public readonly record struct SetOptions(
    SetCondition Condition = SetCondition.Always,
    ulong ExpectedVersion = 0,
    ulong TimeToLiveMillis = 0);

/// <summary>What became of a write or a delete.</summary>
public enum WriteOutcome : byte
{
    /// <summary>Done.</summary>
    Done,

    /// <summary>The key is absent, and the condition asked for it.</summary>
    NotFound,

    /// <summary>The key is present, and the condition asked for its absence.</summary>
    Exists,

    /// <summary>The key is present with another version.</summary>
    VersionMismatch,

    /// <summary>The value is longer than <see cref="Shard.MaxValueBytes"/>; what was stored before is untouched.</summary>
    ValueTooLarge,

    /// <summary>No memory could be freed for it. An older value of the key is gone: a stale one never outlives a write.</summary>
    OutOfMemory,
}

/// <summary>A look at a stored item, valid until the next operation on its shard.</summary>
public readonly ref struct ItemView
{
    internal ItemView(ReadOnlySpan<byte> value, ulong version)
    {
        Value = value;
        Version = version;
    }

    /// <summary>The value, in the shard's own memory.</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>The version that the write of this value was given.</summary>
    public ulong Version { get; }
}

/// <summary>A key made ready for a batch: hashed, and after <see cref="Shard.Probe"/> with the item that it probably means.</summary>
/// <remarks>Refers to the bytes of the key where they lie; see <see cref="Shard.Prepare"/>.</remarks>
public readonly unsafe struct LookupKey
{
    /// <summary>In place of a candidate: the key's bucket has no match, but others are chained behind it.</summary>
    internal const uint InOverflow = uint.MaxValue;

    internal readonly byte* Start;
    internal readonly ulong Hash;
    internal readonly int Length;
    internal readonly uint Candidate;

    internal LookupKey(byte* start, int length, ulong hash, uint candidate)
    {
        Start = start;
        Length = length;
        Hash = hash;
        Candidate = candidate;
    }

    internal LookupKey With(uint candidate) => new(Start, Length, Hash, candidate);
}
