namespace FastCache.Client;

/// <summary>How <see cref="Warming"/> goes about it.</summary>
public sealed record WarmOptions
{
    private const int MostParallelism = 4096;

    /// <summary>How each key is filled. Stale values count as missing, and a key fails when the node cannot be asked.</summary>
    public FillOptions Fill { get; init; } = FillOptions.Default;

    /// <summary>Keys under way at once, 1 to 4,096.</summary>
    public int Parallelism
    {
        get;
        init => field = value is >= 1 and <= MostParallelism
            ? value
            : throw new ArgumentOutOfRangeException(
                nameof(Parallelism), value, $"{nameof(Parallelism)} is {value}; allowed are 1 to {MostParallelism}.");
    } = 16;

    /// <summary>Whether keys that are there are left as they are; otherwise all are fetched and overwritten.</summary>
    public bool SkipPresent { get; init; } = true;
}

/// <summary>What became of the keys so far.</summary>
/// <param name="Filled">Fetched and stored.</param>
/// <param name="Present">They were there already, or somebody else filled them.</param>
/// <param name="Absent">The source has nothing.</param>
/// <param name="Failed">The source failed, or the node did not take the value.</param>
public readonly record struct WarmProgress(long Filled, long Present, long Absent, long Failed)
{
    /// <summary>All of them.</summary>
    public long Total => Filled + Present + Absent + Failed;
}

/// <summary>One key that failed.</summary>
/// <param name="Key">The key.</param>
/// <param name="Reason">Why.</param>
public readonly record struct WarmFailure(ReadOnlyMemory<byte> Key, Exception Reason);

/// <summary>What warming came to.</summary>
/// <param name="Counts">All keys.</param>
/// <param name="Failures">The first ten that failed.</param>
public sealed record WarmResult(WarmProgress Counts, IReadOnlyList<WarmFailure> Failures);
