using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using FastCache.Client.Operations;
using FastCache.Client.Replicas;
using FastCache.Client.Telemetry;
using FastCache.Protocol;

namespace FastCache.Client.Connections;

/// <summary>The way to one shard: one socket after another, and the requests of everybody on it.</summary>
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
/// socket that is lost fails; what was not is sent on the next one. One that is retired, because its node has other shards
/// or has left, takes nothing new: what was sent gets its replies there, what was not goes back to its owner.
/// </remarks>
internal sealed class ShardConnection : IReplies, IAsyncDisposable
{
    // Environment.TickCount64 may lag behind by as much.
    private const int ClockMillis = 16;

    private readonly ShardAddress _address;
    private readonly FastCacheClientOptions _options;
    private readonly IShardOwner _owner;
    private readonly ClientTelemetry _telemetry;
    private readonly LogThrottle _losses = new();
    private readonly LogThrottle _timeOuts = new();
    private readonly Lock _gate = new();
    private readonly OperationPool _pool = new();
    private readonly OperationTable _table;
    private readonly SendBuffer _buffer;
    private readonly CompletionPump _pump;
    private readonly TaskCompletionSource _firstAttempt = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closing = new();
    private readonly long _timeoutMillis;
    private readonly List<(Operation Operation, long End)> _late = [];
    private readonly List<(Operation Operation, int Ticket)> _elsewhere = []; // Of the thread that lives.
    private Task _life = Task.CompletedTask;
    private Line? _line;
    private Exception? _outage;
    private int _maxKeyBytes = FcpLimits.MaxKeyBytes;
    private long _downSince = Environment.TickCount64;
    private long _upSince;
    private long _distrustedUntil;
    private bool _isOut;
    private bool _isRetired;
    private bool _isClosed;

    // Of the thread that receives.
    private readonly int[] _freed = new int[1024];
    private int _freedCount;
    private Operation? _first;
    private Operation? _last;
    private long _copyHits;
    private long _copyMisses;

    /// <param name="address">The shard.</param>
    /// <param name="options">Checked ones.</param>
    /// <param name="owner">Whose it is.</param>
    /// <param name="telemetry">Is told what happens.</param>
    public ShardConnection(ShardAddress address, FastCacheClientOptions options, IShardOwner owner, ClientTelemetry telemetry)
    {
        _address = address;
        _options = options;
        _owner = owner;
        _telemetry = telemetry;
        Tags = new(address.EndPoint);
        _table = new(options.MaxOutstanding);
        _buffer = new(options.MaxSendBytes);
        _pump = new(Flush);
        _timeoutMillis = (long)options.RequestTimeout.TotalMilliseconds;
    }

    /// <summary>The shard.</summary>
    public ShardAddress Address => _address;

    /// <summary>Whose it is.</summary>
    public IShardOwner Owner => _owner;

    /// <summary>Whether there is a connection now.</summary>
    public bool IsUp => Volatile.Read(ref _line) is not null;

    /// <summary>Most keys of a batch, and most looks of a scan, that the node takes; the least until it was connected.</summary>
    public int MaxBatchKeys { get; private set; } = 1;

    /// <summary>Since when there is none, in <see cref="Environment.TickCount64"/>; of any meaning only while it is not up.</summary>
    public long DownSince => Volatile.Read(ref _downSince);

    /// <summary>Requests without a reply.</summary>
    public int Outstanding
    {
        get
        {
            lock (_gate)
            {
                return _table.Count;
            }
        }
    }

    /// <summary>What has happened so far.</summary>
    public ConnectionCounters Counters { get; } = new();

    /// <summary>What is said of its node.</summary>
    public ServerTags Tags { get; }

    /// <summary>Whether it takes nothing new.</summary>
    public bool IsRetired => Volatile.Read(ref _isRetired);

    /// <summary>The same, without the lock: may be off by what is going on.</summary>
    public int RoughlyOutstanding => _table.Count;

    /// <summary>Requests so far.</summary>
    public long Requests => _buffer.LastAppended;

    /// <summary>How long it takes to answer; of any meaning only while there are copies.</summary>
    public LatencyGauge Gauge { get; } = new();

