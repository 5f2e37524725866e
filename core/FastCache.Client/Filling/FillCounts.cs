namespace FastCache.Client;

/// <summary>What a client's fills have come to since it was connected. Hits are not counted.</summary>
/// <param name="SourceCalls">How often sources were asked.</param>
/// <param name="SourceFailures">How many of these calls threw or took too long.</param>
/// <param name="Stored">Answers of sources that the node took.</param>
/// <param name="Unstored">Answers of sources that it did not take, because the lease had ended, the key had changed or the
/// node could not be asked; and answers that there is nothing, where that is not to be remembered.</param>
/// <param name="Waits">How often this process waited for another one: once for all its callers of a key.</param>
/// <param name="Refreshes">Fills in the background, for values near their end or stale ones.</param>
/// <param name="RefreshFailures">How many of these brought nothing. Nobody else hears of their exceptions.</param>
/// <param name="RefreshesSkipped">Those that were left to others because
/// <see cref="FastCacheClientOptions.MaxBackgroundFills"/> were running.</param>
public readonly record struct FillCounts(
    long SourceCalls,
    long SourceFailures,
    long Stored,
    long Unstored,
    long Waits,
    long Refreshes,
    long RefreshFailures,
    long RefreshesSkipped);

/// <summary>The counters behind <see cref="FillCounts"/>, for any number of threads.</summary>
internal sealed class FillCounters
{
    private long _sourceCalls;
    private long _sourceFailures;
    private long _stored;
    private long _unstored;
    private long _waits;
    private long _refreshes;
    private long _refreshFailures;
    private long _refreshesSkipped;

    public void SourceCall() => Interlocked.Increment(ref _sourceCalls);

    public void SourceFailure() => Interlocked.Increment(ref _sourceFailures);

    public void Answer(bool isStored) => Interlocked.Increment(ref isStored ? ref _stored : ref _unstored);

    public void Wait() => Interlocked.Increment(ref _waits);

    public void Refresh() => Interlocked.Increment(ref _refreshes);

    public void RefreshFailure() => Interlocked.Increment(ref _refreshFailures);

    public void RefreshSkipped() => Interlocked.Increment(ref _refreshesSkipped);

    public FillCounts Read() => new(
        Interlocked.Read(ref _sourceCalls),
        Interlocked.Read(ref _sourceFailures),
        Interlocked.Read(ref _stored),
        Interlocked.Read(ref _unstored),
        Interlocked.Read(ref _waits),
        Interlocked.Read(ref _refreshes),
        Interlocked.Read(ref _refreshFailures),
        Interlocked.Read(ref _refreshesSkipped));
}
