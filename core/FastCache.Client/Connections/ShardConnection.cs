using System.Diagnostics.Metrics;
using FastCache.Client.Operations;
using FastCache.Client.Replicas;
using FastCache.Client.Telemetry;
using FastCache.Protocol;

namespace FastCache.Client.Connections;

/// <summary>The way to one shard: takes the requests of everybody and sends them on one connection after another.</summary>
/// <remarks>
/// <code>
///   callers -> ShardConnection -> RequestQueue -> SocketSender -----> socket
///                                   |      ^                            |
///                         TimeOuts -+      +-- ReplyIntake <- SocketReceiver
///                                   |             |
///                                   +-------------+--> CompletionPump -> callers
/// </code>
/// <see cref="ConnectionLife"/> makes the sockets, and fails what was on one that is lost. A connection that is retired, because
/// its node has other shards or has left, takes nothing new: what was sent gets its replies there, what was not goes back to its
/// owner.
/// </remarks>
internal sealed class ShardConnection : IAsyncDisposable
{
    private readonly ClientMeter _meter;
    private readonly Histogram<double> _duration;
    private readonly long _timeoutMillis;
    private readonly RequestQueue _requests;
    private readonly OperationPool _pool = new(); // Under the queue's lock.
    private readonly CompletionPump _completions;
    private readonly TimeOuts _timeOuts;
    private readonly ConnectionLife _life;
    private bool _isClosed;

    /// <param name="address">The shard.</param>
    /// <param name="options">Checked ones.</param>
    /// <param name="owner">Whose it is.</param>
    /// <param name="telemetry">Is told what happens.</param>
    public ShardConnection(ShardAddress address, FastCacheClientOptions options, IShardOwner owner, ClientTelemetry telemetry)
    {
        Address = address;
        Owner = owner;
        Tags = new(address.EndPoint);
        _meter = telemetry.Meter;
        _duration = telemetry.Meter.Duration;
        _timeoutMillis = (long)options.RequestTimeout.TotalMilliseconds;
        _requests = new(this, options);
        _completions = new(() => _requests.Line?.Sender.Flush());
        _timeOuts = new(this, options, telemetry.Log, _requests, _completions);
        _life = new(this, options, telemetry.Log, _requests, _completions);
    }

    /// <summary>The shard.</summary>
    public ShardAddress Address { get; }

    /// <summary>Whose it is.</summary>
    public IShardOwner Owner { get; }

    /// <summary>What is said of its node.</summary>
    public ServerTags Tags { get; }

    /// <summary>What has happened so far.</summary>
    public ConnectionCounters Counters { get; } = new();

    /// <summary>How long it takes to answer; of any meaning only while there are copies.</summary>
    public LatencyGauge Gauge { get; } = new();

    /// <summary>Whether there is a connection now.</summary>
    public bool IsUp => _requests.Line is not null;

    /// <inheritdoc cref="ConnectionLife.DownSince"/>
    public long DownSince => _life.DownSince;

    /// <inheritdoc cref="ConnectionLife.MaxBatchKeys"/>
    public int MaxBatchKeys => _life.MaxBatchKeys;

    /// <summary>Whether it takes nothing new.</summary>
    public bool IsRetired => _requests.IsRetired;

    /// <summary>Whether every deletion of a copy has reached the node, as far as it could matter still.</summary>
    public bool IsTrusted => _requests.IsTrusted;

    /// <summary>Requests without a reply.</summary>
    public int Outstanding
    {
        get
        {
            lock (_requests.Gate)
            {
                return _requests.Count;
            }
        }
    }

    /// <summary>The same, without the lock: may be off by what is going on.</summary>
    public int RoughlyOutstanding => _requests.Count;

    /// <summary>Requests so far.</summary>
    public long Requests => _requests.Requests;