    /// <summary>Whether every deletion of a copy has reached the node, as far as it could matter still.</summary>
    public bool IsTrusted => Environment.TickCount64 >= Volatile.Read(ref _distrustedUntil);

    /// <summary>Reads that this node has answered as a replica.</summary>
    public long CopyHits => Volatile.Read(ref _copyHits);

    /// <summary>Reads that it could not answer as one.</summary>
    public long CopyMisses => Volatile.Read(ref _copyMisses);

    /// <summary>Begins to connect, again and again until it is closed.</summary>
    /// <returns>How the first attempt ended.</returns>
    public Task StartAsync()
    {
        _telemetry.Meter.Join(this);
        _life = Task.Run(LiveAsync);
        return _firstAttempt.Task;
    }

    /// <summary>Sends a request.</summary>
    /// <param name="request">It; nothing of it is needed afterwards.</param>
    /// <param name="slot">The slot of its key; -1 if it has none, or any shard of the node may execute it.</param>
    /// <param name="destination">Where a copied value goes.</param>
    /// <param name="cancellationToken">Releases the caller, not the node.</param>
    /// <param name="purpose">What it is for: not <see cref="Purpose.Background"/>.</param>
    /// <returns>The operation, whose token makes it a ValueTask; null if the connection is retired, or not one to read copies
    /// from: there is another way.</returns>
    /// <exception cref="ArgumentException">No node takes this request, or this one does not take its key.</exception>
    public Operation? Begin<TRequest>(
        scoped in TRequest request,
        int slot,
        Memory<byte> destination,
        CancellationToken cancellationToken,
        Purpose purpose = Purpose.Caller)
        where TRequest : IRequest, allows ref struct
    {
        Operation operation;
        Exception? refusal;
        Line? line;
        bool isAlone;
        lock (_gate)
        {
            if (IsNoWayFor(purpose))
            {
                return null;
            }

            if (purpose == Purpose.Copy && !HasRoomFor(request.MostBytes))
            {
                return null;
            }

            if (request.Key.Length > _maxKeyBytes)
            {
                throw KeyTooLong(request.Key.Length);
            }

            refusal = Refuse(request.MostBytes);
            if (refusal is null)
            {
                Span<byte> room = _buffer.Room(request.MostBytes);
                int length = request.Write(room, (uint)_table.NextId);
                operation = _pool.Rent();
                int ticket = operation.Begin(Environment.TickCount64 + _timeoutMillis, destination, slot, purpose != Purpose.Copy);
                operation.Observe(_telemetry.Meter.Duration, Tags, TRequest.Opcode);
                if (_owner.KeepsFrames)
                {
                    operation.KeepFrame(room[..length]);
                }

                Add(operation, ticket, room[..length], purpose);
            }
            else
            {
                operation = _pool.Rent();
            }

            line = _line;
            isAlone = _table.Count == 1;
        }

        if (refusal is not null)
        {
            return Refused(operation, TRequest.Opcode, refusal);
        }

        operation.Watch(cancellationToken);
        Send(line, isAlone);
        return operation;
    }

    /// <summary>Sends a request of which nobody is told what became of it.</summary>
    /// <param name="request">It.</param>
    /// <param name="fill">Where the value that it finds is written to.</param>
    /// <param name="slot">The slot of its key, if anything is to be made of its reply.</param>
    /// <returns>False if it is not sent. After a deletion that is not, no copies are read here for a while.</returns>
    public bool TryPost<TRequest>(scoped in TRequest request, in CopyFill fill = default, int slot = -1)
        where TRequest : IRequest, allows ref struct
    {
        Line? line;
        lock (_gate)
        {
            line = _line;
            if (line is null || _isRetired || !TakesBackground(TRequest.Opcode, request.MostBytes))
            {
                if (TRequest.Opcode == Opcode.Delete)
                {
                    Distrust();
                }

                return false;
            }

            Span<byte> room = _buffer.Room(request.MostBytes);
            int length = request.Write(room, (uint)_table.NextId);
            Operation operation = _pool.Rent();
            int ticket = operation.Begin(Environment.TickCount64 + _timeoutMillis, default, slot);
            operation.BeginUnheard(ticket, fill);
            if (fill.Token != 0)
            {
                operation.KeepFrame(room[..length]);
            }

            Add(operation, ticket, room[..length], Purpose.Background);
        }

        Send(line, isAlone: false);
        return true;
    }

