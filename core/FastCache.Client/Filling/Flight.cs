using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using FastCache.Client.Connections;
using FastCache.Protocol;

namespace FastCache.Client.Filling;

/// <summary>One fill of one key, for all callers of this process that wait for it.</summary>
/// <remarks>
/// <code>
///     told to wait      a right: granted by the node, or brought by a caller
///   ---------------> Waiting -----------------------------------+
///                       | stored elsewhere, or waited too long   |
///                       |                                        v
///     with a right      |                                     Asking --------> Storing
///   ----------------------------------------------------------> | the source    |
///                       v                                       v failed        v
///                     Ended &lt;------------------------------- lease released   Ended
/// </code>
/// 1. One right is one call of the source.
/// 2. The flight is out of the table before its callers hear of its end.
/// 3. Nobody cancels it but its last caller, its time limit, and the client when it is closed.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "Sources of tokens without timers and wait handles have nothing to give back.")]
internal abstract class Flight(Filler filler, byte[] key, FillOptions options)
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ShortestLife = TimeSpan.FromMilliseconds(1);

    private readonly TaskCompletionSource<FlightResult> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _wake = new();
    private Task _releasing = Task.CompletedTask;

    // Under the lock of the table.
    private int _seats;
    private int _callers;
    private int _asker;

    public byte[] Key => key;

    /// <summary>What it may do; null while it waits. Under the lock of the table.</summary>
    public FillRight? Right { get; set; }

    /// <summary>Ends when nothing is left to do.</summary>
    public Task Landing { get; private set; } = Task.CompletedTask;

    /// <summary>Takes a caller in. Under the lock of the table.</summary>
    /// <returns>False if the caller brings a grant and the source was asked under another one.</returns>
    public bool TryBoard(FillRight? right, out int seat)
    {
        seat = _seats;
        if (right is { Token: not 0 } && Right is not null)
        {
            return false;
        }

        if (Right is null && (_seats == 0 || right is { Token: not 0 }))
        {
            Right = right;
            _asker = seat;
        }

        _seats++;
        _callers++;
        return true;
    }

    /// <summary>Lets a caller go. Under the lock of the table.</summary>
    /// <returns>Whether it was the last.</returns>
    public bool Leave() => --_callers == 0;

    public void Start() => Landing = RunAsync();

    /// <summary>Ends its pause, because it was brought a right.</summary>
    public void Wake() => _wake.Cancel();

    /// <summary>Cancels what it does.</summary>
    public void Stop()
    {
        // A source may have registered what blocks or throws.
        _ = _stop.CancelAsync();
        _wake.Cancel();
    }

    /// <summary>Its end.</summary>
    public Task<FlightResult> End => _end.Task;

    /// <summary>Its end, for a caller of it.</summary>
    /// <param name="seat">The caller's.</param>
    /// <param name="cancellationToken">Releases the caller; the flight goes on for the others.</param>
    public async Task<FilledValue> ResultAsync(int seat, CancellationToken cancellationToken)
    {
        try
        {
            FlightResult result = await _end.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
            return new(seat == _asker ? result.Origin : FillOrigin.FilledByAnother, result);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            filler.Flights.Leave(this);
            throw;
        }
    }

    /// <summary>Asks the source.</summary>
    protected abstract Task<SourceAnswer> AskAsync(IBufferWriter<byte> destination, CancellationToken cancellationToken);

    private async Task RunAsync()
    {
        FlightResult result = default;
        Exception? failure = null;
        FillRight? right = null;
        try
        {
            right = filler.Flights.RightOf(this);
            if (right is null)
            {
                (right, result) = await WaitAsync().ConfigureAwait(false);
            }

            if (right is FillRight given)
            {
                result = await FillAsync(given).ConfigureAwait(false);
            }
        }
        catch (Exception thrown)
        {
            failure = filler.Flights.Closing.IsCancellationRequested ? new ObjectDisposedException(nameof(FastCacheClient)) : thrown;
        }

        filler.Flights.End(this);
        if (right is null && filler.Flights.RightOf(this) is FillRight unused)
        {
            // A caller brought it while the wait was ending.
            Release(unused.Token);
        }

        if (failure is null)
        {
            _end.SetResult(result);
        }
        else
        {
            _end.SetException(failure);
            _ = _end.Task.Exception; // All callers may have gone.
        }

        await _releasing.ConfigureAwait(false);
        filler.Flights.Forget(this);
    }

    /// <summary>Asks the node again and again: once for all callers of this process.</summary>
    /// <returns>A right to ask the source, or else what somebody has stored.</returns>
    private async Task<(FillRight? Right, FlightResult Result)> WaitAsync()
    {
        filler.Counters.Wait();
        long start = filler.Clock.GetTimestamp();
        Backoff pauses = new(LongestPause);
        while (true)
        {
            await Task.Delay(pauses.Next(), filler.Clock, _wake.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stop.Token.ThrowIfCancellationRequested();
            if (filler.Flights.RightOf(this) is FillRight brought)
            {
                return (brought, default);
            }

            if (filler.Clock.GetElapsedTime(start) >= options.WaitTime)
            {
                throw new CacheTimeoutException(
                    $"Others have the right to fill the key and have not done it for {options.WaitTime}, which is {nameof(FillOptions.WaitTime)}.",
                    mayHaveExecuted: false);
            }

            LeasedValue leased;
            try
            {
                // Not to be cancelled: the answer may be a grant.
                leased = await filler.Node.LeaseGetAsync(key, options.LeaseMillis).ConfigureAwait(false);
            }
            catch (Exception failure) when (options.AsksSourceAfter(failure))
            {
                return (filler.Flights.Grant(this, FillRight.Outage), default);
            }

            using (leased)
            {
                if (filler.Flights.RightOf(this) is FillRight meanwhile)
                {
                    Release(leased.Token);
                    return (meanwhile, default);
                }

                switch (leased.Result)
                {
                    case LeaseResult.Hit or LeaseResult.HitRefresh:
                        Release(leased.Token); // Somebody who does not wait will refresh it.
                        bool isFound = !AbsenceMarker.Is(leased.Value.Span);
                        return (null, new(isFound, isFound ? leased.Value.Span.ToArray() : default, FillOrigin.FilledByAnother, IsStored: true));
                    case LeaseResult.Fill or LeaseResult.StaleFill or LeaseResult.Miss:
                        FillRight given = filler.Flights.Grant(this, FillRight.Of(leased));
                        if (given.Token != leased.Token)
                        {
                            Release(leased.Token); // A caller brought one meanwhile.
                        }

                        return (given, default);
                    default:
                        break;
                }
            }
        }
    }

    private async Task<FlightResult> FillAsync(FillRight right)
    {
        ArrayBufferWriter<byte> value = new();
        SourceAnswer answer;
        try
        {
            _stop.Token.ThrowIfCancellationRequested();
            answer = await AskInTimeAsync(value).ConfigureAwait(false);
        }
        catch
        {
            Release(right.Token);
            throw;
        }

        bool isStored = right.Store is not null && await (answer.IsFound
            ? StoreAsync(value.WrittenMemory, answer.TimeToLive ?? options.TimeToLive, right)
            : StoreAbsenceAsync(right)).ConfigureAwait(false);
        filler.Counters.Answer(isStored);
        return new(answer.IsFound, answer.IsFound ? value.WrittenMemory : default, FillOrigin.Filled, isStored);
    }

    private async Task<SourceAnswer> AskInTimeAsync(IBufferWriter<byte> value)
    {
        filler.Counters.SourceCall();

        // On a thread of its own: a source that blocks is not to block who asked for it, nor its own time limit.
        Task<SourceAnswer> asking = Task.Run(() => AskAsync(value, _stop.Token));
        try
        {
            return await asking.WaitAsync(options.SourceTimeout, filler.Clock, filler.Flights.Closing).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            filler.Counters.SourceFailure();
            if (failure is not OperationCanceledException || !(_stop.IsCancellationRequested || filler.Flights.Closing.IsCancellationRequested))
            {
                filler.Log.SourceFailed(failure);
            }

            if (asking.IsCompleted)
            {
                throw;
            }

            Stop();
            _ = asking.ContinueWith(
                static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            if (failure is not TimeoutException)
            {
                throw;
            }

            throw new TimeoutException(
                $"The source has not answered for {options.SourceTimeout}, which is {nameof(FillOptions.SourceTimeout)}.");
        }
    }

    private Task<bool> StoreAsync(ReadOnlyMemory<byte> value, TimeSpan timeToLive, FillRight right)
    {
        if (AbsenceMarker.Is(value.Span))
        {
            Release(right.Token);
            return Task.FromResult(false);
        }

        return StoreAsync(value, timeToLive, options.AcceptStale, right);
    }

    /// <summary>Takes note that there is nothing, where that is wanted or an older value is to go.</summary>
    private Task<bool> StoreAbsenceAsync(FillRight right)
    {
        if (options.NegativeTimeToLive == TimeSpan.Zero && !right.HasOld)
        {
            Release(right.Token);
            return Task.FromResult(false);
        }

        TimeSpan life = options.NegativeTimeToLive > ShortestLife ? options.NegativeTimeToLive : ShortestLife;
        return StoreAsync(AbsenceMarker.Value.ToArray(), life, keepStale: false, right);
    }

    private async Task<bool> StoreAsync(ReadOnlyMemory<byte> value, TimeSpan timeToLive, bool keepStale, FillRight right)
    {
        SetTerms terms = new((ulong)timeToLive.TotalMilliseconds, right.Store ?? SetMode.Always)
        {
            LeaseToken = right.Token,
            KeepStale = keepStale,
        };
        bool isRepeated = false;
        while (true)
        {
            try
            {
                return (await filler.Node.SetAsync(key, value.Span, terms).ConfigureAwait(false)).IsDone;
            }
            catch (CacheConnectionException lost) when (lost.MayHaveExecuted && !isRepeated)
            {
                isRepeated = true; // Harmless: if it was executed, the grant has ended and this one is refused.
            }
            catch (Exception refused) when (refused is CacheException or ArgumentException)
            {
                Release(right.Token);
                return false;
            }
        }
    }

    private void Release(ulong token) => _releasing = filler.ReleaseAsync(key, token);
}

/// <summary>A flight with its source.</summary>
internal sealed class Flight<TState>(Filler filler, FillOrder<TState> order, byte[] key) : Flight(filler, key, order.Options)
{
    private readonly FillOrder<TState> _order = order with { Key = key };

    protected override Task<SourceAnswer> AskAsync(IBufferWriter<byte> destination, CancellationToken cancellationToken) =>
        _order.AskAsync(destination, cancellationToken);
}
