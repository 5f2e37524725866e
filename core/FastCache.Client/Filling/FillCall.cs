using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;
using FastCache.Protocol;

namespace FastCache.Client.Filling;

/// <summary>One call from its request to the node to the end of its result; used again for later ones, so that hits allocate
/// nothing.</summary>
/// <remarks>
/// The caller is released by what comes first, the node's answer or its own cancellation. The request itself is never
/// cancelled: its answer may be a grant, which would block the key if nobody took it. So a call whose caller has gone first
/// waits for the answer alone, and is not used again.
/// </remarks>
internal sealed class FillCall<TState> : IValueTaskSource<FilledValue>, IThreadPoolWorkItem
{
    private const int Pending = 0;
    private const int Answered = 1;
    private const int Abandoned = 2;
    private const int MostIdle = 4096;

    private static readonly Lock Gate = new();
    private static FillCall<TState>? _idle;
    private static int _idleCount;

    private readonly Action _onLeased;
    private ManualResetValueTaskSourceCore<FilledValue> _core; // Mutable struct.
    private ConfiguredValueTaskAwaitable<LeasedValue>.ConfiguredValueTaskAwaiter _leasing;
    private CancellationTokenRegistration _registration;
    private CancellationToken _cancellation;
    private Filler _filler = null!;
    private FillOrder<TState> _order;
    private byte[] _key = new byte[32];
    private FillCall<TState>? _next;
    private int _phase;

    private FillCall() => _onLeased = OnLeased;

    /// <summary>Begins a call.</summary>
    /// <param name="filler">Whose.</param>
    /// <param name="key">The key, copied.</param>
    /// <param name="order">The rest.</param>
    /// <param name="cancellationToken">Releases the caller.</param>
    [SuppressMessage("Reliability", "CA2012", Justification = "Its result is taken once, by the continuation.")]
    public static ValueTask<FilledValue> Begin(
        Filler filler, ReadOnlySpan<byte> key, in FillOrder<TState> order, CancellationToken cancellationToken)
    {
        ConfiguredValueTaskAwaitable<LeasedValue> leasing =
            filler.Node.LeaseGetAsync(key, order.Options.LeaseMillis, CancellationToken.None).ConfigureAwait(false);
        FillCall<TState> call = Rent();
        short token = call._core.Version;
        if (call._key.Length < key.Length)
        {
            call._key = new byte[key.Length];
        }

        key.CopyTo(call._key);
        call._filler = filler;
        call._order = order with { Key = call._key.AsMemory(0, key.Length) };
        call._cancellation = cancellationToken;
        call._phase = Pending;
        if (cancellationToken.CanBeCanceled)
        {
            call._registration = cancellationToken.UnsafeRegister(static call => ((FillCall<TState>)call!).Abandon(), call);
        }

        call._leasing = leasing.GetAwaiter();
        if (call._leasing.IsCompleted)
        {
            call.OnLeased();
        }
        else
        {
            call._leasing.UnsafeOnCompleted(call._onLeased);
        }

        return new(call, token);
    }

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    public FilledValue GetResult(short token)
    {
        if (_core.GetStatus(token) == ValueTaskSourceStatus.Pending)
        {
            throw new InvalidOperationException("A ValueTask is to be awaited.");
        }

        _registration.Dispose();
        try
        {
            return _core.GetResult(token);
        }
        finally
        {
            if (_phase == Answered)
            {
                Return();
            }
        }
    }

    void IThreadPoolWorkItem.Execute() => _core.SetException(new OperationCanceledException(_cancellation));

    private void Abandon()
    {
        if (Interlocked.CompareExchange(ref _phase, Abandoned, Pending) == Pending)
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    private void OnLeased()
    {
        LeasedValue leased = default;
        Exception? failure = null;
        try
        {
            leased = _leasing.GetResult();
        }
        catch (Exception thrown)
        {
            failure = thrown;
        }

        _leasing = default;
        if (Interlocked.CompareExchange(ref _phase, Answered, Pending) != Pending)
        {
            leased.Dispose();
            _ = _filler.ReleaseAsync(_order.Key, leased.Token);
        }
        else if (failure is not null && _order.Options.AsksSourceAfter(failure))
        {
            _ = FlyAsync(FillRight.Outage);
        }
        else if (failure is not null)
        {
            _core.SetException(failure);
        }
        else if (_filler.TryAnswer(_order, leased, out FilledValue value))
        {
            _core.SetResult(value);
        }
        else
        {
            FillRight? right = leased.Result is LeaseResult.Wait or LeaseResult.Stale ? null : FillRight.Of(leased);
            leased.Dispose();
            _ = FlyAsync(right);
        }
    }

    private async Task FlyAsync(FillRight? right)
    {
        FilledValue value;
        try
        {
            value = await _filler.FlyAsync(_order, right, _cancellation).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            _core.SetException(failure);
            return;
        }

        _core.SetResult(value);
    }

    private static FillCall<TState> Rent()
    {
        lock (Gate)
        {
            if (_idle is FillCall<TState> call)
            {
                _idle = call._next;
                _idleCount--;
                call._next = null;
                return call;
            }
        }

        return new();
    }

    private void Return()
    {
        _registration = default;
        _cancellation = default;
        _order = default;
        _core.Reset();
        lock (Gate)
        {
            if (_idleCount < MostIdle)
            {
                _next = _idle;
                _idle = this;
                _idleCount++;
            }
        }
    }
}
