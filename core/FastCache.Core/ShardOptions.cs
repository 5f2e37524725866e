using FastCache.Core.Memory;

namespace FastCache.Core;

/// <summary>How a <see cref="Shard"/> is built.</summary>
public sealed record ShardOptions
{
    /// <summary>Smallest <see cref="MemoryBudgetBytes"/>.</summary>
    public const long MinMemoryBudgetBytes = 8L << 20;

    /// <summary>Largest <see cref="MemoryBudgetBytes"/>: what 31-bit references of 16 bytes reach.</summary>
    public const long MaxMemoryBudgetBytes = 32L << 30;

    /// <summary>Hard limit in bytes for items, index, clock and ghosts together.</summary>
    public long MemoryBudgetBytes { get; init; } = 1L << 30;

    /// <summary>Whether all memory is made present at construction, so that no later write pays for a page fault.</summary>
    public bool Prefault { get; init; }

    /// <summary>Fixes the hash of keys, for runs that must replay; null draws 256 random bits.</summary>
    public ulong? HashSeed { get; init; }

    /// <summary>Buckets that the index starts with: a power of two up to one page of them; 0 for that page. Tests make growth visible with few.</summary>
    internal int InitialBuckets { get; init; }

    /// <exception cref="ArgumentOutOfRangeException">The budget is out of range.</exception>
    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MemoryBudgetBytes, MinMemoryBudgetBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MemoryBudgetBytes, MaxMemoryBudgetBytes);
        if (PagePool.PagesFor(MemoryBudgetBytes) < PagePool.MinimumPages)
        {
            throw new ArgumentOutOfRangeException(nameof(MemoryBudgetBytes));
        }
    }
}
