using System.Net.Sockets;
using FastCache.Client.Operations;
using FastCache.Client.Telemetry;
using FastCache.Protocol;

namespace FastCache.Client.Connections;

/// <summary>Makes one connection to a shard after another, until it is closed or retired.</summary>
/// <remarks>
/// <code>
///                 shaken hands                        lost
///   Connecting ------------------> Up -------------------------------+
///    ^  |                           ^                                 |
///    |  | OutageWait has passed     | shaken hands                    |
///    |  v                           |                                 |
///    | Out -------------------------+                                 |
///    +----------------------------------------------------------------+
/// </code>
/// While it is connecting, requests wait in the send buffer; while it is out they fail at once. What was handed to a
/// socket that is lost fails; what was not is sent on the next one.
/// </remarks>
internal sealed class ConnectionLife(
    ShardConnection connection,
    FastCacheClientOptions options,
    ClientLog log,
    RequestQueue requests,
    CompletionPump completions) : IAsyncDisposable
{
    private readonly ShardAddress _address = connection.Address;
    private readonly IShardOwner _owner = connection.Owner;
    private readonly LogThrottle _losses = new();
    private readonly TaskCompletionSource _firstAttempt = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closing = new();
    private readonly List<(Operation Operation, int Ticket)> _elsewhere = [];
    private Task _life = Task.CompletedTask;
    private long _downSince = Environment.TickCount64;
    private long _upSince;

    /// <summary>Most keys of a batch, and most looks of a scan, that the node takes; the least until it was connected.</summary>
    public int MaxBatchKeys { get; private set; } = 1;

    /// <summary>Since when there is no connection, in <see cref="Environment.TickCount64"/>; of any meaning only while there is
    /// none.</summary>
    public long DownSince => Volatile.Read(ref _downSince);

    /// <summary>Begins.</summary>
    /// <returns>How the first attempt ended.</returns>
    public Task StartAsync()
    {
        _life = Task.Run(LiveAsync);
        return _firstAttempt.Task;
    }

    /// <summary>Lets nobody wait for a connection any more, if there has been none for long enough.</summary>
    /// <param name="now">In <see cref="Environment.TickCount64"/>.</param>
    public void Sweep(long now)
    {
        if (requests.Line is null && now - DownSince >= options.OutageWait.TotalMilliseconds)
        {
            GoOut();
        }
    }

    /// <summary>Ends it; what is outstanding fails. To be called once.</summary>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        requests.Line?.Lose(new ObjectDisposedException(nameof(FastCacheClient)));
        await _life.ConfigureAwait(false);
        _closing.Dispose();
    }

    private async Task LiveAsync()
    {
        Backoff backoff = new(options.MaxReconnectPause);
        while (!_closing.IsCancellationRequested && !requests.IsRetired)
        {
            try
            {
                await ServeAsync(await ConnectAsync().ConfigureAwait(false)).ConfigureAwait(false);
                backoff = AfterService(backoff);
            }
            catch (Exception failure) when (failure is SocketException or CacheException or OperationCanceledException)
            {
                if (failure is CacheRequestException { Status: Status.WrongShard })
                {
                    _owner.OtherShards();
                }

                Exception outage = failure is OperationCanceledException
                    ? new TimeoutException($"no answer within {options.ConnectTimeout.TotalSeconds} s")
                    : failure;
                requests.Outage = outage;
                _firstAttempt.TrySetException(failure is CacheException ? failure : CannotConnect(outage));
            }

            if (options.OutageWait == TimeSpan.Zero)
            {
                GoOut();
            }

            await Task.Delay(backoff.Next(), _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        requests.Outage = new ObjectDisposedException(nameof(FastCacheClient));
        GoOut();
    }

    /// <summary>After a time of service the pauses are short again; a node that takes connections only to close them does not
    /// make them so.</summary>
    private Backoff AfterService(Backoff before) => Environment.TickCount64 - _upSince > options.MaxReconnectPause.TotalMilliseconds
        ? new(options.MaxReconnectPause)
        : before;

    private CacheConnectionException CannotConnect(Exception failure) =>
        new($"Cannot connect to {_address}: {failure.Message}", mayHaveExecuted: false, failure);

    private async Task<Line> ConnectAsync()
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        limit.CancelAfter(options.ConnectTimeout);
        (Socket socket, HelloReply hello) = await Handshake.ConnectAsync(
            _address.EndPoint, _address.Shard + 1, limit.Token).ConfigureAwait(false);
        if (hello.ShardCount != _address.ShardCount)
        {
            _owner.OtherShards();
        }

        MaxBatchKeys = (int)Math.Clamp(hello.MaxBatchKeys, 1, FcpLimits.MaxBatchKeys);
        return requests.Prepare(socket, (int)Math.Min(hello.MaxKeyBytes, FcpLimits.MaxKeyBytes));
    }

    /// <summary>Serves on a socket until it is lost, and fails what was on it.</summary>
    private async Task ServeAsync(Line line)
    {
        bool isFirst = _upSince == 0;
        TimeSpan outage = TimeSpan.FromMilliseconds(Environment.TickCount64 - _downSince);
        requests.Up(line);
        _upSince = Environment.TickCount64;
        if (isFirst)
        {
            log.Connected(_address);
        }
        else
        {
            connection.Counters.Reconnect();
            log.Reconnected(_address, outage);
        }

        _firstAttempt.TrySetResult();
        if (_closing.IsCancellationRequested)
        {
            line.Lose(new ObjectDisposedException(nameof(FastCacheClient)));
        }

        new SocketReceiver(line.Socket, new ReplyIntake(connection, requests, completions, line)).Start();
        line.Sender.Flush();
        await line.ReceiverEnded.Task.ConfigureAwait(false);
        await line.Sender.StopAsync().ConfigureAwait(false);
        GoDown(line.Reason!);
    }

    /// <summary>Fails what was on a socket that was lost, or sees to it that another node is asked.</summary>
    private void GoDown(Exception reason)
    {
        requests.Outage = reason;

        // Before the line is gone: a sweep that finds none takes this as the beginning of the outage.
        Volatile.Write(ref _downSince, Environment.TickCount64);
        Operation? lost = requests.Down(_elsewhere);
        foreach ((Operation operation, int ticket) in _elsewhere)
        {
            _owner.Copies!.TryAskPrimary(operation, ticket);
        }

        _elsewhere.Clear();
        if (requests.IsRetired)
        {
            requests.GiveBackUnsent();
        }
        else
        {
            _owner.Lost();
            if (!_closing.IsCancellationRequested && _losses.TryTakeOneMore(out long losses))
            {
                log.ConnectionLost(_address, reason.Message, losses);
            }
        }

        bool mayHaveExecuted = reason is not CacheRequestException { Status: Status.ShuttingDown };
        FailAll(lost, () => new($"The connection to {_address} was lost: {reason.Message}", mayHaveExecuted, reason));
    }

    /// <summary>Fails everything that waits for a connection, and what comes until there is one.</summary>
    private void GoOut() => FailAll(requests.Out(), requests.NoConnection);

    private void FailAll(Operation? chain, Func<CacheConnectionException> failure)
    {
        while (chain is Operation operation)
        {
            chain = operation.Next;
            operation.Next = null;
            if (operation.IsUnheard)
            {
                operation.EndUnheard();
            }
            else
            {
                completions.Fail(operation, failure());
            }
        }
    }
}
