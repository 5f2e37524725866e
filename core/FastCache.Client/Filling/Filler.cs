using FastCache.Client.Telemetry;
using FastCache.Protocol;

namespace FastCache.Client.Filling;

/// <summary>Answers calls from the node, and sees to it that missing keys are filled once.</summary>
internal sealed class Filler(IFillNode node, int maxBackgroundFills, TimeProvider clock, ClientLog log)
{
    private int _backgroundFills;

    public IFillNode Node => node;

    public TimeProvider Clock => clock;

    public ClientLog Log => log;

    public FlightTable Flights { get; } = new();

    public FillCounters Counters { get; } = new();

    /// <inheritdoc cref="FastCacheClient.GetOrFillAsync"/>
    public ValueTask<FilledValue> GetAsync<TState>(
        ReadOnlySpan<byte> key, in FillOrder<TState> order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order.Source);
        return cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<FilledValue>(cancellationToken)
            : FillCall<TState>.Begin(this, key, order, cancellationToken);
    }

    /// <summary>Answers a call at once if what the node said allows that, and begins a refresh if it asks for one.</summary>
    public bool TryAnswer<TState>(in FillOrder<TState> order, in LeasedValue leased, out FilledValue value)
    {
        switch (leased.Result)
        {
            case LeaseResult.Hit:
                value = FilledValue.Cached(FillOrigin.Hit, leased.Value);
                return true;
            case LeaseResult.HitRefresh:
                Refresh(order, FillRight.Of(leased));
                value = FilledValue.Cached(FillOrigin.Hit, leased.Value);
                return true;
            case LeaseResult.Stale when order.AcceptsStale:
                value = FilledValue.Cached(FillOrigin.Stale, leased.Value);
                return true;
            case LeaseResult.StaleFill when order.AcceptsStale:
                Refresh(order, FillRight.Of(leased));
                value = FilledValue.Cached(FillOrigin.Stale, leased.Value);
                return true;
            default:
                value = default;
                return false;
        }
    }

    /// <summary>Waits for a flight of the key.</summary>
    /// <param name="order">The call.</param>
    /// <param name="right">What it may do; null: it is to wait.</param>
    /// <param name="cancellationToken">Releases the caller.</param>
    public Task<FilledValue> FlyAsync<TState>(FillOrder<TState> order, FillRight? right, CancellationToken cancellationToken) =>
        Board(order, right, out int seat).ResultAsync(seat, cancellationToken);

    /// <summary>Gives a grant back; without a node it ends by itself. Nothing is thrown.</summary>
    public async Task ReleaseAsync(ReadOnlyMemory<byte> key, ulong token)
    {
        if (token == 0)
        {
            return;
        }

        try
        {
            await node.LeaseReleaseAsync(key.Span, token).ConfigureAwait(false);
        }
        catch (CacheException)
        {
            // It ends by itself.
        }
    }

    private Flight Board<TState>(FillOrder<TState> order, FillRight? right, out int seat) =>
        Flights.Board(order.Key.Span, right, key => new Flight<TState>(this, order, key), out seat);

    private void Refresh<TState>(FillOrder<TState> order, FillRight right)
    {
        if (Interlocked.Increment(ref _backgroundFills) > maxBackgroundFills)
        {
            Interlocked.Decrement(ref _backgroundFills);
            Counters.RefreshSkipped();
            _ = ReleaseAsync(order.Key, right.Token);
            return;
        }

        Counters.Refresh();
        _ = RefreshAsync(order, right);
    }

    private async Task RefreshAsync<TState>(FillOrder<TState> order, FillRight right)
    {
        try
        {
            await Board(order, right, out _).End.ConfigureAwait(false);
        }
        catch (Exception)
        {
            Counters.RefreshFailure();
        }
        finally
        {
            Interlocked.Decrement(ref _backgroundFills);
        }
    }
}
