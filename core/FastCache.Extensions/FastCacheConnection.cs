using System.Diagnostics;
using System.Diagnostics.Metrics;
using FastCache.Client;
using FastCache.Client.Connections;
using FastCache.Client.Filling;
using FastCache.Client.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace FastCache.Extensions;

/// <summary>The application's one client, which connects when the host starts or when it is first asked for, and as often as
/// it takes.</summary>
/// <remarks>
/// <code>
///                 asked for                  connected
///   Idle -------------------> Connecting -----------------> Connected
///                                 |                             ^
///                                 | OutageWait has passed       | connected
///                                 v                             |
///                                Out ---------------------------+
/// </code>
/// A node that is down when the application starts is an outage like any later one: whoever asks meanwhile waits for the
/// rest of <see cref="FastCacheClientOptions.OutageWait"/> and of the attempt that is under way, and fails at once after that,
/// until the node is there. For any number of threads at once.
/// </remarks>
public sealed partial class FastCacheConnection : IAsyncDisposable, IDisposable
{
    private readonly FastCacheClientOptions _options;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _closing = new();
    private readonly Filler _withoutNode;
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<FastCacheClient> _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Task<FastCacheClient> _client;
    private Task _connecting = Task.CompletedTask;
    private bool _isStarted;

    /// <exception cref="OptionsValidationException">An option is out of range.</exception>
    public FastCacheConnection(IOptions<FastCacheOptions> options, ILoggerFactory? loggers = null, IMeterFactory? meters = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        FastCacheClientOptions given = options.Value.ToClientOptions();
        _options = given with { LoggerFactory = given.LoggerFactory ?? loggers, MeterFactory = given.MeterFactory ?? meters };
        _withoutNode = new(new NodeOutOfReach(), maxBackgroundFills: 0, TimeProvider.System, new ClientLog(_options.LoggerFactory));
        _logger = (loggers ?? NullLoggerFactory.Instance).CreateLogger<FastCacheConnection>();
        _client = _first.Task;
    }

    /// <summary>The client, as soon as it is connected.</summary>
    /// <exception cref="CacheException">No node answers; the next call may have more luck.</exception>
    /// <exception cref="ObjectDisposedException">This was disposed.</exception>
    public ValueTask<FastCacheClient> ClientAsync(CancellationToken cancellationToken = default)
    {
        Task<FastCacheClient> client = _client;
        if (client.IsCompletedSuccessfully)
        {
            return new(client);
        }

        Start();
        return new(client.WaitAsync(cancellationToken));
    }

    /// <summary>As <see cref="FastCacheClient.GetOrFillAsync"/>, also while no node has answered yet: that is an outage, in which
    /// the source is asked if <see cref="FillOptions.AskSourceInOutage"/> says so.</summary>
    /// <param name="key">The key; needed until the result is there.</param>
    /// <param name="state">What the source needs.</param>
    /// <param name="source">Fetches the value. Its exceptions reach all callers that waited for it.</param>
    /// <param name="options">How to fill; null: values do not expire and are never stale.</param>
    /// <param name="cancellationToken">Releases the caller; the source goes on for the others, if there are any.</param>
    /// <returns>The value, to be disposed.</returns>
    public async ValueTask<FilledValue> GetOrFillAsync<TState>(
        ReadOnlyMemory<byte> key,
        TState state,
        FillSource<TState> source,
        FillOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        FillOptions given = options ?? FillOptions.Default;
        FastCacheClient client;
        try
        {
            client = await ClientAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (CacheException failure) when (given.AsksSourceAfter(failure))
        {
            FillOrder<TState> order = new(default, state, source, given, given.AcceptStale);
            return await _withoutNode.GetAsync(key.Span, order, cancellationToken).ConfigureAwait(false);
        }

        return await client.GetOrFillAsync(key.Span, state, source, given, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Begins to connect, if that has not begun yet; waits for nothing.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (!_isStarted)
            {
                _isStarted = true;
                _connecting = Task.Run(ConnectAsync);
            }
        }
    }

    /// <summary>Closes the client, if there is one; whoever waits for it fails.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isStarted = true;
        }

        await _closing.CancelAsync().ConfigureAwait(false);
        await _withoutNode.Flights.DisposeAsync().ConfigureAwait(false);
        await _connecting.ConfigureAwait(false);
        if (_client.IsCompletedSuccessfully)
        {
            await _client.Result.DisposeAsync().ConfigureAwait(false);
        }

        Settle(Task.FromException<FastCacheClient>(new ObjectDisposedException(nameof(FastCacheConnection))));
    }

    /// <inheritdoc cref="DisposeAsync"/>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    private async Task ConnectAsync()
    {
        long start = Stopwatch.GetTimestamp();
        Backoff backoff = new(_options.MaxReconnectPause);
        while (true)
        {
            try
            {
                Settle(Task.FromResult(await FastCacheClient.ConnectAsync(_options, _closing.Token).ConfigureAwait(false)));
                return;
            }
            catch (Exception failure) when (failure is CacheException or OperationCanceledException)
            {
                if (_closing.IsCancellationRequested)
                {
                    return;
                }

                TimeSpan pause = backoff.Next();
                if (Stopwatch.GetElapsedTime(start) + pause >= _options.OutageWait)
                {
                    if (!_client.IsFaulted)
                    {
                        LogOut(_options.OutageWait, _options.MaxReconnectPause, failure.Message);
                    }

                    Settle(Task.FromException<FastCacheClient>(failure));
                }

                await Task.Delay(pause, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Releases all who wait, and is the answer to those who come from now on.</summary>
    private void Settle(Task<FastCacheClient> outcome)
    {
        _client = outcome;
        _first.TrySetFromTask(outcome);

        // Seen, also if nobody asks.
        _ = outcome.Exception;
        _ = _first.Task.Exception;
    }

    [LoggerMessage(1, LogLevel.Warning,
        "No node answered for {OutageWait}; requests fail at once until one does, which is tried at least every {Pause}: {Reason}")]
    private partial void LogOut(TimeSpan outageWait, TimeSpan pause, string reason);
}