    /// <summary>Sends a request that has no answer.</summary>
    /// <param name="operation">It.</param>
    /// <param name="ticket">What claims it.</param>
    /// <param name="frame">Its frame, with any id.</param>
    /// <param name="purpose">What it is for here.</param>
    /// <returns>False if the connection is retired, or not one to read copies from: there is another way.</returns>
    public bool TryBeginAgain(
        Operation operation, int ticket, ReadOnlySpan<byte> frame, Purpose purpose = Purpose.Caller)
    {
        Exception? refusal;
        Line? line;
        bool isAlone;
        lock (_gate)
        {
            if (IsNoWayFor(purpose) || (purpose == Purpose.Copy && !HasRoomFor(frame.Length)))
            {
                return false;
            }

            int keyBytes = FrameHeader.KeyBytes(frame);
            refusal = keyBytes > _maxKeyBytes ? KeyTooLong(keyBytes) : Refuse(frame.Length);
            if (refusal is null && operation.IsPending(ticket))
            {
                Span<byte> room = _buffer.Room(frame.Length);
                frame.CopyTo(room);
                FrameHeader.SetId(room, (uint)_table.NextId);
                Add(operation, ticket, room[..frame.Length], purpose);
            }

            line = _line;
            isAlone = _table.Count == 1;
        }

        if (refusal is null)
        {
            Send(line, isAlone);
        }
        else if (operation.TryClaim(ticket))
        {
            operation.Fail(refusal);
            Complete(operation);
        }

        return true;
    }

    /// <summary>Collects reads that began up to a time, in <see cref="Environment.TickCount64"/>, and have no answer.</summary>
    public void AddLate(long beginMillis, List<LateRead> late)
    {
        lock (_gate)
        {
            _table.AddLate(this, beginMillis + _timeoutMillis, _timeoutMillis, late);
        }
    }

    /// <summary>A read at the primary is asked of a second node; once.</summary>
    /// <returns>False if it has an answer, or was before.</returns>
    public bool TryHedge(in LateRead read)
    {
        lock (_gate)
        {
            return _table.TryHedge(read);
        }
    }

    /// <summary>Counts a read at a replica. For the thread that receives.</summary>
    public void CountCopy(bool isHit)
    {
        ref long counter = ref isHit ? ref _copyHits : ref _copyMisses;
        Volatile.Write(ref counter, counter + 1);
    }

    /// <summary>Takes nothing new from here on; it is to be closed when nothing is outstanding any more.</summary>
    public void Retire()
    {
        lock (_gate)
        {
            _isRetired = true;
        }

        GiveBackUnsent();
    }

    /// <summary>Gives what waits for a connection back to the owner, if there is none.</summary>
    public void GiveBackUnsent()
    {
        lock (_gate)
        {
            if (_line is not null)
            {
                return;
            }

            _buffer.Keep((id, frame) =>
            {
                // Of callers only: the others were taken out when the connection was lost.
                if (_table.TryGetPending(id, out Operation? operation, out int ticket))
                {
                    _owner.TakeUnsent(operation, ticket, frame.ToArray());
                }

                return Forget(id);
            });
        }
    }

    /// <summary>Ends what has waited too long, and a connection that does not answer. Called regularly.</summary>
    public void Sweep()
    {
        long now = Environment.TickCount64;
        long handedOver;
        Line? silent = null;
        lock (_gate)
        {
            _table.ClaimLate(now, _late);
            handedOver = _buffer.LastHandedOver;
            if (_line is not null && _late.Count > 0 && now - _line.LastInput >= _timeoutMillis)
            {
                silent = _line;
            }
        }

        foreach ((Operation operation, long end) in _late)
        {
            if (operation.IsUnheard)
            {
                operation.EndUnheard();
                continue;
            }

            operation.Fail(new CacheTimeoutException(
                $"No reply came from {_address} within {_options.RequestTimeout.TotalSeconds} s.", end <= handedOver));
            Complete(operation);
        }

        Counters.TimeOuts(_late.Count);
        _timeOuts.Add(_late.Count);
        if (_timeOuts.TryTake(out long timeOuts))
        {
            _telemetry.Log.TimedOut(timeOuts, _address, _options.RequestTimeout);
        }

        _late.Clear();
        silent?.Abandon(new TimeoutException("The node does not answer."));
        if (Volatile.Read(ref _line) is null && now - Volatile.Read(ref _downSince) >= _options.OutageWait.TotalMilliseconds)
        {
            GoOut();
        }
    }

