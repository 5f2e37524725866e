using FastCache.Core.Compression;
using FastCache.Core.Index;
using FastCache.Core.Leases;
using FastCache.Core.Memory;

namespace FastCache.Core;

/// <summary>How a <see cref="Shard"/> is built.</summary>
public sealed record ShardOptions
{
    /// <summary>Smallest <see cref="MemoryBudgetBytes"/>.</summary>
    public const long MinMemoryBudgetBytes = 8L << 20;

    /// <summary>Largest <see cref="MemoryBudgetBytes"/>: what 31-bit references of 16 bytes reach.</summary>
    public const long MaxMemoryBudgetBytes = 32L << 30;

    /// <summary>Smallest <see cref="CompressFromBytes"/> that is not 0: below, an LZ4 block saves nothing.</summary>
    public const int MinCompressFromBytes = 64;

    /// <summary>Longest value in bytes that is ever compressed.</summary>
    public const int MaxCompressedValueBytes = ValueFrame.MaxValueBytes;

    /// <summary>Hard limit in bytes for items, index, clock, ghosts and all tables together.</summary>
    public long MemoryBudgetBytes { get; init; } = 1L << 30;

    /// <summary>Longest value in bytes that the shard takes; a quarter of the budget limits it too. Default: 512 MiB.</summary>
    public long MaxValueBytes { get; init; } = 512L << 20;

    /// <summary>Whether all memory is made present at construction, so that no later write pays for a page fault.</summary>
    public bool Prefault { get; init; }

    /// <summary>
    /// Values of at least so many bytes (up to <see cref="MaxCompressedValueBytes"/>) are compressed when that pays; 0: none.
    /// </summary>
    public int CompressFromBytes { get; init; }

    /// <summary>The share of a value that compression must save to be kept, 0 to 1.</summary>
    public double CompressionMinSaving { get; init; } = 0.125;

    /// <summary>How long an expired or invalidated value that was stored with <see cref="SetOptions.KeepStale"/> can still be given out as stale.</summary>
    public TimeSpan StaleTime { get; init; } = TimeSpan.Zero;

    /// <summary>
    /// The last part of an item's life (of the period of a sliding one), as a share, in which one of those who look it up with a lease is asked to refresh it; 0: none.
    /// </summary>
    public double RefreshAhead { get; init; } = 0.1;

    /// <summary>Fixes the hash of keys, for runs that must replay; null draws 256 random bits.</summary>
    public ulong? HashSeed { get; init; }

    /// <summary>Buckets that the index starts with: a power of two up to one page of them; 0 for that page. Tests make growth visible with few.</summary>
    internal int InitialBuckets { get; init; }

    /// <summary>Bytes of the tables that a shard has whatever it holds.</summary>
    internal long FixedBytes =>
        BucketIndex.FixedBytes + LeaseTable.FixedBytes(LeaseTable.SlotsFor(MemoryBudgetBytes)) + ValueScratch.FixedBytes
        + ItemStore.DuelBytes(MemoryBudgetBytes);

    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    internal void Validate()
    {
        ThrowUnless(
            MemoryBudgetBytes is >= MinMemoryBudgetBytes and <= MaxMemoryBudgetBytes
                && PagePool.PagesFor(MemoryBudgetBytes, FixedBytes, BucketIndex.FixedBytesPerPage) >= PagePool.MinimumPages,
            nameof(MemoryBudgetBytes), MemoryBudgetBytes, $"{MinMemoryBudgetBytes} to {MaxMemoryBudgetBytes} bytes");
        ThrowUnless(
            MaxValueBytes is >= 1 and <= Shard.LargestMaxValueBytes,
            nameof(MaxValueBytes), MaxValueBytes, $"1 to {Shard.LargestMaxValueBytes} bytes");
        ThrowUnless(
            CompressFromBytes is 0 or (>= MinCompressFromBytes and <= MaxCompressedValueBytes),
            nameof(CompressFromBytes), CompressFromBytes, $"0, or {MinCompressFromBytes} to {MaxCompressedValueBytes} bytes");
        ThrowUnless(CompressionMinSaving is >= 0 and <= 1, nameof(CompressionMinSaving), CompressionMinSaving, "0 to 1");
        ThrowUnless(
            StaleTime >= TimeSpan.Zero && StaleTime <= TimeSpan.FromDays(365), nameof(StaleTime), StaleTime, "0 to 365 days");
        ThrowUnless(RefreshAhead is >= 0 and <= 1, nameof(RefreshAhead), RefreshAhead, "0 to 1");
    }

    private static void ThrowUnless(bool isInRange, string name, object value, string allowed)
    {
        if (!isInRange)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {allowed}.");
        }
    }
}
