using FastCache.Client.Filling;
using FastCache.Protocol;

namespace FastCache.Client;

/// <summary>Fills many keys ahead of their callers.</summary>
/// <remarks>
/// A key that fails ends nothing: it is counted, and the first few are told. What ends it is an exception of the list of keys
/// itself, which is thrown, and cancellation. Progress is told ten times a second at most, and once at the end.
/// </remarks>
public static class Warming
{
    /// <summary>Fills keys from a source, each as <see cref="FastCacheClient.GetOrFillAsync"/> does.</summary>
    /// <param name="cache">Where.</param>
    /// <param name="keys">Which; read as fast as they are filled.</param>
    /// <param name="state">What the source needs.</param>
    /// <param name="source">Fetches one value.</param>
    /// <param name="options">How; null: keys that are there are skipped, and values do not expire.</param>
    /// <param name="progress">Told now and then.</param>
    /// <param name="cancellationToken">Ends it; what is filled stays.</param>
    public static Task<WarmResult> WarmAsync<TState>(
        this FastCacheClient cache,
        IAsyncEnumerable<ReadOnlyMemory<byte>> keys,
        TState state,
        FillSource<TState> source,
        WarmOptions? options = null,
        IProgress<WarmProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        Func<ReadOnlyMemory<byte>, CancellationToken, Task<WarmOutcome>> fill = Fill(cache, state, source, options ??= new());
        WarmRun run = new(progress);
        return run.ToEndAsync(Parallel.ForEachAsync(
            keys, Limits(options, cancellationToken), (key, token) => run.OneAsync(key, fill(key, token), token)));
    }

    /// <inheritdoc cref="WarmAsync{TState}(FastCacheClient, IAsyncEnumerable{ReadOnlyMemory{byte}}, TState, FillSource{TState},
    /// WarmOptions?, IProgress{WarmProgress}?, CancellationToken)"/>
    public static Task<WarmResult> WarmAsync<TState>(
        this FastCacheClient cache,
        IEnumerable<ReadOnlyMemory<byte>> keys,
        TState state,
        FillSource<TState> source,
        WarmOptions? options = null,
        IProgress<WarmProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        cache.WarmAsync(keys.ToAsyncEnumerable(), state, source, options, progress, cancellationToken);

    /// <summary>Stores what a source has, in whatever order it gives it.</summary>
    /// <param name="cache">Where.</param>
    /// <param name="entries">Keys with their values; read as fast as they are stored.</param>
    /// <param name="options">How; null: keys that are there are skipped, and values do not expire.</param>
    /// <param name="progress">Told now and then.</param>
    /// <param name="cancellationToken">Ends it; what is stored stays.</param>
    public static Task<WarmResult> WarmAsync(
        this FastCacheClient cache,
        IAsyncEnumerable<CacheEntry> entries,
        WarmOptions? options = null,
        IProgress<WarmProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(entries);
        options ??= new();
        SetTerms terms = new(
            (ulong)options.Fill.TimeToLive.TotalMilliseconds, options.SkipPresent ? SetMode.IfAbsent : SetMode.Always)
        {
            KeepStale = options.Fill.AcceptStale,
        };
        WarmRun run = new(progress);
        return run.ToEndAsync(Parallel.ForEachAsync(
            entries, Limits(options, cancellationToken), (entry, token) => run.OneAsync(entry.Key, StoreAsync(entry, token), token)));

        async Task<WarmOutcome> StoreAsync(CacheEntry entry, CancellationToken token)
        {
            WriteResult stored = await cache.SetAsync(entry.Key.Span, entry.Value.Span, terms, token).ConfigureAwait(false);
            return stored.IsDone ? WarmOutcome.Filled : WarmOutcome.Present;
        }
    }

    private static ParallelOptions Limits(WarmOptions options, CancellationToken cancellationToken) =>
        new() { MaxDegreeOfParallelism = options.Parallelism, CancellationToken = cancellationToken };

    /// <summary>Fills one key.</summary>
    private static Func<ReadOnlyMemory<byte>, CancellationToken, Task<WarmOutcome>> Fill<TState>(
        FastCacheClient cache, TState state, FillSource<TState> source, WarmOptions options)
    {
        ArgumentNullException.ThrowIfNull(cache);
        ArgumentNullException.ThrowIfNull(source);
        FillOptions fill = options.Fill with { AskSourceInOutage = false };
        return async (key, token) =>
        {
            FillOrder<TState> order = new(key, state, source, fill, AcceptsStale: false);
            using FilledValue value = options.SkipPresent
                ? await cache.Filler.GetAsync(key.Span, order, token).ConfigureAwait(false)
                : await cache.Filler.FlyAsync(order, FillRight.Overwrite, token).ConfigureAwait(false);
            return !value.IsFound ? WarmOutcome.Absent
                : value.Origin != FillOrigin.Filled ? WarmOutcome.Present
                : value.IsStored ? WarmOutcome.Filled
                : throw new InvalidOperationException(
                    "The source has a value, and the node did not take it: it came after its lease, the key was changed meanwhile, or the node refused it.");
        };
    }
}