    /// <summary>Closes it; what is outstanding fails.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isClosed, true))
        {
            return;
        }

        await _closing.CancelAsync().ConfigureAwait(false);
        Volatile.Read(ref _line)?.Lose(new ObjectDisposedException(nameof(FastCacheClient)));
        await _life.ConfigureAwait(false);
        _telemetry.Meter.Leave(this);
        _closing.Dispose();
    }

    Exception? IReplies.Take(in Reply reply)
    {
        if (reply.Status.IsFatal())
        {
            return Refusal.Of(reply);
        }

        if (!ReplyBody.IsSound(reply)
            || !_table.Take(reply.Id, reply.Opcode, out Operation operation, out int ticket, out Purpose purpose))
        {
            return new InvalidDataException(
                $"a {reply.Opcode} reply with id {reply.Id}, argument {reply.Argument} and {reply.Body.Length} bytes "
                + "answers no request");
        }

        Counters.Reply(reply.FrameLength, reply.Status == Status.Moved);
        CopyTraffic? copies = _owner.Copies;
        if (copies is not null && Gauge.TryAnswer(reply.Id, out long latency))
        {
            copies.Sampled(latency);
        }

        bool isTaken = purpose == Purpose.Copy
            ? !copies!.TakeAnswer(this, operation, ticket, reply)
            : reply.Status == Status.Moved && purpose != Purpose.Background && operation.IsPending(ticket)
                && _owner.TryTakeMoved(operation, ticket, reply.Argument);
        if (!isTaken && operation.TryClaim(ticket))
        {
            if (copies is not null && (purpose < Purpose.Copy || reply.Opcode == Opcode.Get))
            {
                copies.Answered(this, operation, ticket, reply);
            }

            End(operation, reply);
        }

        _freed[_freedCount++] = (int)reply.Id;
        if (_freedCount == _freed.Length)
        {
            FreeIds();
        }

        return null;
    }

    /// <summary>A request that was claimed has its reply.</summary>
    private void End(Operation operation, in Reply reply)
    {
        if (operation.IsUnheard)
        {
            operation.EndUnheard();
        }
        else
        {
            operation.Accept(reply);
            if (_last is null)
            {
                _first = operation;
            }
            else
            {
                _last.Next = operation;
            }

            _last = operation;
        }
    }

    bool IReplies.EndOfInput()
    {
        FreeIds();
        _line?.LastInput = Environment.TickCount64;
        if (_first is null)
        {
            return false;
        }

        _pump.Add(_first, _last!);
        (_first, _last) = (null, null);
        return true;
    }

    void IReplies.Release() => _pump.Run();

    void IReplies.ReleaseElsewhere() => _pump.Schedule();

    void IReplies.Ended(Exception reason)
    {
        Line line = _line!;
        line.Lose(reason);
        line.ReceiverEnded.TrySetResult();
    }

    private void FreeIds()
    {
        lock (_gate)
        {
            _table.Free(_freed.AsSpan(0, _freedCount));
        }

        _freedCount = 0;
    }

    /// <summary>Puts a frame that stands in the room of the buffer behind the others. Under the lock.</summary>
    private void Add(Operation operation, int ticket, Span<byte> frame, Purpose purpose)
    {
        if (purpose == Purpose.Copy || (purpose == Purpose.Background && FrameHeader.OpcodeOf(frame) is Opcode.Set or Opcode.Delete))
        {
            FrameHeader.TurnToCopy(frame, CopyTraffic.FillMillis);
        }

        if (_owner.Copies is { ReadsCopies: true } && Gauge.WantsSample)
        {
            Gauge.Sent(_table.NextId, Stopwatch.GetTimestamp());
        }

        _table.Add(operation, ticket, FrameHeader.OpcodeOf(frame), _buffer.Append(frame.Length), frame.Length, purpose);
        Counters.Request(frame.Length);
    }

    private bool IsNoWayFor(Purpose purpose) => _isRetired || (purpose == Purpose.Copy && (_line is null || !IsTrusted));

    private bool TakesBackground(Opcode opcode, int frameBytes)
    {
        // Copies leave room for what matters more.
        (int count, long bytes) = _table.Background;
        int most = _options.MaxOutstanding / (opcode == Opcode.Delete ? 2 : 8);
        return count < most && bytes + frameBytes <= _options.MaxSendBytes / 4 && HasRoomFor(frameBytes);
    }

    private bool HasRoomFor(int frameBytes) =>
        !_table.IsFull && _buffer.Takes(frameBytes) && frameBytes <= _options.MaxSendBytes - _table.Bytes;

    /// <summary>A deletion of a copy was lost: until the copy has expired, this node is no replica for this client.</summary>
    private void Distrust() =>
        Volatile.Write(ref _distrustedUntil, Environment.TickCount64 + (_owner.Copies?.DistrustMillis ?? 0) + ClockMillis);

    private void Flush() => Volatile.Read(ref _line)?.Sender.Flush();

    private void Send(Line? line, bool isAlone)
    {
        // Whoever is alone has nobody to share a system call with, and is spared a change of threads.
        if (isAlone)
        {
            line?.Sender.Flush();
        }
        else if (line is not null)
        {
            _pump.Schedule();
        }
    }

    private ArgumentException KeyTooLong(int keyBytes) =>
        new($"The key has {keyBytes} bytes; {_address} takes keys of 1 to {_maxKeyBytes}.");

    /// <summary>Why a request is not taken; null if it is.</summary>
    private CacheException? Refuse(int frameBytes)
    {
        if (_isOut)
        {
            return new CacheConnectionException($"There is no connection to {_address}: {_outage?.Message}", false, _outage);
        }

        if (_table.IsFull)
        {
            return new CacheLimitException(
                $"{_options.MaxOutstanding} requests to {_address} have no reply, as many as MaxOutstanding allows.");
        }

        // Frames that are kept for another node are held until their replies, not only until they are sent.
        bool isHeld = _owner.KeepsFrames && frameBytes > _options.MaxSendBytes - _table.Bytes;
        return _buffer.Takes(frameBytes) && !isHeld
            ? null
            : new CacheLimitException(
                $"The request does not fit what waits to be sent to {_address}{(isHeld ? ", or for its reply" : "")}; MaxSendBytes "
                + $"allows {_options.MaxSendBytes}.");
    }

    /// <summary>Makes an operation one that has failed already. Outside the lock: listeners hear of it.</summary>
    private Operation Refused(Operation operation, Opcode opcode, Exception refusal)
    {
        int ticket = operation.Begin(long.MaxValue, default);
        operation.Observe(_telemetry.Meter.Duration, Tags, opcode);
        operation.TryClaim(ticket);
        operation.Fail(refusal);
        operation.Signal();
        return operation;
    }

    private async Task LiveAsync()
    {
        Backoff backoff = new(_options.MaxReconnectPause);
        while (!_closing.IsCancellationRequested && !Volatile.Read(ref _isRetired))
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

                _outage = failure is OperationCanceledException
                    ? new TimeoutException($"no answer within {_options.ConnectTimeout.TotalSeconds} s")
                    : failure;
                _firstAttempt.TrySetException(failure is CacheException ? failure : CannotConnect(_outage));
            }

            if (_options.OutageWait == TimeSpan.Zero)
            {
                GoOut();
            }

            await Task.Delay(backoff.Next(), _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _outage = new ObjectDisposedException(nameof(FastCacheClient));
        GoOut();
    }

    /// <summary>After a time of service the pauses are short again; a node that takes connections only to close them does not
    /// make them so.</summary>
    private Backoff AfterService(Backoff before) => Environment.TickCount64 - _upSince > _options.MaxReconnectPause.TotalMilliseconds
        ? new(_options.MaxReconnectPause)
        : before;

    private CacheConnectionException CannotConnect(Exception failure) =>
        new($"Cannot connect to {_address}: {failure.Message}", mayHaveExecuted: false, failure);

    private async Task<Line> ConnectAsync()
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        limit.CancelAfter(_options.ConnectTimeout);
        (Socket socket, HelloReply hello) = await Handshake.ConnectAsync(
            _address.EndPoint, _address.Shard + 1, limit.Token).ConfigureAwait(false);
        if (hello.ShardCount != _address.ShardCount)
        {
            _owner.OtherShards();
        }

        _maxKeyBytes = (int)Math.Min(hello.MaxKeyBytes, FcpLimits.MaxKeyBytes);
        MaxBatchKeys = (int)Math.Clamp(hello.MaxBatchKeys, 1, FcpLimits.MaxBatchKeys);
        return new(socket, _gate, _buffer);
    }

    /// <summary>Serves on a socket until it is lost, and fails what was on it.</summary>
    private async Task ServeAsync(Line line)
    {
        bool isFirst = _upSince == 0;
        TimeSpan outage = TimeSpan.FromMilliseconds(Environment.TickCount64 - _downSince);
        lock (_gate)
        {
            // Callers that gave up while there was no connection do not want their requests to be executed now.
            _buffer.Keep((id, _) => _table.TryGetPending(id, out Operation? _, out int _) || Forget(id));
            _isOut = false;
            Gauge.Lost(); // It may have been among those, and the wait for a connection is none for an answer.
            _line = line;
            _upSince = Environment.TickCount64;
        }

        if (isFirst)
        {
            _telemetry.Log.Connected(_address);
        }
        else
        {
            Counters.Reconnect();
            _telemetry.Log.Reconnected(_address, outage);
        }

        _firstAttempt.TrySetResult();
        if (_closing.IsCancellationRequested)
        {
            line.Lose(new ObjectDisposedException(nameof(FastCacheClient)));
        }

        new SocketReceiver(line.Socket, this).Start();
        line.Sender.Flush();
        await line.ReceiverEnded.Task.ConfigureAwait(false);
        await line.Sender.StopAsync().ConfigureAwait(false);
        _outage = line.Reason;
        Operation? lost;
        lock (_gate)
        {
            _line = null;
            _downSince = Environment.TickCount64;
            lost = _table.RemoveUpTo(_buffer.LastHandedOver, _elsewhere);

            // What is not a caller's was taken out although it was not sent: on the next connection copies may be old.
            _buffer.Keep((id, _) => _table.Has(id));
            Gauge.Lost();
            if (_table.HasLostDelete)
            {
                _table.HasLostDelete = false;
                Distrust();
            }
        }

        foreach ((Operation operation, int ticket) in _elsewhere)
        {
            _owner.Copies!.TryAskPrimary(operation, ticket);
        }

        _elsewhere.Clear();
        if (Volatile.Read(ref _isRetired))
        {
            GiveBackUnsent();
        }
        else
        {
            _owner.Lost();
            if (!_closing.IsCancellationRequested && _losses.TryTakeOneMore(out long losses))
            {
                _telemetry.Log.ConnectionLost(_address, line.Reason?.Message, losses);
            }
        }

        bool mayHaveExecuted = line.Reason is not CacheRequestException { Status: Status.ShuttingDown };
        FailAll(lost, $"The connection to {_address} was lost: {line.Reason!.Message}", mayHaveExecuted, line.Reason);
    }

    private bool Forget(uint id)
    {
        _table.Remove(id);
        return false;
    }

    /// <summary>Fails everything that waits for a connection, and what comes until there is one.</summary>
    private void GoOut()
    {
        Operation? waiting;
        Exception? outage;
        lock (_gate)
        {
            if (_line is not null)
            {
                return;
            }

            _isOut = true;
            outage = _outage;
            _buffer.Keep((_, _) => false);
            waiting = _table.RemoveUpTo(long.MaxValue);
        }

        FailAll(waiting, $"There is no connection to {_address}: {outage?.Message}", false, outage);
    }

    private void FailAll(Operation? chain, string message, bool mayHaveExecuted, Exception? reason)
    {
        while (chain is Operation operation)
        {
            chain = operation.Next;
            operation.Next = null;
            if (operation.IsUnheard)
            {
                operation.EndUnheard();
                continue;
            }

            operation.Fail(new CacheConnectionException(message, mayHaveExecuted, reason));
            Complete(operation);
        }
    }

    private void Complete(Operation operation)
    {
        _pump.Add(operation, operation);
        _pump.Schedule();
    }
}
