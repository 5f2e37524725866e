namespace FastCache.Client.Filling;

/// <summary>What became of one key.</summary>
internal enum WarmOutcome
{
    Filled,
    Present,
    Absent,
    Failed,
}

/// <summary>Counts what becomes of the keys, and tells of it.</summary>
internal sealed class WarmRun(IProgress<WarmProgress>? progress)
{
    private const int MostFailures = 10;
    private const long ReportMillis = 100;

    private readonly long[] _counts = new long[4];
    private readonly List<WarmFailure> _failures = [];
    private long _lastReport = Environment.TickCount64;

    private WarmProgress Counts => new(
        Interlocked.Read(ref _counts[(int)WarmOutcome.Filled]),
        Interlocked.Read(ref _counts[(int)WarmOutcome.Present]),
        Interlocked.Read(ref _counts[(int)WarmOutcome.Absent]),
        Interlocked.Read(ref _counts[(int)WarmOutcome.Failed]));

    /// <summary>Waits for one key.</summary>
    public async ValueTask OneAsync(ReadOnlyMemory<byte> key, Task<WarmOutcome> outcome, CancellationToken cancellationToken)
    {
        WarmOutcome counted;
        try
        {
            counted = await outcome.ConfigureAwait(false);
        }
        catch (Exception reason) when (!cancellationToken.IsCancellationRequested)
        {
            counted = WarmOutcome.Failed;
            lock (_failures)
            {
                if (_failures.Count < MostFailures)
                {
                    _failures.Add(new(key, reason));
                }
            }
        }

        Interlocked.Increment(ref _counts[(int)counted]);
        long last = Interlocked.Read(ref _lastReport);
        long now = Environment.TickCount64;
        if (progress is not null && now - last >= ReportMillis && Interlocked.CompareExchange(ref _lastReport, now, last) == last)
        {
            progress.Report(Counts);
        }
    }

    /// <summary>Waits for all of them.</summary>
    public async Task<WarmResult> ToEndAsync(Task all)
    {
        await all.ConfigureAwait(false);
        progress?.Report(Counts);
        return new(Counts, _failures);
    }
}