    /// <summary>Begins to connect, again and again until it is closed.</summary>
    /// <returns>How the first attempt ended.</returns>
    public Task StartAsync()
    {
        _meter.Join(this);
        return _life.StartAsync();
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
        lock (_requests.Gate)
        {
            if (_requests.IsNoWayFor(purpose, request.MostBytes))
            {
                return null;
            }

            refusal = _requests.Refuse(request.Key.Length, request.MostBytes);
            if (refusal is null)
            {
                Span<byte> room = _requests.Room(request.MostBytes);
                int length = request.Write(room, _requests.NextId);
                operation = _pool.Rent();
                int ticket = operation.Begin(Environment.TickCount64 + _timeoutMillis, destination, slot, purpose != Purpose.Copy);
                operation.Observe(_duration, Tags, TRequest.Opcode);
                if (Owner.KeepsFrames)
                {
                    operation.KeepFrame(room[..length]);
                }

                _requests.Add(operation, ticket, room[..length], purpose);
            }
            else if (refusal is ArgumentException)
            {
                throw refusal;
            }
            else
            {
                operation = _pool.Rent();
            }

            line = _requests.Line;
            isAlone = _requests.Count == 1;
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
        lock (_requests.Gate)
        {
            if (!_requests.TakesBackground(TRequest.Opcode, request.MostBytes))
            {
                if (TRequest.Opcode == Opcode.Delete)
                {
                    _requests.Distrust();
                }

                return false;
            }

            Span<byte> room = _requests.Room(request.MostBytes);
            int length = request.Write(room, _requests.NextId);
            Operation operation = _pool.Rent();
            int ticket = operation.Begin(Environment.TickCount64 + _timeoutMillis, default, slot);
            operation.BeginUnheard(ticket, fill);
            if (fill.Token != 0)
            {
                operation.KeepFrame(room[..length]);
            }

            _requests.Add(operation, ticket, room[..length], Purpose.Background);
            line = _requests.Line;
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
        lock (_requests.Gate)
        {
            if (_requests.IsNoWayFor(purpose, frame.Length))
            {
                return false;
            }

            refusal = _requests.Refuse(FrameHeader.KeyBytes(frame), frame.Length);
            if (refusal is null && operation.IsPending(ticket))
            {
                Span<byte> room = _requests.Room(frame.Length);
                frame.CopyTo(room);
                FrameHeader.SetId(room, _requests.NextId);
                _requests.Add(operation, ticket, room[..frame.Length], purpose);
            }

            line = _requests.Line;
            isAlone = _requests.Count == 1;
        }

        if (refusal is null)
        {
            Send(line, isAlone);
        }
        else if (operation.TryClaim(ticket))
        {
            _completions.Fail(operation, refusal);
        }

        return true;
    }

    /// <summary>Collects reads that began up to a time, in <see cref="Environment.TickCount64"/>, and have no answer.</summary>
    public void AddLate(long beginMillis, List<LateRead> late) => _requests.AddLate(beginMillis, late);

    /// <summary>A read at the primary was asked of a second node, and is not late any more.</summary>
    public void EndHedging(in LateRead read) => _requests.EndHedging(read);

    /// <summary>Takes nothing new from here on; it is to be closed when nothing is outstanding any more.</summary>
    public void Retire() => _requests.Retire();

    /// <summary>Gives what waits for a connection back to the owner, if there is none.</summary>
    public void GiveBackUnsent() => _requests.GiveBackUnsent();

    /// <summary>Ends what has waited too long, and a connection that does not answer. Called regularly.</summary>
    public void Sweep()
    {
        long now = Environment.TickCount64;
        _timeOuts.Sweep(now);
        _life.Sweep(now);
    }

    /// <summary>Closes it; what is outstanding fails.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!Interlocked.Exchange(ref _isClosed, true))
        {
            await _life.DisposeAsync().ConfigureAwait(false);
            _meter.Leave(this);
        }
    }

    private void Send(Line? line, bool isAlone)
    {
        // Whoever is alone has nobody to share a system call with, and is spared a change of threads.
        if (isAlone)
        {
            line?.Sender.Flush();
        }
        else if (line is not null)
        {
            _completions.Schedule();
        }
    }

    /// <summary>Makes an operation one that has failed already. Outside the lock: listeners hear of it.</summary>
    private Operation Refused(Operation operation, Opcode opcode, Exception refusal)
    {
        int ticket = operation.Begin(long.MaxValue, default);
        operation.Observe(_duration, Tags, opcode);
        operation.TryClaim(ticket);
        operation.Fail(refusal);
        operation.Signal();
        return operation;
    }
}
